"""Vim's keys do in the composer what they do in Vim."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.tui.vim import Mode, Vim


def play(before: str, keys: list[str]) -> tuple[str, Vim]:
    """Press keys in normal mode; ``|`` is the cursor."""
    vim = Vim()
    vim.mode = Mode.NORMAL
    at = before.index("|")
    text = before.replace("|", "")
    done = [(text, at)]
    for key in keys:
        step = vim.key(key, text, at)
        if step is None:
            if vim.mode is Mode.INSERT and len(key) == 1:
                text, at = text[:at] + key + text[at:], at + 1
            continue
        if step.is_undo:
            text, at = done.pop() if len(done) > 1 else done[0]
            continue
        if step.put is not None:
            done.append((text, at))
            start, end, put = step.put
            text = text[:start] + put + text[end:]
        at = step.at
    return text[:at] + "|" + text[at:], vim


CASES = [
    ("|one two", "l", "o|ne two"),
    ("on|e", "l", "on|e"),
    ("on|e", "h h h", "|one"),
    ("o|ne\ntwo\nx", "j j", "one\ntwo\n|x"),
    ("one\nt|wo", "k k", "o|ne\ntwo"),
    ("|one two.x", "w w w", "one two.|x"),
    ("one two.|x", "b b b", "|one two.x"),
    ("|one two", "e e", "one tw|o"),
    ("one t|wo", "0", "|one two"),
    ("  one t|wo", "^", "  |one two"),
    ("|one two", "$", "one tw|o"),
    ("|one two", "dollar_sign", "one tw|o"),
    ("one\nt|wo", "g g", "|one\ntwo"),
    ("o|ne\ntwo", "G", "one\n|two"),
    ("|one two three", "2 w", "one two |three"),
    ("o|ne", "x", "o|e"),
    ("on|e", "x", "o|n"),
    ("|one", "2 x", "|e"),
    ("|", "x", "|"),
    ("o|ne", "r X", "o|Xe"),
    ("o|ne", "s X escape", "o|Xe"),
    ("one |two three", "d w", "one |three"),
    ("one |two\nthree", "d w", "one| \nthree"),
    ("|one two three", "2 d w", "|three"),
    ("|one two three", "d 2 w", "|three"),
    ("one |two", "d b", "|two"),
    ("|one two", "d e", "| two"),
    ("one |two three", "d $", "one| "),
    ("one |two three", "D", "one| "),
    ("one |two", "d 0", "|two"),
    ("one\nt|wo\nthree", "d d", "one\n|three"),
    ("one\nt|wo", "d d", "|one"),
    ("|one", "d d", "|"),
    ("o|ne\ntwo\nthree", "2 d d", "|three"),
    ("o|ne\ntwo\nthree", "d j", "|three"),
    ("one\ntwo\nth|ree", "d g g", "|"),
    ("one |two three", "c w X escape", "one |X three"),
    ("one |two three", "C X escape", "one |X"),
    ("one\nt|wo\nthree", "c c X escape", "one\n|X\nthree"),
    ("one\nt|wo\nthree", "S X escape", "one\n|X\nthree"),
    ("o|ne\ntwo", "y y p", "one\n|one\ntwo"),
    ("one\nt|wo", "y y P", "one\n|two\ntwo"),
    ("|one two", "y w $ p", "one twoone| "),
    ("|one two", "d w p", "tone| wo"),
    ("|ab", "x p", "b|a"),
    ("|one", "i X escape", "|Xone"),
    ("on|e", "a X escape", "one|X"),
    ("  on|e", "I X escape", "  |Xone"),
    ("o|ne", "A X escape", "one|X"),
    ("o|ne\ntwo", "o X escape", "one\n|X\ntwo"),
    ("one\nt|wo", "O X escape", "one\n|X\ntwo"),
    ("one |two", "d w u", "one |two"),
    ("o|ne\ntwo\nthree", "v j d", "|three"),
    ("o|ne\ntwo\nthree", "V x", "|two\nthree"),
    ("o|ne\ntwo", "v y p", "one\n|one\ntwo"),
    ("o|ne\ntwo", "v escape x", "o|e\ntwo"),
    ("o|ne\ntwo\nthree", "V G c X escape", "|X"),
    ("o|ne", "d escape x", "o|e"),
    ("o|ne", "q Z", "o|ne"),
]


@pytest.mark.parametrize(("before", "keys", "then"), CASES)
def test_a_key_does_what_it_does_in_vim(before: str, keys: str, then: str) -> None:
    assert play(before, keys.split())[0] == then


def test_other_keys_are_not_vims() -> None:
    vim = Vim()
    assert vim.key("x", "text", 0) is None, "it is typed"
    assert vim.key("escape", "text", 2) is not None
    assert vim.mode is Mode.NORMAL
    for key in ("enter", "ctrl+r", "f1", "escape", "up", "down"):
        assert vim.key(key, "text", 0) is None
    assert vim.key("down", "two\nlines", 0) is not None
    assert begun_anew(vim).mode is Mode.INSERT


def begun_anew(vim: Vim) -> Vim:
    vim.begin()
    return vim


def test_whole_lines_are_selected() -> None:
    vim = Vim()
    vim.mode = Mode.NORMAL
    step = vim.key("v", "one\ntwo\nthree", 5)
    assert step is not None
    assert step.selected == (4, 7)
    step = vim.key("k", "one\ntwo\nthree", 5)
    assert step is not None
    assert step.selected == (0, 7)


@given(
    st.text(alphabet="ab .\n", max_size=12),
    st.integers(0, 12),
    st.lists(st.sampled_from([*"hjklwbe0$^gGdcyxpPiaIAoOuvVrsSDC3", "escape"]), max_size=12),
)
def test_no_keys_lead_out_of_the_text(text: str, at: int, keys: list[str]) -> None:
    at = min(at, len(text))
    shown, _ = play(text[:at] + "|" + text[at:], keys)
    assert shown.count("|") == 1
