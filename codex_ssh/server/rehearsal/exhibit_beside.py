"""What the app server tells beside items, as codex 0.169 tells it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from codex_ssh.server.rehearsal.exhibit_frame import Frame, Scene, Told
from codex_ssh.server.rehearsal.wire import Shape


def check_list(_: Scene) -> Iterator[Frame]:
    """The turn's check list."""
    steps = (("Look around", "completed"), ("Change the sign", "inProgress"), ("Run the tests", "pending"))
    plan = [{"step": step, "status": status} for step, status in steps]
    yield Told(method="turn/plan/updated", params={"explanation": "Three steps", "plan": plan})


def _hook(event: str, status: str, message: str | None, **entry: str) -> Iterator[Frame]:
    run: Shape = {
        "id": f"{event}:0:/etc/codex/hooks.json",
        "eventName": event,
        "handlerType": "command",
        "executionMode": "sync",
        "scope": "turn",
        "sourcePath": "/etc/codex/hooks.json",
        "source": "system",
        "displayOrder": 0,
        "status": "running",
        "statusMessage": message,
        "startedAt": 1_795_827_548,
        "completedAt": None,
        "durationMs": None,
        "entries": [],
    }
    yield Told(method="hook/started", params={"run": run})
    end = {"status": status, "completedAt": 1_795_827_549, "durationMs": 1300}
    yield Told(method="hook/completed", params={"run": {**run, **end, "entries": [entry] if entry else []}})


def hooks(_: Scene) -> Iterator[Frame]:
    """A hook that says something, one that blocks, and one that is silent."""
    yield from _hook(
        "userPromptSubmit", "completed", "reading the style guide", kind="context", text="Be brief."
    )
    yield from _hook("preToolUse", "blocked", None, kind="feedback", text="not on a Friday")
    yield from _hook("postToolUse", "completed", None)


def approval_review(scene: Scene) -> Iterator[Frame]:
    """A request approved, and one denied, by a reviewer."""
    cwd = scene.cwd
    command: Shape = {"type": "command", "source": "unifiedExec", "command": "make test", "cwd": cwd}
    net: Shape = {"type": "networkAccess", "target": "https://example.org:443", "host": "example.org"}
    net |= {"port": 443, "protocol": "https"}
    open_review = dict.fromkeys(("riskLevel", "userAuthorization", "rationale"))
    for action, status, risk, why in (
        (command, "approved", "low", "It only runs the tests."),
        (net, "denied", "high", "Nobody asked for an upload."),
    ):
        review_id = str(uuid.uuid4())
        place: Shape = {"startedAtMs": 0, "reviewId": review_id, "targetItemId": None, "action": action}
        yield Told(
            method="item/autoApprovalReview/started",
            params={**place, "review": {"status": "inProgress", **open_review}},
        )
        review = {"status": status, "riskLevel": risk, "userAuthorization": "medium", "rationale": why}
        done: Shape = {**place, "completedAtMs": 1, "decisionSource": "agent", "review": review}
        yield Told(method="item/autoApprovalReview/completed", params=done)


def safety_buffering(_: Scene) -> Iterator[Frame]:
    """An answer that is held back."""
    held = {"model": "rehearsal", "fasterModel": None, "useCases": [], "reasons": ["cyber"]}
    yield Told(method="model/safetyBuffering/updated", params={**held, "showBufferingUi": True})


def compacted(_: Scene) -> Iterator[Frame]:
    """A summary, as older servers tell of it."""
    yield Told(method="thread/compacted")


def goal(scene: Scene) -> Iterator[Frame]:
    """A goal."""
    goal: Shape = {"threadId": scene.thread_id, "objective": "All tests pass", "status": "active"}
    goal |= {
        "tokenBudget": 100_000,
        "tokensUsed": 1200,
        "timeUsedSeconds": 60,
        "createdAt": 1,
        "updatedAt": 1,
    }
    yield Told(method="thread/goal/updated", params={"goal": goal})


def goal_cleared(_: Scene) -> Iterator[Frame]:
    """No goal any more."""
    yield Told(method="thread/goal/cleared", of_turn=False)


def warning(_: Scene) -> Iterator[Frame]:
    """Two warnings."""
    yield Told(method="warning", params={"message": "This is a rehearsal."}, of_turn=False)
    yield Told(method="guardianWarning", params={"message": "Somebody should look at this."}, of_turn=False)


def rerouted(_: Scene) -> Iterator[Frame]:
    """Another model goes on."""
    models = {"fromModel": "rehearsal", "toModel": "rehearsal", "reason": "highRiskCyberActivity"}
    yield Told(method="model/rerouted", params=models)


def error(_: Scene) -> Iterator[Frame]:
    """An error that is tried again."""
    error = {"message": "Reconnecting… 1/5", "codexErrorInfo": None, "additionalDetails": None}
    yield Told(method="error", params={"error": {**error, "misalignment": None}, "willRetry": True})


def tool_server(_: Scene) -> Iterator[Frame]:
    """An MCP server that does not start."""
    server: Shape = {"name": "weather", "error": None, "failureReason": None}
    for change in ({"status": "starting"}, {"status": "failed", "error": "No such file: weather-mcp"}):
        params = {**server, **change}
        yield Told(method="mcpServer/startupStatus/updated", params=params, of_turn=False)


def auth_recovery(_: Scene) -> Iterator[Frame]:
    """Credentials that are renewed."""
    for method, message in (("Started", "renewing the credentials"), ("Completed", "they are renewed")):
        said = {"provider": "rehearsal", "message": message}
        yield Told(method=f"modelProvider/authRecovery{method}", params=said)
