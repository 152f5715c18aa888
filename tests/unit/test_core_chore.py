"""Requests for a program get the reply their schema wants."""

import pytest

from codex_ssh.core.chore import Reply, reply_to_chore, reply_to_unknown
from codex_ssh.core.rpc import METHOD_NOT_FOUND, Json, Request


def reply(method: str, **params: Json) -> Reply:
    found = reply_to_chore(Request(id=1, method=method, params=params), 1_700_000_000.9)
    assert found is not None
    return found


def test_the_time_is_told_in_whole_seconds_at_once() -> None:
    told = reply("currentTime/read", threadId="t")
    assert (told.result, told.after_seconds) == ({"currentTimeAt": 1_700_000_000}, 0)


@pytest.mark.parametrize(
    ("params", "name"), [({"tool": "open"}, "open"), ({"tool": "open", "namespace": "ide"}, "ide.open")]
)
def test_a_tool_of_another_client_is_left_to_it_and_then_told_to_be_missing(params: Json, name: str) -> None:
    told = reply("item/tool/call", **params)
    assert told.after_seconds > 0
    assert told.result["success"] is False
    (item,) = told.result["contentItems"]
    assert (item["type"], name in item["text"], name in told.told) == ("inputText", True, True)


@pytest.mark.parametrize("method", ["attestation/generate", "account/chatgptAuthTokens/refresh"])
def test_what_we_do_not_have_is_refused_with_words(method: str) -> None:
    told = reply(method)
    assert told.refusal.startswith("codex-ssh ")
    assert told.code == -32000


def test_what_nobody_knows_is_refused_by_its_name() -> None:
    assert reply_to_chore(Request(id=1, method="x/y", params={}), 0) is None
    told = reply_to_unknown("x/y")
    assert told.code == METHOD_NOT_FOUND
    assert "x/y" in told.refusal
    assert "x/y" in told.told
