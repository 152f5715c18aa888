"""One client and its app server over several sessions: what the client must not notice of a loss.

Lives here: what is remembered of a conversation, what the client is told when the link is lost, and what the
next session begins with. Not here: connecting, pipes and sockets (:mod:`codex_ssh.external.stdio`).

A client that launches ``codex app-server`` and speaks with it on pipes knows nothing of links. So it is told
of every request in flight that it failed, and then goes on: its own ``initialize`` is said again, the threads
it follows are joined again, and the end of a turn that came meanwhile is told from the server's account.
Requests of the server's that wait for the client are known by their number and content: the very same one,
made again, is not shown twice, and an answer that may not have arrived is given again.

Source: the conversation of codex 0.163 and 0.169 with a client that comes back (:mod:`codex_ssh.core.rpc`).
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Final

from codex_ssh.core.fields import list_at, shape_at, text_at, truth_at
from codex_ssh.core.rpc import (
    ErrorResponse,
    FrameError,
    Json,
    Message,
    Notification,
    Request,
    RequestId,
    Response,
    decode,
    encode,
)
from codex_ssh.core.thread import TurnStatus
from codex_ssh.core.value import dataclass
from codex_ssh.errors import RpcFailed

LINK_LOST: Final = -32000
"""The code of what we say ourselves; JSON-RPC leaves it to implementations, and codex uses others."""

_OURS: Final = "codex-ssh:"
"""Begins the ids of the requests that are ours and not the client's."""

_JOINS: Final = frozenset({"thread/start", "thread/resume", "thread/fork"})
_LEAVES: Final = frozenset({"thread/unsubscribe", "thread/archive", "thread/delete"})

TURNS_LOOKED_AT: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is to be passed on now.

    Attributes:
        up: Frames for the app server.
        down: Lines for the client.
    """

    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()

    def __add__(self, other: Said) -> Said:
        return Said(up=self.up + other.up, down=self.down + other.down)


class Phase(enum.Enum):
    """Where the conversation is."""

    FRESH = "there was no session yet"
    UP = "frames go through"
    DOWN = "there is no session"
    RESTORING = "a new session is being made like the old one"


@dataclasses.dataclass(slots=True)
class _Turn:
    """A turn that is going on, as the client has seen it."""

    number: str
    done: set[str] = dataclasses.field(default_factory=set)


class Continuity:
    """What one client and its app server have said, as far as it matters for going on.

    Args:
        host: For messages.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self.phase = Phase.FRESH
        self._initialize: Request | None = None
        self._agreed = False
        self._confirmed = False
        self._in_flight: dict[RequestId, Request] = {}
        self._held: list[str] = []
        self._threads: dict[str, _Turn | None] = {}
        self._asked: dict[RequestId, Request] = {}
        self._answers: dict[RequestId, tuple[Request, str]] = {}
        self._ours: dict[str, Request] = {}
        self._count = 0

    @property
    def waits(self) -> bool:
        """Whether the client waits for something that needs a session."""
        return bool(self._held)

    @property
    def owes(self) -> bool:
        """Whether a request of the client's is without an answer."""
        return bool(self._held or self._in_flight)

    # ---------------------------------------------------------------- the client

    def from_client(self, line: str) -> Said:
        """Take a line of the client's."""
        try:
            message = decode(line)
        except FrameError:
            # The server passes over what is no message; so it may have it.
            return Said(up=(line,)) if self.phase is Phase.UP else Said()
        if isinstance(message, Response | ErrorResponse):
            return self._answered(message, line)
        if isinstance(message, Request) and message.method == "initialize" and self._initialize is None:
            self._initialize = message
        if isinstance(message, Notification) and message.method == "initialized":
            self._confirmed = True
            if self._agreed and self.phase is not Phase.UP:
                return Said()  # it is said again in any case
        if self.phase is not Phase.UP:
            self._held.append(line)
            return Said()
        if isinstance(message, Request):
            self._in_flight[message.id] = message
        return Said(up=(line,))

    def _answered(self, message: Response | ErrorResponse, line: str) -> Said:
        asked = self._asked.pop(message.id, None) if message.id is not None else None
        if asked is None:
            return Said(up=(line,)) if self.phase is Phase.UP else Said()
        self._answers[asked.id] = (asked, line)
        return Said(up=(line,)) if self.phase is Phase.UP else Said()

    # ---------------------------------------------------------------- the app server

    def from_server(self, frame: str) -> Said:
        """Take a frame of the app server's.

        Raises:
            RpcFailed: It will not have this client a second time.
        """
        try:
            message = decode(frame)
        except FrameError:
            return Said(down=(frame,))
        match message:
            case Response(id=str(number)) | ErrorResponse(id=str(number)) if number in self._ours:
                return self._ours_answered(self._ours.pop(number), message)
            case Response(id=number) | ErrorResponse(id=number):
                self._note_answer(number, message)
            case Request():
                return self._server_asked(message, frame)
            case Notification():
                self._note(message)
        return Said(down=(frame,))

    def _note_answer(self, number: RequestId | None, message: Message) -> None:
        request = self._in_flight.pop(number, None) if number is not None else None
        if request is None or not isinstance(message, Response):
            return
        self._agreed = self._agreed or request == self._initialize
        thread = text_at(request.params, "threadId")
        if request.method in _JOINS:
            self._threads[text_at(shape_at(message.result, "thread"), "id")] = None
        elif request.method in _LEAVES:
            self._threads.pop(thread, None)

    def _server_asked(self, request: Request, frame: str) -> Said:
        if self._asked.get(request.id) == request:
            return Said()  # the client still thinks about it
        answered = self._answers.get(request.id)
        if answered is not None and answered[0] == request:
            return Said(up=(answered[1],))
        said = Said()
        if request.id in self._asked:
            said = self._void(request.id)  # another run of the server counts from 0 again
        self._asked[request.id] = request
        return said + Said(down=(frame,))

    def _note(self, message: Notification) -> None:
        params = message.params
        thread, turn = text_at(params, "threadId"), text_at(params, "turnId")
        match message.method:
            case "turn/started" if thread in self._threads:
                self._threads[thread] = _Turn(text_at(shape_at(params, "turn"), "id"))
            case "turn/completed" if thread in self._threads:
                self._threads[thread] = None
            case "item/completed" if (running := self._threads.get(thread)) is not None:
                if running.number == turn:
                    running.done.add(text_at(shape_at(params, "item"), "id"))
            case "serverRequest/resolved":
                number = params.get("requestId")
                if isinstance(number, int | str):
                    self._asked.pop(number, None)
                    self._answers.pop(number, None)
            case "thread/closed" | "thread/archived" | "thread/deleted":
                self._threads.pop(thread, None)

    # ---------------------------------------------------------------- losing and coming back

    def lost(self, why: str) -> Said:
        """Note that the session is gone, and tell the client which requests it has to give up."""
        if self.phase is Phase.FRESH:
            return Said()
        self.phase = Phase.DOWN
        self._ours.clear()
        failed, self._in_flight = self._in_flight, {}
        if not self._agreed and self._initialize is not None and self._initialize.id in failed:
            # Nothing was agreed on yet: the next session begins with the very same words.
            self._held.insert(0, encode(failed.pop(self._initialize.id)))
        return Said(down=tuple(self._failed(request, why, is_certain=False) for request in failed.values()))

    def give_up_waiting(self, why: str) -> Said:
        """Tell the client that what it asked for meanwhile cannot be had."""
        held, self._held = self._held, []
        down = []
        for line in held:
            message = decode(line)
            if isinstance(message, Request):
                down.append(self._failed(message, why, is_certain=True))
                if message.method == "initialize":
                    self._initialize = None
        return Said(down=tuple(down))

    def opened(self) -> Said:
        """Begin a session; one that follows another begins as that one did."""
        if not self._agreed or self._initialize is None:
            return self._release()
        self.phase = Phase.RESTORING
        return self._ask("initialize", self._initialize.params)

    def _ours_answered(self, request: Request, message: Response | ErrorResponse) -> Said:
        result = message.result if isinstance(message, Response) else None
        match request.method:
            case "initialize" if isinstance(message, ErrorResponse):
                raise RpcFailed("initialize", code=message.code, said=message.message)
            case "initialize":
                said = Said(up=(encode(Notification(method="initialized")),) if self._confirmed else ())
                for thread in self._threads:
                    said += self._rejoin(thread)
            case "thread/resume":
                said = self._rejoined(text_at(request.params, "threadId"), result)
            case _:
                said = self._told(text_at(request.params, "threadId"), list_at(result, "data"))
        return said if self._ours else said + self._release()

    def _release(self) -> Said:
        """Let everything through again, first of all what waited."""
        self.phase = Phase.UP
        held, self._held = self._held, []
        said = Said()
        for line in held:
            said += self.from_client(line)
        return said

    def _rejoin(self, thread: str) -> Said:
        assert self._initialize is not None
        capabilities = shape_at(self._initialize.params, "capabilities")
        # Without the experimental methods the history cannot be paged, so it comes along.
        paged = {"excludeTurns": True} if truth_at(capabilities, "experimentalApi") else {}
        return self._ask("thread/resume", {"threadId": thread, **paged})

    def _rejoined(self, thread: str, result: Json) -> Said:
        if result is None:
            self._threads.pop(thread, None)
            return Said(down=(encode(Notification(method="thread/closed", params={"threadId": thread})),))
        if self._threads.get(thread) is None:
            return Said()
        turns = list_at(shape_at(result, "thread"), "turns")
        if turns:
            return self._told(thread, turns)
        params = {"threadId": thread, "limit": TURNS_LOOKED_AT, "sortDirection": "desc", "itemsView": "full"}
        return self._ask("thread/turns/list", params)

    def _told(self, thread: str, turns: list[Json]) -> Said:
        """Tell the client what it missed of the turn that was going on, by the server's account."""
        running = self._threads.get(thread)
        if running is None:
            return Said()
        turn = next((one for one in turns if text_at(one, "id") == running.number), None)
        if turn is None:
            turn = {"id": running.number, "status": "interrupted", "items": [], "error": None}
        down = []
        for item in list_at(turn, "items"):
            if text_at(item, "id") not in running.done:
                running.done.add(text_at(item, "id"))
                params = {"threadId": thread, "turnId": running.number, "item": item}
                down.append(encode(Notification(method="item/completed", params=params)))
        if TurnStatus.read(text_at(turn, "status")).is_over:
            self._threads[thread] = None
            params = {"threadId": thread, "turn": turn}
            down.append(encode(Notification(method="turn/completed", params=params)))
        return Said(down=tuple(down))

    # ---------------------------------------------------------------- words of ours

    def _ask(self, method: str, params: Mapping[str, Json]) -> Said:
        self._count += 1
        request = Request(id=f"{_OURS}{self._count}", method=method, params=params)
        self._ours[str(request.id)] = request
        return Said(up=(encode(request),))

    def _void(self, number: RequestId) -> Said:
        request = self._asked.pop(number)
        params = {"threadId": text_at(request.params, "threadId"), "requestId": number}
        return Said(down=(encode(Notification(method="serverRequest/resolved", params=params)),))

    def _failed(self, request: Request, why: str, *, is_certain: bool) -> str:
        doubt = "" if is_certain else "; the app server may have done it"
        return encode(
            ErrorResponse(
                id=request.id,
                code=LINK_LOST,
                message=f"{request.method}: no link to {self._host}: {why}{doubt}",
                data={"reason": "linkLost", "host": self._host, "uncertain": not is_certain},
            )
        )
