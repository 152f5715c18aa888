"""Diffs keep their signs, and new files their content."""

from codex_ssh.core.items import Change, ChangeKind
from codex_ssh.tui.diff import change_counts, change_lines, diff_rows, short_path


def test_content_of_new_files_may_look_like_a_diff() -> None:
    added = Change(path="p", kind=ChangeKind.ADD, diff="--- not a header\n+++ nor this\n")
    assert change_lines(added) == [("+", "--- not a header"), ("+", "+++ nor this")]


def test_headers_are_left_out_and_lines_counted() -> None:
    change = Change(path="p", diff="diff --git a b\nindex 1\n--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\n c\n")
    assert change_lines(change) == [("@", "@@ -1 +1 @@"), ("-", "a"), ("+", "b"), (" ", "c")]
    assert change_counts(change) == (1, 1)
    assert change_lines(Change(path="p")) == []


def test_long_lines_wrap_below_their_sign() -> None:
    change = Change(path="p", kind=ChangeKind.ADD, diff="abcdefghij\n")
    assert [strip.text for strip in diff_rows(change, 10)] == ["  + abcdef", "    ghij"]


def test_paths_below_the_directory_are_short() -> None:
    assert short_path("/w/a/b", "/w/") == "a/b"
    assert short_path("/www/a", "/w") == "/www/a"
    assert short_path("/x\x1b", "") == "/x␛"
