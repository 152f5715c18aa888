"""Notifications: the way that is set, once, by a command of this test or by a terminal that is a list."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_ssh.core.tui_settings import Notifications
from codex_ssh.local.notify import notify
from tests.support.programs import path_with, put_program

NOTES = 'printf "%s\\0" "$@" >> "$HERE/words"; echo >> "$HERE/count"'
KITTY = {"TERM": "xterm-kitty"}


async def sent(
    tmp_path: Path,
    way: Notifications,
    command: tuple[str, ...] = (),
    *,
    title: str = "codex-ssh",
    body: str = "done",
    variables: dict[str, str] | None = None,
) -> list[str]:
    """What the terminal got."""
    written: list[str] = []
    await notify(
        title,
        body,
        way=way,
        command=command,
        environment={"PATH": path_with(tmp_path), **(variables or {})},
        write_terminal=written.append,
    )
    return written


def words(tmp_path: Path) -> list[str]:
    return (tmp_path / "words").read_text().split("\0")[:-1]


@pytest.mark.parametrize("way", [Notifications.AUTO, Notifications.COMMAND])
async def test_a_command_gets_title_and_body_as_words_and_nothing_else_happens(
    tmp_path: Path, way: Notifications
) -> None:
    put_program(tmp_path, "tell", NOTES)

    written = await sent(tmp_path, way, ("tell", "-u", "low"), title="a $(id)", body="b; c\n\x1b[2J")

    assert written == []
    assert words(tmp_path) == ["-u", "low", "a $(id)", "b; c␊␛[2J"]
    assert (tmp_path / "count").read_text() == "\n"


async def test_no_text_is_taken_for_an_option(tmp_path: Path) -> None:
    put_program(tmp_path, "tell", NOTES)
    await sent(tmp_path, Notifications.COMMAND, ("tell",), title="--help", body="-x" * 999)
    assert words(tmp_path)[0] == " --help"
    assert words(tmp_path)[1].startswith(" -x")
    assert len(words(tmp_path)[1]) < 600


@pytest.mark.parametrize("script", ["exit 1", None])
async def test_a_command_that_fails_leaves_the_bell(
    tmp_path: Path, script: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    if script is not None:
        put_program(tmp_path, "tell", script)
    assert await sent(tmp_path, Notifications.AUTO, ("tell",), variables=KITTY) == ["\a"]
    assert "tell failed" in caplog.text


@pytest.mark.parametrize(
    ("way", "variables", "written"),
    [
        (Notifications.AUTO, {}, ["\a"]),
        (Notifications.AUTO, {"TERM": "foot"}, ["\x1b]777;notify;codex-ssh;done\a"]),
        (Notifications.BELL, {"TERM": "foot"}, ["\a"]),
        (Notifications.OSC9, {}, ["\x1b]9;codex-ssh: done\a"]),
        (Notifications.OSC777, {}, ["\x1b]777;notify;codex-ssh;done\a"]),
        (Notifications.OSC9, {"STY": "1.x"}, ["\x1bP\x1b]9;codex-ssh: done\a\x1b\\\a"]),
        (Notifications.OSC9, {"TMUX": "x,1,0"}, ["\x1bPtmux;\x1b\x1b]9;codex-ssh: done\a\x1b\\\a"]),
        (Notifications.AUTO, {"TMUX": "/no/such,1,0"}, ["\a"]),
        (Notifications.OFF, {}, []),
        (Notifications.COMMAND, {}, []),
    ],
)
async def test_the_terminal_gets_what_is_set_once(
    tmp_path: Path, way: Notifications, variables: dict[str, str], written: list[str]
) -> None:
    assert await sent(tmp_path, way, variables=variables) == written
