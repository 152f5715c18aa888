"""Which rows are where: the same as adding up all heights, after whatever happened to them."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.tui.row_map import RowMap

HEIGHTS = st.lists(st.integers(0, 9), max_size=40)
CHANGES = st.one_of(
    st.tuples(st.just("extend"), HEIGHTS),
    st.tuples(st.just("in front"), HEIGHTS),
    st.tuples(st.just("cut"), st.integers(0, 80)),
    st.tuples(st.just("put"), st.tuples(st.integers(0, 80), st.integers(0, 9))),
)


@given(HEIGHTS, st.lists(CHANGES, max_size=12))
def test_it_is_what_adding_up_gives(heights: list[int], changes: list[tuple[str, object]]) -> None:
    rows, naive = RowMap(heights), list(heights)
    for change in changes:
        match change:
            case "extend", list(more):
                rows.extend(more)
                naive += more
            case "in front", list(more):
                rows.put_in_front(more)
                naive[:0] = more
            case "cut", int(length):
                rows.cut(length)
                del naive[length:]
            case "put", (int(at), int(height)) if naive:
                rows.put(at % len(naive), height)
                naive[at % len(naive)] = height
    tops = [0, *accumulate(naive)]
    assert len(rows) == len(naive)
    assert rows.heights(0) == naive
    assert [rows.top(at) for at in range(len(naive) + 1)] == tops
    assert rows.total == tops[-1]
    owners = [(at, row) for at, height in enumerate(naive) for row in range(height)]
    assert [rows.find(row) for row in range(tops[-1])] == owners


def test_rows_outside_belong_to_the_first_and_behind_the_last() -> None:
    rows = RowMap([2, 0, 3])
    assert rows.find(-4) == (0, 0)
    assert rows.find(5) == (3, 0)
    assert rows.find(9)[0] == 3
    assert RowMap().find(0) == (0, 0)


def test_a_change_looks_at_few_of_many() -> None:
    rows = RowMap([1] * 100_000)
    looked = 0

    class Counting(list[int]):
        def __getitem__(self, at):  # type: ignore[no-untyped-def]
            nonlocal looked
            looked += 1
            return super().__getitem__(at)

    rows._sums = Counting(rows._sums)
    rows.put(50_000, 7)
    assert rows.find(99_999)[0] == 99_993
    rows.extend([4])
    assert rows.total == 100_010
    assert looked < 120
