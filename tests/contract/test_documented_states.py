"""The states of a thread and of a link: the words and marks of the code are those of the reference."""

from __future__ import annotations

import inspect
import re

from codex_ssh.core.checkup import State
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.transcript import RunState
from codex_ssh.tui.status_items import STATES, link_parts
from tests.contract.documented import COMMAND_LINE, DOCS, sections

TUI = (DOCS / "reference" / "tui.md").read_text(encoding="utf-8")

_ROW = re.compile(r"^\| `([^`]+)` \| (?:`([^`]+)`)? ?\| [^|]+ \|$", re.MULTILINE)


def rows_below(head: str) -> list[tuple[str, str]]:
    """The first two cells of the rows of the table with that head."""
    _, _, below = TUI.partition(head)
    table, _, _ = below.partition("\n\n")
    return [(state, mark) for state, mark in _ROW.findall(table)]


def test_the_run_states_are_those_of_the_code_with_their_marks() -> None:
    assert rows_below("| State | Mark | What it means |") == [
        (state.value, STATES[state][0]) for state in RunState
    ]


def test_the_states_of_a_link_are_those_of_the_code() -> None:
    documented = dict(rows_below("| State | Status line | What it means |"))

    assert documented.keys() == {state.value for state in LinkState}
    assert {state for state, shown in documented.items() if not shown} == {LinkState.UP.value}
    said = inspect.getsource(link_parts)
    assert [shown for shown in documented.values() if shown.removeprefix("✗ ") not in said] == []


def test_the_states_of_a_checkup_are_those_of_the_code() -> None:
    doctor = sections(COMMAND_LINE.read_text(encoding="utf-8"))["codex-ssh doctor"]

    for state in State:
        assert f"`{state.value}`" in doctor
