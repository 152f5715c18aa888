"""What is selected is copied as it was before it was wrapped, without marks, gutters and folds."""

from __future__ import annotations

import pytest

from codex_ssh.core.entry import Content, Entry, Level, Notice, Progress
from codex_ssh.core.items import AgentMessage, CommandExecution, ItemId, ItemStatus
from codex_ssh.core.transcript import Changes
from codex_ssh.tui.selection import Grain, Selection, Spot, word_at
from codex_ssh.tui.window import Window

LIST = "Some words that are wrapped.\n\n- one item\n- two\n\n```sh\n  cat /etc/hosts\n```"


def window(*contents: Content, width: int = 24) -> Window:
    made = Window()
    made.resize(width, 50)
    made.show([Entry(("t", str(at)), one, Progress.DONE) for at, one in enumerate(contents)], "/w")
    return made


def message(text: str = LIST) -> AgentMessage:
    return AgentMessage(id=ItemId("m"), text=text)


def rows(made: Window) -> list[str]:
    return [placed.strip.text.rstrip() for placed in made.rows]


def spot(made: Window, y: int, column: int) -> Spot:
    placed = made.rows[y]
    return Spot(key=made.entries[placed.at].key, row=placed.row, column=column)


def select(
    made: Window, start: tuple[int, int], end: tuple[int, int], grain: Grain = Grain.CHARACTER
) -> Selection:
    return Selection(fixed=spot(made, *start), moving=spot(made, *end), grain=grain)


def text(made: Window, selection: Selection) -> str:
    return selection.text(made.at, made.rows_of)


def test_a_wrapped_line_is_one_line_without_its_mark() -> None:
    made = window(message())
    assert rows(made)[:2] == ["• Some words that are", "  wrapped."]
    assert text(made, select(made, (0, 0), (1, 40))) == "Some words that are wrapped."
    assert text(made, select(made, (0, 2), (0, 5))) == "Some"
    assert text(made, select(made, (1, 4), (0, 7))) == "words that are wra"


def test_all_of_an_answer_is_its_text_and_lists_keep_their_marks() -> None:
    made = window(message())
    whole = text(made, select(made, (0, 0), (len(made.rows) - 1, 0)))
    assert whole == "Some words that are wrapped.\n\n• one item\n• two\n\n  cat /etc/hosts"


def test_output_is_copied_without_gutter_and_what_is_folded_without_the_note() -> None:
    output = "\n".join(f"line {n}" for n in range(9))
    command = CommandExecution(id=ItemId("c"), command="seq 9", status=ItemStatus.COMPLETED, output=output)
    made = window(command)
    assert rows(made)[:3] == ["$ Ran seq 9", "    … 3 more lines (ctr…", "  │ line 3"]
    whole = text(made, select(made, (0, 0), (len(made.rows) - 1, 0)))
    assert whole == "seq 9\n" + "\n".join(f"line {n}" for n in range(3, 9))


def test_it_goes_over_several_entries() -> None:
    made = window(message("first one"), Notice(level=Level.INFO, text="second"), message("third"))
    assert text(made, select(made, (0, 8), (4, 3))) == "one\n\nsecond\n\nth"


@pytest.mark.parametrize(
    ("grain", "copied"),
    [
        (Grain.CHARACTER, "n"),
        (Grain.WORD, "/usr/share/dict/words-in-english.txt:12"),
        (Grain.LINE, "see /usr/share/dict/words-in-english.txt:12 for it"),
    ],
)
def test_words_and_lines_are_whole_though_they_were_broken(grain: Grain, copied: str) -> None:
    made = window(message("see /usr/share/dict/words-in-english.txt:12 for it"))
    assert rows(made)[2] == "  in-english.txt:12 for"
    assert text(made, select(made, (2, 6), (2, 6), grain)) == copied


def test_a_second_word_is_added_in_both_directions() -> None:
    made = window(message("one two three four"), width=80)
    assert text(made, select(made, (0, 7), (0, 12), Grain.WORD)) == "two three"
    assert text(made, select(made, (0, 7), (0, 3), Grain.WORD)) == "one two"


@pytest.mark.parametrize(
    ("line", "at", "word"),
    [
        ("see https://a.example/b?c=d.", 8, "https://a.example/b?c=d."),
        ("(note)", 2, "note"),
        ("(note)", 0, "("),
        ("a   b", 2, "   "),
        ("ab", 9, ""),
    ],
)
def test_words(line: str, at: int, word: str) -> None:
    start, end = word_at(line, at)
    assert line[start:end] == word


def test_the_cells_that_are_drawn_are_those_that_are_copied() -> None:
    made = window(message())
    selection = select(made, (0, 7), (1, 4))
    spans = selection.spans(0, 0, 3, made.at, made.rows_of)
    assert [(span.row, span.start, span.end) for span in spans] == [(0, 7, 21), (1, 2, 5)]
    assert selection.spans(0, 1, 1, made.at, made.rows_of) != []
    assert select(made, (0, 9), (0, 9)).spans(3, 0, 0, made.at, made.rows_of) == []


def test_it_stays_on_its_text_when_the_transcript_grows_on_both_sides() -> None:
    made = window(message("first one"), message("second one"))
    selection = select(made, (0, 2), (2, 7))
    before = text(made, selection)
    there = [Entry(("old", "x"), message("older"), Progress.DONE), *made.entries]
    made.update(there, Changes(entries=frozenset(), order=True, facts=False, front=1, kept=2))
    assert text(made, selection) == before == "first one\n\nsecond"


def test_nothing_is_selected_when_an_end_is_gone() -> None:
    made = window(message("first"), message("second"))
    selection = select(made, (0, 2), (2, 4))
    made.update(made.entries[1:], Changes(entries=frozenset(), order=True, facts=False))
    assert text(made, selection) == ""
    assert selection.spans(0, 0, 0, made.at, made.rows_of) == []
