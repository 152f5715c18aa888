"""Reading the transcript on a real terminal: the mouse selects, what it selects is copied, text is found."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.conftest import StartTmux
from tests.support.cli import PROGRAM, client_environment
from tests.support.tmux import Tmux
from tests.support.waiting import until

pytestmark = [pytest.mark.tmux]

WORDS = " ".join(f"word{number}" for number in range(40))


async def open_demo(start_tmux: StartTmux, home: Path, *, columns: int = 60, lines: int = 24) -> Tmux:
    environment = client_environment(home, TERM="xterm-256color", PYTHONDEVMODE="")
    tui = await start_tmux([*PROGRAM, "demo"], environment=environment, columns=columns, lines=lines)
    await tui.wait_text("idle")
    return tui


async def say(tui: Tmux, text: str, answer: str, end: str = "") -> str:
    """Say something, and give the screen once the answer is on it from its beginning to its end."""
    await tui.type(f"say {text}")
    await tui.key("Enter")
    return await tui.wait_screen(
        lambda screen: (
            answer in screen
            and end in screen.partition(answer)[2]
            and "idle" in screen
            and "say what to do" in screen
        ),
        f"the answer {answer}",
    )


async def mouse(tui: Tmux, *events: tuple[int, int, int, str]) -> None:
    """Send what a terminal sends for the mouse: button, column and row from 1, ``M`` down or ``m`` up."""
    sequence = "".join(f"\x1b[<{button};{column};{row}{how}" for button, column, row, how in events)
    await tui.command("send-keys", "-H", *(f"{byte:02x}" for byte in sequence.encode()))


async def drag(tui: Tmux, start: tuple[int, int], end: tuple[int, int]) -> None:
    await mouse(tui, (0, *start, "M"), (32, *end, "M"), (0, *end, "m"))


def row_of(screen: str, text: str) -> int:
    found = [at for at, line in enumerate(screen.splitlines(), 1) if text in line]
    assert found, screen
    return found[0]


async def copied(tui: Tmux, text: str) -> None:
    """Wait until tmux has a text in its newest buffer."""
    await tui.wait_text("copied to")
    assert await tui.command("show-buffer") == text


async def test_what_the_mouse_selects_over_wrapped_rows_is_copied_as_one_line(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    tui = await open_demo(start_tmux, tmp_path / "laptop")
    screen = await say(tui, WORDS, "• word0 ", "word39")
    first = row_of(screen, "• word0 ")
    last = first + row_of("\n".join(screen.splitlines()[first:]), "word39")
    assert last > first + 3
    await drag(tui, (2, first), (58, last))
    await copied(tui, WORDS)


async def test_a_double_click_copies_a_word_though_it_was_broken(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    word = "0123456789" * 6
    tui = await open_demo(start_tmux, tmp_path / "laptop", columns=40)
    screen = await say(tui, f"look at {word} now", "• look at", " now")
    row = row_of(screen, "• look at") + 2
    click = [(0, 5, row, "M"), (0, 5, row, "m")]
    await mouse(tui, *click, *click)
    await copied(tui, word)


async def test_nothing_but_text_leaves_the_mouse_to_the_terminal(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    tui = await open_demo(start_tmux, tmp_path / "laptop")
    await say(tui, "**one** thing", "• one thing")

    async def has_mouse(flag: str) -> bool:
        return (await tui.command("display-message", "-p", "#{mouse_any_flag}")).strip() == flag

    await until(partial(has_mouse, "1"), "the mouse is ours")
    await tui.key("F6")
    await tui.wait_text("nothing but text", "\n**one** thing\n")
    await until(partial(has_mouse, "0"), "the mouse is the terminal's")
    await tui.key("F6")
    await tui.wait_text("• one thing")
    await until(partial(has_mouse, "1"), "the mouse is ours again")


async def test_text_is_found_and_read_from_by_keyboard(start_tmux: StartTmux, tmp_path: Path) -> None:
    tui = await open_demo(start_tmux, tmp_path / "laptop")
    for number in range(12):
        await say(tui, f"answer{number} of many", f"• answer{number} of many")
    await tui.key("F3")
    await tui.type("answer3 of")
    await tui.wait_text("2 of 2")
    await tui.wait_text("• answer3 of many")
    await tui.key("Enter")
    await tui.wait_text("reading ·")
    await tui.key("c")
    await copied(tui, "answer3 of many")
    await tui.key("Escape")
    await tui.wait_gone("reading ·")
    await tui.key("C-End")
    await tui.wait_text("• answer11 of many")
