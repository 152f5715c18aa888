"""The user's other hosts, as the TUI wants them: looking at all of them, and opening one beside the first.

Lives here: the Protocol, and what an open host consists of. Not here: how a host is looked at or reached
(:mod:`codex_ssh.link.fleet`, :mod:`codex_ssh.link.lifeline`). Nothing here imports Textual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from codex_ssh.core.fleet import HostReport
from codex_ssh.core.value import dataclass
from codex_ssh.tui.bridge import Drafts, Lifeline, TuiOptions, TuiOutcome
from codex_ssh.tui.carrier import Carrier
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.port_watch import PortKeeper


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHost:
    """A host somebody is on.

    Attributes:
        lifeline: Its session, which heals.
        options: What to begin with.
        drafts: Keeps what is typed there.
        desk: The machine in front of the user, with what was said to this host.
        keeper: Opens its ports here; None where that cannot be.
        carrier: Brings files there and back.
        left: To be called with how it ended, when the screen is not the TUI's any more.
    """

    lifeline: Lifeline
    options: TuiOptions
    drafts: Drafts
    desk: Desk
    keeper: PortKeeper | None
    carrier: Carrier | None
    left: Callable[[TuiOutcome], None]


class Fleet(Protocol):
    """All hosts of the user."""

    def known(self) -> Sequence[HostReport]:
        """Give every host at once, with what was last seen there; nothing is asked."""

    async def look(self, hosts: Sequence[str], tell: Callable[[HostReport], None]) -> None:
        """Look at hosts side by side, and tell each as soon as it is known; takes seconds, and asks nobody.

        Args:
            hosts: Which ones.
            tell: Called once for each.
        """

    def open(self, host: str) -> AbstractAsyncContextManager[OpenHost]:
        """Log in to a host, and hold its session until the block ends; the login may ask by dialogs.

        Raises:
            StageError, ConfigError, UsageError: It cannot be reached.
        """
