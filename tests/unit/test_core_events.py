"""Notifications of real servers are read; broken ones never raise."""

import pytest

from codex_ssh.core.events import (
    AskResolved,
    Delta,
    DeltaKind,
    ErrorSaid,
    ModelRerouted,
    PatchUpdated,
    PlanStep,
    PlanUpdated,
    SettingsUpdated,
    StepStatus,
    ThreadClosed,
    ToolProgressed,
    TurnCompleted,
    UnknownEvent,
    Warned,
    decode_event,
)
from codex_ssh.core.items import Change, ChangeKind
from codex_ssh.core.rpc import Json, Notification
from codex_ssh.core.thread import ThreadId, TurnError, TurnId, TurnStatus
from tests.support.captures import VERSIONS, frames, recorded

IGNORED = {"item/reasoning/summaryPartAdded"}
"""What real servers send and nothing here needs."""


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_a_real_server_sent_is_known(version: str) -> None:
    for name, said in recorded(version):
        for frame in said:
            if isinstance(frame, Notification) and frame.method not in IGNORED:
                assert not isinstance(decode_event(frame), UnknownEvent), (name, frame.method)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_delta_names_its_item(version: str) -> None:
    events = [decode_event(f) for f in frames(version, "answer") if isinstance(f, Notification)]
    deltas = [event for event in events if isinstance(event, Delta)]
    assert "".join(delta.text for delta in deltas[:4]) == "hello from the model"
    assert {delta.kind for delta in deltas} == {DeltaKind.MESSAGE}
    assert all(delta.thread_id and delta.turn_id and delta.item_id for delta in deltas)


def test_a_failed_turn_tells_why() -> None:
    events = [decode_event(f) for f in frames("0.169.0", "model_error") if isinstance(f, Notification)]
    failed = [e for e in events if isinstance(e, TurnCompleted) and e.turn.status is TurnStatus.FAILED]
    errors = [e for e in events if isinstance(e, ErrorSaid)]
    assert [turn.turn.error for turn in failed] == [error.error for error in errors if not error.will_retry]
    assert "responseTooManyFailedAttempts" in {error.error.kind for error in errors}


def test_a_plan_has_steps() -> None:
    events = [decode_event(f) for f in frames("0.169.0", "plan") if isinstance(f, Notification)]
    plan = next(event for event in events if isinstance(event, PlanUpdated))
    assert plan.explanation == "Three steps"
    assert plan.steps == (
        PlanStep(text="Look", status=StepStatus.COMPLETED),
        PlanStep(text="Write", status=StepStatus.IN_PROGRESS),
        PlanStep(text="Check", status=StepStatus.PENDING),
    )


THREAD, TURN = ThreadId("t"), TurnId("u")


@pytest.mark.parametrize(
    ("method", "params", "event"),
    [
        (
            "item/fileChange/patchUpdated",
            {"itemId": "i", "changes": [{"path": "p", "kind": {"type": "delete"}, "diff": "d"}]},
            PatchUpdated(
                thread_id=THREAD,
                turn_id=TURN,
                item_id="i",  # type: ignore[arg-type]
                changes=(Change(path="p", kind=ChangeKind.DELETE, diff="d"),),
            ),
        ),
        (
            "item/mcpToolCall/progress",
            {"itemId": "i", "message": "half"},
            ToolProgressed(thread_id=THREAD, turn_id=TURN, item_id="i", message="half"),  # type: ignore[arg-type]
        ),
        (
            "thread/settings/updated",
            {
                "threadSettings": {
                    "model": "m",
                    "effort": "high",
                    "cwd": "/w",
                    "approvalPolicy": {"granular": {}},
                    "sandboxPolicy": {"type": "readOnly"},
                    "activePermissionProfile": {"id": ":read-only"},
                    "approvalsReviewer": "auto_review",
                    "collaborationMode": {"mode": "plan"},
                }
            },
            SettingsUpdated(
                thread_id=THREAD,
                model="m",
                effort="high",
                cwd="/w",
                approval_policy="granular",
                sandbox="readOnly",
                profile=":read-only",
                reviewer="auto_review",
                mode="plan",
            ),
        ),
        ("serverRequest/resolved", {"requestId": "x"}, AskResolved(thread_id=THREAD, request_id="x")),
        ("serverRequest/resolved", {"requestId": 0}, AskResolved(thread_id=THREAD, request_id=0)),
        (
            "error",
            {"error": {"message": "m", "codexErrorInfo": "usageLimitExceeded"}, "willRetry": True},
            ErrorSaid(
                thread_id=THREAD,
                turn_id=TURN,
                error=TurnError(message="m", kind="usageLimitExceeded"),
                will_retry=True,
            ),
        ),
        (
            "configWarning",
            {"summary": "s", "details": "d"},
            Warned(kind="configWarning", thread_id=THREAD, message="s", details="d"),
        ),
        (
            "model/rerouted",
            {"fromModel": "a", "toModel": "b", "reason": "r"},
            ModelRerouted(thread_id=THREAD, from_model="a", to_model="b", reason="r"),
        ),
        ("thread/deleted", {}, ThreadClosed(thread_id=THREAD, what="deleted")),
        ("tomorrow/new", {}, UnknownEvent(method="tomorrow/new")),
    ],
)
def test_each_method_becomes_its_event(method: str, params: Json, event: object) -> None:
    notification = Notification(method=method, params={"threadId": "t", "turnId": "u", **params})
    assert decode_event(notification) == event


@pytest.mark.parametrize("wrong", [None, 5, "x", [], {}, [None, 7], True])
def test_broken_notifications_never_raise(wrong: Json) -> None:
    fields = (
        "item", "turn", "thread", "plan", "delta", "status", "tokenUsage", "threadSettings", "error",
        "changes", "requestId", "summaryIndex", "itemId", "threadId", "turnId", "message",
    )  # fmt: skip
    methods = {f.method for _, said in recorded("0.169.0") for f in said if isinstance(f, Notification)}
    for method in methods | {"thread/settings/updated", "item/fileChange/patchUpdated", "model/rerouted"}:
        decode_event(Notification(method=method, params=dict.fromkeys(fields, wrong)))
        decode_event(Notification(method=method, params={}))
