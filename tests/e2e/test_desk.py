"""The user's own machine in our TUI, on a real terminal: clipboard, dropped files, editor, history."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import StartTmux
from tests.support import pictures
from tests.support.cli import PROGRAM, client_environment
from tests.support.display import copy_image, open_display, wait_pasted
from tests.support.outer_terminal import shown_in
from tests.support.programs import path_with, put_program
from tests.support.tmux import Tmux
from tests.support.waiting import until

pytestmark = [pytest.mark.tmux]


async def open_demo(
    start_tmux: StartTmux, home: Path, *words: str, before: Sequence[str] = (), **variables: str
) -> Tmux:
    environment = client_environment(home, TERM="xterm-256color", PYTHONDEVMODE="", **variables)
    tui = await start_tmux(
        [*before, *PROGRAM, "demo", *words], environment=environment, columns=100, lines=40
    )
    await tui.wait_text("idle")
    return tui


async def leave(tui: Tmux) -> None:
    await tui.key("C-q")
    assert await tui.wait_exit() == 0


async def test_an_image_is_pasted_from_the_clipboard_of_the_display(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(pictures.PNG)
    async with open_display(tmp_path) as display:
        await copy_image(display, tmp_path / "a.png")
        tui = await open_demo(start_tmux, tmp_path / "laptop", DISPLAY=display["DISPLAY"])
        await tui.type("what is this ")
        await tui.key("C-v")
        await tui.wait_text("[clipboard 3×2, 78 B]")
        await tui.key("Enter")
        await tui.wait_text("› what is this [Image #1]")
        # What a terminal sends when its own paste key finds no text.
        await tui.command("send-keys", "-H", *(f"{byte:02x}" for byte in b"\x1b[200~\x1b[201~"))
        await tui.wait_text("[clipboard 3×2, 78 B]")
        await tui.key("C-c")
        await leave(tui)


async def test_a_dropped_image_goes_along(start_tmux: StartTmux, tmp_path: Path) -> None:
    (tmp_path / "My Shot.png").write_bytes(pictures.PNG)
    tui = await open_demo(start_tmux, tmp_path / "laptop")
    await tui.paste(f"'{tmp_path}/My Shot.png' ")
    await tui.wait_text("[My Shot.png 3×2, 78 B]")
    await tui.key("Enter")
    await tui.wait_text("[Image #1]")
    await leave(tui)


async def test_an_editor_writes_the_message_and_the_screen_comes_back(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    put_program(
        tmp_path, "my-editor", 'echo "THE EDITOR"; cat "$2"; read line; echo "say $line" > "$2"; exit "$1"'
    )
    tui = await open_demo(start_tmux, tmp_path / "laptop", PATH=path_with(tmp_path), VISUAL="my-editor 0")
    await tui.type("half a sentence")
    await tui.key("C-g")
    await tui.wait_screen(
        lambda screen: "THE EDITOR" in screen and "half a sentence" in screen and "idle" not in screen,
        "the editor alone",
    )
    await tui.key("C-c")  # nothing of ours hears it: the shell it is written in ends
    await tui.wait_text("was ended by SIGINT")
    await tui.wait_text("half a sentence")
    await tui.key("C-g")
    await tui.wait_text("THE EDITOR")
    await tui.type("written elsewhere")
    await tui.key("Enter")
    await tui.wait_text("idle")
    await tui.wait_text("say written elsewhere")
    await tui.key("Enter")
    await tui.wait_text("• written elsewhere")
    assert list((tmp_path / "laptop").rglob("message.md")) == []
    await leave(tui)


async def test_what_was_said_is_there_in_the_next_window(start_tmux: StartTmux, tmp_path: Path) -> None:
    home = tmp_path / "laptop"
    first = await open_demo(start_tmux, home, "--prompt", "")
    await first.type("say the first thing")
    await first.key("Enter")
    await first.wait_text("• the first thing")
    second = await open_demo(start_tmux, home)
    await second.key("Up")
    await second.wait_text("say the first thing")
    await second.key("C-c")
    await second.type("say the second thing")
    await second.key("Enter")
    await second.wait_text("• the second thing")
    await leave(first)
    await leave(second)
    third = await open_demo(start_tmux, home)
    await third.key("C-r")
    await third.type("thing")
    await third.wait_text("say the second thing")
    await third.key("C-r")
    await third.wait_text("say the first thing")
    await third.key("Escape")
    await leave(third)


@pytest.mark.parametrize("knows_of_tmux", [True, False], ids=["tmux", "terminal"])
async def test_over_ssh_an_answer_is_copied_by_tmux_or_the_terminal(
    start_tmux: StartTmux, tmp_path: Path, *, knows_of_tmux: bool
) -> None:
    # tmux is the terminal here, and keeps what a program in it asks it to copy.
    here = {"SSH_TTY": "/dev/pts/99", "DISPLAY": "203.0.113.1:0"}
    before = () if knows_of_tmux else ("env", "-u", "TMUX")
    tui = await open_demo(start_tmux, tmp_path / "laptop", before=before, **here)
    await tui.type("say über the moon")
    await tui.key("Enter")
    await tui.wait_text("• über the moon")
    await tui.type("/copy")
    await tui.key("Enter")
    await tui.wait_text("in tmux" if knows_of_tmux else "the terminal")

    async def kept() -> bool:
        return (await tui.command("list-buffers", "-F", "#{buffer_sample}")).strip() == "über the moon"

    await until(kept, "the terminal has it")
    await leave(tui)


async def test_an_answer_is_copied_to_the_clipboard_of_the_display(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    async with open_display(tmp_path) as display:
        tui = await open_demo(start_tmux, tmp_path / "laptop", DISPLAY=display["DISPLAY"])
        await tui.type("say über the moon")
        await tui.key("Enter")
        await tui.wait_text("• über the moon")
        await tui.type("/copy")
        await tui.key("Enter")
        await tui.wait_text("the answer is on the clipboard")
        await wait_pasted(display, "über the moon")
        await leave(tui)


async def test_a_link_is_opened_in_the_browser_after_its_host_was_shown(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    put_program(tmp_path, "xdg-open", 'printf "%s\\n" "$@" > "$HERE/opened"')
    here = {"PATH": path_with(tmp_path), "DISPLAY": ":99"}
    tui = await open_demo(start_tmux, tmp_path / "laptop", **here)
    await tui.type("say see https://example.org@exämple.test/a?b=c here")
    await tui.key("Enter")
    await tui.wait_text("• see")
    await tui.key("F4")
    await tui.wait_text("reading")
    await tui.type("kl")
    await tui.wait_text("o: open")
    await tui.type("o")
    await tui.wait_text("host: xn--exmple-cua.test")
    await tui.wait_text("what stands before the @ is a user name")
    await tui.key("Enter")  # no
    await tui.wait_gone("host: xn--exmple-cua.test")
    assert not (tmp_path / "opened").exists()
    await tui.type("o")
    await tui.wait_text("host: xn--exmple-cua.test")
    await tui.key("Down", "Enter")
    await until((tmp_path / "opened").exists, "it is opened")

    def opened() -> bool:
        return (tmp_path / "opened").read_text() == "https://example.org@xn--exmple-cua.test/a?b=c\n"

    await until(opened, "with this very address")
    await leave(tui)


async def test_who_may_not_look_is_told_once_by_the_terminal_behind_tmux(
    start_tmux: StartTmux, tmp_path: Path
) -> None:
    # tmux says that the pane has the focus, without knowing whether the terminal has it.
    tui = await open_demo(start_tmux, tmp_path / "laptop")
    await tui.command("set-option", "-g", "allow-passthrough", "on")
    async with shown_in(tui, term="xterm-256color", name="iTerm2 3.5.1") as outer:

        def told(times: int) -> bool:
            return outer.written.count(b"\x1b]9;") == times

        for number in (1, 2):
            await tui.type(f"say number {number}")
            await tui.key("Enter")
            await tui.wait_text(f"• number {number}")
            await until(partial(told, number), "it is told")
        text = outer.written.partition(b"\x1b]9;")[2].partition(b"\a")[0].decode()
        assert text.startswith("demo: ")
        assert "number 1" in text
        await leave(tui)
        assert told(2)
