"""What is in view: a piece of all rows there are, where the reader is, at a cost that does not grow."""

from __future__ import annotations

from typing import Final

from hypothesis import given
from hypothesis import strategies as st
from textual.strip import Strip

from codex_ssh.core.entry import Content, Entry, Level, Notice, Progress, TurnEnd
from codex_ssh.core.items import CommandAction, CommandExecution, ItemId, ItemStatus
from codex_ssh.core.thread import TurnStatus
from codex_ssh.core.transcript import Changes
from codex_ssh.tui.cells import Cell, place_of
from codex_ssh.tui.window import KEPT_ROWS, MEASURED_AHEAD, Window

WIDTH, HEIGHT = 30, 8


def lines(name: str, count: int) -> str:
    return "\n".join(f"{name}.{line}" for line in range(count))


def content(name: str, size: int) -> Content:
    """Something as tall as asked: nothing, a look into a file, a notice, or what is folded when long."""
    if size == 0:
        return TurnEnd(status=TurnStatus.COMPLETED, error=None, duration_ms=None)
    if size == 1:
        looked = (CommandAction(kind="read", command="cat", target=name),)
        return CommandExecution(id=ItemId(name), command="cat", actions=looked, status=ItemStatus.COMPLETED)
    if size % 2:
        return Notice(level=Level.INFO, text=lines(name, size), details="words to be wrapped " * (size // 3))
    output = lines(name, 2 * size)
    return CommandExecution(id=ItemId(name), command=name, status=ItemStatus.COMPLETED, output=output)


def entry(name: str, size: int) -> Entry:
    return Entry(("t", name), content(name, size), Progress.DONE)


def entries(count: int, size: int = 3, prefix: str = "e") -> list[Entry]:
    return [entry(f"{prefix}{number}", size) for number in range(count)]


class Naive:
    """All rows of all entries, and a window at some of them."""

    def __init__(self, window: Window) -> None:
        self.rows = [
            (at, row, strip.text)
            for at, one in enumerate(window.entries)
            for row, strip in enumerate(self._rows(window, at, one))
        ]
        self.seen = [(placed.at, placed.row, placed.strip.text) for placed in window.rows]
        self.start = self.rows.index(self.seen[0]) if self.seen else 0

    def _rows(self, window: Window, at: int, one: Entry) -> list[Strip]:
        cell = Cell(one)
        cell.place = place_of(window.entries, at)
        return cell.rows(window._look_of(one.key))

    @property
    def last_start(self) -> int:
        return max(0, len(self.rows) - HEIGHT)


SIZES: Final = st.lists(st.integers(0, 12), min_size=1, max_size=8)
ACTIONS: Final = st.one_of(
    st.tuples(st.just("append"), SIZES),
    st.tuples(st.just("in front"), SIZES),
    st.tuples(st.just("grow"), st.tuples(st.integers(0, 99), st.integers(0, 12))),
    st.tuples(st.just("remove"), st.integers(0, 99)),
    st.tuples(st.just("again"), st.integers(0, 99)),
    st.tuples(st.just("width"), st.integers(12, 60)),
    st.tuples(st.just("scroll"), st.integers(-20, 20)),
    st.tuples(st.just("toggle"), st.integers(0, 99)),
    st.tuples(st.just("toggle all"), st.none()),
    st.tuples(st.just("follow"), st.none()),
    st.tuples(st.just("jump"), st.integers(0, 200)),
)


class Play:
    """A window, and the entries its owner has."""

    def __init__(self, sizes: list[int]) -> None:
        self.entries = [entry(f"e{at}", size) for at, size in enumerate(sizes)]
        self.named = len(sizes)
        self.window = Window()
        self.window.resize(WIDTH, HEIGHT)
        self.window.show(self.entries, "/w")

    def name(self) -> str:
        self.named += 1
        return f"e{self.named}"

    def act(self, action: str, value: object) -> None:
        window, front, kept, changed = self.window, 0, len(self.entries), list[Entry]()
        match action, value:
            case "append", list(sizes):
                changed = [entry(self.name(), size) for size in sizes]
                self.entries += changed
            case "in front", list(sizes):
                changed = [entry(self.name(), size) for size in sizes]
                self.entries[:0] = changed
                front = len(changed)
            case "grow", (int(at), int(size)) if self.entries:
                changed = [self.entries[at % kept]]
                changed[0].put(content(changed[0].key[1], size))
            case "remove", int(at) if self.entries:
                kept = at % kept
                del self.entries[kept]
            case "again", int(at) if self.entries:
                # The server's account brings the same entry as another object.
                kept = at % kept
                self.entries[kept] = Entry(self.entries[kept].key, content("again", 5), Progress.DONE)
            case "width", int(width):
                window.resize(width, HEIGHT)
            case "scroll", int(rows):
                window.scroll(rows)
            case "toggle", int(at) if self.entries:
                window.toggle(at % kept)
            case "toggle all", _:
                window.toggle_all()
            case "follow", _:
                window.follow()
            case "jump", int(row):
                window.jump(row)
        keys = frozenset(one.key for one in changed)
        window.update(
            list(self.entries), Changes(entries=keys, order=True, facts=False, front=front, kept=kept)
        )


@given(SIZES, st.lists(ACTIONS, max_size=12))
def test_the_view_is_a_piece_of_all_rows_whatever_happens(
    sizes: list[int], actions: list[tuple[str, object]]
) -> None:
    play = Play(sizes)
    for action, value in actions:
        play.act(action, value)
        naive = Naive(play.window)
        assert naive.seen == naive.rows[naive.start : naive.start + HEIGHT]
        assert len(naive.seen) == min(HEIGHT, len(naive.rows))
        if play.window.following:
            assert naive.start == naive.last_start
        for at in range(len(play.window.entries)):
            play.window.rows_of(at)
        assert play.window.total == len(naive.rows)
        play.window.settle()
        assert play.window.top == naive.start


@given(SIZES, st.lists(ACTIONS, max_size=8), st.integers(-30, 30))
def test_scrolling_goes_row_by_row_whatever_was_guessed(
    sizes: list[int], actions: list[tuple[str, object]], rows: int
) -> None:
    play = Play(sizes)
    for action, value in actions:
        play.act(action, value)
    before = Naive(play.window)
    play.window.scroll(rows)
    after = Naive(play.window)
    assert after.start == min(max(0, before.start + rows), before.last_start)
    assert play.window.following == (after.start == after.last_start)


@given(SIZES, SIZES, st.lists(ACTIONS, max_size=8))
def test_a_reader_stays_where_he_is_while_all_else_changes(
    sizes: list[int], more: list[int], actions: list[tuple[str, object]]
) -> None:
    play = Play([*sizes, 9, *more, 11, 11])
    at = len(sizes)
    play.window.bring(at, 2, 0)
    assert not play.window.following
    place = (play.window.entries[at].key, 2)
    for action, value in actions:
        if action in ("append", "in front") or (action == "grow" and isinstance(value, tuple)):
            if action == "grow" and play.entries[value[0] % len(play.entries)].key == place[0]:  # type: ignore[index]
                continue
            play.act(action, value)
            naive = Naive(play.window)
            top = play.window.rows[0]
            assert (play.window.entries[top.at].key, top.row) == place or naive.start == naive.last_start


def test_a_long_transcript_costs_what_is_in_view() -> None:
    window = Window()
    window.resize(80, 40)
    there = entries(20_000)
    window.show(there, "/w")
    assert window.made < 30 + MEASURED_AHEAD
    made = window.made
    for _ in range(50):
        there[-1].put(Notice(level=Level.INFO, text="grown"))
        window.update(there, Changes(entries=frozenset({there[-1].key}), order=False, facts=False))
    assert window.made - made <= 55
    made = window.made
    window.scroll(-3)
    window.scroll(-38)
    window.resize(100, 40)
    window.jump(30_000)
    window.bring(12_345, 0, 10)
    assert window.made - made <= 5 * (30 + MEASURED_AHEAD)
    assert len(window._cells) < 300


def test_rows_that_were_not_seen_for_long_are_dropped() -> None:
    window = Window()
    window.resize(80, 40)
    window.show(entries(5000, size=4), "/w")
    for _ in range(300):
        window.scroll(-38)
    held = sum(cell.height for cell in window._cells.values())
    assert window._kept == held
    assert held <= KEPT_ROWS
    window.follow()
    assert window.rows[-2].strip.text.endswith("e4999.7")


def test_only_what_came_below_is_counted_as_unread() -> None:
    play = Play([3] * 30)
    play.window.scroll(-5)
    assert (play.window.unread, play.window.grew) == (0, False)
    play.act("grow", (2, 5))
    assert (play.window.unread, play.window.grew) == (0, False)
    play.act("in front", [3, 3])
    assert (play.window.unread, play.window.grew) == (0, False)
    play.act("grow", (len(play.entries) - 1, 7))
    assert (play.window.unread, play.window.grew) == (0, True)
    play.act("append", [3, 3, 3])
    assert play.window.unread == 3
    play.window.follow()
    assert (play.window.unread, play.window.grew) == (0, False)


def test_an_entry_that_is_folded_stays_under_the_mouse() -> None:
    play = Play([3, 3, 12, 3, 3, 3])
    play.window.bring(2, 0, 3)
    play.window.toggle(2)
    assert play.window.is_unfolded(2)
    assert (play.window.rows[3].at, play.window.rows[3].row) == (2, 0)
    play.act("grow", (2, 10))
    assert play.window.is_unfolded(2)
    play.window.toggle(2)
    assert (play.window.rows[3].at, play.window.rows[3].row) == (2, 0)


def test_an_entry_can_be_held_open_for_a_while() -> None:
    play = Play([12, 12])
    play.window.hold_open(play.window.entries[1].key)
    assert [play.window.is_unfolded(at) for at in range(2)] == [False, True]
    play.window.hold_open(None)
    assert [play.window.is_unfolded(at) for at in range(2)] == [False, False]


def test_nothing_in_view_is_no_trouble() -> None:
    window = Window()
    window.scroll(3)
    window.hold()
    window.resize(80, 24)
    window.show([], "/w")
    window.scroll(-3)
    window.jump(7)
    window.toggle_all()
    assert window.rows == []
    assert window.following
    window.show([entry("end", 0)], "/w")
    assert window.rows == []
