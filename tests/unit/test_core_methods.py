"""Requests carry what codex wants, and its real answers are read."""

import json
from pathlib import Path

import pytest

from codex_ssh.core.call import Order
from codex_ssh.core.items import CommandExecution, ItemStatus
from codex_ssh.core.methods import (
    account_read,
    initialize,
    model_list,
    thread_archive,
    thread_delete,
    thread_items_list,
    thread_list,
    thread_name_set,
    thread_read,
    thread_resume,
    thread_shell_command,
    thread_start,
    thread_turns_list,
    thread_unsubscribe,
    turn_interrupt,
    turn_start,
    turn_steer,
)
from codex_ssh.core.rpc import Json
from codex_ssh.core.thread import ThreadState, TurnStatus

DATA = Path(__file__).parent / "data"


@pytest.fixture(params=["0.163.0", "0.169.0"])
def answers(request: pytest.FixtureRequest) -> dict[str, Json]:
    """Real answers by method, as one codex version gave them."""
    text = (DATA / f"answers-{request.param}.json").read_text()
    found: dict[str, Json] = json.loads(text)
    assert found["version"] == request.param
    return found


def test_initialize_tells_the_server_version(answers: dict[str, Json]) -> None:
    call = initialize(name="codex-ssh", title="codex-ssh", version="1")
    assert call.params["clientInfo"] == {"name": "codex-ssh", "title": "codex-ssh", "version": "1"}
    result = call.decode(answers["initialize"])
    assert result.server_version == answers["version"]
    assert result.platform_os == "linux"


@pytest.mark.parametrize("user_agent", ["", "codex", "codex/"])
def test_a_user_agent_without_a_version_gives_an_empty_one(user_agent: str) -> None:
    result = initialize(name="a", title="a", version="1").decode({"userAgent": user_agent})
    assert result.server_version == ""


def test_a_started_thread_has_its_settings(answers: dict[str, Json]) -> None:
    opened = thread_start(cwd="/w").decode(answers["thread/start"])
    assert opened.thread.id
    assert opened.thread.status.state is ThreadState.IDLE
    assert (opened.model, opened.approval_policy, opened.sandbox) == (
        "scripted",
        "on-request",
        "dangerFullAccess",
    )


def test_a_resumed_thread_leaves_its_history_out(answers: dict[str, Json]) -> None:
    call = thread_resume("t")
    assert call.params == {"threadId": "t", "excludeTurns": True}
    opened = call.decode(answers["thread/resume"])
    assert opened.thread.title.startswith("think first")
    assert opened.thread.turns == ()


def test_threads_turns_and_items_come_in_pages(answers: dict[str, Json]) -> None:
    threads = thread_list(limit=1).decode(answers["thread/list"])
    assert [thread.preview.splitlines()[0] for thread in threads.data] == ["think first"]
    assert threads.cursor is None
    turns = thread_turns_list("t", limit=1).decode(answers["thread/turns/list"])
    assert [turn.status for turn in turns.data] == [TurnStatus.COMPLETED]
    assert turns.cursor
    items = thread_items_list("t").decode(answers["thread/items/list"])
    command = next(entry.item for entry in items.data if isinstance(entry.item, CommandExecution))
    assert (command.plain_command, command.status) == ("cat a.txt", ItemStatus.COMPLETED)
    assert all(entry.turn_id and entry.item.id for entry in items.data)


def test_a_thread_read_has_no_turns(answers: dict[str, Json]) -> None:
    assert thread_read("t").decode(answers["thread/read"]).cwd.endswith("/work")


def test_models_tell_their_efforts(answers: dict[str, Json]) -> None:
    models = model_list().decode(answers["model/list"]).data
    assert [model.is_default for model in models].count(True) == 1
    assert all(model.id and model.name and model.efforts for model in models)


def test_nobody_signed_in_is_an_empty_account(answers: dict[str, Json]) -> None:
    account = account_read().decode(answers["account/read"])
    assert (account.kind, account.login_required) == ("", False)


def test_a_turn_sends_text_and_only_what_was_said(answers: dict[str, Json]) -> None:
    call = turn_start("t", "hello", client_message_id="c", model="m")
    assert call.params == {
        "threadId": "t",
        "input": [{"type": "text", "text": "hello", "text_elements": []}],
        "clientUserMessageId": "c",
        "model": "m",
    }
    assert call.decode(answers["turn/start"]).status is TurnStatus.IN_PROGRESS


def test_small_calls_name_thread_and_turn() -> None:
    assert turn_steer("t", "u", "more").params["expectedTurnId"] == "u"
    assert turn_steer("t", "u", "more").decode({"turnId": "u"}) == "u"
    assert turn_interrupt("t").params == {"threadId": "t", "turnId": ""}
    assert thread_unsubscribe("t").decode({"status": "unsubscribed"}) == "unsubscribed"
    assert thread_name_set("t", "n").params == {"threadId": "t", "name": "n"}
    assert [call("t").params for call in (thread_archive, thread_delete)] == [{"threadId": "t"}] * 2
    shell = thread_shell_command("t", "ls | wc", seconds=1.5)
    assert shell.params == {"threadId": "t", "command": "ls | wc", "timeoutMs": 1500}
    assert thread_turns_list("t", order=Order.OLDEST_FIRST).params["sortDirection"] == "asc"


def test_every_call_sends_params() -> None:
    calls = (account_read(), model_list(), thread_list(), thread_start(), turn_interrupt("t"))
    assert all(isinstance(call.params, dict) for call in calls)


@pytest.mark.parametrize("result", [None, {}, [], "x", {"data": [1, None, {}]}, {"thread": 5, "turn": []}])
def test_broken_answers_never_raise(result: Json) -> None:
    calls: tuple[Json, ...] = (
        account_read(),
        model_list(),
        thread_list(),
        thread_start(),
        thread_read("t"),
        thread_turns_list("t"),
        thread_items_list("t"),
        turn_start("t", "x"),
        initialize(name="a", title="a", version="1"),
    )
    for call in calls:
        call.decode(result)
