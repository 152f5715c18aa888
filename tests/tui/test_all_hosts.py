"""All open hosts side by side: what each does is seen as it goes on, and Enter goes there."""

from __future__ import annotations

import pytest

from codex_ssh.core.keymap import Place
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.tui_settings import TuiSettings
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.screens.all_hosts_screen import LEAST_ROWS, AllHostsScreen, Plan, plan
from codex_ssh.tui.screens.hosts_screen import HostsScreen
from codex_ssh.tui.screens.inbox_screen import InboxScreen
from codex_ssh.tui.screens.question_screen import QuestionScreen
from codex_ssh.tui.screens.tell_screen import TellScreen
from codex_ssh.tui.widgets.host_pane import HostPane
from tests.tui.stage import Stage, open_stage
from tests.tui.test_many_hosts import Written, report
from tests.tui.test_tell import over, three_hosts, view_of


async def side_by_side(stage: Stage) -> AllHostsScreen:
    await stage.pilot.press("alt+a")
    return await stage.on_top(AllHostsScreen)


def chosen(stage: Stage) -> str:
    """Give the host whose pane has the keyboard."""
    pane = stage.app.screen.focused
    assert isinstance(pane, HostPane)
    return pane.host


# ---------------------------------------------------------------- how they share the screen


@pytest.mark.parametrize(
    ("count", "width", "height", "expected"),
    [
        (2, 80, 23, Plan(columns=2, heights=(23,), last=1)),
        (2, 40, 19, Plan(columns=1, heights=(10, 9), last=1)),
        (3, 80, 23, Plan(columns=2, heights=(12, 11), last=2)),
        (4, 140, 44, Plan(columns=2, heights=(22, 22), last=1)),
        (3, 140, 44, Plan(columns=3, heights=(44,), last=1)),
        (5, 140, 44, Plan(columns=3, heights=(22, 22), last=2)),
        (5, 40, 19, Plan(columns=1, heights=(6,) * 5, last=1)),
        (1, 300, 99, Plan(columns=1, heights=(99,), last=1)),
        (3, 1, 1, Plan(columns=1, heights=(6,) * 3, last=1)),
    ],
)
def test_columns_where_it_is_wide_and_rows_where_it_is_not(
    count: int, width: int, height: int, expected: Plan
) -> None:
    assert plan(count, width, height) == expected


def test_every_pane_has_a_place_at_every_size() -> None:
    for count in range(1, 13):
        for width in (1, 40, 79, 80, 140, 300):
            shared = plan(count, width, 30)
            places = shared.columns * len(shared.heights)
            assert places - shared.last + 1 == count
            assert sum(shared.heights) == 30 or set(shared.heights) == {LEAST_ROWS}


# ---------------------------------------------------------------- what is seen


async def test_each_says_who_and_where_and_shows_the_end_as_it_streams() -> None:
    async with three_hosts(size=(140, 45)) as (stage, gpu, web):
        for number in range(200):
            gpu.item("agentMessage", f"m{number}", text=f"answer {number}")
        web.say("thread/name/updated", threadName="deploy it")
        await side_by_side(stage)
        await stage.wait_text("answer 199")
        for text in (
            "alice@devbox (box-17)",
            "alice@gpu (gpu-1)",
            "alice@web (web-1)",
            "● idle · deploy it · /w",
        ):
            await stage.wait_text(text)
        assert "answer 100" not in stage.screen()
        web.turn()
        web.item("agentMessage", "s", done=False, text="")
        for word in ("it ", "streams ", "in"):
            web.delta("s", word)
        await stage.wait_text("▶ running · deploy it")
        await stage.wait_text("• it streams in")
        # Nothing of it was taken from the conversation itself.
        await stage.pilot.press("escape")
        await over(stage)
        stage.app.type_command("/hosts web")
        await stage.wait(lambda: stage.app.here.host == "web", "web")
        await stage.wait_text("• it streams in")


async def test_a_link_that_is_down_is_said_and_a_host_that_is_lost_goes_away() -> None:
    async with three_hosts() as (stage, gpu, web):
        gpu.turn()
        await side_by_side(stage)
        await stage.wait_text("▶ running")
        gpu.drop(LinkState.LOST)
        await stage.wait_text("▶ was running")
        await stage.wait_text("✗ no link, last contact")
        await stage.pilot.press("tab", "tab")
        assert chosen(stage) == "web"
        web.lose("gone")
        await stage.wait_gone("alice@web")
        await stage.wait(lambda: chosen(stage) == "gpu", "another one is chosen")
        await stage.pilot.press("enter")
        await stage.wait(lambda: stage.app.here.host == "gpu", "there")


async def test_text_of_a_devbox_stays_in_its_pane_and_is_no_markup() -> None:
    evil = "[red]x[/] [@click=app.leave]y[/]\x1b[2J\x1b[1;1HHOME " + "漢字" * 90 + "\u202e" + "x" * 500
    async with three_hosts(size=(120, 24)) as (stage, gpu, _):
        gpu._facts = type(gpu._facts)(
            host="gpu", user="[b]a", hostname="h\x1b[31m", transport="ssh", server_version="", codex_home=""
        )
        gpu.say("thread/name/updated", threadName=evil)
        gpu.turn()
        gpu.item("agentMessage", "m", text=evil)
        gpu.item("commandExecution", "c", command=evil, aggregatedOutput=evil, status="completed")
        gpu.ask_command(1, evil)
        await side_by_side(stage)
        await stage.wait_text("[b]a@gpu (h␛[31m)")
        await stage.wait_text("? may this run?")
        screen = stage.screen()
        assert "\x1b" not in screen
        assert "\u202e" not in screen
        panes = [pane for pane in stage.app.screen.query(HostPane) if pane.host != "gpu"]
        for pane in panes:
            for y in range(pane.content_size.height):
                assert "漢" not in pane.render_line(y).text
        for pane in stage.app.screen.query(HostPane):
            for y in range(pane.content_size.height):
                assert pane.render_line(y).cell_length == pane.content_size.width


# ---------------------------------------------------------------- the keys


async def test_arrows_and_tab_choose_and_enter_goes_there() -> None:
    async with three_hosts() as (stage, _, _):
        await side_by_side(stage)
        # Two above, the third below them over the whole width.
        assert chosen(stage) == "devbox"
        for key, host in (
            ("right", "gpu"),
            ("right", "gpu"),
            ("down", "web"),
            ("down", "web"),
            ("up", "devbox"),
            ("left", "devbox"),
            ("tab", "gpu"),
            ("tab", "web"),
            ("tab", "devbox"),
            ("shift+tab", "web"),
        ):
            await stage.pilot.press(key)
            assert chosen(stage) == host, key
        await stage.pilot.press("enter")
        await stage.wait(lambda: stage.app.here.host == "web", "there")
        await over(stage)
        # It begins with the host that is shown, and goes back to it.
        await side_by_side(stage)
        assert chosen(stage) == "web"
        await stage.pilot.press("tab", "alt+a")
        await over(stage)
        assert stage.app.here.host == "web"


async def test_a_click_chooses_and_two_go_there() -> None:
    async with three_hosts() as (stage, _, _):
        await side_by_side(stage)
        pane = next(pane for pane in stage.app.screen.query(HostPane) if pane.host == "gpu")
        await stage.pilot.click(pane)
        assert chosen(stage) == "gpu"
        await stage.pilot.click(pane, times=2)
        await stage.wait(lambda: stage.app.here.host == "gpu", "there")


async def test_what_waits_is_marked_answered_and_one_is_back_here() -> None:
    async with three_hosts() as (stage, gpu, _):
        await side_by_side(stage)
        assert "alt+w" not in stage.screen()
        gpu.ask_command(1, "train it")
        await stage.wait_text("? may this run? train it")
        await stage.wait_text("? 1 waiting for you")
        await stage.wait_text("alt+w: answer")
        await stage.pilot.press("alt+w")
        await stage.on_top(InboxScreen)
        await stage.pilot.press("y")
        await stage.wait(lambda: gpu.answers, "the answer")
        await stage.on_top(AllHostsScreen)
        await stage.wait_gone("waiting for you")
        gpu.ask_command(2, "train more")
        await stage.wait_text("? may this run? train more")
        await stage.pilot.press("right", "enter")
        await stage.wait(lambda: stage.app.here.host == "gpu", "there")
        await stage.wait(lambda: stage.app.here.asks.card.has_focus, "its card has the keyboard")


async def test_a_question_is_asked_on_its_host_and_with_nothing_waiting_that_is_said() -> None:
    async with three_hosts() as (stage, gpu, _):
        await side_by_side(stage)
        await stage.pilot.press("alt+w")
        await stage.wait_text("nothing waits for you")
        await side_by_side(stage)
        question = {"id": "q", "header": "Which", "question": "Which one?", "options": None}
        gpu.ask(3, "item/tool/requestUserInput", questions=[question])
        await stage.wait_text("a question: Which one?")
        await stage.pilot.press("alt+w")
        await stage.on_top(QuestionScreen)
        assert stage.app.here.host == "gpu"


async def test_the_list_of_hosts_is_a_key_away() -> None:
    async with three_hosts() as (stage, _, _):
        await side_by_side(stage)
        await stage.pilot.press("alt+h")
        await stage.on_top(HostsScreen)


async def test_what_is_written_is_told_from_here() -> None:
    async with three_hosts() as (stage, _, _):
        stage.composer.take("run the tests")
        for _ in range(2):  # the second time it is the command already
            await side_by_side(stage)
            await stage.pilot.press("t")
            await over(stage)
            assert stage.composer.text == "/tell run the tests"
        await stage.pilot.press("enter")
        await stage.on_top(TellScreen)


async def test_with_one_host_open_it_says_how_to_open_others() -> None:
    async with open_stage(fleet=Written(report("gpu"))) as stage:
        await stage.type("/all")
        await stage.wait_text("only devbox is open here")
        await stage.wait_text("/hosts (alt+h: your hosts)")
        assert len(stage.app.screen_stack) == 1


async def test_its_keys_can_be_chosen_anew() -> None:
    settings = TuiSettings(keys={"app.all": ("f9",), "all.next": ("n",), "all.go": ("g",), "app.inbox": ()})
    options = TuiOptions(grace_seconds=0, patience=0, settings=settings)
    async with open_stage(fleet=Written(report("gpu")), options=options) as stage:
        stage.app.type_command("/hosts gpu")
        await stage.wait(lambda: len(stage.app.views) == 2, "two hosts")
        await over(stage)
        await stage.pilot.press("f9")
        await stage.on_top(AllHostsScreen)
        assert "g: go, esc: back, t: tell" in stage.screen()
        await stage.pilot.press("n", "g")
        await stage.wait(lambda: stage.app.here.host == "devbox", "there")
    assert stage.app.keymap.action("n", Place.ALL) == "all.next"


async def test_more_than_fit_are_scrolled_to() -> None:
    async with three_hosts(size=(40, 20)) as (stage, _, web):
        web.item("agentMessage", "m", text="far below")
        await stage.pilot.resize_terminal(40, 13)
        await side_by_side(stage)
        assert "alice@web" not in stage.screen()
        await stage.pilot.press("shift+tab")
        assert chosen(stage) == "web"
        await stage.wait_text("far below")
        for size in ((140, 45), (60, 12)):
            await stage.pilot.resize_terminal(*size)
            await stage.wait_text("far below")
        assert view_of(stage, "web").display is False
