"""Markdown is split where a piece is finished, and never earlier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.tui.blocks import Blocks, Kind

LINES = st.lists(
    st.sampled_from(
        [
            "words", "more words", "", "", "# Head", "- item", "* other", "1. one", "2. two", "   under it",
            "    deep", "```", "```py", "~~~~", "    ```", "> quote",
            "| a | b |", "|---|---|", "| 1 | 2 |", "---",
            "***", "- - -", "-", "1.", "`a` | b", "[x]: y",
        ]
    ),
    max_size=14,
)  # fmt: skip


def pieces(text: str) -> list[tuple[str, str]]:
    return [(piece.kind.name, piece.text) for piece in Blocks().rest(text.split("\n"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a\nb\n\nc", [("BLOCK", "a\nb"), ("BLOCK", "c")]),
        ("# H\ntext", [("BLOCK", "# H"), ("BLOCK", "text")]),
        ("text\n# H", [("BLOCK", "text"), ("BLOCK", "# H")]),
        ("text\n- a\n- b", [("BLOCK", "text"), ("ITEM", "- a"), ("ITEM", "- b")]),
        ("text\n2. is no item", [("BLOCK", "text\n2. is no item")]),
        ("text\n---\nmore", [("BLOCK", "text\n---\nmore")]),
        ("- a\n\n  b\n\n- c", [("ITEM", "- a\n\n  b"), ("ITEM", "- c")]),
        ("- a\nlazy\n---\nb", [("ITEM", "- a\nlazy"), ("BLOCK", "---\nb")]),
        ("- a\n\nb", [("ITEM", "- a"), ("BLOCK", "b")]),
        ("```py\n- a\n\n\n# b\n```\nc", [*(("CODE", x) for x in ("- a", "", "", "# b")), ("BLOCK", "c")]),
        ("```\n```", [("CODE", "")]),
        ("  ```\n    x\n  ```", [("CODE", "  x")]),
        ("- ```\n  x\n  ```\n- b", [("ITEM", "- ```\n  x\n  ```"), ("ITEM", "- b")]),
        ("``` no `fence", [("BLOCK", "``` no `fence")]),
        ("in\n| a |\n|---|\n| 1 |\n\nb", [("BLOCK", "in"), ("TABLE", "| a |\n|---|\n| 1 |"), ("BLOCK", "b")]),
        ("a | b\n---", [("BLOCK", "a | b\n---")]),
        ("> a\nb\n\n> c", [("BLOCK", "> a\nb"), ("BLOCK", "> c")]),
    ],
)
def test_text_is_split_where_something_new_begins(text: str, expected: list[tuple[str, str]]) -> None:
    assert pieces(text) == expected


def test_items_and_lines_of_code_say_that_they_go_on() -> None:
    found = Blocks().rest(["3. a", "7. b", "- c", "```py", "d", "e", "```", "```", "f"])
    assert [(piece.joined, piece.number, piece.language) for piece in found] == [
        (False, 3, ""),
        (True, 4, ""),
        (False, None, ""),
        (False, None, "py"),
        (True, None, "py"),
        (False, None, ""),
    ]


@given(LINES, st.integers(0, 14))
def test_a_finished_piece_stays_finished(lines: list[str], cut: int) -> None:
    whole = Blocks()
    assert whole.take(lines) + whole.rest([]) == Blocks().rest(lines)
    begun = Blocks()
    assert begun.take(lines[:cut]) + begun.rest(lines[cut:]) == Blocks().rest(lines)
    done = Blocks().take(lines[:cut])
    assert Blocks().rest(lines)[: len(done)] == done


@given(LINES)
def test_no_line_is_lost(lines: list[str]) -> None:
    kept = [line for piece in Blocks().rest(lines) for line in piece.text.split("\n")]
    fences = ("```", "```py", "~~~~", "    ```")
    words = [line.strip() for line in lines if line.strip() and line not in fences]
    shown = [line.strip() for line in kept if line.strip() and line.strip() not in fences]
    assert shown == words
    assert all(piece.kind is not Kind.CODE or "\n" not in piece.text for piece in Blocks().rest(lines))
