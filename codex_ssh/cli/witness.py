"""A lifeline as the checks of ``selftest`` see it: what passes by on it is noted, and can be held up.

Lives here: standing between the link and whoever follows the thread. Not here: the checks
(:mod:`codex_ssh.cli.checks`) and the link itself (:mod:`codex_ssh.link.lifeline`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from codex_ssh.core.events import DeltaKind
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.fields import text_at
from codex_ssh.core.lifecycle import LinkStatus
from codex_ssh.core.rpc import Notification, Request
from codex_ssh.link.connect import Link
from codex_ssh.link.lifeline import Lifeline


class Witness:
    """Hears all that a thread's reader hears, right before it.

    Args:
        line: The link.
        first: The session that is open.

    Attributes:
        link: The session that is open, or was open last.
        output: The pieces of command output heard since :meth:`forget`.
        messages: How many messages came since then.
        requests: The server's requests since then.
    """

    def __init__(self, line: Lifeline, first: Link) -> None:
        self._line = line
        self.link = first
        self.output: list[str] = []
        self.messages = 0
        self.requests: list[Request] = []
        self._may_pass = asyncio.Event()
        self._may_pass.set()

    def forget(self) -> None:
        """Count from here."""
        self.output, self.requests, self.messages = [], [], 0

    def hold(self) -> None:
        """Give nothing more to whoever reads, as if it were busy; the link itself is read on."""
        self._may_pass.clear()

    def release(self) -> None:
        """Give it all."""
        self._may_pass.set()

    # ---------------------------------------------------------------- as a lifeline

    @property
    def on_change(self) -> Callable[[], None]:
        """See :class:`codex_ssh.tui.bridge.Lifeline`, as all below."""
        return self._line.on_change

    @on_change.setter
    def on_change(self, told: Callable[[], None]) -> None:
        self._line.on_change = told

    @property
    def round_trip(self) -> float | None:
        """The last round trip in seconds."""
        return self._line.round_trip

    @round_trip.setter
    def round_trip(self, seconds: float | None) -> None:
        self._line.round_trip = seconds

    @property
    def facts(self) -> ServerFacts:
        """What is known about the server."""
        return self._line.facts

    @property
    def status(self) -> LinkStatus:
        """Where the link is."""
        return self._line.status

    @property
    def silent_for(self) -> float:
        """Seconds since anything came."""
        return self._line.silent_for

    def try_now(self) -> None:
        """Reconnect at once."""
        self._line.try_now()

    async def fence(self) -> None:
        """End what is left of an earlier connection."""
        await self._line.fence()

    async def sessions(self) -> AsyncIterator[_Overheard]:
        """Give each session."""
        async for link in self._line.sessions():
            self.link = link
            yield _Overheard(link, self)

    async def pass_by(self, message: Notification | Request) -> None:
        """Note a message, as soon as it may pass."""
        await self._may_pass.wait()
        self.messages += 1
        if isinstance(message, Request):
            self.requests.append(message)
        elif message.method == DeltaKind.COMMAND_OUTPUT.value:
            self.output.append(text_at(message.params, "delta"))


class _Overheard:
    """A session whose messages pass a witness."""

    def __init__(self, link: Link, witness: Witness) -> None:
        self._link = link
        self._witness = witness
        self.call = link.call
        self.answer = link.answer
        self.refuse = link.refuse
        self.knows = link.knows
        self.learn_methods = link.learn_methods

    async def incoming(self) -> AsyncIterator[Notification | Request]:
        async for message in self._link.incoming():
            await self._witness.pass_by(message)
            yield message
