"""Who is connected, and getting a message to those it concerns.

Lives here: sessions (one for each client) and the fan-out of notifications and server requests. Not here:
what is said.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from codex_ssh.core.rpc import ErrorResponse, RequestId, Response
from codex_ssh.server.engine import Client
from codex_ssh.server.rehearsal.wire import Shape

Answer = Response | ErrorResponse

EXPERIMENTAL_NOTIFICATIONS: Final = frozenset({"thread/readState/changed", "thread/settings/updated"})
"""What only clients with ``experimentalApi`` are told."""


GIVE_WAY_SECONDS: Final = 2
"""Longest a burst waits for a client that does not read."""

MAX_WAITING_MESSAGES: Final = 256
"""Messages that may wait for a client before a burst waits, too: a quarter of what cuts it."""

_LOOK_SECONDS: Final = 0.002


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """One client.

    Attributes:
        client: Its connection.
        initialized: Whether ``initialize`` succeeded.
        experimental: Whether it asked for the experimental API.
        opted_out: Notifications it does not want.
        given_up: Whether it did not read for so long that nobody waits for it any more.
        searches: Its search sessions for files: where each searches.
    """

    client: Client
    initialized: bool = False
    experimental: bool = False
    opted_out: frozenset[str] = frozenset()
    given_up: bool = False
    searches: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_busy(self) -> bool:
        """Whether it still has much to read."""
        return self.client.queued > MAX_WAITING_MESSAGES

    def wants(self, method: str) -> bool:
        """Whether it hears a notification."""
        if method in EXPERIMENTAL_NOTIFICATIONS and not self.experimental:
            return False
        return self.initialized and method not in self.opted_out

    def reply(self, request_id: RequestId, result: object) -> None:
        """Answer well."""
        self.client.send(_encode({"id": request_id, "result": result}))

    def refuse(self, request_id: RequestId, *, code: int, message: str, data: object = None) -> None:
        """Answer with an error; the members stand in the real server's order."""
        error: Shape = {"code": code, "message": message}
        if data is not None:
            error = {"code": code, "data": data, "message": message}
        self.client.send(_encode({"error": error, "id": request_id}))


@dataclass(slots=True, kw_only=True, eq=False)
class Pending:
    """A request of the server that nobody has answered yet.

    Attributes:
        request_id: Counted through the whole process, from 0.
        frame: The request as sent, sent again to everybody who joins the thread.
        answer: What comes back.
    """

    request_id: int
    thread_id: str
    frame: str
    answer: asyncio.Future[Answer]


@dataclass(slots=True, kw_only=True)
class Hub:
    """Everybody who is connected."""

    sessions: set[Session] = field(default_factory=set)
    pending: dict[int, Pending] = field(default_factory=dict)
    _requests: int = 0

    def notify(self, to: Iterable[Session], method: str, params: Shape) -> None:
        """Tell some sessions; those that opted out hear nothing, and some things only experimental ones."""
        frame = _encode({"method": method, "params": params, "emittedAtMs": now_ms()})
        for session in tuple(to):
            if session.wants(method):
                session.client.send(frame)

    def broadcast(self, method: str, params: Shape) -> None:
        """Tell everybody."""
        self.notify(self.sessions, method, params)

    async def give_way(self, to: Iterable[Session]) -> None:
        """Wait until sessions have read most of what they were sent; who does not read is not waited for."""
        await asyncio.sleep(0)
        sessions = tuple(to)
        for session in sessions:
            session.given_up = session.given_up and session.is_busy
        for _ in range(int(GIVE_WAY_SECONDS / _LOOK_SECONDS)):
            if not any(session.is_busy and not session.given_up for session in sessions):
                return
            await asyncio.sleep(_LOOK_SECONDS)
        for session in sessions:
            session.given_up = session.is_busy  # its queue will fill, and it is cut

    def request(self, to: Iterable[Session], method: str, thread_id: str, params: Shape) -> Pending:
        """Ask some sessions; the first answer of anybody counts, and later ones are ignored."""
        number = self._requests
        self._requests += 1
        pending = Pending(
            request_id=number,
            thread_id=thread_id,
            frame=_encode({"method": method, "id": number, "params": params}),
            answer=asyncio.get_running_loop().create_future(),
        )
        self.pending[number] = pending
        for session in tuple(to):
            session.client.send(pending.frame)
        return pending

    def answer(self, answer: Answer) -> None:
        """Take an answer to a request of ours; one nobody waits for is ignored."""
        pending = self.pending.get(answer.id) if isinstance(answer.id, int) else None
        if pending is not None and not pending.answer.done():
            pending.answer.set_result(answer)

    def replay(self, session: Session, thread_id: str) -> None:
        """Send a session what is still open in a thread, with the ids everybody has."""
        for pending in self.pending.values():
            if pending.thread_id == thread_id:
                session.client.send(pending.frame)


def now_ms() -> int:
    """Give Unix time in milliseconds."""
    return int(time.time() * 1000)


def _encode(shape: Shape) -> str:
    return json.dumps(shape, ensure_ascii=False, separators=(",", ":"))
