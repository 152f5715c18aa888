"""A sign-in goes through its states by what the server says, and a key shows nowhere."""

import pytest

from codex_ssh.core.events import AccountUpdated, Event, LoginCompleted, UnknownEvent, decode_event
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.login import (
    DeviceCode,
    Login,
    LoginStep,
    describe_account,
    describe_place,
    login_by_code,
    login_by_key,
    login_cancel,
)
from codex_ssh.core.methods import Account
from codex_ssh.core.rpc import Json, Notification
from codex_ssh.core.secret import Secret
from codex_ssh.core.thread import decode_turn_error

CODE = DeviceCode(login_id="l-1", url="https://example.org/device", code="ABCD-EFGH")
WAITING = Login(why="nobody").starting().waiting(CODE)


def test_the_calls_are_what_the_server_wants() -> None:
    assert login_by_code().params == {"type": "chatgptDeviceCode"}
    answer = {
        "type": "chatgptDeviceCode",
        "loginId": "l-1",
        "verificationUrl": CODE.url,
        "userCode": CODE.code,
    }
    assert login_by_code().decode(answer) == CODE
    assert login_cancel("l-1").params == {"loginId": "l-1"}
    assert login_cancel("l-1").decode({"status": "canceled"}) == "canceled"


def test_a_key_and_a_code_show_in_no_repr() -> None:
    call = login_by_key(Secret("sk-canary"))
    assert call.params == {"type": "apiKey", "apiKey": "sk-canary"}
    assert "canary" not in repr(call)
    assert "ABCD" not in repr(WAITING)


def test_notifications_about_accounts_are_read() -> None:
    done = {"loginId": None, "success": False, "error": "Login was not completed"}
    assert _event("account/login/completed", done) == LoginCompleted(
        login_id="", success=False, error="Login was not completed"
    )
    assert _event("account/updated", {"authMode": "chatgpt", "planType": "plus"}) == AccountUpdated(
        kind="chatgpt", plan="plus"
    )
    assert _event("account/updated", {"authMode": None}) == AccountUpdated(kind="", plan="")


@pytest.mark.parametrize(
    "event",
    [
        LoginCompleted(login_id="l-1", success=True, error=""),
        LoginCompleted(login_id="", success=True, error=""),
        AccountUpdated(kind="apikey", plan=""),
    ],
    ids=["ours", "a key", "somebody else's"],
)
def test_a_sign_in_is_done_when_anybody_is_signed_in(event: Event) -> None:
    assert WAITING.heard(event).step is LoginStep.DONE
    assert WAITING.heard(event).code is None


def test_a_failure_of_ours_can_be_tried_again_with_the_reason() -> None:
    failed = WAITING.heard(LoginCompleted(login_id="l-1", success=False, error="it lapsed"))
    assert (failed.step, failed.said, failed.code) == (LoginStep.CHOOSING, "it lapsed", None)
    assert failed.why == "nobody"
    assert failed.starting().said == ""


@pytest.mark.parametrize(
    "event",
    [
        LoginCompleted(login_id="another", success=False, error="x"),
        AccountUpdated(kind="", plan=""),
        UnknownEvent(method="x"),
    ],
)
def test_what_is_not_about_it_changes_nothing(event: Event) -> None:
    assert WAITING.heard(event) == WAITING


@pytest.mark.parametrize(
    ("info", "unauthorized"),
    [
        ("unauthorized", True),
        ({"httpConnectionFailed": {"httpStatusCode": 401}}, True),
        ({"httpConnectionFailed": {"httpStatusCode": 500}}, False),
        ({"httpConnectionFailed": None}, False),
        ("usageLimitExceeded", False),
        (None, False),
    ],
)
def test_refused_credentials_are_told_from_other_failures(info: Json, unauthorized: bool) -> None:
    error = decode_turn_error({"message": "m", "codexErrorInfo": info})
    assert error is not None
    assert error.is_unauthorized is unauthorized


def test_who_and_where_are_named() -> None:
    assert describe_account(Account(kind="chatgpt", email="a@b.c", plan="plus")) == "a@b.c (plus)"
    assert describe_account(Account(kind="apiKey")) == "an API key"
    assert describe_account(Account(kind="")) == "nobody"
    facts = ServerFacts(
        host="dev", user="al", hostname="box", transport="ssh", server_version="", codex_home=""
    )
    assert describe_place(facts) == "dev (al@box)"


def _event(method: str, params: Json) -> Event:
    return decode_event(Notification(method=method, params=params))
