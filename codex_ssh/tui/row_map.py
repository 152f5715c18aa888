"""Which rows are where, when things of any height stand one below the other.

Lives here: heights, and going from a thing to its first row and from a row to its thing. Not here: what the
things are, and which rows somebody looks at (:mod:`codex_ssh.tui.window`).

With 100 000 things a height changes, one is added and a row is found in about seventeen steps: sums over
powers of two are kept (a Fenwick tree). Only putting things in front of all others looks at every one.
"""

from __future__ import annotations

from collections.abc import Iterable


class RowMap:
    """Heights in rows, from the top; a height may be 0."""

    def __init__(self, heights: Iterable[int] = ()) -> None:
        self._heights: list[int] = []
        self._sums: list[int] = [0]
        self.extend(heights)

    def __len__(self) -> int:
        return len(self._heights)

    @property
    def total(self) -> int:
        """Rows of all together."""
        return self.top(len(self._heights))

    def height(self, at: int) -> int:
        """Give the height of one."""
        return self._heights[at]

    def heights(self, start: int) -> list[int]:
        """Give the heights from one on."""
        return self._heights[start:]

    def top(self, at: int) -> int:
        """Give the number of rows above one; of all when it is behind the last."""
        rows, sums = 0, self._sums
        while at > 0:
            rows += sums[at]
            at &= at - 1
        return rows

    def find(self, row: int) -> tuple[int, int]:
        """Give the thing a row belongs to, and the row in it.

        A row above the first is the first's, one below the last is behind the last: the number of things.
        """
        row = max(0, row)
        at, count, sums = 0, len(self._heights), self._sums
        step = 1 << count.bit_length()
        while step := step >> 1:
            if at + step <= count and sums[at + step] <= row:
                at += step
                row -= sums[at]
        return at, row

    def put(self, at: int, height: int) -> None:
        """Change the height of one."""
        more = height - self._heights[at]
        if not more:
            return
        self._heights[at] = height
        at, sums = at + 1, self._sums
        while at < len(sums):
            sums[at] += more
            at += at & -at

    def extend(self, heights: Iterable[int]) -> None:
        """Add some below the last."""
        if not self._heights:
            self._begin(list(heights))
            return
        for height in heights:
            self._heights.append(height)
            number = len(self._heights)
            rows, at = height, number - 1
            while at > number & (number - 1):
                rows += self._sums[at]
                at &= at - 1
            self._sums.append(rows)

    def _begin(self, heights: list[int]) -> None:
        """Take the first ones, all at once: each sum is added to the one it is part of."""
        self._heights, self._sums = heights, [0, *heights]
        sums, end = self._sums, len(self._sums)
        for at in range(1, end) if any(heights) else ():
            within = at + (at & -at)
            if within < end:
                sums[within] += sums[at]

    def cut(self, length: int) -> None:
        """Leave only the first so many."""
        del self._heights[length:]
        del self._sums[length + 1 :]

    def put_in_front(self, heights: Iterable[int]) -> None:
        """Add some above the first."""
        whole = [*heights, *self._heights]
        self.cut(0)
        self.extend(whole)
