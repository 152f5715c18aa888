"""Diffs keep their signs and numbers, and new files their content."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.items import Change, ChangeKind
from codex_ssh.tui import palette
from codex_ssh.tui.diff import DiffLine, change_counts, diff_lines, diff_rows, short_path

DIFF = """diff --git a b
index 1
--- a
+++ b
@@ -9,4 +9,5 @@ def add(a, b):
 def add(a, b):
-    return a - b
+    return a + b
+    # done
 same
@@ -120 +121 @@
-last
+end
\\ No newline at end of file
"""


def rows(width: int, *, side_by_side: bool = False, diff: str = DIFF) -> list[str]:
    made = diff_rows(Change(path="p", diff=diff), width, side_by_side=side_by_side)
    return [strip.text.rstrip() for strip in made]


def test_content_of_new_files_may_look_like_a_diff() -> None:
    added = Change(path="p", kind=ChangeKind.ADD, diff="--- not a header\n+++ nor this\n")
    assert diff_lines(added) == [
        DiffLine(sign="+", text="--- not a header", new=1),
        DiffLine(sign="+", text="+++ nor this", new=2),
    ]
    assert diff_lines(Change(path="p", kind=ChangeKind.DELETE, diff="x")) == [
        DiffLine(sign="-", text="x", old=1)
    ]


def test_lines_that_look_like_headers_inside_a_hunk_are_lines() -> None:
    change = Change(path="p", diff="@@ -1,2 +1,2 @@\n--- a\n+++ b\n")
    assert [(line.sign, line.text) for line in diff_lines(change)] == [
        ("-", "-- a"),
        ("+", "++ b"),
    ]
    assert change_counts(change) == (1, 1)


def test_headers_are_left_out_and_lines_counted() -> None:
    change = Change(path="p", diff=DIFF)
    assert change_counts(change) == (3, 2)
    assert change_counts(Change(path="p")) == (0, 0)


def test_each_line_has_its_old_and_its_new_number() -> None:
    assert rows(60) == [
        "  ⋮ def add(a, b):",
        "    9   9   def add(a, b):",
        "   10     -     return a - b",
        "       10 +     return a + b",
        "       11 +     # done",
        "   11  12   same",
        "  ⋮",
        "  120     - last",
        "      121 + end",
        "  \\ No newline at end of file",
    ]


def test_where_there_is_little_room_a_line_has_one_number() -> None:
    assert rows(40)[1:4] == ["    9   def add(a, b):", "   10 -     return a - b", "   10 +     return a + b"]


def test_old_and_new_stand_side_by_side_where_there_is_room() -> None:
    assert rows(99, side_by_side=True) == rows(99)
    made = rows(100, side_by_side=True)
    assert made == [
        "  ⋮ def add(a, b):",
        "    9   def add(a, b):                            │   9   def add(a, b):",
        "   10 -     return a - b                          │  10 +     return a + b",
        "                                                  │  11 +     # done",
        "   11   same                                      │  12   same",
        "  ⋮",
        "  120 - last                                      │ 121 + end",
        "  \\ No newline at end of file",
    ]


def test_long_lines_wrap_below_their_sign() -> None:
    change = Change(path="p", kind=ChangeKind.ADD, diff="abcdefghij\n")
    assert [strip.text for strip in diff_rows(change, 12)] == ["  1 + abcdef", "      ghij"]
    long = "@@ -1 +1 @@\n-" + "a" * 60 + "\n+" + "b" * 50 + "\n"
    sides = [row.split("│") for row in rows(100, side_by_side=True, diff=long)]
    assert [(left.strip(), right.strip()) for left, right in sides] == [
        ("1 - " + "a" * 43, "1 + " + "b" * 43),
        ("a" * 17, "b" * 7),
    ]


def test_the_part_of_a_line_that_changed_is_set_off() -> None:
    made = diff_rows(Change(path="p", diff="@@ -1 +1 @@\n-return a - b\n+return a + b\n"), 60)
    off = {palette.REMOVED_PART, palette.ADDED_PART}
    assert [seg.text for strip in made for seg in strip if seg.style in off] == ["-", "+"]
    other = diff_rows(Change(path="p", diff="@@ -1 +1 @@\n-one thing\n+quite another\n"), 60)
    assert [seg.text for strip in other for seg in strip if seg.style in off] == []


def test_paths_below_the_directory_are_short() -> None:
    assert short_path("/w/a/b", "/w/") == "a/b"
    assert short_path("/www/a", "/w") == "/www/a"
    assert short_path("/x\x1b", "") == "/x␛"


LINE = st.sampled_from(
    [" same", "-old", "+new", "-a b", "+a c", "@@ -1,2 +3,4 @@", "@@ odd", "\\ No", "", "+日本", "x"]
)


@pytest.mark.parametrize("side_by_side", [False, True])
@given(lines=st.lists(LINE, max_size=12), width=st.integers(30, 140))
def test_any_diff_fits_and_loses_no_line(lines: list[str], width: int, side_by_side: bool) -> None:
    change = Change(path="p", diff="\n".join(lines))
    made = diff_rows(change, width, side_by_side=side_by_side)
    assert all(strip.cell_length <= width for strip in made)
    shown = "".join(strip.text for strip in made)
    assert shown.count("日本") == sum(line == "+日本" for line in lines)
