"""What stands behind the gate, as the listener sees it.

Lives here: the two kinds of engines, what each is given, and how a visit is ended. Not here: the engines
(:mod:`codex_ssh.server.rehearsal`, :mod:`codex_ssh.server.hub`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from codex_ssh.core.upgrade import Refusal, UpgradeRequest


class Client(Protocol):
    """What an engine that reads messages sees of a client."""

    @property
    def queued(self) -> int:
        """How many messages wait to be written to it."""

    def frames(self) -> AsyncIterator[str]:
        """Give its text messages until it is gone."""

    def send(self, text: str) -> None:
        """Queue a text message; never waits, and cuts a client that does not read."""


@dataclass(slots=True, kw_only=True, eq=False)
class Ending:
    """The wish that a visit ends, with the close frame that says why.

    Attributes:
        code: WebSocket close code.
        reason: In words for people.
    """

    code: int = 1000
    reason: str = ""
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, code: int, reason: str) -> None:
        """Ask for it; only the first reason counts."""
        if not self._asked.is_set():
            self.code, self.reason = code, reason
            self._asked.set()

    async def wait(self) -> None:
        """Return when it was asked for."""
        await self._asked.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A client the gate let in, before it has been answered.

    Attributes:
        request: Its request.
        answer: The 101 it gets when somebody takes it.
        ending: Asked for when the listener wants it gone.
        on_method: Told the method of each of its messages; None when nobody wants to know.
    """

    request: UpgradeRequest
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    answer: bytes
    ending: Ending
    on_method: Callable[[str], None] | None = None


class Engine(Protocol):
    """An engine that talks to clients itself, message by message."""

    async def serve(self, client: Client) -> None:
        """Talk to one client until it is gone."""

    async def drain(self) -> None:
        """Take no new work; return when the work under way is done."""


@runtime_checkable
class Joiner(Protocol):
    """An engine that passes a client's bytes on."""

    @property
    def is_ready(self) -> bool:
        """Whether new clients can be taken."""

    async def join(self, visit: Visit) -> Refusal | None:
        """Answer the client and stay until it is gone; or give the answer that says why it is not taken."""

    async def drain(self) -> None:
        """Take no new work; return when the work under way is done."""
