"""The commands about a thread's settings ask what they should, and say what holds."""

from __future__ import annotations

import pytest

from codex_ssh.core.rpc import Json
from tests.tui.conversation import Script
from tests.tui.stage import open_stage

UPDATE = "thread/settings/update"


def with_models() -> Script:
    """Give a server with two models; the thread's is the first."""
    script = Script()
    efforts = [{"reasoningEffort": name} for name in ("low", "medium", "high")]
    script.replies["model/list"] = lambda _: {
        "data": [
            {"model": "gpt-test", "displayName": "Test", "supportedReasoningEfforts": efforts},
            {"model": "gpt-big", "displayName": "Big", "supportedReasoningEfforts": efforts},
        ]
    }
    return script


def with_permissions(requirements: Json = None, *, full: bool = True) -> Script:
    """Give a server with the three built-in profiles, and one of its own."""
    script = Script()
    profiles = [(":read-only", True), (":workspace", True), (":danger-full-access", full), ("lab", True)]
    script.replies["permissionProfile/list"] = lambda _: {
        "data": [{"id": name, "description": None, "allowed": allowed} for name, allowed in profiles]
    }
    script.replies["configRequirements/read"] = lambda _: {"requirements": requirements}
    return script


async def test_a_model_named_behind_the_command_is_set_at_once_for_all_clients() -> None:
    async with open_stage(with_models()) as stage:
        await stage.type("/model gpt-big low")
        await stage.wait_text("from the next turn on: gpt-big low")
        assert stage.script.asked(UPDATE) == [{"threadId": "t-1", "model": "gpt-big", "effort": "low"}]
        await stage.wait_text("gpt-big low ·")
        await stage.type("go")
        await stage.wait_call("turn/start")
        assert "model" not in stage.script.asked("turn/start")[0]


async def test_an_older_server_gets_the_model_with_the_next_turn() -> None:
    script = with_models()
    script.lacking.add(UPDATE)
    async with open_stage(script) as stage:
        await stage.type("/model gpt-big low")
        await stage.wait_text("gpt-big low ·")
        await stage.type("go")
        await stage.wait_call("turn/start")
        params = script.asked("turn/start")[0]
        assert (params["model"], params["effort"]) == ("gpt-big", "low")
        assert script.asked(UPDATE) == []


async def test_the_model_and_effort_that_hold_now_are_marked() -> None:
    async with open_stage(with_models()) as stage:
        await stage.type("/model")
        await stage.wait_text("Test  (now)")
        await stage.pilot.press("escape")
        await stage.wait_gone("which model")
        assert stage.script.asked(UPDATE) == []


@pytest.mark.parametrize(("up", "down"), [("alt+full_stop", "alt+comma"), ("f8", "f7")])
async def test_keys_step_through_the_efforts(up: str, down: str) -> None:
    async with open_stage(with_models()) as stage:
        await stage.pilot.press(up, up, up, up)
        await stage.wait(lambda: len(stage.script.asked(UPDATE)) == 4, "four steps")
        await stage.pilot.press(down)
        await stage.wait(lambda: len(stage.script.asked(UPDATE)) == 5, "five steps")
        efforts = [params["effort"] for params in stage.script.asked(UPDATE)]
        assert efforts == ["low", "medium", "high", "high", "medium"]
        assert len(stage.script.asked("model/list")) <= 4
        await stage.wait_text("gpt-test medium")
        assert stage.composer.text == ""


async def test_a_model_without_efforts_has_none_to_step_through() -> None:
    async with open_stage() as stage:
        await stage.pilot.press("f8")
        await stage.wait_text("names no efforts for gpt-test")


PRESETS = {
    "ask": {"permissions": ":workspace", "approvalPolicy": "on-request", "approvalsReviewer": "user"},
    "auto": {"permissions": ":workspace", "approvalPolicy": "on-request", "approvalsReviewer": "auto_review"},
    "read": {"permissions": ":read-only", "approvalPolicy": "on-request", "approvalsReviewer": "user"},
    "lab": {"permissions": "lab", "approvalPolicy": "on-request", "approvalsReviewer": "user"},
}


@pytest.mark.parametrize("name", PRESETS)
async def test_permissions_are_set_by_name(name: str) -> None:
    async with open_stage(with_permissions()) as stage:
        await stage.type(f"/permissions {name}")
        await stage.wait_call(UPDATE)
        assert stage.script.asked(UPDATE) == [{"threadId": "t-1", **PRESETS[name]}]
        await stage.wait_text("from the next turn on: ")


async def test_permissions_are_chosen_from_a_list_that_marks_what_holds() -> None:
    async with open_stage(with_permissions()) as stage:
        await stage.type("/permissions read")
        await stage.wait_text("from the next turn on: Read only")
        await stage.type("/permissions")
        await stage.wait_text("what may codex do on devbox")
        await stage.wait_text("Read only  looks at files, asks for everything else  (now)")
        await stage.pilot.press("up", "up", "up", "enter")
        await stage.wait_text("from the next turn on: Ask for approval")


async def test_full_access_wants_the_hosts_name_typed() -> None:
    async with open_stage(with_permissions()) as stage:
        await stage.type("/permissions full")
        await stage.wait_text("full access on alice@devbox?")
        await stage.type("yes")
        await stage.wait_text("that is not the word")
        assert stage.script.asked(UPDATE) == []
        await stage.pilot.press("backspace", "backspace", "backspace")
        await stage.type("devbox")
        await stage.wait_call(UPDATE)
        assert stage.script.asked(UPDATE)[0]["permissions"] == ":danger-full-access"
        assert stage.script.asked(UPDATE)[0]["approvalPolicy"] == "never"


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_full_access_is_not_had_by_leaving_the_dialog(key: str) -> None:
    async with open_stage(with_permissions()) as stage:
        await stage.type("/permissions full")
        await stage.wait_text("full access on alice@devbox?")
        await stage.pilot.press(key)
        await stage.wait_text("permissions stay as they are")
        assert stage.script.asked(UPDATE) == []


async def test_what_the_administrator_rules_out_is_not_offered() -> None:
    script = with_permissions({"allowedApprovalsReviewers": ["user"]}, full=False)
    async with open_stage(script) as stage:
        await stage.type("/permissions")
        await stage.wait_text("not allowed here: Approve for me, Full access")
        await stage.pilot.press("escape")
        await stage.type("/permissions full")
        await stage.wait_text("full is not allowed on this devbox")
        await stage.type("/permissions all")
        await stage.wait_text("all is none of ask, read, lab")
        assert script.asked(UPDATE) == []


async def test_a_server_without_profiles_gets_a_sandbox() -> None:
    script = with_permissions()
    script.lacking.add("permissionProfile/list")
    async with open_stage(script) as stage:
        await stage.type("/permissions read")
        await stage.wait_call(UPDATE)
        assert script.asked(UPDATE)[0]["sandboxPolicy"] == {"type": "readOnly"}
        assert "permissions" not in script.asked(UPDATE)[0]


def with_modes() -> Script:
    """Give a server that can plan."""
    script = Script()
    script.replies["collaborationMode/list"] = lambda _: {
        "data": [
            {"name": "Plan", "mode": "plan", "model": None, "reasoning_effort": "medium"},
            {"name": "Default", "mode": "default", "model": None, "reasoning_effort": None},
        ]
    }
    return script


def mode_of(params: Json) -> Json:
    """Give the mode of an update."""
    return params["collaborationMode"]["mode"]


async def test_plan_goes_to_plan_mode_and_back() -> None:
    async with open_stage(with_modes()) as stage:
        await stage.type("/plan")
        await stage.wait_text("plan mode (plans are made")
        await stage.type("/plan")
        await stage.wait_text("default mode (things are done")
        assert [mode_of(params) for params in stage.script.asked(UPDATE)] == ["plan", "default"]
        settings = stage.script.asked(UPDATE)[0]["collaborationMode"]["settings"]
        assert settings == {"model": "gpt-test", "reasoning_effort": "medium"}


async def test_plan_with_words_plans_them() -> None:
    async with open_stage(with_modes()) as stage:
        await stage.type("/plan a new door")
        await stage.wait_call("turn/start")
        assert stage.script.asked("turn/start")[0]["input"][0]["text"] == "a new door"
        assert mode_of(stage.script.asked(UPDATE)[0]) == "plan"


async def test_a_key_goes_through_the_modes() -> None:
    async with open_stage(with_modes()) as stage:
        await stage.pilot.press("shift+tab")
        await stage.wait_text("plan mode")
        await stage.pilot.press("shift+tab")
        await stage.wait_text("default mode")


async def test_another_client_changes_the_settings_seen_here() -> None:
    async with open_stage(with_modes()) as stage:
        stage.script.say(
            "thread/settings/updated",
            threadSettings={
                "model": "gpt-other",
                "effort": "high",
                "cwd": "/elsewhere",
                "collaborationMode": {"mode": "plan"},
                "activePermissionProfile": {"id": ":read-only"},
            },
        )
        await stage.wait_text("gpt-other high")
        transcript = stage.chat.transcript
        assert transcript is not None
        assert (transcript.mode, transcript.profile, transcript.cwd) == ("plan", ":read-only", "/elsewhere")
