"""Rows are put together to the lines they were wrapped from, and cells to characters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from codex_ssh.tui import palette
from codex_ssh.tui.lines import drawn, line_at, lines_of
from codex_ssh.tui.wrap import blank, ornament, rows_of, styled, wrap

TEXT = st.text(st.sampled_from("ab cß漢é-"), max_size=60)


@given(st.lists(TEXT, min_size=1, max_size=5), st.integers(6, 30), st.booleans(), st.booleans())
def test_a_line_is_what_was_wrapped(texts: list[str], width: int, anywhere: bool, inside: bool) -> None:
    rows = []
    for text in texts:
        made = wrap([(text, palette.PLAIN)], width, first=[("› ", palette.USER)], anywhere=anywhere)
        rows += rows_of(made, [("│", palette.DIM)]) if inside else made
    lines = list(lines_of(rows))
    assert [line.text for line in lines] == [text.rstrip() for text in texts]
    assert [line.first_row for line in lines[1:]] == [line.last_row + 1 for line in lines[:-1]]
    for row in range(len(rows)):
        assert line_at(rows, row) in lines


@given(TEXT, st.integers(6, 30), st.booleans())
def test_cells_and_characters_agree(text: str, width: int, anywhere: bool) -> None:
    rows = wrap([(text, palette.PLAIN)], width, first=[("漢 ", palette.USER)], anywhere=anywhere)
    line = line_at(rows, len(rows) - 1)
    for at, character in enumerate(line.text):
        found = list(line.spans(at, at + 1))
        if not found:
            assert character == " "
            continue
        (span,) = found
        assert line.offset(span.row, span.start) == at
        assert line.offset(span.row, span.end - 1) == at
        assert rows[span.row].crop(span.start, span.end).text == character


def test_only_lines_with_a_part_between_two_rows_are_given() -> None:
    rows = [row for text in ("one", "two " * 9, "three") for row in wrap([(text, palette.PLAIN)], 12)]
    assert [line.text for line in lines_of(rows, 2, 3)] == [("two " * 9).rstrip()]
    assert [line.text for line in lines_of(rows, 0, 0)] == ["one"]
    assert [line.text for line in lines_of([blank(), *rows], 0, 1)] == ["", "one"]


def test_what_stands_in_front_of_a_list_is_text_and_a_gutter_is_not() -> None:
    marked = wrap([("an item", palette.PLAIN)], 6, first=[("1. ", palette.DIM)], copied=True)
    assert [line.text for line in lines_of(marked)] == ["1. an item"]
    assert [line.text for line in lines_of([ornament([("… 3 more lines", palette.DIM)], 10)])] == [""]


def test_a_look_below_all_others_leaves_a_row_what_it_is() -> None:
    rows = [styled(row, palette.DIM) for row in wrap([("one two three", palette.BOLD)], 8)]
    assert [line.text for line in lines_of(rows)] == ["one two three"]


def test_part_of_a_row_is_drawn_in_another_look() -> None:
    (row,) = wrap([("one ", palette.PLAIN), ("two", palette.BOLD)], 20)
    chosen = drawn(row, 2, 6, palette.CHOSEN)
    assert chosen.text == row.text
    looks = [(segment.text, (segment.style or Style()).reverse) for segment in chosen]
    assert looks == [("on", None), ("e ", True), ("tw", True), ("o", None)]
    assert drawn(row, 0, 99, palette.CHOSEN).text == row.text
    assert drawn(row, 9, 12, palette.CHOSEN) is row
