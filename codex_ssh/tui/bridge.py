"""What the TUI needs from the rest, and what it gives back: the only things others share with it.

Lives here: the Protocol of a conversation, the options, the outcome. Not here: how a conversation comes about
(:mod:`codex_ssh.link.connect`) and everything that imports Textual, which costs 0.4 seconds: import this
module freely, and :mod:`codex_ssh.tui.app` only when the session is initialized.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Callable
from dataclasses import field
from typing import Protocol, TypeVar

from codex_ssh.core.attachment import Attachment
from codex_ssh.core.call import Call
from codex_ssh.core.config import ForwardPorts
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.lifecycle import LinkStatus
from codex_ssh.core.outbox import Kept
from codex_ssh.core.ports import Deny
from codex_ssh.core.rpc import Json, Notification, Request, RequestId
from codex_ssh.core.thread import Thread
from codex_ssh.core.tui_settings import TuiSettings
from codex_ssh.core.value import dataclass

T = TypeVar("T")


class Conversation(Protocol):
    """An initialized session with one app server."""

    async def call(self, call: Call[T]) -> T:
        """Ask; raises ``RpcFailed`` and ``LinkLost``."""

    async def answer(self, request_id: RequestId, result: Json) -> None:
        """Answer a request of the server's; raises ``LinkLost``."""

    async def refuse(self, request_id: RequestId, code: int, message: str) -> None:
        """Answer a request of the server's with an error; raises ``LinkLost``."""

    def knows(self, method: str) -> bool | None:
        """Whether the server has a method; None while that is not known."""

    async def learn_methods(self) -> None:
        """Learn which methods the server has; raises ``LinkLost``."""

    def incoming(self) -> AsyncIterator[Notification | Request]:
        """Give all that comes unasked, in order; ends by raising ``LinkLost``. Never waits for rendering."""


class Lifeline(Protocol):
    """A session that comes back when it is lost.

    Attributes:
        on_change: To be called when the status or the round trip changed.
        round_trip: The last WebSocket round trip in seconds; None while unknown.
    """

    on_change: Callable[[], None]
    round_trip: float | None

    @property
    def facts(self) -> ServerFacts:
        """What is known about the server of the session that is open, or was open last."""

    @property
    def status(self) -> LinkStatus:
        """Where the link is."""

    @property
    def silent_for(self) -> float:
        """Seconds since anything came from the server."""

    def sessions(self) -> AsyncIterator[Conversation]:
        """Give the session that is open and each that follows; raises what ends the link for good."""

    def try_now(self) -> None:
        """Reconnect at once instead of waiting."""

    async def fence(self) -> None:
        """Make sure that nothing sent over an earlier connection arrives any more; raises ``LinkLost``."""


class Drafts(Protocol):
    """Keeps on disk what was typed."""

    def save(self, kept: Kept) -> None:
        """Replace what is kept."""


class NoDrafts:
    """Keeps nothing."""

    def save(self, kept: Kept) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuiOptions:
    """What to begin with.

    Attributes:
        prompt: Sent at once when there is one.
        attachments: What goes with the prompt; without one it waits in the composer.
        cwd: Working directory on the devbox; empty takes the server's.
        model: Empty takes the server's.
        resume: A thread to go on with; empty lets the user choose from a list, None begins a new one.
        offers_running: Where nothing says which thread and some go on there, let the user choose one first.
        last: Go on with the thread that was updated last, in ``cwd`` where one is given.
        approval_policy, sandbox: For a new thread; empty takes the server's.
        left: What an earlier client left behind; what did not arrive goes to the composer.
        settings: How the TUI looks and behaves: the ``[tui]`` table of the config file.
        forward_ports: What becomes of ports that dev servers open on the devbox.
        forward_deny: Ports of it that are not opened here.
        approves_only: Nothing is said: approvals and questions are answered, and that is all.
        goes_on: Whether the devbox is there, and a running turn with it, when the client has left.
        grace_seconds: So long after a request appears no key answers it: it was meant for the composer.
        patience: Multiplies how long other clients may answer first what this one cannot.
    """

    prompt: str = ""
    attachments: tuple[Attachment, ...] = ()
    cwd: str = ""
    model: str = ""
    resume: str | None = None
    offers_running: bool = False
    last: bool = False
    approval_policy: str = ""
    sandbox: str = ""
    left: Kept = field(default_factory=Kept)
    settings: TuiSettings = field(default_factory=TuiSettings)
    forward_ports: ForwardPorts = ForwardPorts.ASK
    forward_deny: Deny = ()
    approves_only: bool = False
    goes_on: bool = True
    grace_seconds: float = 0.5
    patience: float = 1.0

    @property
    def begins(self) -> bool:
        """Whether there is something to say at once."""
        return bool(self.prompt or self.attachments)


class ExitReason(enum.Enum):
    """Why the TUI ended."""

    QUIT = "quit"
    LINK_LOST = "link lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class TuiOutcome:
    """How the TUI ended.

    Attributes:
        thread_id: The thread shown last; empty when there was none.
        can_resume: It had a turn: without one codex stores nothing of it.
        turn_running: A turn was left running on the devbox.
        error: Why the link was lost.
        draft: What stood unsent in the composer when the link was lost.
        threads: Those that were seen and can be resumed: the one shown last, then those of the list.
    """

    reason: ExitReason
    thread_id: str = ""
    can_resume: bool = False
    turn_running: bool = False
    error: Exception | None = None
    draft: str = ""
    threads: tuple[Thread, ...] = ()
