"""Markdown becomes rows of the right width, and growing text is parsed only where it grew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from codex_ssh.tui.markdown import MarkdownRows, markdown_rows, split_blocks


def lines(text: str, width: int = 40) -> list[str]:
    return [strip.text.rstrip() for strip in MarkdownRows().rows(text, width)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("# Head\ntext", ["# Head", "", "text"]),
        ("one\ntwo  \nthree", ["one", "two", "three"]),
        ("a **b** *c* `d` ~~e~~", ["a b c d e"]),
        ("[text](http://x.y)", ["text (http://x.y)"]),
        ("<http://x.y>", ["http://x.y"]),
        ("[http://good.example](http://evil.example)", ["http://good.example", "(http://evil.example)"]),
        ("![alt](http://img)", ["[image: alt] (http://img)"]),
        ("<b>html</b>", ["<b>html</b>"]),
        ("- a\n- b\n  - c", ["• a", "• b", "  ◦ c"]),
        ("3. a\n4. b", ["3. a", "4. b"]),
        ("text\n- a", ["text", "", "• a"]),
        ("> quote\n> more", ["▌ quote", "▌ more"]),
        ("```py\nx = 1\n\n  y\n```", ["  x = 1", "", "    y"]),
        ("```\nnot closed", ["  not closed"]),
        ("| a | b |\n|---|---|\n| 1 | 22 |", ["a │ b", "──┼───", "1 │ 22"]),
        ("a\n\n---\n\nb", ["a", "", "─" * 40, "", "b"]),
        ("1. a\n\n   ```\n   code\n   ```\n2. b", ["1. a", "", "     code", "2. b"]),
        ("-", ["•"]),
        ("", []),
        ("[bold]no markup[/bold]", ["[bold]no markup[/bold]"]),
    ],
)
def test_each_block_has_its_look(text: str, rows: list[str]) -> None:
    assert lines(text) == rows


def test_a_table_that_is_too_wide_becomes_lines() -> None:
    text = "| name | what it is for |\n|---|---|\n| first | something long to say |\n| second | more |"
    assert lines(text, 24) == [
        "name: first",
        "what it is for:",
        "something long to say",
        "",
        "name: second",
        "what it is for: more",
    ]


def test_words_wrap_and_code_breaks_anywhere() -> None:
    assert lines("some words to wrap here", 12) == ["some words", "to wrap here"]
    assert lines("    abcdefghijkl", 8) == ["  abcdef", "  ghijkl"]
    assert lines("日本語のテキスト", 8) == ["日本語の", "テキスト"]


PIECES = st.lists(
    st.sampled_from(
        [
            "word", " ", "\n", "\n\n", "# ", "- ", "1. ", "  ", "    ", "```", "```py\n", "~~~", "> ", "**",
            "`", "[a](b)", "| a | b |\n|---|---|\n", "---\n", "<x>", "日本", "\t", "![i](s)", "\\", "&amp;",
            "[x]: y\n", "\x1b[0m", "~~",
        ]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(PIECES, st.integers(8, 60))
def test_no_row_is_wider_than_asked_and_nothing_raises(text: str, width: int) -> None:
    for strip in MarkdownRows().rows(text, width):
        assert strip.cell_length == cell_len(strip.text) <= width or width < 20
        assert "\n" not in strip.text
        assert "\x1b" not in strip.text


@given(PIECES)
def test_blocks_join_to_the_text(text: str) -> None:
    assert "\n".join(split_blocks(text)) == text


@given(PIECES, st.lists(st.integers(0, 60), max_size=6))
def test_growing_text_ends_up_like_the_whole_one(text: str, cuts: list[int]) -> None:
    growing = MarkdownRows()
    for cut in sorted(cuts):
        growing.rows(text[:cut], 40)
    whole = MarkdownRows().rows(text, 40)
    assert [strip.text for strip in growing.rows(text, 40)] == [strip.text for strip in whole]


def test_complete_blocks_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = MarkdownRows()
    text = "para\n\n" * 50 + "the end"
    rows.rows(text, 40)
    before = list(rows._blocks)
    rows.rows(f"{text} grows", 40)
    assert all(old is new for old, new in zip(before[:-1], rows._blocks, strict=False))


def test_a_list_is_not_split_at_its_blank_lines() -> None:
    assert split_blocks("1. a\n\n2. b\n\n   c\n\ntext") == ["1. a\n\n2. b\n\n   c\n", "text"]
    assert markdown_rows("1. a\n\n2. b", 20)[-1].text.rstrip() == "2. b"
