"""The list of threads, driven by keys."""

from __future__ import annotations

import pytest

from codex_ssh.core.rpc import Json
from codex_ssh.core.tui_settings import TuiSettings
from codex_ssh.errors import RpcFailed
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.screens.threads_screen import ThreadsScreen, age
from tests.tui.conversation import Script, thread
from tests.tui.stage import Stage, open_stage

ACTIVE = {"type": "active", "activeFlags": []}
WAITING = {"type": "active", "activeFlags": ["waitingOnApproval"]}


def listing(*threads: Json, archived: tuple[Json, ...] = ()) -> Script:
    """Give a peer that has these threads."""
    script = Script()

    def reply(params: Json) -> Json:
        data = list(archived if params.get("archived") else threads)
        if cwd := params.get("cwd"):
            data = [one for one in data if one["cwd"] == cwd]
        if text := params.get("searchTerm"):
            data = [one for one in data if text in one["preview"]]
        return {"data": data}

    script.replies["thread/list"] = reply
    script.replies["thread/search"] = lambda _: {"data": []}
    return script


def some() -> Script:
    return listing(
        thread("t-old", preview="an old one", updatedAt=100, cwd="/else"),
        thread("t-new", preview="a newer one", updatedAt=300, cwd="/w"),
        thread("t-wait", preview="deploy it", updatedAt=200, cwd="/w", status=WAITING),
        thread("t-run", preview="fix the test", updatedAt=50, cwd="/w", status=ACTIVE),
    )


async def show(stage: Stage) -> None:
    await stage.type("/resume")
    await stage.wait_text("threads on devbox")
    await stage.wait_text("Enter: open")


def order(stage: Stage, *texts: str) -> list[str]:
    screen = stage.screen()
    return sorted(texts, key=screen.index)


async def test_what_runs_comes_first_then_what_waits_then_the_rest() -> None:
    async with open_stage(some()) as stage:
        await show(stage)
        await stage.wait_text("an old one")
        wanted = ["fix the test", "deploy it", "a newer one", "an old one"]
        assert order(stage, *wanted) == wanted
        assert "▶ running" in stage.screen()
        assert "? waiting for you" in stage.screen()
        await stage.pilot.press("enter")
        await stage.wait_call("thread/resume")
        assert stage.script.asked("thread/resume")[-1]["threadId"] == "t-run"


async def test_the_list_follows_what_the_server_says() -> None:
    async with open_stage(some()) as stage:
        await show(stage)
        await stage.wait_text("an old one")
        stage.script.say("thread/status/changed", threadId="t-old", status=ACTIVE)
        stage.script.say("thread/status/changed", threadId="t-run", status={"type": "idle"})
        await stage.wait(lambda: order(stage, "an old one", "fix the test")[0] == "an old one", "the order")
        stage.script.say("thread/name/updated", threadId="t-old", threadName="renamed\x1b[31m")
        await stage.wait_text("renamed␛[31m")
        stage.script.say("thread/deleted", threadId="t-old")
        await stage.wait_gone("renamed")


async def test_a_thread_that_begins_meanwhile_is_listed() -> None:
    script = listing(thread("t-a", preview="first"))
    titles = ["", "second"]
    script.replies["thread/read"] = lambda _: {"thread": thread("t-b", preview=titles.pop(0), status=ACTIVE)}
    async with open_stage(script) as stage:
        await show(stage)
        await stage.wait_text("first")
        script.say("thread/status/changed", threadId="t-b", status=ACTIVE)
        await stage.wait_text("▶ running  t-b")
        script.say("thread/status/changed", threadId="t-b", status=WAITING)
        await stage.wait_text("second")


async def test_the_highlight_stays_on_its_thread_when_others_move() -> None:
    async with open_stage(some()) as stage:
        await show(stage)
        await stage.wait_text("an old one")
        await stage.pilot.press("down", "down")
        stage.script.say("thread/status/changed", threadId="t-old", status=ACTIVE)
        await stage.wait(lambda: order(stage, "an old one", "deploy it")[0] == "an old one", "the order")
        await stage.pilot.press("enter")
        await stage.wait_call("thread/resume")
        assert stage.script.asked("thread/resume")[-1]["threadId"] == "t-new"


async def test_typing_searches_here_at_once_and_then_on_the_server() -> None:
    script = some()
    script.replies["thread/search"] = lambda _: {
        "data": [{"snippet": "…", "thread": thread("t-said", preview="found by what was said")}]
    }
    async with open_stage(script) as stage:
        await show(stage)
        await stage.wait_text("an old one")
        await stage.type("newer", then="")
        await stage.wait_gone("an old one")
        await stage.wait_text("found by what was said")
        assert script.asked("thread/list")[-1]["searchTerm"] == "newer"
        assert "a newer one" in stage.screen()


async def test_this_directory_only_and_those_put_away() -> None:
    script = some()
    script.replies["thread/unarchive"] = lambda _: {}
    script.replies["thread/archive"] = lambda _: {}
    everything = script.replies["thread/list"]
    script.replies["thread/list"] = lambda params: (
        {"data": [thread("t-away", preview="put away long ago")]}
        if params.get("archived")
        else everything(params)
    )
    async with open_stage(script) as stage:
        await show(stage)
        await stage.wait_text("an old one")
        await stage.pilot.press("ctrl+s")
        await stage.wait_gone("an old one")
        assert "a newer one" in stage.screen()
        await stage.pilot.press("ctrl+s", "ctrl+x")
        await stage.wait_text("put away long ago")
        await stage.pilot.press("ctrl+a")
        await stage.wait_gone("put away long ago")
        assert script.asked("thread/unarchive") == [{"threadId": "t-away"}]
        await stage.pilot.press("ctrl+x")
        await stage.wait_text("fix the test")
        await stage.pilot.press("ctrl+a")
        await stage.wait_gone("fix the test")
        assert script.asked("thread/archive") == [{"threadId": "t-run"}]


async def test_a_name_is_given_and_a_deletion_is_asked_about() -> None:
    script = some()
    script.replies["thread/name/set"] = lambda _: {}
    script.replies["thread/delete"] = lambda _: {}
    async with open_stage(script) as stage:
        await show(stage)
        await stage.wait_text("an old one")
        await stage.pilot.press("f2")
        await stage.wait_text("name it")
        await stage.type("the test")
        await stage.wait_call("thread/name/set")
        assert script.asked("thread/name/set") == [{"threadId": "t-run", "name": "the test"}]
        await stage.wait_text("running  the test")
        await stage.pilot.press("f9")
        await stage.wait_text("F9 once more deletes it for good")
        await stage.pilot.press("down")
        await stage.wait_gone("once more deletes")
        assert not script.asked("thread/delete")
        await stage.pilot.press("f9", "f9")
        await stage.wait_gone("deploy it")
        assert script.asked("thread/delete") == [{"threadId": "t-wait"}]


async def test_the_preview_is_read_without_joining_the_thread() -> None:
    script = some()
    script.replies["thread/turns/list"] = lambda params: {
        "data": [
            {
                "id": "turn",
                "status": "completed",
                "itemsView": "summary",
                "items": [
                    {"type": "userMessage", "id": "u", "content": [{"type": "text", "text": "why?"}]},
                    {"type": "agentMessage", "id": "a", "text": f"because of {params['threadId']}"},
                ],
            }
        ]
    }
    async with open_stage(script) as stage:
        await show(stage)
        await stage.wait_text("because of t-run")
        await stage.pilot.press("down")
        await stage.wait_text("because of t-wait")
        assert not script.asked("thread/resume")


async def test_a_refusal_is_shown_in_the_list() -> None:
    script = some()

    def refuse(_: Json) -> Json:
        raise RpcFailed("thread/archive", code=-32600, said="not now")

    script.replies["thread/archive"] = refuse
    async with open_stage(script) as stage:
        await show(stage)
        await stage.wait_text("an old one")
        await stage.pilot.press("ctrl+a")
        await stage.wait_text("not now")
        assert "fix the test" in stage.screen()


async def test_pages_are_read_as_one_moves_down() -> None:
    script = Script()

    def page(params: Json) -> Json:
        start = int(params.get("cursor") or 0)
        data = [
            thread(f"t-{at}", preview=f"number {at}.", updatedAt=1000 - at) for at in range(start, start + 50)
        ]
        return {"data": data, "nextCursor": str(start + 50) if start < 100 else None}

    script.replies["thread/list"] = page
    async with open_stage(script) as stage:
        await show(stage)
        await stage.wait_text("number 0.")
        await stage.pilot.press("up")
        await stage.wait(lambda: len(script.asked("thread/list")) == 2, "the second page")
        assert script.asked("thread/list")[-1]["cursor"] == "50"


@pytest.mark.parametrize("key", ["escape", "ctrl+n"])
async def test_with_nothing_chosen_a_thread_is_begun_where_none_is_open(key: str) -> None:
    options = TuiOptions(resume="", grace_seconds=0)
    async with open_stage(some(), options=options, ready=False) as stage:
        await stage.wait_text("an old one")
        assert not stage.script.asked("thread/start")
        await stage.pilot.press(key)
        await stage.wait_call("thread/start")
        await stage.wait_text("idle")


async def test_threads_that_go_on_are_offered_before_one_is_begun() -> None:
    options = TuiOptions(offers_running=True, grace_seconds=0)
    async with open_stage(some(), options=options, ready=False) as stage:
        await stage.wait_text("threads go on here: which one?")
        assert not stage.script.asked("thread/start")
        await stage.pilot.press("enter")
        await stage.wait_call("thread/resume")


async def test_they_are_not_where_nothing_goes_on_or_the_user_said_what_to_do() -> None:
    quiet = listing(thread("t-old", preview="an old one"))
    async with open_stage(quiet, options=TuiOptions(offers_running=True)) as stage:
        assert len(stage.app.screen_stack) == 1
        assert stage.script.asked("thread/start")
    options = TuiOptions(offers_running=True, prompt="do it")
    async with open_stage(some(), options=options, ready=False) as stage:
        await stage.wait_call("turn/start")
        assert not stage.script.asked("thread/list")


async def test_a_thread_put_away_by_command_gives_way_to_another() -> None:
    script = some()
    script.replies["thread/archive"] = lambda _: {}
    script.replies["thread/name/set"] = lambda _: {}
    async with open_stage(script) as stage:
        await stage.type("/rename the good one")
        await stage.wait_call("thread/name/set")
        await stage.type("/archive")
        await stage.wait_text("the thread was put away; which one now?")
        assert isinstance(stage.app.screen, ThreadsScreen)
        assert script.asked("thread/archive") == [{"threadId": "t-1"}]


async def test_deleting_the_thread_asks_and_no_is_chosen_at_first() -> None:
    script = some()
    script.replies["thread/delete"] = lambda _: {}
    async with open_stage(script) as stage:
        await stage.type("/delete")
        await stage.wait_text("no, keep it")
        await stage.pilot.press("enter")
        await stage.wait_gone("no, keep it")
        assert not script.asked("thread/delete")
        await stage.type("/delete")
        await stage.wait_text("no, keep it")
        await stage.pilot.press("down", "enter")
        await stage.wait_call("thread/delete")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (-5, "just now"),
        (61, "1 min ago"),
        (7199, "119 min ago"),
        (7200, "2 h ago"),
        (2 * 86400, "2 days ago"),
        (60 * 86400, "2026-"),
    ],
)
def test_an_age_is_short(seconds: int, words: str) -> None:
    now = 1_796_000_000.0
    assert age(now - seconds, now).startswith(words)


async def test_a_key_of_the_list_wins_over_one_that_counts_anywhere() -> None:
    script = some()
    script.replies["thread/delete"] = lambda _: {}
    settings = TuiSettings(keys={"threads.delete": ("f8",)})  # thinks harder, outside of the list
    async with open_stage(script, options=TuiOptions(grace_seconds=0, settings=settings)) as stage:
        await show(stage)
        await stage.wait_text("an old one")
        await stage.pilot.press("f8")
        await stage.wait_text("F8 once more deletes it for good")


async def test_what_is_said_while_the_list_is_taken_apart_harms_nothing() -> None:
    script = some()
    script.replies["thread/read"] = lambda params: {"thread": thread(params["threadId"])}
    async with open_stage(script) as stage:
        await show(stage)
        await stage.wait_text("an old one")
        screen = stage.app.screen
        assert isinstance(screen, ThreadsScreen)
        # As Textual does it when a screen is left: the widgets go first, its tasks go on meanwhile.
        await screen.query_children().remove()
        await stage.pilot.press("ctrl+s", "down")
        stage.script.say("thread/status/changed", threadId="t-old", status=ACTIVE)
        await stage.pilot.press("escape")
        await stage.wait_gone("threads on devbox")
        assert stage.app.crash is None
