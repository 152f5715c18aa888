"""Control sequences: what each terminal gets, byte by byte, and that no text breaks out of one."""

from __future__ import annotations

import base64

import pytest

from codex_ssh.core.terminal_codes import (
    Through,
    copy_sequence,
    notification,
    pass_through,
    title_sequence,
    way_to_notify,
    what_is_between,
)
from codex_ssh.core.tui_settings import Notifications


@pytest.mark.parametrize(
    ("variables", "way"),
    [
        ({}, Notifications.BELL),
        ({"TERM": "xterm-256color"}, Notifications.BELL),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, Notifications.BELL),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, Notifications.BELL),
        ({"TERM": "alacritty"}, Notifications.BELL),
        ({"TERM": "xterm-kitty"}, Notifications.OSC99),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, Notifications.OSC99),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, Notifications.OSC777),
        ({"TERM": "foot"}, Notifications.OSC777),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, Notifications.OSC777),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WarpTerminal"}, Notifications.OSC777),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, Notifications.OSC9),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, Notifications.OSC9),
    ],
)
def test_a_terminal_is_told_by_its_variables(variables: dict[str, str], way: Notifications) -> None:
    assert way_to_notify(variables) is way
    assert what_is_between(variables) is Through.NOTHING


@pytest.mark.parametrize(
    ("outer", "way"),
    [
        ("", Notifications.BELL),
        ("xterm-256color ", Notifications.BELL),
        ("xterm-256color iTerm2 3.5.1", Notifications.OSC9),
        ("xterm-kitty kitty(0.36.4)", Notifications.OSC99),
        ("xterm-ghostty ghostty 1.1.0", Notifications.OSC777),
        ("foot foot(1.20.2)", Notifications.OSC777),
        ("xterm-256color WezTerm 20240203", Notifications.OSC777),
    ],
)
def test_inside_tmux_only_what_tmux_says_counts(outer: str, way: Notifications) -> None:
    variables = {"TMUX": "/tmp/tmux-0/default,1,0", "TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}
    assert what_is_between(variables) is Through.TMUX
    assert way_to_notify(variables, outer) is way


def test_gnu_screen_is_known() -> None:
    assert what_is_between({"STY": "1.pts-0.host", "TERM": "screen"}) is Through.SCREEN


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("way", "sequence"),
    [
        (Notifications.BELL, "\a"),
        (Notifications.OSC9, "\x1b]9;codex-ssh: the turn is done\a"),
        (Notifications.OSC777, "\x1b]777;notify;codex-ssh;the turn is done\a"),
        (
            Notifications.OSC99,
            (
                f"\x1b]99;i=codex-ssh:e=1:d=0:p=title;{coded('codex-ssh')}\x1b\\"
                f"\x1b]99;i=codex-ssh:e=1:d=1:p=body;{coded('the turn is done')}\x1b\\"
            ),
        ),
        (Notifications.OFF, ""),
        (Notifications.COMMAND, ""),
    ],
)
def test_a_notification_byte_by_byte(way: Notifications, sequence: str) -> None:
    assert notification(way, "codex-ssh", "the turn is done") == sequence


def test_a_notification_is_no_other_command_of_its_code() -> None:
    assert notification(Notifications.OSC9, "4;1;50", "x") == "\x1b]9; 4;1;50: x\a"
    assert notification(Notifications.OSC9, "", "4;0") == "\x1b]9; 4;0\a"
    assert notification(Notifications.OSC777, "a;b", "c;d") == "\x1b]777;notify;a,b;c;d\a"


def test_a_long_text_is_cut_off() -> None:
    assert len(notification(Notifications.OSC9, "t" * 9999, "b" * 9999)) < 500
    assert title_sequence("x" * 9999) == "\x1b]2;" + "x" * 119 + "…\a"


@pytest.mark.parametrize(
    "nasty", ["\x1b]52;c;aGk=\a", "\x1b\\", "\a", "\x9c\x9d", "a\nb", "\ud800", "\u202e"]
)
def test_no_text_breaks_out_of_a_sequence(nasty: str) -> None:
    for way in (Notifications.OSC9, Notifications.OSC777, Notifications.OSC99):
        sequence = notification(way, nasty, nasty)
        assert sequence.count("\x1b") == (4 if way is Notifications.OSC99 else 1)
        assert sequence.count("\a") == (0 if way is Notifications.OSC99 else 1)
        sequence.encode()
    assert title_sequence(nasty).count("\x1b") == 1
    assert title_sequence(nasty).count("\a") == 1
    assert title_sequence(nasty).isprintable() is False
    assert set(copy_sequence(nasty)[7:-1]) <= set(coded("any") + "".join(map(chr, range(0x2B, 0x7B))))


def test_a_copied_text_is_coded_whole() -> None:
    assert copy_sequence("über\n\x1b") == f"\x1b]52;c;{coded('über' + chr(10) + chr(27))}\a"


def test_tmux_gets_every_escape_twice() -> None:
    assert pass_through("\x1b]9;x\a", Through.TMUX) == "\x1bPtmux;\x1b\x1b]9;x\a\x1b\\"
    assert pass_through("\x1b]9;x\x1b\\", Through.TMUX) == "\x1bPtmux;\x1b\x1b]9;x\x1b\x1b\\\x1b\\"
    assert pass_through("\x1b]9;x\a", Through.NOTHING) == "\x1b]9;x\a"


def test_screen_gets_pieces_it_takes_and_no_early_end() -> None:
    sequence = pass_through(copy_sequence("x" * 3000) + "\x1b]9;x\x1b\\", Through.SCREEN)
    pieces = sequence.split("\x1b\\")
    assert pieces[-1] == ""
    assert all(piece.startswith("\x1bP") and len(piece) <= 768 for piece in pieces[:-1])
    assert "".join(piece[2:] for piece in pieces) == copy_sequence("x" * 3000) + "\x1b]9;x\a"
