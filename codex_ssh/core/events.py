"""What the app server says unasked: one small value per kind of notification, and their tolerant decoder.

Lives here: notifications. Not here: requests (:mod:`codex_ssh.core.ask`) and what notifications add up to
(:mod:`codex_ssh.core.transcript`).

Source: ``ServerNotification`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from codex_ssh.core.fields import list_at, number_at, shape_at, text_at, truth_at
from codex_ssh.core.items import Change, Item, ItemId, decode_changes, decode_item
from codex_ssh.core.limits import Limits, decode_limits
from codex_ssh.core.rpc import Json, Notification, RequestId
from codex_ssh.core.thread import (
    Thread,
    ThreadId,
    ThreadStatus,
    TokenUsage,
    Turn,
    TurnError,
    TurnId,
    decode_thread,
    decode_thread_status,
    decode_token_usage,
    decode_turn,
    decode_turn_error,
)


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


_STEP_STATUSES = {status.value: status for status in StepStatus}


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
        kind: ``warning``, ``guardianWarning``, ``configWarning`` or ``deprecationNotice``.
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
class UnknownEvent:
    """A notification nothing here reads."""

    method: str


Event = (
    ItemStarted
    | ItemCompleted
    | Delta
    | PatchUpdated
    | ToolProgressed
    | TurnStarted
    | TurnCompleted
    | PlanUpdated
    | DiffUpdated
    | TokenUsageUpdated
    | ThreadStarted
    | ThreadStatusChanged
    | ThreadNamed
    | ThreadClosed
    | SettingsUpdated
    | AskResolved
    | ErrorSaid
    | Warned
    | ModelRerouted
    | LoginCompleted
    | AccountUpdated
    | LimitsUpdated
    | UnknownEvent
)


def decode_event(notification: Notification) -> Event:
    """Read a notification of any method and shape. Never raises; a missing field is its default."""
    decoder = _DECODERS.get(notification.method)
    if decoder is None:
        return UnknownEvent(method=notification.method)
    return decoder(notification.params)


def _thread(params: Json) -> ThreadId:
    return ThreadId(text_at(params, "threadId"))


def _turn(params: Json) -> TurnId:
    return TurnId(text_at(params, "turnId"))


def _item(params: Json) -> ItemId:
    return ItemId(text_at(params, "itemId"))


def _delta(kind: DeltaKind, index_name: str = "") -> Callable[[Json], Event]:
    def decode(params: Json) -> Event:
        thread, turn, item = params.get("threadId"), params.get("turnId"), params.get("itemId")
        text = params.get("delta")
        index = (number_at(params, index_name) or 0) if index_name else 0
        # Thousands of these come in a second: well-formed ones take the short way.
        if type(thread) is type(turn) is type(item) is type(text) is str:
            return Delta(kind, ThreadId(thread), TurnId(turn), ItemId(item), text, index)
        return Delta(kind, _thread(params), _turn(params), _item(params), text_at(params, "delta"), index)

    return decode


def _plan_updated(params: Json) -> Event:
    steps = tuple(
        PlanStep(
            text=text_at(step, "step"),
            status=_STEP_STATUSES.get(text_at(step, "status"), StepStatus.PENDING),
        )
        for step in list_at(params, "plan")
    )
    return PlanUpdated(
        thread_id=_thread(params),
        turn_id=_turn(params),
        explanation=text_at(params, "explanation"),
        steps=steps,
    )


def _settings_updated(params: Json) -> Event:
    settings = shape_at(params, "threadSettings")
    policy = shape_at(settings, "approvalPolicy")
    return SettingsUpdated(
        thread_id=_thread(params),
        model=text_at(settings, "model"),
        effort=text_at(settings, "effort"),
        cwd=text_at(settings, "cwd"),
        approval_policy=next(iter(policy), "") or text_at(settings, "approvalPolicy"),
        sandbox=text_at(shape_at(settings, "sandboxPolicy"), "type"),
        profile=text_at(shape_at(settings, "activePermissionProfile"), "id"),
        reviewer=text_at(settings, "approvalsReviewer"),
        mode=text_at(shape_at(settings, "collaborationMode"), "mode"),
    )


def _ask_resolved(params: Json) -> Event:
    number = number_at(params, "requestId")
    if number is None:
        return AskResolved(thread_id=_thread(params), request_id=text_at(params, "requestId"))
    return AskResolved(thread_id=_thread(params), request_id=number)


def _error_said(params: Json) -> Event:
    return ErrorSaid(
        thread_id=_thread(params),
        turn_id=_turn(params),
        error=decode_turn_error(shape_at(params, "error")) or TurnError(message=""),
        will_retry=truth_at(params, "willRetry"),
    )


def _warned(kind: str) -> Callable[[Json], Event]:
    def decode(params: Json) -> Event:
        return Warned(
            kind=kind,
            thread_id=_thread(params),
            message=text_at(params, "message") or text_at(params, "summary"),
            details=text_at(params, "details"),
        )

    return decode


def _closed(what: str) -> Callable[[Json], Event]:
    return lambda params: ThreadClosed(thread_id=_thread(params), what=what)


_DECODERS: Final[Mapping[str, Callable[[Json], Event]]] = {
    "item/started": lambda params: ItemStarted(
        thread_id=_thread(params), turn_id=_turn(params), item=decode_item(shape_at(params, "item"))
    ),
    "item/completed": lambda params: ItemCompleted(
        thread_id=_thread(params), turn_id=_turn(params), item=decode_item(shape_at(params, "item"))
    ),
    DeltaKind.MESSAGE.value: _delta(DeltaKind.MESSAGE),
    DeltaKind.REASONING_SUMMARY.value: _delta(DeltaKind.REASONING_SUMMARY, "summaryIndex"),
    DeltaKind.REASONING_CONTENT.value: _delta(DeltaKind.REASONING_CONTENT, "contentIndex"),
    DeltaKind.COMMAND_OUTPUT.value: _delta(DeltaKind.COMMAND_OUTPUT),
    DeltaKind.PLAN.value: _delta(DeltaKind.PLAN),
    "item/fileChange/patchUpdated": lambda params: PatchUpdated(
        thread_id=_thread(params),
        turn_id=_turn(params),
        item_id=_item(params),
        changes=decode_changes(params),
    ),
    "item/mcpToolCall/progress": lambda params: ToolProgressed(
        thread_id=_thread(params),
        turn_id=_turn(params),
        item_id=_item(params),
        message=text_at(params, "message"),
    ),
    "turn/started": lambda params: TurnStarted(
        thread_id=_thread(params), turn=decode_turn(shape_at(params, "turn"))
    ),
    "turn/completed": lambda params: TurnCompleted(
        thread_id=_thread(params), turn=decode_turn(shape_at(params, "turn"))
    ),
    "turn/plan/updated": _plan_updated,
    "turn/diff/updated": lambda params: DiffUpdated(
        thread_id=_thread(params), turn_id=_turn(params), diff=text_at(params, "diff")
    ),
    "thread/tokenUsage/updated": lambda params: TokenUsageUpdated(
        thread_id=_thread(params), usage=decode_token_usage(shape_at(params, "tokenUsage"))
    ),
    "thread/started": lambda params: ThreadStarted(thread=decode_thread(shape_at(params, "thread"))),
    "thread/status/changed": lambda params: ThreadStatusChanged(
        thread_id=_thread(params), status=decode_thread_status(shape_at(params, "status"))
    ),
    "thread/name/updated": lambda params: ThreadNamed(
        thread_id=_thread(params), name=text_at(params, "threadName")
    ),
    "thread/closed": _closed("closed"),
    "thread/archived": _closed("archived"),
    "thread/deleted": _closed("deleted"),
    "thread/settings/updated": _settings_updated,
    "serverRequest/resolved": _ask_resolved,
    "error": _error_said,
    "warning": _warned("warning"),
    "guardianWarning": _warned("guardianWarning"),
    "configWarning": _warned("configWarning"),
    "deprecationNotice": _warned("deprecationNotice"),
    "model/rerouted": lambda params: ModelRerouted(
        thread_id=_thread(params),
        from_model=text_at(params, "fromModel"),
        to_model=text_at(params, "toModel"),
        reason=text_at(params, "reason"),
    ),
    "account/login/completed": lambda params: LoginCompleted(
        login_id=text_at(params, "loginId"),
        success=truth_at(params, "success"),
        error=text_at(params, "error"),
    ),
    "account/updated": lambda params: AccountUpdated(
        kind=text_at(params, "authMode"), plan=text_at(params, "planType")
    ),
    "account/rateLimits/updated": lambda params: LimitsUpdated(
        news=decode_limits(shape_at(params, "rateLimits"))
    ),
}
