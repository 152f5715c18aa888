"""The dialog that signs in to codex on the devbox, on a conversation written by hand."""

from __future__ import annotations

from dataclasses import replace

from codex_ssh.core.rpc import Json
from codex_ssh.tui.bridge import TuiOptions
from tests.tui.conversation import Script
from tests.tui.stage import Stage, open_stage

URL = "https://auth.example.org/device"
ANSWER = {"type": "chatgptDeviceCode", "loginId": "l-1", "verificationUrl": URL, "userCode": "ABCD-EFGH"}


def signed_out() -> Script:
    """A server nobody is signed in to."""
    script = Script()
    script._facts = replace(script.facts, signed_out=True)
    account: Json = {"type": "chatgpt", "email": "a@b.c", "planType": "plus"}
    script.replies |= {
        "account/login/start": lambda params: (
            ANSWER if params["type"] == "chatgptDeviceCode" else {"type": "apiKey"}
        ),
        "account/login/cancel": lambda _: {"status": "canceled"},
        "account/read": lambda _: {"account": account, "requiresOpenaiAuth": True},
    }
    return script


def completed(script: Script, *, success: bool = True, error: str | None = None) -> None:
    script.say("account/login/completed", loginId="l-1", success=success, error=error)


async def waiting(stage: Stage) -> None:
    """Choose the code, and wait until it is shown."""
    await stage.wait_text("nobody is signed in to codex there")
    await stage.pilot.press("enter")
    await stage.wait_text("ABCD-EFGH")


async def test_a_code_is_shown_and_the_dialog_closes_when_it_was_entered() -> None:
    options = TuiOptions(prompt="do it", grace_seconds=0)
    async with open_stage(signed_out(), options=options, ready=False) as stage:
        await waiting(stage)
        shown = stage.screen()
        assert "sign in to codex on devbox (alice@box-17)" in shown
        assert URL in shown
        assert "esc: cancel" in shown
        assert stage.script.asked("turn/start") == []
        completed(stage.script)
        await stage.wait_text("signed in on devbox (alice@box-17) with a@b.c (plus)")
        await stage.wait_gone("ABCD-EFGH")
        assert stage.script.asked("account/login/cancel") == []
        # The prompt of the command line waits where it can be sent now.
        assert stage.composer.text == "do it"
        await stage.pilot.press("enter")
        await stage.wait_call("turn/start")


async def test_escape_takes_the_code_back() -> None:
    async with open_stage(signed_out(), ready=False) as stage:
        await waiting(stage)
        await stage.pilot.press("escape")
        await stage.wait_call("account/login/cancel")
        assert stage.script.asked("account/login/cancel") == [{"loginId": "l-1"}]
        await stage.wait_gone("ABCD-EFGH")
        assert stage.app.is_running
        await stage.type("/login")
        await stage.wait_text("sign in to codex on devbox")


async def test_ctrl_c_closes_the_dialog_and_takes_the_code_back() -> None:
    async with open_stage(signed_out(), ready=False) as stage:
        await waiting(stage)
        await stage.pilot.press("ctrl+c")
        await stage.wait_call("account/login/cancel")
        await stage.wait_gone("ABCD-EFGH")


async def test_a_code_that_lapsed_can_be_asked_for_again() -> None:
    async with open_stage(signed_out(), ready=False) as stage:
        await waiting(stage)
        completed(stage.script, success=False, error="device auth timed out after 15 minutes")
        await stage.wait_text("it did not work: device auth timed out")
        await stage.pilot.press("enter")
        await stage.wait_text("ABCD-EFGH")
        assert len(stage.script.asked("account/login/start")) == 2


async def test_a_server_that_cannot_is_quoted() -> None:
    script = signed_out()
    script.refuses("account/login/start", "failed to request device code: dns\x1b[31m")
    async with open_stage(script, ready=False) as stage:
        await stage.wait_text("nobody is signed in")
        await stage.pilot.press("enter")
        await stage.wait_text("it did not work: failed to request device code: dns")
        assert "\x1b" not in stage.screen()


async def test_a_key_is_sent_once_and_seen_nowhere() -> None:
    async with open_stage(signed_out(), ready=False) as stage:
        await stage.wait_text("nobody is signed in")
        await stage.pilot.press("2")
        await stage.wait_text("enter: send, esc: back")
        await stage.type("sk-canary", then="")
        assert "canary" not in stage.screen()
        await stage.pilot.press("enter")
        await stage.wait_text("signed in on devbox")
        assert stage.script.asked("account/login/start") == [{"type": "apiKey", "apiKey": "sk-canary"}]
        assert "canary" not in stage.screen()


async def test_escape_goes_back_from_the_key_and_then_away() -> None:
    async with open_stage(signed_out(), ready=False) as stage:
        await stage.wait_text("nobody is signed in")
        await stage.pilot.press("2")
        await stage.type("sk-half", then="")
        await stage.pilot.press("escape")
        await stage.wait_text("enter: choose, esc: not now")
        await stage.pilot.press("2")
        await stage.wait_text("enter: send")
        await stage.pilot.press("enter")  # nothing of the first try is left to send
        await stage.pilot.press("escape")
        await stage.pilot.press("escape")
        await stage.wait_gone("sign in to codex on")
        assert stage.script.asked("account/login/start") == []


async def test_somebody_elses_sign_in_closes_the_dialog() -> None:
    async with open_stage(signed_out(), ready=False) as stage:
        await stage.wait_text("nobody is signed in")
        stage.script.say("account/updated", authMode="chatgpt", planType="plus")
        await stage.wait_text("signed in on devbox")
        await stage.wait_gone("esc: not now")


def refused(script: Script) -> None:
    """Play a turn the model server refuses."""
    error = {"message": "401", "codexErrorInfo": {"httpConnectionFailed": {"httpStatusCode": 401}}}
    script.turn()
    script.say("error", turnId="turn-1", error=error, willRetry=False)
    script.turn("failed", error=error)


async def test_refused_credentials_offer_the_same_dialog() -> None:
    script = signed_out()
    script._facts = replace(script.facts, signed_out=False)
    async with open_stage(script) as stage:
        assert "sign in to codex" not in stage.screen()
        refused(script)
        await stage.wait_text("the model server refused the credentials codex has there")
        await stage.pilot.press("enter")
        await stage.wait_text("ABCD-EFGH")


async def test_a_provider_with_a_key_of_its_own_is_not_helped_by_a_sign_in() -> None:
    script = signed_out()
    script._facts = replace(script.facts, signed_out=False)
    script.replies["account/read"] = lambda _: {"account": None, "requiresOpenaiAuth": False}
    async with open_stage(script) as stage:
        refused(script)
        await stage.wait_call("account/read")
        await stage.wait_text("failed")
        await stage.pilot.pause()
        assert "sign in to codex" not in stage.screen()
