"""Answers what the app server asks a program, so that no turn waits for a person who cannot help.

Lives here: when the reply goes out, and that somebody else was first. Not here: which requests these are and
what is replied (:mod:`codex_ssh.core.chore`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Protocol

from codex_ssh.core.chore import Reply, reply_to_chore, reply_to_unknown
from codex_ssh.core.entry import Level
from codex_ssh.core.rpc import Json, Request, RequestId
from codex_ssh.errors import LinkLost

log = logging.getLogger(__name__)


class Answerer(Protocol):
    """Where replies go; see :class:`codex_ssh.tui.bridge.Conversation`."""

    async def answer(self, request_id: RequestId, result: Json) -> None:
        """Answer; raises ``LinkLost``."""

    async def refuse(self, request_id: RequestId, code: int, message: str) -> None:
        """Answer with an error; raises ``LinkLost``."""


class Chores:
    """The requests without a person of one client.

    Args:
        session: Gives the open session; raises ``LinkLost``.
        spawn: Runs something beside everything else.
        note: Tells the user.
        clock: Unix time in seconds.
        patience: Multiplies how long others may answer first.
    """

    def __init__(
        self,
        session: Callable[[], Answerer],
        *,
        spawn: Callable[[Coroutine[None, None, None]], object],
        note: Callable[[Level, str], None],
        clock: Callable[[], float] = time.time,
        patience: float = 1.0,
    ) -> None:
        self._session = session
        self._spawn = spawn
        self._note = note
        self._clock = clock
        self._patience = patience
        self._open: set[RequestId] = set()

    def take(self, request: Request) -> bool:
        """Take a request; False when it is for a person."""
        reply = reply_to_chore(request, self._clock())
        if reply is not None:
            self._reply(request, reply)
        return reply is not None

    def take_unknown(self, request: Request) -> None:
        """Take a request nobody here knows."""
        self._reply(request, reply_to_unknown(request.method))

    def resolved(self, request_id: RequestId) -> None:
        """Note that somebody answered."""
        self._open.discard(request_id)

    def link_lost(self) -> None:
        """Forget them all: the server asks again what it still wants to know."""
        self._open.clear()

    def _reply(self, request: Request, reply: Reply) -> None:
        self._open.add(request.id)
        self._spawn(self._send(request, reply))

    async def _send(self, request: Request, reply: Reply) -> None:
        if reply.after_seconds:
            await asyncio.sleep(reply.after_seconds * self._patience)
        if request.id not in self._open:
            return
        self._open.discard(request.id)
        try:
            if reply.refusal:
                await self._session().refuse(request.id, reply.code, reply.refusal)
            else:
                await self._session().answer(request.id, reply.result)
        except LinkLost as lost:
            log.info("no reply to %s: %s", request.method, lost)
            return
        if reply.told:
            self._note(Level.INFO, reply.told)
