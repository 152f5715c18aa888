"""Approvals and questions: every key, and what must never happen by accident."""

from __future__ import annotations

import time

import pytest

from codex_ssh.core.ask import decode_ask
from codex_ssh.core.items import Change, FileChange, ItemId
from codex_ssh.core.keymap import Keymap
from codex_ssh.core.rpc import Json, Request
from codex_ssh.tui.ask_rows import Scene
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.desk import NoDesk
from codex_ssh.tui.screens.ask_screen import AskPage, AskScreen
from codex_ssh.tui.widgets.ask_card import AskCard
from tests.tui.conversation import Script, opened, thread
from tests.tui.stage import Stage, open_stage

KEYS = {
    "y": {"decision": "accept"},
    "a": {"decision": "acceptForSession"},
    "p": {"decision": {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["make"]}}},
    "d": {"decision": "decline"},
    "n": {"decision": "decline"},
    "c": {"decision": "cancel"},
    "2": {"decision": "acceptForSession"},
    "enter": {"decision": "decline"},
    "up enter": {"decision": {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["make"]}}},
    "down enter": {"decision": "cancel"},
    "down down enter": {"decision": "accept"},
}


@pytest.mark.parametrize("keys", KEYS)
async def test_each_key_gives_its_decision(keys: str) -> None:
    async with open_stage() as stage:
        stage.script.turn()
        stage.script.ask_command(7, reason="because")
        await stage.wait_text("Run this command?")
        for part in ("$ make test", "alice@devbox (box-17)", "/w/sub", "because", "waiting for approval"):
            await stage.wait_text(part)
        await stage.pilot.press(*keys.split())
        await stage.wait(lambda: stage.script.answers, "an answer")
        assert stage.script.answers == [(7, KEYS[keys])]
        await stage.wait_gone("Run this command?")
        await stage.wait(lambda: stage.composer.has_focus, "the composer has the keyboard")


async def test_what_is_being_written_does_not_answer_an_approval() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        await stage.type("may", then="")
        stage.script.ask_command()
        await stage.wait_text("Run this command?")
        await stage.wait_text("tab: answer the approval")
        await stage.type("y", then="")
        assert stage.composer.text == "mayy"
        await stage.pilot.press("tab", "y")
        await stage.wait(lambda: stage.script.answers, "an answer")


async def test_a_key_right_after_the_card_appeared_does_not_count() -> None:
    async with open_stage(options=TuiOptions(grace_seconds=3600)) as stage:
        stage.script.turn()
        stage.script.ask_command()
        await stage.wait_text("Run this command?")
        await stage.pilot.press("y", "enter", "1")
        await stage.pilot.pause()
        assert stage.script.answers == []
        assert "Run this command?" in stage.screen()


async def test_other_text_typed_at_the_card_goes_to_the_composer() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        stage.script.ask_command()
        await stage.wait_text("Run this command?")
        await stage.type("/st", then="")
        assert stage.composer.text == "/st"
        assert stage.script.answers == []


async def test_an_approval_given_elsewhere_vanishes() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        stage.script.ask_command(3)
        stage.script.ask_command(4, "make install")
        await stage.wait_text("approval 1 of 2")
        stage.script.say("serverRequest/resolved", requestId=3)
        await stage.wait_text("$ make install")
        await stage.wait_gone("more behind it")


async def test_an_edit_shows_its_diff_in_the_card() -> None:
    async with open_stage(size=(80, 40)) as stage:
        stage.script.turn()
        change = {
            "path": "/w/a.py",
            "kind": {"type": "update"},
            "diff": "@@ -1 +1 @@\n-old line\n+new line\n",
        }
        stage.script.item("fileChange", "i", done=False, status="inProgress", changes=[change])
        stage.script.ask(1, "item/fileChange/requestApproval")
        await stage.wait_text("Make these changes?")
        card = "\n".join(strip.text for strip in stage.app.query_one(AskCard)._rows)
        assert "- old line" in card
        assert "+ new line" in card
        assert "a.py  +1 -1" in card
        await stage.pilot.press("y")
        await stage.wait(lambda: stage.script.answers == [(1, {"decision": "accept"})], "the answer")


async def test_the_decisions_stay_visible_below_a_long_diff() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        diff = "".join(f"line {n}\n" for n in range(200))
        change = {"path": "/w/new.txt", "kind": {"type": "add"}, "diff": diff}
        stage.script.item("fileChange", "i", done=False, status="inProgress", changes=[change])
        stage.script.ask(1, "item/fileChange/requestApproval")
        await stage.wait_text("Make these changes?")
        await stage.wait_text("no, and stop the turn")
        await stage.pilot.press("pagedown")
        await stage.wait_gone("Make these changes?")
        assert "no, and stop the turn" in stage.screen()


async def test_permissions_are_spelled_out() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        wanted = {"network": {"enabled": True}, "fileSystem": {"write": ["/var/data"]}}
        stage.script.ask(5, "item/permissions/requestApproval", permissions=wanted, cwd="/w")
        await stage.wait_text("• use the network")
        await stage.wait_text("• write /var/data")
        await stage.pilot.press("a")
        await stage.wait(lambda: stage.script.answers, "an answer")
        assert stage.script.answers == [(5, {"permissions": wanted, "scope": "session"})]


async def test_questions_take_options_and_text() -> None:
    questions = [
        {
            "id": "q1",
            "header": "Colour",
            "question": "Which?",
            "options": [{"label": "red"}, {"label": "blue"}],
        },
        {"id": "q2", "header": "Why", "question": "Say why"},
    ]
    async with open_stage() as stage:
        stage.script.turn()
        stage.script.ask(6, "item/tool/requestUserInput", questions=questions)
        await stage.wait_text("2. blue")
        await stage.pilot.press("down", "enter")
        await stage.wait_text("Say why")
        await stage.type("so")
        await stage.wait(lambda: stage.script.answers, "an answer")
        answers = {"q1": {"answers": ["blue"]}, "q2": {"answers": ["so"]}}
        assert stage.script.answers == [(6, {"answers": answers})]
        await stage.wait_gone("Say why")


async def test_questions_can_be_put_off_and_opened_again() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        stage.script.ask(6, "item/tool/requestUserInput", questions=[{"id": "q", "question": "Which one?"}])
        await stage.wait_text("Which one?")
        await stage.pilot.press("escape")
        await stage.wait_text("tab: answer the questions")
        await stage.wait_gone("Which one?")
        await stage.pilot.press("tab")
        await stage.wait_text("Which one?")
        await stage.pilot.press("ctrl+d")
        await stage.wait(lambda: stage.script.answers == [(6, {"answers": {}})], "skipped")


async def test_questions_answered_elsewhere_close() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        stage.script.ask(6, "item/tool/requestUserInput", questions=[{"id": "q", "question": "Which one?"}])
        await stage.wait_text("Which one?")
        stage.script.say("serverRequest/resolved", requestId=6)
        await stage.wait_gone("Which one?")
        assert stage.script.answers == []


async def test_an_approval_asked_again_on_resume_is_not_lost() -> None:
    script = Script()

    def resume(_: Json) -> Json:
        script.ask_command(11)
        return opened("t-1")

    script.replies["thread/resume"] = resume
    async with open_stage(script, options=TuiOptions(resume="t-1", grace_seconds=0), ready=False) as stage:
        await stage.wait_text("Run this command?")
        await stage.pilot.press("y")
        await stage.wait(lambda: stage.script.answers == [(11, {"decision": "accept"})], "the answer")
        await stage.wait_text("$ Run make test")


async def test_an_approval_is_not_lost_when_another_thread_is_resumed() -> None:
    script = Script()

    def resume(_: Json) -> Json:
        script.ask_command(12, threadId="t-9")
        return opened("t-9")

    script.replies["thread/resume"] = resume
    async with open_stage(script) as stage:
        await stage.type("/resume t-9")
        await stage.wait_text("Run this command?")
        assert stage.chat.transcript is not None
        assert [ask.request_id for ask in stage.chat.transcript.asks] == [12]


async def test_an_approval_of_a_thread_this_one_started_is_shown_and_answered() -> None:
    async with open_stage() as stage:
        stage.script.ask_command(13, threadId="t-child")
        await stage.wait_text("Run this command?")
        await stage.pilot.press("n")
        await stage.wait(lambda: stage.script.answers == [(13, {"decision": "decline"})], "the answer")
        await stage.wait_gone("Run this command?")


async def test_a_form_keeps_to_its_bounds_and_can_be_gone_back_in() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "default": "alice", "minLength": 2},
            "size": {
                "type": "string",
                "oneOf": [{"const": "s", "title": "small"}, {"const": "l", "title": "large"}],
            },
            "count": {"type": "integer", "minimum": 1, "maximum": 9},
        },
        "required": ["count"],
    }
    async with open_stage() as stage:
        stage.script.turn()
        stage.script.ask(
            4,
            "mcpServer/elicitation/request",
            serverName="shop",
            mode="form",
            message="?",
            requestedSchema=schema,
        )
        await stage.wait_text("name (1 of 3)")
        await stage.pilot.press("enter")
        await stage.wait_text("size (2 of 3)")
        await stage.pilot.press("2", "enter")
        await stage.type("77")
        await stage.wait_text("a whole number, 1 to 9 expected")
        await stage.pilot.press("shift+tab")
        await stage.wait_text("size (2 of 3)")
        await stage.pilot.press("3", "enter")
        await stage.wait_text("count (3 of 3)")
        await stage.pilot.press("7", "enter")
        answer = {"action": "accept", "content": {"name": "alice", "count": 7}, "_meta": None}
        await stage.wait(lambda: stage.script.answers == [(4, answer)], "the answer")


async def test_a_secret_answer_is_never_on_the_screen() -> None:
    questions = [{"id": "q", "header": "Token", "question": "The token?", "isSecret": True}]
    async with open_stage() as stage:
        stage.script.turn()
        stage.script.ask(6, "item/tool/requestUserInput", questions=questions)
        await stage.wait_text("The token?")
        await stage.type("hunter2", then="")
        await stage.wait_text("•••••••")
        assert "hunter2" not in stage.screen()
        await stage.pilot.press("enter")
        answer = {"answers": {"q": {"answers": ["hunter2"]}}}
        await stage.wait(lambda: stage.script.answers == [(6, answer)], "the answer")


class Browser(NoDesk):
    """A machine with a browser that remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    async def open_url(self, url: str) -> None:
        self.opened.append(url)


async def test_a_page_is_opened_only_after_it_was_said_where_it_leads() -> None:
    url = "https://login.example.org@evil.example/x?y=1"
    desk = Browser()
    async with open_stage(desk=desk) as stage:
        stage.script.turn()
        stage.script.ask(
            5, "mcpServer/elicitation/request", serverName="shop", mode="url", message="Go", url=url
        )
        await stage.wait_text(url)
        await stage.pilot.press("o")
        await stage.wait_text("open a page of evil.example in your browser?")
        await stage.pilot.press("enter")
        await stage.wait_gone("in your browser?")
        assert desk.opened == []
        await stage.pilot.press("o")
        await stage.wait_text("in your browser?")
        await stage.pilot.press("y")
        await stage.wait(lambda: len(desk.opened) == 1, "the page")
        assert stage.script.answers == []
        await stage.pilot.press("y")
        answer = {"action": "accept", "content": None, "_meta": None}
        await stage.wait(lambda: stage.script.answers == [(5, answer)], "the answer")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "https://a b"])
async def test_what_is_no_page_is_never_opened(url: str) -> None:
    desk = Browser()
    async with open_stage(desk=desk) as stage:
        stage.script.turn()
        stage.script.ask(
            5, "mcpServer/elicitation/request", serverName="shop", mode="url", message="Go", url=url
        )
        await stage.wait_text("o: open the page")
        await stage.pilot.press("o")
        await stage.wait_text("this is no page a browser should be given")
        assert desk.opened == []


# ---------------------------------------------------------------- which of several


async def test_several_requests_are_gone_through_with_the_arrows() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        for number, command in enumerate(("make one", "make two", "make three")):
            stage.script.ask_command(number, command, itemId=f"i{number}")
        await stage.wait_text("approval 1 of 3")
        await stage.pilot.press("right")
        await stage.wait_text("$ make two")
        await stage.pilot.press("left", "left")
        await stage.wait_text("approval 3 of 3")
        await stage.pilot.press("y")
        await stage.wait(lambda: stage.script.answers == [(2, {"decision": "accept"})], "the answer")
        await stage.wait_text("approval 1 of 2")


async def test_a_request_of_another_thread_names_it_and_shows_its_diff() -> None:
    async with open_stage(size=(100, 30)) as stage:
        stage.script.turn()
        stage.script.say("thread/started", thread=thread("t-2", name="the [red]helper"))
        change = {"path": "/w/a.py", "kind": {"type": "add"}, "diff": "its new line\n"}
        item = {"type": "fileChange", "id": "i", "status": "inProgress", "changes": [change]}
        stage.script.say("item/started", threadId="t-2", turnId="turn-9", item=item)
        stage.script.ask(5, "item/fileChange/requestApproval", threadId="t-2", turnId="turn-9")
        await stage.wait_text("for the thread the [red]helper")
        assert "its new line" in stage.screen()
        await stage.pilot.press("y")
        await stage.wait(lambda: stage.script.answers == [(5, {"decision": "accept"})], "the answer")


async def test_how_long_it_waits_is_in_the_title() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        stage.script.ask_command(startedAtMs=int(time.time() * 1000) - 600_000)
        await stage.wait_text("approval, waits 10 min")


async def test_the_old_requests_are_answered_in_their_own_words() -> None:
    async with open_stage(size=(80, 40)) as stage:
        stage.script.turn()
        place = {"conversationId": "t-1", "callId": "c"}
        stage.script.ask(1, "execCommandApproval", **place, command=["bash", "-lc", "make"], cwd="/w")
        await stage.wait_text("$ make")
        await stage.pilot.press("y")
        await stage.wait(lambda: stage.script.answers == [(1, {"decision": "approved"})], "the answer")
        changes = {"/w/x": {"type": "add", "content": "a new line\n"}}
        stage.script.ask(2, "applyPatchApproval", **place, fileChanges=changes)
        await stage.wait_text("a new line")
        await stage.pilot.press("c")
        await stage.wait(lambda: stage.script.answers[1:] == [(2, {"decision": "abort"})], "the answer")


async def test_a_tool_of_an_mcp_server_is_allowed_for_as_long_as_chosen() -> None:
    meta = {
        "codex_approval_kind": "mcp_tool_call",
        "persist": ["session", "always"],
        "tool_name": "delete",
        "tool_params": {"path": "/w/x"},
    }
    schema = {"type": "object", "properties": {}}
    async with open_stage() as stage:
        stage.script.turn()
        stage.script.ask(
            3,
            "mcpServer/elicitation/request",
            serverName="files",
            mode="form",
            message="?",
            requestedSchema=schema,
            _meta=meta,
        )
        await stage.wait_text("$ delete of the MCP server files")
        assert "path: /w/x" in stage.screen()
        await stage.pilot.press("a")
        answer = {"action": "accept", "content": {}, "_meta": {"persist": "session"}}
        await stage.wait(lambda: stage.script.answers == [(3, answer)], "the answer")


async def test_permissions_can_be_granted_in_part() -> None:
    profile = {"network": {"enabled": True}, "fileSystem": {"write": ["/var/data"]}}
    async with open_stage() as stage:
        stage.script.turn()
        stage.script.ask(1, "item/permissions/requestApproval", permissions=profile, cwd="/w")
        await stage.wait_text("s: in part")
        await stage.pilot.press("s")
        await stage.wait_text("Allow which of these")
        await stage.pilot.press("down", "space", "enter")
        await stage.wait_text("For how long?")
        await stage.pilot.press("down", "enter")
        granted = {"permissions": {"fileSystem": {"write": ["/var/data"]}}, "scope": "session"}
        await stage.wait(lambda: stage.script.answers == [(1, granted)], "the answer")


# ---------------------------------------------------------------- the whole screen


def ask_edit(script: Script, files: int = 1, lines: int = 60) -> None:
    """Ask for an edit that no card has room for."""
    changes = [
        {
            "path": f"/w/file{n}.txt",
            "kind": {"type": "update"},
            "diff": f"@@ -1,{lines} +1,{lines} @@\n"
            + "".join(f"-old {n}.{m}\n+new {n}.{m}\n" for m in range(lines)),
        }
        for n in range(files)
    ]
    script.turn()
    script.item("fileChange", "i", done=False, status="inProgress", changes=changes)
    script.ask(1, "item/fileChange/requestApproval")


async def full_screen(stage: Stage, key: str = "f") -> AskPage:
    await stage.wait_text("f: full screen")
    await stage.pilot.press(key)
    await stage.on_top(AskScreen)
    await stage.wait_text("esc: back")
    return stage.app.screen.query_one(AskPage)


@pytest.mark.parametrize("key", ["f", "ctrl+a"])
async def test_the_whole_screen_shows_every_row_and_takes_the_decision(key: str) -> None:
    async with open_stage() as stage:
        ask_edit(stage.script)
        await full_screen(stage, key)
        await stage.wait_text("more rows below")
        await stage.wait_text("no, and stop the turn")
        seen = stage.screen()
        for _ in range(20):
            await stage.pilot.press("pagedown")
            seen += stage.screen()
        assert all(f"old 0.{n}" in seen and f"new 0.{n}" in seen for n in range(60))
        await stage.pilot.press("y")
        await stage.wait(lambda: stage.script.answers == [(1, {"decision": "accept"})], "the answer")
        await stage.wait_gone("esc: back")


async def test_files_are_gone_through_on_the_whole_screen() -> None:
    async with open_stage() as stage:
        ask_edit(stage.script, files=3)
        page = await full_screen(stage)
        await stage.pilot.press("right_square_bracket")
        await stage.wait_text("file0.txt")
        await stage.pilot.press("right_square_bracket", "right_square_bracket")
        await stage.wait_text("file2.txt")
        await stage.pilot.press("left_square_bracket")
        await stage.wait_text("file1.txt")
        await stage.pilot.press("end")
        await stage.wait(lambda: page.is_vertical_scroll_end, "the end")
        await stage.pilot.press("home", "down", "up")
        await stage.wait_text("Make these changes?")


async def test_old_and_new_stand_side_by_side_where_there_is_room() -> None:
    async with open_stage(size=(140, 45)) as stage:
        ask_edit(stage.script, lines=3)
        await full_screen(stage)
        assert not any("old 0.1" in row and "new 0.1" in row for row in stage.screen().split("\n"))
        await stage.pilot.press("v")
        await stage.wait(
            lambda: any("old 0.1" in row and "new 0.1" in row for row in stage.screen().split("\n")),
            "two columns",
        )


@pytest.mark.parametrize("key", ["escape", "q", "f"])
async def test_the_whole_screen_is_left_without_a_decision(key: str) -> None:
    async with open_stage() as stage:
        ask_edit(stage.script)
        await full_screen(stage)
        await stage.pilot.press("enter", "x", key)
        await stage.wait_gone("esc: back")
        await stage.wait_text("f: full screen")
        assert stage.script.answers == []


async def test_the_whole_screen_goes_away_when_somebody_else_answers() -> None:
    async with open_stage() as stage:
        ask_edit(stage.script)
        await full_screen(stage)
        stage.script.say("serverRequest/resolved", requestId=1)
        await stage.wait_text("the request was answered elsewhere")
        assert not isinstance(stage.app.screen, AskScreen)
        assert stage.script.answers == []


async def test_the_whole_screen_goes_away_with_the_link() -> None:
    async with open_stage() as stage:
        ask_edit(stage.script)
        await full_screen(stage)
        stage.script.drop()
        await stage.wait(lambda: not isinstance(stage.app.screen, AskScreen), "the card is gone")
        assert stage.script.answers == []


async def test_no_key_opens_or_answers_in_the_first_moment() -> None:
    async with open_stage(options=TuiOptions(grace_seconds=60)) as stage:
        ask_edit(stage.script)
        await stage.wait_text("f: full screen")
        await stage.pilot.press("f", "y", "enter", "1")
        assert not isinstance(stage.app.screen, AskScreen)
        assert stage.script.answers == []


async def test_an_edit_that_changes_under_the_eyes_is_shown_anew_on_the_whole_screen() -> None:
    async with open_stage(size=(100, 40)) as stage:
        ask_edit(stage.script, lines=2)
        await full_screen(stage)
        change = {"path": "/w/evil.sh", "kind": {"type": "add"}, "diff": "rm -rf /\n"}
        stage.script.say("item/fileChange/patchUpdated", turnId="turn-1", itemId="i", changes=[change])
        await stage.wait_text("rm -rf /")
        assert "old 0.0" not in stage.screen()


async def test_an_edit_that_changes_is_not_answered_by_a_key_on_its_way() -> None:
    now = [0.0]
    card = AskCard(Keymap(), grace_seconds=0.5, clock=lambda: now[0])
    ask = decode_ask(Request(id=1, method="item/fileChange/requestApproval", params={"itemId": "i"}))
    facts = Script().facts
    old, new = (
        FileChange(id=ItemId("i"), changes=(Change(path="/w/a", diff=text),)) for text in ("old", "new")
    )

    def counts() -> bool:
        return card.is_settled

    async with open_stage() as stage:
        await stage.app.mount(card)
        card.show(ask, Scene(facts=facts, change=old), queue=(0, 1))
        assert not counts()
        now[0] = 1.0
        assert counts()
        card.show(ask, Scene(facts=facts, change=new), queue=(0, 1))
        assert not counts()
        card.show(ask, Scene(facts=facts, change=new), queue=(1, 2))
        now[0] = 2.0
        assert counts()


async def test_rows_out_of_sight_are_counted() -> None:
    async with open_stage(size=(60, 24)) as stage:
        stage.script.turn()
        stage.script.ask_command(command="echo hi\n" * 30 + "rm -rf /")
        await stage.wait_text("Run this command? (31 lines")
        await stage.wait_text("more rows below")
        for _ in range(10):
            await stage.pilot.press("pagedown")
        await stage.wait_text("│ rm -rf /")
        await stage.wait_text("rows above, 0 below")
