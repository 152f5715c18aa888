"""What the app server says unasked: one small value per kind of notification, and their tolerant decoder.

Lives here: notifications. Not here: requests (:mod:`codex_ssh.core.ask`) and what notifications add up to
(:mod:`codex_ssh.core.transcript`).

Source: ``ServerNotification`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from codex_ssh.core.approval_review import decode_approval_review
from codex_ssh.core.events.values import (
    AccountUpdated,
    ApprovalReviewed,
    AskResolved,
    ContextCompacted,
    Delta,
    DeltaKind,
    DiffUpdated,
    ErrorSaid,
    GoalUpdated,
    HookRan,
    ItemCompleted,
    ItemStarted,
    LimitsUpdated,
    LoginCompleted,
    McpSignedIn,
    ModelRerouted,
    PatchUpdated,
    PlanStep,
    PlanUpdated,
    SafetyBuffered,
    SettingsUpdated,
    StepStatus,
    TerminalTyped,
    ThreadClosed,
    ThreadNamed,
    ThreadReverted,
    ThreadStarted,
    ThreadStatusChanged,
    TokenUsageUpdated,
    ToolProgressed,
    ToolServerStarted,
    TurnCompleted,
    TurnStarted,
    UnknownEvent,
    Warned,
)
from codex_ssh.core.fields import list_at, number_at, shape_at, text_at, texts_at, truth_at
from codex_ssh.core.goal import decode_goal
from codex_ssh.core.hook import decode_hook_run
from codex_ssh.core.items import ItemId, decode_changes, decode_item
from codex_ssh.core.limits import decode_limits
from codex_ssh.core.rpc import Json, Notification
from codex_ssh.core.thread import (
    ThreadId,
    TurnError,
    TurnId,
    decode_thread,
    decode_thread_status,
    decode_token_usage,
    decode_turn,
    decode_turn_error,
)

__all__ = [
    "AccountUpdated",
    "ApprovalReviewed",
    "AskResolved",
    "ContextCompacted",
    "Delta",
    "DeltaKind",
    "DiffUpdated",
    "ErrorSaid",
    "Event",
    "GoalUpdated",
    "HookRan",
    "ItemCompleted",
    "ItemStarted",
    "LimitsUpdated",
    "LoginCompleted",
    "McpSignedIn",
    "ModelRerouted",
    "PatchUpdated",
    "PlanStep",
    "PlanUpdated",
    "SafetyBuffered",
    "SettingsUpdated",
    "StepStatus",
    "TerminalTyped",
    "ThreadClosed",
    "ThreadNamed",
    "ThreadReverted",
    "ThreadStarted",
    "ThreadStatusChanged",
    "TokenUsageUpdated",
    "ToolProgressed",
    "ToolServerStarted",
    "TurnCompleted",
    "TurnStarted",
    "UnknownEvent",
    "Warned",
    "decode_event",
]

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
    | McpSignedIn
    | AccountUpdated
    | LimitsUpdated
    | TerminalTyped
    | HookRan
    | ApprovalReviewed
    | SafetyBuffered
    | ToolServerStarted
    | ContextCompacted
    | ThreadReverted
    | GoalUpdated
    | UnknownEvent
)


_STEP_STATUSES: Final = {status.value: status for status in StepStatus}


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


def _hook_ran(params: Json) -> Event:
    return HookRan(
        thread_id=_thread(params), turn_id=_turn(params), run=decode_hook_run(shape_at(params, "run"))
    )


def _reviewed(params: Json) -> Event:
    return ApprovalReviewed(
        thread_id=_thread(params), turn_id=_turn(params), review=decode_approval_review(params)
    )


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
    "item/commandExecution/terminalInteraction": lambda params: TerminalTyped(
        thread_id=_thread(params),
        turn_id=_turn(params),
        item_id=_item(params),
        stdin=text_at(params, "stdin"),
    ),
    "item/autoApprovalReview/started": _reviewed,
    "item/autoApprovalReview/completed": _reviewed,
    "hook/started": _hook_ran,
    "hook/completed": _hook_ran,
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
    "thread/compacted": lambda params: ContextCompacted(thread_id=_thread(params), turn_id=_turn(params)),
    "thread/reverted": lambda params: ThreadReverted(thread_id=_thread(params)),
    "thread/goal/updated": lambda params: GoalUpdated(
        thread_id=_thread(params), goal=decode_goal(shape_at(params, "goal"))
    ),
    "thread/goal/cleared": lambda params: GoalUpdated(thread_id=_thread(params), goal=None),
    "thread/settings/updated": _settings_updated,
    "serverRequest/resolved": _ask_resolved,
    "error": _error_said,
    "warning": _warned("warning"),
    "guardianWarning": _warned("guardianWarning"),
    "configWarning": _warned("configWarning"),
    "deprecationNotice": _warned("deprecationNotice"),
    "modelProvider/authRecoveryStarted": _warned("authRecovery"),
    "modelProvider/authRecoveryCompleted": _warned("authRecovery"),
    "mcpServer/startupStatus/updated": lambda params: ToolServerStarted(
        thread_id=_thread(params),
        name=text_at(params, "name"),
        status=text_at(params, "status"),
        error=text_at(params, "error"),
    ),
    "model/rerouted": lambda params: ModelRerouted(
        thread_id=_thread(params),
        from_model=text_at(params, "fromModel"),
        to_model=text_at(params, "toModel"),
        reason=text_at(params, "reason"),
    ),
    "model/safetyBuffering/updated": lambda params: SafetyBuffered(
        thread_id=_thread(params),
        turn_id=_turn(params),
        model=text_at(params, "model"),
        faster_model=text_at(params, "fasterModel"),
        reasons=texts_at(params, "reasons"),
        is_shown=truth_at(params, "showBufferingUi"),
    ),
    "account/login/completed": lambda params: LoginCompleted(
        login_id=text_at(params, "loginId"),
        success=truth_at(params, "success"),
        error=text_at(params, "error"),
    ),
    "mcpServer/oauthLogin/completed": lambda params: McpSignedIn(
        thread_id=_thread(params),
        name=text_at(params, "name"),
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
