"""The commands that set a thread to work ask what they should, and say what came of it."""

from __future__ import annotations

import pytest

from codex_ssh.core.rpc import Json
from codex_ssh.tui.commands.registry import COMMANDS
from tests.tui.conversation import Script
from tests.tui.stage import Stage, open_stage

NAMES = ("for-each-ref", "symbolic-ref", "log")


def with_git(script: Script, **answers: str) -> Script:
    """Let the devbox's git answer: by sub-command, with ``_`` for ``-``."""

    def run(params: Json) -> Json:
        name = next(word for word in params["command"][1:] if word in NAMES).replace("-", "_")
        found = answers.get(name)
        if found is None:
            return {"exitCode": 128, "stdout": "", "stderr": "fatal: not a git repository: .git\n"}
        return {"exitCode": 0, "stdout": found, "stderr": ""}

    script.replies["command/exec"] = run
    return script


async def test_compact_begins_a_compaction() -> None:
    script = Script()
    script.replies["thread/compact/start"] = lambda _: {}
    async with open_stage(script) as stage:
        await stage.type("/compact")
        await stage.wait_call("thread/compact/start")


@pytest.mark.parametrize("command", [one.name for one in COMMANDS if one.when_idle])
async def test_what_would_end_a_turn_waits_for_its_end(command: str) -> None:
    async with open_stage() as stage:
        stage.script.turn()
        await stage.wait_text("running")
        before = len(stage.script.calls)
        await stage.type(f"/{command}")
        await stage.wait_text(f"/{command} waits for the end of the turn")
        assert len(stage.script.calls) == before


async def test_without_a_link_a_command_says_so() -> None:
    async with open_stage() as stage:
        stage.script.drop()
        await stage.wait_text("no link")
        await stage.type("/compact")
        await stage.wait_text("/compact needs the app server, and there is no link just now")


REVIEWS = {
    "": {"type": "baseBranch", "branch": "main"},
    "down": {"type": "uncommittedChanges"},
    "down down": {"type": "commit", "sha": "a" * 40, "title": "fix the door"},
}


@pytest.mark.parametrize("keys", REVIEWS)
async def test_each_review_is_chosen(keys: str) -> None:
    script = with_git(
        Script(),
        for_each_ref="feature\nmain\norigin/HEAD\n",
        symbolic_ref="feature\n",
        log=f"{'a' * 40}\t2 days ago\tfix the door\n{'b' * 40}\t3 days ago\tno tab\there\n",
    )
    script.replies["review/start"] = lambda _: {"turn": {"id": "turn-1", "status": "inProgress"}}
    async with open_stage(script) as stage:
        await stage.type("/review")
        await stage.wait_text("review what?")
        await stage.pilot.press(*keys.split(), "enter")
        if keys != "down":
            await stage.wait_text("main" if not keys else "aaaaaaaaa, 2 days ago")
            await stage.pilot.press("enter")
        await stage.wait_call("review/start")
        assert script.asked("review/start") == [
            {"threadId": "t-1", "target": REVIEWS[keys], "delivery": "inline"}
        ]
        transcript = stage.chat.transcript
        assert transcript is not None
        await stage.wait(lambda: transcript.turn_id == "turn-1", "it runs, before its first event")
        for params in script.asked("command/exec"):
            if params["command"][1] == "symbolic-ref":
                continue  # the status line's
            assert params["sandboxPolicy"] == {"type": "readOnly"}
            assert params["cwd"] == "/w"


async def test_a_review_in_own_words() -> None:
    script = Script()
    script.replies["review/start"] = lambda _: {}
    async with open_stage(script) as stage:
        await stage.type("/review")
        await stage.wait_text("review what?")
        await stage.pilot.press("down", "down", "down", "enter")
        await stage.wait(lambda: stage.composer.text == "/review ", "the words are awaited")
        await stage.type("the new door")
        await stage.wait_call("review/start")
        target = script.asked("review/start")[0]["target"]
        assert target == {"type": "custom", "instructions": "the new door"}


async def test_a_review_outside_a_repository_says_so() -> None:
    async with open_stage(with_git(Script())) as stage:
        await stage.type("/review")
        await stage.wait_text("review what?")
        await stage.pilot.press("enter")
        await stage.wait_text("/w is not in a git repository")


async def test_init_asks_for_the_guide_unless_there_is_one() -> None:
    script = Script()
    script.refuses("fs/getMetadata", "No such file or directory (os error 2)")
    async with open_stage(script) as stage:
        await stage.type("/init")
        await stage.wait_call("turn/start")
        assert "Put a file AGENTS.md" in script.asked("turn/start")[0]["input"][0]["text"]
        assert script.asked("fs/getMetadata") == [{"path": "/w/AGENTS.md"}]


async def test_init_leaves_a_guide_alone() -> None:
    script = Script()
    script.replies["fs/getMetadata"] = lambda _: {"isFile": True}
    async with open_stage(script) as stage:
        await stage.type("/init")
        await stage.wait_text("/w/AGENTS.md is there already")
        assert script.asked("turn/start") == []


def with_goal() -> Script:
    """Give a server with a thread that has a goal."""
    script = Script()

    def goal(params: Json) -> Json:
        shape = {"objective": "a door", "status": "active", "tokensUsed": 1200, "timeUsedSeconds": 61}
        return {"goal": shape | {name: params[name] for name in ("objective", "status") if name in params}}

    script.replies["thread/goal/get"] = goal
    script.replies["thread/goal/set"] = goal
    script.replies["thread/goal/clear"] = lambda _: {"cleared": True}
    return script


GOALS = {
    "/goal": ("goal, active", None),
    "/goal pause": ("goal, paused", {"status": "paused"}),
    "/goal resume": ("goal, active", {"status": "active"}),
    "/goal a wider door": ("a wider door", {"objective": "a wider door"}),
    "/goal clear": ("the goal is cleared", None),
}


@pytest.mark.parametrize("line", GOALS)
async def test_a_goal_is_shown_set_paused_and_cleared(line: str) -> None:
    said, params = GOALS[line]
    async with open_stage(with_goal()) as stage:
        await stage.type(line)
        await stage.wait_text(said)
        asked = stage.script.asked("thread/goal/set")
        assert asked == ([{"threadId": "t-1", **params}] if params else [])


async def test_a_thread_without_a_goal_says_how_it_gets_one() -> None:
    script = Script()
    script.replies["thread/goal/get"] = lambda _: {"goal": None}
    async with open_stage(script) as stage:
        await stage.type("/goal")
        await stage.wait_text("the thread has no goal")
        await stage.wait_text("/goal WORDS")


async def test_what_the_server_refuses_is_said_in_its_words() -> None:
    script = with_goal()
    script.refuses("thread/goal/set", "cannot update goal for thread t-1: no goal exists")
    async with open_stage(script) as stage:
        await stage.type("/goal pause")
        await stage.wait_text("app server refused 'thread/goal/set'")
        await stage.wait_text("no goal exists")


def with_terminals(*commands: str) -> Script:
    """Give a server whose thread left commands running; they come in pages of one."""
    script = Script()
    running = {str(number): command for number, command in enumerate(commands)}

    def page(params: Json) -> Json:
        at = int(params.get("cursor", 0))
        data = [
            {"itemId": "i", "processId": number, "command": command, "cwd": "/w", "osPid": 4711}
            for number, command in list(running.items())[at : at + 1]
        ]
        return {"data": data, "nextCursor": str(at + 1) if at + 1 < len(running) else None}

    def end(params: Json) -> Json:
        return {"terminated": running.pop(params["processId"], None) is not None}

    def clean(_: Json) -> Json:
        running.clear()
        return {}

    script.replies["thread/backgroundTerminals/list"] = page
    script.replies["thread/backgroundTerminals/terminate"] = end
    script.replies["thread/backgroundTerminals/clean"] = clean
    return script


async def ps(stage: Stage, said: str) -> None:
    """Ask what runs."""
    await stage.type("/ps")
    await stage.wait_text(said)


async def test_background_terminals_are_listed_and_stopped_one_by_one() -> None:
    async with open_stage(with_terminals("make watch", "npm start")) as stage:
        await ps(stage, "2 in the background")
        await stage.wait_text("npm start  pid 4711, /w")
        await stage.type("/stop")
        await stage.wait_text("stop which command?")
        await stage.pilot.press("enter")
        await stage.wait_text("it is stopped")
        await ps(stage, "1 in the background")


async def test_all_background_terminals_are_stopped_after_a_yes() -> None:
    script = with_terminals("make watch", "npm start")
    async with open_stage(script) as stage:
        await stage.type("/stop all")
        await stage.wait_text("stop all 2?")
        await stage.pilot.press("enter")
        await stage.wait_gone("stop all 2?")
        assert script.asked("thread/backgroundTerminals/clean") == []
        await stage.type("/stop all")
        await stage.wait_text("stop all 2?")
        await stage.pilot.press("y")
        await stage.wait_text("all are stopped")
        await ps(stage, "nothing runs in the background")
        await stage.type("/stop")
        await stage.wait(lambda: stage.screen().count("nothing runs in the background") == 2, "said again")
