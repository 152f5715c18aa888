"""Stage "session": one initialized JSON-RPC conversation.

Lives here: matching answers to questions, and everything that came unasked, in order. Not here: what
methods and notifications mean (:mod:`codex_ssh.core.methods`, :mod:`codex_ssh.core.events`).

Reading never waits for whoever consumes: the server cuts off a client whose 1024 outbound messages are
full, so the reader drains into memory at once.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from codex_ssh.core.call import Call
from codex_ssh.core.rpc import (
    METHOD_NOT_FOUND,
    ErrorResponse,
    FrameError,
    Json,
    Notification,
    Request,
    RequestId,
    Response,
    decode,
    encode,
)
from codex_ssh.core.version import Abilities
from codex_ssh.errors import LinkLost, RpcFailed, Stage

log = logging.getLogger(__name__)

INITIALIZE_TIMEOUT_SECONDS: Final = 10.0
"""The official client's limit."""

OVERLOAD_TRIES: Final = 5
OVERLOAD_PAUSE_SECONDS: Final = 0.1
"""How often a request meets a server without room for it, and the longest first pause; each doubles."""

NO_METHOD: Final = "codex-ssh/whichMethods"
"""A method no app server has."""

T = TypeVar("T")


def opening_words(*calls: Call[Any]) -> tuple[str, ...]:
    """Give the messages a new session begins with when these are its first calls, in this order."""
    return tuple(
        encode(Request(id=number, method=call.method, params=call.params))
        for number, call in enumerate(calls, start=1)
    )


class Frames(Protocol):
    """What carries the messages: a WebSocket, mostly."""

    async def send(self, text: str) -> None:
        """Send one message; raises LinkLost, ProtocolViolated."""

    async def receive(self) -> str | bytes:
        """Give the next message; raises LinkLost."""


class Session:
    """The conversation with one app server.

    Args:
        frames: Carries it.
        host: For messages.
        explain: Gives the best reason for a loss, which may be the SSH connection's.
    """

    def __init__(
        self, frames: Frames, host: str, *, explain: Callable[[LinkLost], Awaitable[LinkLost]]
    ) -> None:
        self._frames = frames
        self._host = host
        self._explain = explain
        self._numbers = 0
        self._sending = 0
        self._waiting: dict[RequestId, asyncio.Future[Json]] = {}
        self._inbox: deque[Notification | Request] = deque()
        self._arrived = asyncio.Event()
        self._abilities = Abilities()
        self._ended: LinkLost | None = None
        self._over = asyncio.Event()
        self.heard_at = asyncio.get_running_loop().time()
        """When anything last came from the app server, on the loop's clock."""

    async def call(self, call: Call[T]) -> T:
        """Ask and give the decoded answer.

        A method the server once said it does not know is not asked for again. A server that has no room for a
        request did nothing with it; what may be asked twice is asked again a few times.

        Cancelling gives up waiting; the server still does what was asked.

        Raises:
            RpcFailed: The server answered with an error; METHOD_NOT_FOUND when it does not know the method.
            LinkLost: The connection went away first; whether the server saw the request is not known.
        """
        for attempt in range(OVERLOAD_TRIES):
            try:
                return call.decode(await self.request(call.method, call.params))
            except RpcFailed as failed:
                if not (failed.is_overload and call.is_repeatable):
                    raise
            # Jittered, so that those who were turned away together do not come back together.
            await asyncio.sleep(OVERLOAD_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311
        return call.decode(await self.request(call.method, call.params))

    async def request(self, method: str, params: Mapping[str, Json]) -> Json:
        """Ask by name and give the result as decoded JSON; raises as :meth:`call`."""
        if self._ended is not None:
            raise self._ended
        self._numbers += 1
        number = self._numbers
        if self._abilities.knows(method) is False:
            raise RpcFailed(method, code=METHOD_NOT_FOUND, said=self._abilities.refusal)
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._send(encode(Request(id=number, method=method, params=params)))
            return await answer
        except _Failed as failed:
            fault = failed.fault
            if self._abilities.learn(method, fault.message):
                # The rest of its words is the list of all methods it has.
                said = fault.message.partition(", expected")[0]
                raise RpcFailed(method, code=METHOD_NOT_FOUND, said=said) from None
            raise RpcFailed(method, code=fault.code, said=fault.message, data=fault.data) from None
        finally:
            self._waiting.pop(number, None)

    def knows(self, method: str) -> bool | None:
        """Whether the server has a method; None while that is not known."""
        return self._abilities.knows(method)

    async def learn_methods(self) -> None:
        """Learn which methods the server has, by asking for one that none has: the refusal names them all.

        Raises:
            LinkLost: The connection went away first.
        """
        try:
            await self.request(NO_METHOD, {})
        except RpcFailed as failed:
            log.debug("which methods there are: %s", failed.said)

    async def notify(self, method: str) -> None:
        """Say something that wants no answer."""
        await self._send(encode(Notification(method=method)))

    async def answer(self, request_id: RequestId, result: Json) -> None:
        """Answer a request of the server's."""
        await self._send(encode(Response(id=request_id, result=result)))

    async def refuse(self, request_id: RequestId, code: int, message: str) -> None:
        """Answer a request of the server's with an error."""
        await self._send(encode(ErrorResponse(id=request_id, code=code, message=message)))

    @property
    def is_sending(self) -> bool:
        """Whether a message is on its way up: a ping waits behind it, and its answer too."""
        return self._sending > 0

    async def _send(self, text: str) -> None:
        self._sending += 1
        try:
            await self._frames.send(text)
        finally:
            self._sending -= 1

    async def incoming(self) -> AsyncIterator[Notification | Request]:
        """Give everything that came unasked, in order, from the start; for one consumer.

        Raises:
            LinkLost: At the end, once all that had arrived was given.
        """
        while True:
            while self._inbox:
                yield self._inbox.popleft()
            if self._ended is not None:
                raise self._ended
            self._arrived.clear()
            await self._arrived.wait()

    async def wait_lost(self) -> None:
        """Block until the connection is gone, and raise why."""
        await self._over.wait()
        assert self._ended is not None
        raise self._ended

    async def pump(self) -> None:
        """Read until the connection is gone; then every call and :meth:`incoming` raise the reason."""
        ended = LinkLost("the session was closed", stage=Stage.SESSION, host=self._host)
        loop = asyncio.get_running_loop()
        try:
            while True:
                frame = await self._frames.receive()
                self.heard_at = loop.time()
                self._take(frame)
        except LinkLost as lost:
            ended = await self._explain(lost)
            log.info("session ended: %s (%s)", ended, ended.said)
        finally:
            self._ended = ended
            self._over.set()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ended)
            self._arrived.set()

    def _take(self, frame: str | bytes) -> None:
        try:
            message = decode(frame)
        except FrameError as error:
            log.warning("a frame was ignored: %s", error)
            return
        match message:
            case Notification() | Request():
                self._inbox.append(message)
                self._arrived.set()
            case Response(id=number) | ErrorResponse(id=number):
                answer = self._waiting.get(number) if number is not None else None
                if answer is None or answer.done():
                    log.debug("an answer nobody waits for: %r", number)
                elif isinstance(message, Response):
                    answer.set_result(message.result)
                else:
                    answer.set_exception(_Failed(message))


class _Failed(Exception):
    """Carries an error answer to the waiting call, which knows the method's name."""

    def __init__(self, fault: ErrorResponse) -> None:
        super().__init__(fault.message)
        self.fault = fault
