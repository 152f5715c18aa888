"""Finding: what matches, how often, in which order, and at what cost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.entry import Content, Entry, Level, Notice, Progress
from codex_ssh.core.items import AgentMessage, CommandExecution, ItemId, WebSearch
from codex_ssh.tui.find import Finder, Match, found_in, pattern_of
from codex_ssh.tui.window import Window


def notice(name: str, text: str) -> Entry:
    return Entry(("t", name), Notice(level=Level.INFO, text=text), Progress.DONE)


def entries(*texts: str) -> list[Entry]:
    return [notice(str(at), text) for at, text in enumerate(texts)]


def run(finder: Finder) -> Finder:
    while not finder.is_done:
        finder.step()
    return finder


def every(finder: Finder) -> list[Match]:
    match = finder.nearest(-1)
    found = []
    while match is not None:
        found.append(match)
        match = finder.beside(match, 1)
    return found


TEXTS = st.lists(st.text("ab ", max_size=8), max_size=12)


@given(TEXTS, st.integers(0, 12), st.sampled_from(["a", "ab", "b a"]), TEXTS, st.integers(0, 12))
def test_every_match_is_found_once_in_order(
    texts: list[str], start: int, wanted: str, more: list[str], after: int
) -> None:
    there = entries(*texts)
    finder = Finder(wanted, there, start)
    for _ in range(after):
        finder.step()
    there = [*(notice(f"old {at}", text) for at, text in enumerate(more)), *there]
    finder.take(there)
    run(finder)
    assert finder.looked_at == len(there)
    shown = [text.rstrip() for text in [*more, *texts]]
    expected = [Match(at, number) for at, text in enumerate(shown) for number in range(text.count(wanted))]
    assert every(finder) == expected
    assert finder.total == len(expected)
    assert [finder.number(match) for match in expected] == list(range(1, len(expected) + 1))
    assert [finder.beside(match, -1) for match in expected[1:]] == expected[:-1]


def test_small_letters_find_capitals_and_a_capital_counts() -> None:
    assert run(Finder("make", entries("Make make MAKE"), 0)).total == 3
    assert run(Finder("Make", entries("Make make MAKE"), 0)).total == 1
    assert run(Finder("a.b(", entries("a.b( axb("), 0)).total == 1


def test_it_begins_where_the_reader_is_and_goes_up() -> None:
    finder = Finder("x", entries("x", "x x", "x", "x"), 1)
    assert [finder.step() for _ in range(5)] == [Match(1, 1), Match(0, 0), Match(3, 0), Match(2, 0), None]
    assert finder.nearest(1) == Match(1, 1)
    assert run(Finder("x", entries("", "", "x"), 0)).nearest(0) == Match(2, 0)
    assert run(Finder("y", entries("x"), 0)).nearest(0) is None


def content(text: Content) -> list[Entry]:
    return [Entry(("t", "m"), text, Progress.DONE)]


def test_marks_of_markdown_do_not_part_words_unless_they_are_looked_for() -> None:
    message = content(AgentMessage(id=ItemId("m"), text="it is **very** `snake_case` _slow_"))
    assert (
        run(Finder("is very snake_case slow", message, 0)).total == 0
    )  # with a mark in it: as it is written
    assert run(Finder("is very", message, 0)).total == 1
    assert run(Finder("**very**", message, 0)).total == 1
    assert run(Finder("snake_case", message, 0)).total == 1


def test_what_is_folded_away_is_found() -> None:
    output = "\n".join(f"line {number}" for number in range(90))
    command = content(CommandExecution(id=ItemId("c"), command="seq", output=output))
    assert run(Finder("line 7", command, 0)).total == 11


def test_our_own_words_about_small_things_are_found_as_they_look() -> None:
    there = content(WebSearch(id=ItemId("w"), query="how to", action="search"))
    assert run(Finder("searched the web for", there, 0)).total == 1


def test_a_longer_text_is_looked_for_only_where_the_shorter_one_was() -> None:
    there = entries(*(f"number {number}" for number in range(100)))
    shorter = run(Finder("number 7", there, 99))
    longer = run(Finder("number 77", there, 99, shorter))
    assert (longer.total, longer.looked_at) == (1, 11)
    other = run(Finder("number 8", there, 99, longer))
    assert (other.total, other.looked_at) == (11, 100)


def test_an_entry_that_grew_is_gone_through_again() -> None:
    there = entries("x", "")
    finder = run(Finder("x", there, 1))
    there[1].put(Notice(level=Level.INFO, text="x x"))
    finder.touch(1)
    assert (run(finder).total, finder.looked_at) == (3, 3)
    finder.touch(1)
    finder.touch(1)
    assert (run(finder).total, finder.looked_at) == (3, 4)


def test_entries_that_come_at_the_end_cost_nothing_for_the_others() -> None:
    there = entries(*("x" for _ in range(100)))
    finder = run(Finder("x", there, 99))
    there = [*there, notice("new", "x x")]
    finder.take(there, 100)
    assert (run(finder).total, finder.looked_at) == (102, 101)
    finder.take(there[1:])
    assert (run(finder).total, finder.looked_at) == (101, 101)


def test_a_match_is_drawn_in_all_rows_it_is_in() -> None:
    window = Window()
    window.resize(12, 20)
    window.show(content(AgentMessage(id=ItemId("m"), text="one two three two")), "/w")
    rows = window.rows_of(0)
    assert [row.text.rstrip() for row in rows] == ["• one two", "  three two", ""]
    cells = [
        [(span.row, span.start, span.end) for span in spans]
        for spans in found_in(rows, pattern_of("two"), 0, 2)
    ]
    assert cells == [[(0, 6, 9)], [(1, 8, 11)]]
    across = list(found_in(rows, pattern_of("two three"), 0, 2))
    assert [(span.row, span.start, span.end) for span in across[0]] == [(0, 6, 9), (1, 2, 7)]
