"""A page is drawn piece by piece, whatever is on it."""

from __future__ import annotations

import pytest

from codex_ssh.core.items import Change, ChangeKind
from codex_ssh.tui.page import PIECE_LINES, Page, diff_page, language_of, rows_page, text_page


def drawn(page: Page, width: int = 40) -> list[str]:
    """Give all rows of a page."""
    return [row.text for piece in page.pieces for row in piece.draw(width, False)]


@pytest.mark.parametrize("line", [0, 1, 2, PIECE_LINES, PIECE_LINES + 1, PIECE_LINES + 2, 1000, 5000])
def test_a_text_begins_at_the_line_that_is_wanted_and_is_whole(line: int) -> None:
    text = "".join(f"row {number}\n" for number in range(1, 1001))
    page = text_page("a", text, line=line)
    assert [row.split() for row in drawn(page)] == [[str(n), "row", str(n)] for n in range(1, 1001)]
    first = page.pieces[page.begin_at].draw(40, False)[0].text
    assert first.split()[0] == str(min(max(line, 1), 1000))


def test_long_lines_are_wrapped_under_themselves() -> None:
    assert drawn(text_page("a", "x" * 50), 20) == ["1 " + "x" * 18, "  " + "x" * 18, "  " + "x" * 14]


def test_what_a_text_says_cannot_change_the_screen() -> None:
    rows = drawn(text_page("evil\x1b[2J", "a\x1b]0;title\x07b\n\u202ec"))
    assert rows == ["1 a␛]0;title␇b", "2 <202e>c"]
    assert text_page("evil\x1b[2J", "").title == "evil␛[2J"


def test_an_empty_text_has_one_empty_row() -> None:
    assert drawn(text_page("a", "")) == ["1 "]


def test_names_tell_languages() -> None:
    names = ("a/b.py", "Makefile", "x/Dockerfile", "a.unknown", "README", "b.TS")
    assert [language_of(name) for name in names] == ["py", "makefile", "dockerfile", "", "", "ts"]


def test_headings_are_what_one_can_go_to() -> None:
    page = rows_page("keys", [("here", ""), ("Enter", "go"), ("a name that is far too long for it", "x")])
    assert [piece.title for piece in page.pieces] == ["here", "", ""]
    assert drawn(page, 80)[1:] == [
        "here",
        "Enter                     go",
        "a name that is far too long for it",
        "                          x",
    ]
    assert drawn(page, 40)[2:4] == ["Enter", "  go"]


def test_each_file_of_a_diff_is_a_part() -> None:
    changes = [
        Change(path="new", kind=ChangeKind.ADD, diff="one\n"),
        Change(path="old", diff="@@ -1 +1 @@\n-a\n+b\n", moved_to="moved"),
    ]
    page = diff_page("d", changes, text="", notes=["cut off"])
    assert [piece.title for piece in page.pieces] == ["", "new", "old"]
    rows = drawn(page, 60)
    assert rows[0] == "cut off"
    assert "new  new +1 -0" in rows
    assert "old → moved  changed +1 -1" in rows
