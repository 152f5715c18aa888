"""What the app server says unasked, one small value per kind of notification.

Source: ``ServerNotification`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

import enum

from codex_ssh.core.approval_review import ApprovalReview
from codex_ssh.core.goal import Goal
from codex_ssh.core.hook import HookRun
from codex_ssh.core.items import Change, Item, ItemId
from codex_ssh.core.limits import Limits
from codex_ssh.core.rpc import RequestId
from codex_ssh.core.thread import Thread, ThreadId, ThreadStatus, TokenUsage, Turn, TurnError, TurnId
from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemStarted:
    """An item began; deltas may follow."""

    thread_id: ThreadId
    turn_id: TurnId
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCompleted:
    """An item is finished, and this is all of it. Items of cut and interrupted turns never get this."""

    thread_id: ThreadId
    turn_id: TurnId
    item: Item


class DeltaKind(enum.Enum):
    """Which text of which kind of item grew; the value is the notification's method."""

    MESSAGE = "item/agentMessage/delta"
    REASONING_SUMMARY = "item/reasoning/summaryTextDelta"
    REASONING_CONTENT = "item/reasoning/textDelta"
    COMMAND_OUTPUT = "item/commandExecution/outputDelta"
    PLAN = "item/plan/delta"


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of text was added to an item.

    Attributes:
        index: The part of the reasoning it belongs to; 0 for other kinds.
    """

    kind: DeltaKind
    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    text: str
    index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchUpdated:
    """The changes of a file change item are now these."""

    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolProgressed:
    """A tool call says how far it is."""

    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted:
    """A turn began."""

    thread_id: ThreadId
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCompleted:
    """A turn is over, for whatever reason: see its status and error."""

    thread_id: ThreadId
    turn: Turn


class StepStatus(enum.Enum):
    """How far a step of a plan is; the value is the app server's word."""

    PENDING = "pending"
    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One step of a check list."""

    text: str
    status: StepStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanUpdated:
    """The turn's check list is now this. It is no item, and is not stored."""

    thread_id: ThreadId
    turn_id: TurnId
    explanation: str
    steps: tuple[PlanStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffUpdated:
    """All changes of the turn so far, as one unified diff."""

    thread_id: ThreadId
    turn_id: TurnId
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsageUpdated:
    """Tokens used so far."""

    thread_id: ThreadId
    usage: TokenUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadStarted:
    """A thread was started or resumed by somebody; every session hears it."""

    thread: Thread


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadStatusChanged:
    """What a thread does changed; every session hears it."""

    thread_id: ThreadId
    status: ThreadStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadNamed:
    """A thread was named; every session hears it."""

    thread_id: ThreadId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadClosed:
    """A thread was unloaded, archived or deleted."""

    thread_id: ThreadId
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsUpdated:
    """A thread's settings are now these; empty ones were not told.

    Attributes:
        profile: The permission profile, empty for none; None was not told.
        reviewer: Who decides approvals: ``user`` or ``auto_review``.
        mode: How it works: ``default`` or ``plan``.
    """

    thread_id: ThreadId
    model: str = ""
    effort: str = ""
    cwd: str = ""
    approval_policy: str = ""
    sandbox: str = ""
    profile: str | None = None
    reviewer: str = ""
    mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskResolved:
    """A request of the server's was answered, by this session or another, or fell away."""

    thread_id: ThreadId
    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSaid:
    """Something went wrong in a turn; without ``will_retry`` the turn's end follows and says it again."""

    thread_id: ThreadId
    turn_id: TurnId
    error: TurnError
    will_retry: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something a person should know.

    Attributes:
        kind: ``warning``, ``guardianWarning``, ``configWarning``, ``deprecationNotice`` or ``authRecovery``.
        thread_id: Empty when it is about the server.
    """

    kind: str
    thread_id: ThreadId
    message: str
    details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRerouted:
    """The turn goes on with another model."""

    thread_id: ThreadId
    from_model: str
    to_model: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCompleted:
    """A sign-in on the devbox is over.

    Attributes:
        login_id: Which; empty for an API key.
        error: Why it failed, in the server's words.
    """

    login_id: str
    success: bool
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class McpSignedIn:
    """A sign-in to an MCP server, by a browser, is over.

    Attributes:
        thread_id: The thread it was begun for; empty for none.
        name: The MCP server.
        error: Why it failed, in the server's words.
    """

    thread_id: ThreadId
    name: str
    success: bool
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUpdated:
    """Somebody else, or nobody, is signed in on the devbox now.

    Attributes:
        kind: ``chatgpt``, ``apikey`` …; empty for nobody.
    """

    kind: str
    plan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsUpdated:
    """Something of an account's limits changed; what is not told stays as it was."""

    news: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalTyped:
    """The model typed something into the terminal of a command that runs; empty when it only waited."""

    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    stdin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRan:
    """A hook began or is over; ``turn_id`` is empty for hooks of the thread."""

    thread_id: ThreadId
    turn_id: TurnId
    run: HookRun


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalReviewed:
    """A review in the user's place began or is over."""

    thread_id: ThreadId
    turn_id: TurnId
    review: ApprovalReview


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyBuffered:
    """The service holds an answer back until it has looked at it.

    Attributes:
        faster_model: One that would not be held back; empty when there is none.
        is_shown: Whether a person should be told.
    """

    thread_id: ThreadId
    turn_id: TurnId
    model: str
    faster_model: str
    reasons: tuple[str, ...]
    is_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolServerStarted:
    """An MCP server begins, works, or does not.

    Attributes:
        thread_id: Empty when it is for no thread alone.
        status: ``starting``, ``ready``, ``failed`` or ``cancelled``.
        error: Why not; empty otherwise.
    """

    thread_id: ThreadId
    name: str
    status: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextCompacted:
    """The context was summed up; newer servers say so by an item."""

    thread_id: ThreadId
    turn_id: TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadReverted:
    """The last turns of a thread were taken back; which ones only the server's account tells."""

    thread_id: ThreadId


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalUpdated:
    """The thread's goal is now this; None when it has none."""

    thread_id: ThreadId
    goal: Goal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent:
    """A notification nothing here reads."""

    method: str
