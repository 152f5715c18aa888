"""Ports that dev servers open on the devbox: noticing them, offering them, opening them.

Lives here: when it is looked, what is offered, and what is said. Not here: looking and opening, which is
handed in (:class:`PortKeeper`), what counts as news (:mod:`codex_ssh.core.listening`), and drawing
(:mod:`codex_ssh.tui.widgets.port_offer`, :mod:`codex_ssh.tui.screens.ports_screen`). Nothing here imports
Textual.

Looking is one small script there. It runs while a turn does, or while somebody looks at the list, and never
sooner than three seconds after the one before; once more after the end of a turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from codex_ssh.core.config import ForwardPorts
from codex_ssh.core.entry import Level
from codex_ssh.core.listening import Listening, ListeningPort, News
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.ports import LOOPBACK, Deny, Direction, Forward, Wish
from codex_ssh.errors import CodexSshError, ForwardError, Stage

if TYPE_CHECKING:
    from codex_ssh.tui.chat import Chat

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 3.0
"""So long at least between two looks."""


class PortKeeper(Protocol):
    """Looks at the devbox's ports and opens them here.

    Attributes:
        on_change: To be called when a forward changed.
    """

    on_change: Callable[[], None]

    @property
    def forwards(self) -> tuple[Forward, ...]:
        """What is open."""

    async def listening(self) -> Listening:
        """Give what listens there; raises CodexSshError."""

    async def open(self, wish: Wish, *, at: Sequence[str] = LOOPBACK) -> Forward:
        """Open a forward, or give the one that leads there; raises CodexSshError."""

    async def close(self, number: int) -> None:
        """Close one."""

    async def move(self, number: int, local: int) -> Forward:
        """Give one another port here; raises CodexSshError, and leaves it as it is then."""


class NoPorts:
    """There is no way to any port."""

    forwards: tuple[Forward, ...] = ()

    def __init__(self) -> None:
        self.on_change: Callable[[], None] = lambda: None

    async def listening(self) -> Listening:
        """Give nothing."""
        return Listening(is_seen=False)

    async def open(self, wish: Wish, *, at: Sequence[str] = LOOPBACK) -> Forward:
        """Refuse."""
        raise _no_way()

    async def close(self, number: int) -> None:
        """Do nothing."""

    async def move(self, number: int, local: int) -> Forward:
        """Refuse."""
        raise _no_way()


def _no_way() -> ForwardError:
    return ForwardError("a port needs SSH, and this link has none", stage=Stage.FORWARD)


class PortWatch:
    """What is known of the devbox's ports, and what is done about it.

    Args:
        keeper: Looks and opens.
        mode: What becomes of a port that is opened in a turn.
        deny: Ports nothing is said about, and that cannot be opened.
        host: As the user typed it.
        is_running: Whether a turn runs.
        spawn: Runs something beside the rest.
        note: Says something in the transcript.
        changed: Called when anything changed.
        sleep: Waits between two looks.

    Attributes:
        listening: What listened at the last look; None before the first.
        offered: What was opened in this turn, and waits for a word of the user's.
        fault: Why the last look saw nothing; empty mostly.
    """

    def __init__(
        self,
        keeper: PortKeeper,
        *,
        mode: ForwardPorts,
        deny: Deny,
        host: Callable[[], str],
        is_running: Callable[[], bool],
        spawn: Callable[[Coroutine[None, None, None]], object],
        note: Callable[[Level, str, str], None],
        changed: Callable[[], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.listening: Listening | None = None
        self.offered: tuple[ListeningPort, ...] = ()
        self.fault = ""
        self.deny = deny
        self._keeper = keeper
        self._mode = mode
        self._host = host
        self._is_running = is_running
        self._spawn = spawn
        self._note = note
        self._changed = changed
        self._sleep = sleep
        self._news = News(deny)
        self._ran = False
        self._began = 0.0
        self._is_watched = False
        self._once_more = False
        self._wanted = asyncio.Event()
        keeper.on_change = changed

    @property
    def forwards(self) -> tuple[Forward, ...]:
        """What is open."""
        return self._keeper.forwards

    def settle(self) -> None:
        """A turn may have begun or ended."""
        runs = self._mode is not ForwardPorts.OFF and self._is_running()
        if runs and not self._ran:
            self._began = asyncio.get_running_loop().time()
            self._news.begin()
            self.offered = ()
        self._once_more = not runs and (self._once_more or self._ran)
        self._ran = runs
        self._want()

    def watch(self, *, is_watched: bool) -> None:
        """Somebody looks at the list, or does not any more."""
        self._is_watched = is_watched
        self._want()

    def _want(self) -> None:
        if self._ran or self._once_more or self._is_watched:
            self._wanted.set()
        else:
            self._wanted.clear()

    async def run(self) -> None:
        """Look whenever it is wanted, until cancelled."""
        while True:
            await self._wanted.wait()
            counts = self._ran or self._once_more
            self._once_more = False
            await self._look(counts=counts)
            self._want()
            await self._sleep(LOOK_SECONDS)

    async def _look(self, *, counts: bool) -> None:
        """Look once.

        Args:
            counts: What is new is news.
        """
        try:
            listening = await self._keeper.listening()
        except CodexSshError as error:
            log.info("ports: not seen: %s", error)
            self.fault = plain_line(str(error))
            self._changed()
            return
        since = asyncio.get_running_loop().time() - self._began
        self.listening = listening
        self.fault = "" if listening.is_seen else "what listens there cannot be seen"
        own = {forward.covers for forward in self.forwards}
        self.offered = tuple(one for one in self.offered if listening.at(one.port) and one.port not in own)
        if counts:
            self._tell(self._news.take(listening, since=since, own=own))
        self._changed()

    def _tell(self, new: tuple[ListeningPort, ...]) -> None:
        if self._mode is ForwardPorts.AUTO:
            for one in new:
                self._spawn(self.open(Wish(local=one.port, remote=one.port)))
        else:
            self.offered = (*self.offered, *new)

    # ---------------------------------------------------------------- what the user does

    def take(self) -> None:
        """Open all that is offered."""
        offered, self.offered = self.offered, ()
        for one in offered:
            self._spawn(self.open(Wish(local=one.port, remote=one.port)))
        self._changed()

    def refuse(self, port: int) -> None:
        """Offer a port no more."""
        self.offered = tuple(one for one in self.offered if one.port != port)
        self._changed()

    async def open(self, wish: Wish) -> None:
        """Open a forward and say what became of it."""
        is_near = wish.direction is Direction.LOCAL and not wish.host
        there = self.listening.at(wish.remote) if self.listening is not None and is_near else None
        try:
            forward = await self._keeper.open(wish, at=there.hosts if there is not None else LOOPBACK)
        except CodexSshError as error:
            self._note(Level.ERROR, str(error), error.hint)
            return
        self.offered = tuple(one for one in self.offered if one.port != forward.covers)
        what = f" ({plain_line(there.process)})" if there is not None and there.process else ""
        why = f": {forward.note}" if forward.note else ""
        self._note(Level.INFO, f"{forward.said(plain_line(self._host()))}{what}{why}", "")

    async def close(self, number: int) -> None:
        """Close a forward."""
        await self._keeper.close(number)
        self._changed()

    async def move(self, number: int, local: int) -> str:
        """Give a forward another port here; gives why that cannot be, or nothing."""
        try:
            await self._keeper.move(number, local)
        except CodexSshError as error:
            said = getattr(error, "said", "")
            return f"{error.message}{f': {said}' if said else ''}"
        self._changed()
        return ""


def ports_of(
    chat: Chat,
    keeper: PortKeeper | None,
    spawn: Callable[[Coroutine[None, None, None]], object],
    changed: Callable[[], None],
) -> PortWatch:
    """Give the watch of a conversation's devbox; without a keeper it looks at nothing."""
    return PortWatch(
        keeper or NoPorts(),
        mode=chat.options.forward_ports if keeper is not None else ForwardPorts.OFF,
        deny=chat.options.forward_deny,
        host=lambda: chat.facts.host,
        is_running=lambda: chat.transcript is not None and chat.transcript.state.is_running,
        spawn=spawn,
        note=chat.note,
        changed=changed,
    )


def offer_text(offered: Sequence[ListeningPort], host: str) -> str:
    """Give what is offered, in words; empty when nothing is. It is harmless."""
    if not offered:
        return ""
    named = [
        f"{one.port} ({plain_line(one.process)})" if one.process else str(one.port) for one in offered[:3]
    ]
    more = f" and {len(offered) - 3} more" if len(offered) > 3 else ""
    plural = "s" if len(offered) > 1 else ""
    return f"port{plural} {', '.join(named)}{more} of {plain_line(host)}"
