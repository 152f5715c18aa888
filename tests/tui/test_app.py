"""Every key and dialog of the TUI does what it says."""

import pytest

from codex_ssh.core.rpc import Json
from codex_ssh.core.thread import TurnStatus
from codex_ssh.core.tui_settings import TuiSettings
from codex_ssh.errors import LinkLost
from codex_ssh.tui.bridge import ExitReason, TuiOptions, TuiOutcome
from codex_ssh.tui.commands.registry import matching
from codex_ssh.tui.completion import offer_commands
from codex_ssh.tui.widgets.transcript_view import TranscriptView
from tests.tui.conversation import Script, opened, thread
from tests.tui.stage import Stage, open_stage


async def answered(stage: Stage, text: str = "**hello** from the model") -> None:
    """Play a whole turn with one answer."""
    stage.script.turn()
    stage.script.item("agentMessage", "a", done=False, text="")
    for word in text.split(" "):
        stage.script.delta("a", f"{word} ")
    stage.script.item("agentMessage", "a", text=text)
    stage.script.turn("completed", durationMs=12_000)
    await stage.wait_text("worked for 12 s")


async def test_a_prompt_is_sent_and_the_answer_streams_in() -> None:
    async with open_stage() as stage:
        await stage.type("say hello")
        await stage.wait_call("turn/start")
        params = stage.script.asked("turn/start")[0]
        assert params["input"] == [{"type": "text", "text": "say hello", "text_elements": []}]
        await stage.wait_text("› say hello")
        assert stage.composer.text == ""
        stage.script.turn()
        number = params["clientUserMessageId"]
        content = [{"type": "text", "text": "say hello"}]
        stage.script.item("userMessage", "u", clientId=number, content=content)
        stage.script.item("agentMessage", "a", done=False, text="")
        stage.script.delta("a", "# Head\n\nsome **bo")
        await stage.wait_text("some **bo")
        await stage.wait_text("running")
        stage.script.delta("a", "ld** text")
        await stage.wait_text("some bold text")
        stage.script.item("agentMessage", "a", text="# Head\n\nsome **bold** text")
        stage.script.turn("completed", durationMs=61_000)
        await stage.wait_text("worked for 1 min 01 s")
        await stage.wait_text("idle")
        assert stage.screen().count("say hello") == 1


async def test_the_first_prompt_comes_from_the_command_line() -> None:
    options = TuiOptions(prompt="do it", cwd="/w", model="big", grace_seconds=0)
    async with open_stage(options=options, ready=False) as stage:
        await stage.wait_call("turn/start")
        assert stage.script.asked("thread/start") == [{"cwd": "/w", "model": "big"}]
        await stage.wait_text("› do it")


async def test_ctrl_j_makes_a_new_line_and_enter_sends_all() -> None:
    async with open_stage() as stage:
        await stage.type("one\ntwo")
        await stage.wait_call("turn/start")
        assert stage.script.asked("turn/start")[0]["input"][0]["text"] == "one\ntwo"


async def test_enter_steers_while_a_turn_runs() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        await stage.wait_text("running")
        await stage.type("rather this")
        await stage.wait_call("turn/steer")
        assert stage.script.asked("turn/steer")[0]["expectedTurnId"] == "turn-1"
        assert stage.script.asked("turn/start") == []


async def test_a_turn_that_ended_meanwhile_is_begun_anew() -> None:
    async with open_stage() as stage:
        stage.script.refuses("turn/steer", "no active turn to steer")
        stage.script.turn()
        await stage.wait_text("running")
        await stage.type("late")
        await stage.wait_call("turn/start")
        await stage.wait_text("› late")


async def test_a_refused_message_comes_back_to_the_composer() -> None:
    async with open_stage() as stage:
        stage.script.refuses("turn/start", "Server is draining; retry after reconnecting")
        await stage.type("keep me")
        await stage.wait_text("Server is draining")
        await stage.wait(lambda: stage.composer.text == "keep me", "the text is back")


async def test_escape_interrupts() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        await stage.wait_text("running")
        await stage.pilot.press("escape")
        await stage.wait_call("turn/interrupt")
        assert stage.script.asked("turn/interrupt") == [{"threadId": "t-1", "turnId": "turn-1"}]
        stage.script.turn("interrupted", durationMs=1500)
        await stage.wait_text("■ interrupted after 1.5 s")


async def test_up_and_down_walk_through_what_was_said() -> None:
    async with open_stage() as stage:
        for text in ("first", "second"):
            await stage.type(text)
            await stage.wait_text(f"› {text}")
        await stage.type("unsent", then="up")
        assert stage.composer.text == "second"
        await stage.pilot.press("up")
        assert stage.composer.text == "first"
        await stage.pilot.press("up")
        assert stage.composer.text == "first"
        await stage.pilot.press("down", "down")
        assert stage.composer.text == "unsent"


async def test_the_menu_lists_commands_and_completes_them() -> None:
    async with open_stage() as stage:
        await stage.type("/", then="")
        for name in ("/new", "/resume", "/model", "1 of "):
            await stage.wait_text(name)
        await stage.type("st", then="tab")
        assert stage.composer.text == "/status "
        await stage.pilot.press("enter")
        await stage.wait_text("alice@devbox")
        await stage.wait_text("round trip 12.0 ms")
        assert stage.script.asked("turn/start") == []


async def test_the_menu_is_moved_with_arrows() -> None:
    async with open_stage() as stage:
        below = [command.name for command in stage.app.offered].index("model")
        await stage.type("/", then="")
        await stage.pilot.press(*["down"] * below, "enter")
        await stage.wait_call("model/list")


async def test_a_path_is_no_command() -> None:
    async with open_stage() as stage:
        await stage.type("/etc/hosts says")
        await stage.wait_call("turn/start")


async def test_new_leaves_the_old_thread_running() -> None:
    async with open_stage() as stage:
        await answered(stage)
        stage.script.replies["thread/start"] = lambda _: opened("t-2")
        await stage.type("/new")
        await stage.wait_gone("hello from the model")
        assert stage.script.asked("thread/unsubscribe") == [{"threadId": "t-1"}]
        assert stage.script.asked("turn/interrupt") == []


def history(number: str, count: int, *, cursor: str | None = None) -> Json:
    entries = [
        {
            "turnId": f"{number}-turn",
            "item": {"type": "agentMessage", "id": f"{number}-{at}", "text": f"{number} line {at}"},
        }
        for at in range(count)
    ]
    return {"data": entries[::-1], "nextCursor": cursor}


async def test_resume_shows_a_list_with_a_filter() -> None:
    script = Script()
    script.replies["thread/list"] = lambda _: {
        "data": [thread("t-8", preview="the first one"), thread("t-9", preview="the other one")]
    }
    script.replies["thread/items/list"] = lambda _: history("t-9", 3)
    async with open_stage(script) as stage:
        await stage.type("/resume")
        await stage.wait_text("the first one")
        await stage.type("other", then="")
        await stage.wait_gone("the first one")
        await stage.pilot.press("enter")
        await stage.wait_text("t-9 line 2")
        assert stage.script.asked("thread/resume")[0]["threadId"] == "t-9"


async def test_a_list_is_left_with_escape() -> None:
    script = Script()
    script.replies["thread/list"] = lambda _: {"data": [thread("t-8", preview="the first one")]}
    async with open_stage(script) as stage:
        await stage.type("/resume")
        await stage.wait_text("the first one")
        await stage.pilot.press("escape")
        await stage.wait_gone("the first one")
        assert stage.script.asked("thread/resume") == []


async def test_last_goes_on_with_the_newest_thread() -> None:
    script = Script()
    script.replies["thread/list"] = lambda _: {"data": [thread("t-9")]}
    script.replies["thread/items/list"] = lambda _: history("t-9", 2)
    async with open_stage(script, options=TuiOptions(last=True)) as stage:
        await stage.wait_text("t-9 line 1")
        assert stage.script.asked("thread/start") == []


async def test_a_thread_that_cannot_be_resumed_becomes_a_new_one_and_says_so() -> None:
    script = Script()
    script.refuses("thread/resume", "no rollout found for thread id gone")
    async with open_stage(script, options=TuiOptions(resume="gone")) as stage:
        await stage.wait_text("no rollout found")
        assert len(stage.script.asked("thread/start")) == 1


async def test_a_thread_that_cannot_be_opened_says_why_and_what_can_be_done() -> None:
    script = Script()
    script.refuses("thread/start", "the model provider \x1b[31mis unknown")
    async with open_stage(script, ready=False) as stage:
        await stage.wait_text("opening the thread failed")
        await stage.wait_text("␛[31mis unknown")
        await stage.wait_text("/new begins a thread")
        await stage.wait_text("no thread")
        await stage.type("hello")
        await stage.wait_text("not sent: no thread is open")
        assert stage.composer.text == "hello", "what was typed stays"
        script.replies["thread/start"] = lambda _: opened()
        stage.app.type_command("/new")
        await stage.wait_text("idle")
        await stage.wait_gone("opening the thread failed")
        await stage.pilot.press("enter")
        await stage.wait_call("turn/start")


async def test_older_history_comes_when_scrolled_to() -> None:
    script = Script()
    pages = {None: history("new", 60, cursor="more"), "more": history("old", 60)}
    script.replies["thread/items/list"] = lambda params: pages[params.get("cursor")]
    async with open_stage(script, options=TuiOptions(resume="t-1")) as stage:
        await stage.wait_text("new line 59")
        for _ in range(20):
            await stage.pilot.press("pageup")
        await stage.wait(lambda: len(script.asked("thread/items/list")) == 2, "the older page is asked for")
        await stage.wait(lambda: len(stage.app.view.window.entries) == 120, "both pages")


async def test_a_model_and_effort_are_chosen_for_the_next_turn() -> None:
    script = Script()
    efforts = [{"reasoningEffort": "low"}, {"reasoningEffort": "high"}]
    script.replies["model/list"] = lambda _: {
        "data": [{"model": "gpt-big", "displayName": "Big", "supportedReasoningEfforts": efforts}]
    }
    async with open_stage(script) as stage:
        await stage.type("/model")
        await stage.wait_text("Big")
        await stage.pilot.press("enter")
        await stage.wait_text("which effort?")
        await stage.pilot.press("down", "enter")
        await stage.wait_text("gpt-big high")
        params = stage.script.asked("thread/settings/update")[0]
        assert (params["model"], params["effort"]) == ("gpt-big", "high")


async def test_a_model_can_be_named() -> None:
    async with open_stage() as stage:
        await stage.type("/model gpt-x high")
        await stage.wait_text("from the next turn on: gpt-x high")


@pytest.mark.parametrize("keys", ["ctrl+q", "ctrl+c ctrl+c"])
async def test_leaving_lets_the_turn_run_and_says_so(keys: str) -> None:
    async with open_stage() as stage:
        stage.script.turn()
        await stage.wait_text("running")
        await stage.pilot.press(*keys.split())
    assert stage.app.return_value == TuiOutcome(
        reason=ExitReason.QUIT, thread_id="t-1", can_resume=False, turn_running=True
    )
    assert stage.script.asked("turn/interrupt") == []


async def test_quit_is_a_command_too() -> None:
    async with open_stage() as stage:
        await answered(stage)
        await stage.type("/quit")
    outcome = stage.app.return_value
    assert outcome is not None
    assert (outcome.can_resume, outcome.turn_running) == (True, False)


async def test_ctrl_c_clears_the_composer_first() -> None:
    async with open_stage() as stage:
        await stage.type("half a thought", then="ctrl+c")
        assert stage.composer.text == ""
        await stage.pilot.press("ctrl+c")
        await stage.wait_text("ctrl+c again leaves")
        assert stage.app.return_value is None


@pytest.mark.parametrize("goes_on", [True, False])
async def test_what_becomes_of_the_turn_is_said_before_it_is_left(*, goes_on: bool) -> None:
    async with open_stage(options=TuiOptions(goes_on=goes_on)) as stage:
        stage.script.turn()
        await stage.wait_text("running")
        await stage.pilot.press("ctrl+c")
        await stage.wait_text("ctrl+c again leaves")
        assert ("leaves, the turn goes on" in stage.screen()) is goes_on


async def test_a_lost_link_ends_it_with_the_reason_and_the_draft() -> None:
    async with open_stage() as stage:
        await stage.type("do not lose this", then="")
        stage.script.lose("Server not responding to keepalive")
        await stage.wait(lambda: stage.app.return_value, "the outcome")
    outcome = stage.app.return_value
    assert outcome is not None
    assert (outcome.reason, outcome.draft) == (ExitReason.LINK_LOST, "do not lose this")
    assert isinstance(outcome.error, LinkLost)
    assert outcome.error.said == "Server not responding to keepalive"


async def test_warnings_about_the_way_in_are_shown() -> None:
    script = Script()
    script._facts = type(script.facts)(
        **{name: getattr(script.facts, name) for name in script.facts.__slots__}
        | {"warnings": ("other users of devbox can connect",)}
    )
    async with open_stage(script) as stage:
        await stage.wait_text("⚠ other users of devbox can connect")


HOSTILE = "\x1b[2J\x1b]0;title\x07[bold red]not markup[/] \u202egnp.exe\x9b31m"


async def test_text_from_the_devbox_is_neither_escape_nor_markup() -> None:
    async with open_stage(size=(100, 60)) as stage:
        script = stage.script
        script.turn()
        script.item("agentMessage", "a", text=HOSTILE)
        script.item(
            "commandExecution", "c", command=HOSTILE, status="failed", aggregatedOutput=HOSTILE, exitCode=1
        )
        script.item(
            "fileChange", "f", status="completed", changes=[{"path": HOSTILE, "kind": {}, "diff": HOSTILE}]
        )
        script.item("reasoning", "r", summary=[HOSTILE])
        script.item(
            "mcpToolCall", "m", server=HOSTILE, tool=HOSTILE, status="failed", error={"message": HOSTILE}
        )
        script.item("webSearch", "w", query=HOSTILE)
        script.item(HOSTILE, "x")
        script.say("turn/plan/updated", turnId="turn-1", explanation=HOSTILE, plan=[{"step": HOSTILE}])
        script.say("warning", message=HOSTILE)
        script.ask_command(command=HOSTILE, cwd=HOSTILE, reason=HOSTILE, availableDecisions=[HOSTILE])
        script.ask(
            9,
            "item/tool/requestUserInput",
            questions=[{"id": "q", "question": HOSTILE, "options": [{"label": HOSTILE}]}],
        )
        await stage.wait(lambda: len(stage.app.screen_stack) == 2, "the question")
        await stage.pilot.pause()
        every = stage.screen()
        await stage.pilot.press("escape")
        await stage.wait_text("Run this command?")
        every += stage.screen()
        view = stage.app.query_one(TranscriptView)
        window = view.window
        every += "\n".join(strip.text for at in range(len(window.entries)) for strip in window.rows_of(at))
        assert "[bold red]not markup[/]" in every
        assert not [character for character in every if character in "\x1b\x07\x9b\u202e\r"]


async def test_a_crash_shows_no_values_and_hands_the_error_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with open_stage() as stage:

            def crash() -> None:
                secret = "canary-secret"  # noqa: F841 - a local variable is what must not be printed
                raise ZeroDivisionError

            stage.app.call_later(crash)
            await stage.wait(lambda: stage.app.crash, "the crash")
    assert isinstance(caught.value.exceptions[0], ZeroDivisionError)
    assert stage.app.return_code == 1
    said = capsys.readouterr()
    assert "canary" not in said.out + said.err
    assert stage.app._exit_renderables == []


async def test_a_failed_turn_says_why_in_place() -> None:
    async with open_stage() as stage:
        stage.script.turn()
        error = {"message": "usage limit reached", "codexErrorInfo": "usageLimitExceeded"}
        stage.script.turn(TurnStatus.FAILED.value, error=error)
        await stage.wait_text("✗ usage limit reached")
        await stage.wait_text("usageLimitExceeded")
        await stage.wait_text("✗ failed")


async def test_folded_output_is_unfolded_by_a_key_and_by_a_click() -> None:
    async with open_stage(size=(80, 60)) as stage:
        output = "".join(f"out {n}\n" for n in range(40))
        stage.script.turn()
        stage.script.item(
            "commandExecution", "c", command="seq", status="completed", aggregatedOutput=output, exitCode=0
        )
        await stage.wait_text("… 34 more lines (ctrl+o)")
        assert "out 39" in stage.screen()
        assert "out 1\n" not in stage.screen()
        await stage.pilot.press("ctrl+o")
        await stage.wait_text("out 1\n")
        await stage.pilot.press("ctrl+o")
        await stage.wait_text("more lines")
        await stage.pilot.click(TranscriptView, offset=(4, 1))
        await stage.wait_gone("more lines")


async def test_enter_takes_the_command_that_is_typed_and_not_the_one_the_menu_last_knew() -> None:
    async with open_stage() as stage:
        await stage.type("/quit", then="")
        # As on a machine so busy that the menu has only heard of the first character.
        stage.app.here.popup.offer(offer_commands(matching("/", stage.chat.knows)))
        await stage.pilot.press("enter")
        await stage.wait(lambda: stage.app.return_value, "it ends")
    assert not stage.script.asked("thread/unsubscribe"), "no new thread was begun"


async def test_a_key_chosen_anew_does_what_the_old_one_did() -> None:
    settings = TuiSettings(keys={"composer.send": ("f2",), "app.leave": ("f9",), "app.interrupt": ()})
    async with open_stage(options=TuiOptions(grace_seconds=0, settings=settings)) as stage:
        await stage.type("say hello", then="f2")
        await stage.wait_call("turn/start")
        stage.script.say("turn/started", turn={"id": "turn-1", "status": "inProgress"})
        await stage.wait_text("running")
        await stage.pilot.press("escape")
        await stage.pilot.press("f9")
        await stage.wait(lambda: stage.app.return_value, "the end")
        assert not stage.script.asked("turn/interrupt")


async def test_what_goes_wrong_while_it_ends_is_no_crash() -> None:
    async with open_stage() as stage:
        stage.app.finish(ExitReason.QUIT)
        stage.app._handle_exception(ZeroDivisionError())
        assert stage.app.crash is None
