"""What the devbox tells beside the thread is asked for when it may have changed, and never polled."""

from __future__ import annotations

import re

from codex_ssh.core.rpc import Json
from codex_ssh.tui.pages import status_text
from tests.tui.conversation import Script, thread
from tests.tui.stage import open_stage


def on_branch(name: str) -> Json:
    return {"exitCode": 0, "stdout": f"{name}\n", "stderr": ""}


def signed_in(script: Script, used: int) -> None:
    account = {"type": "chatgpt", "email": "a@example.org", "planType": "plus"}
    window = {"usedPercent": used, "windowDurationMins": 300, "resetsAt": 3600 * 5}
    script.replies["account/read"] = lambda _: {"account": account}
    script.replies["account/rateLimits/read"] = lambda _: {
        "rateLimits": {"primary": window, "credits": {"hasCredits": True, "balance": "7"}}
    }


async def test_the_branch_is_asked_again_when_a_turn_is_over() -> None:
    script = Script()
    script.replies["command/exec"] = lambda _: on_branch("main")
    async with open_stage(script, size=(140, 24)) as stage:
        await stage.wait_text("git main")
        assert script.asked("command/exec")[0]["cwd"] == "/w"
        script.replies["command/exec"] = lambda _: on_branch("topic")
        script.turn()
        await stage.wait_text("running")
        assert len(script.asked("command/exec")) == 1
        script.turn("completed")
        await stage.wait_text("git topic")


async def test_another_directory_and_another_thread_have_another_branch() -> None:
    script = Script()
    script.replies["command/exec"] = lambda params: on_branch("b-" + params["cwd"].strip("/"))
    async with open_stage(script, size=(140, 24)) as stage:
        await stage.wait_text("git b-w")
        script.say("thread/settings/updated", threadSettings={"cwd": "/x"})
        await stage.wait_text("git b-x")
        script.replies["thread/start"] = lambda _: {"thread": thread("t-2"), "cwd": "/y"}
        await stage.type("/new")
        await stage.wait_text("git b-y")


async def test_a_server_that_runs_no_commands_is_not_asked() -> None:
    script = Script()
    script.knows = lambda method: method != "command/exec"  # type: ignore[method-assign]
    async with open_stage(script) as stage:
        script.turn()
        script.turn("completed")
        await stage.wait(lambda: stage.chat.surroundings.account, "the account")
        assert script.asked("command/exec") == []


async def test_no_git_no_branch_and_no_complaint() -> None:
    script = Script()
    script.replies["command/exec"] = lambda _: on_branch("main")
    async with open_stage(script, size=(140, 24)) as stage:
        await stage.wait_text("git main")
        script.refuses("command/exec", "failed to spawn command")
        script.turn()
        script.turn("completed")
        await stage.wait_gone("git main")
        assert "failed to spawn" not in stage.screen()


async def test_limits_are_read_once_and_then_come_by_themselves() -> None:
    script = Script()
    signed_in(script, used=30)
    async with open_stage(script, size=(140, 24)) as stage:
        await stage.wait_text("limits 5h 70 % left")
        news = {"primary": {"usedPercent": 41, "windowDurationMins": 300}}
        script.say("account/rateLimits/updated", rateLimits=news)
        await stage.wait_text("limits 5h 59 % left")
        assert len(script.asked("account/rateLimits/read")) == 1
        script.replies["account/read"] = lambda _: {"account": {"type": "apiKey"}}
        script.say("account/updated", authMode="apikey")
        await stage.wait_gone("limits")
        assert len(script.asked("account/rateLimits/read")) == 1


async def test_they_are_asked_again_when_the_link_is_back() -> None:
    script = Script()
    script.replies["command/exec"] = lambda _: on_branch("main")
    async with open_stage(script, size=(140, 24)) as stage:
        await stage.wait_text("git main")
        script.drop()
        await stage.wait_text("no link")
        script.replies["command/exec"] = lambda _: on_branch("moved")
        script.come_back()
        await stage.wait_text("git moved")


async def test_the_status_page_has_all_of_it() -> None:
    script = Script()
    signed_in(script, used=30)
    script.replies["command/exec"] = lambda _: on_branch("main")
    script.replies["thread/start"] = lambda _: {
        "thread": thread(),
        "cwd": "/w",
        "model": "gpt-test",
        "modelProvider": "acme",
        "approvalPolicy": "never",
        "sandbox": {"type": "workspaceWrite"},
        "instructionSources": ["/w/AGENTS.md"],
    }
    script.say("thread/goal/updated", goal={"objective": "ship it", "status": "active"})
    script.ask_command()
    async with open_stage(script, ready=False) as stage:
        await stage.wait_text("Run this command?")
        await stage.wait(lambda: stage.chat.surroundings.branch, "the branch")
        await stage.wait(lambda: stage.chat.surroundings.limits.windows, "the limits")
        text = status_text(stage.chat, 3600 * 3)
        rows = dict(re.split("  +", line, maxsplit=1) for line in text.splitlines())
        assert rows["host"] == "alice@devbox"
        assert rows["link"] == "up"
        assert rows["goal"] == "ship it"
        assert rows["waits for you"] == "may this run? make test"
        assert rows["account"] == "a@example.org (plus)"
        assert rows["git branch"] == "main"
        assert rows["instructions"] == "/w/AGENTS.md"
        assert rows["provider"] == "acme"
        assert rows["permissions"] == "workspace write, never asks"
        assert rows["5h limit"] == "70 % left, anew in 2 h 00 min"
        assert rows["credits"] == "7"
