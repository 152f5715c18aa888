"""Markdown becomes rows of the right width, and growing text is parsed only where it grew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it.token import Token
from rich.cells import cell_len

from codex_ssh.tui import markdown
from codex_ssh.tui.markdown import MarkdownRows, markdown_rows
from codex_ssh.tui.palette import DIM, PLAIN


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


@given(PIECES, st.lists(st.integers(0, 60), max_size=6))
def test_growing_text_ends_up_like_the_whole_one(text: str, cuts: list[int]) -> None:
    growing = MarkdownRows()
    for cut in sorted(cuts):
        growing.rows(text[:cut], 40, growing=True)
    whole = MarkdownRows().rows(text, 40)
    assert [strip.text for strip in growing.rows(text, 40)] == [strip.text for strip in whole]


@given(PIECES, st.integers(0, 60))
def test_what_is_finished_never_changes(text: str, cut: int) -> None:
    rows = MarkdownRows()
    rows.rows(text[:cut], 40, growing=True)
    finished = list(rows._rows)
    assert rows.rows(text, 40, growing=True)[: len(finished)] == finished


ANSWER = """# What is wrong

The sum is **wrong** in `calc.py`, and the [notes](https://example.org/notes) say so.
A second line of the same paragraph.

1. Look at the failing test, which says that one and one make nothing
2. Change the sign
   - in one place
   - and in another

   with a second paragraph
3. Run the tests

```python
def add(a: int, b: int) -> int:

    return a + b  # - not a list
```

| test | result |
|---|:---:|
| add | ok |
| a longer name than the heading | failed |
| sub | ok |

> A quote
> of two lines

- last
- words

---

The end.
"""

PARTS = [
    "# What is wrong", "The sum is", "1. Look at", "2. Change", "3. Run", "  def add(", "", "      return a",
    "test", "▌ A quote", "• last", "• words", "─", "The end.",
]  # fmt: skip
"""How the rows begin where a piece of the answer begins; the empty one is the line in the fence."""


def begins(rows: list[str]) -> list[int]:
    """Give the row each of the parts begins at, the last one first."""
    at, found = 0, []
    for part in PARTS:
        at = next(n for n in range(at, len(rows)) if rows[n].startswith(part) and (part or not rows[n]))
        found.append(at)
        at += 1
    return found


def test_rows_above_the_growing_end_stay_as_they_are() -> None:
    final = MarkdownRows().rows(ANSWER, 40)
    starts = begins([strip.text.rstrip() for strip in final])
    growing = MarkdownRows()
    tables = 0
    for end in range(1, len(ANSWER) + 1):
        rows = growing.rows(ANSWER[:end], 40, growing=True)
        same = next((n for n, (a, b) in enumerate(zip(rows, final, strict=False)) if a != b), len(rows))
        held_back = rows[-1].text.startswith("… a table")
        tables += held_back
        # What differs from how it ends up is in one piece: no other begins below the first row that does.
        begun = [start for start in starts if same < start < len(rows)]
        assert begun == [] or held_back, (ANSWER[:end][-30:], [strip.text for strip in rows[same:]])
    assert tables > 50
    assert [strip.text for strip in growing.rows(ANSWER, 40)] == [strip.text for strip in final]


@pytest.mark.parametrize(
    "piece",
    [
        "A paragraph of some words, with **bold** ones.\n\n",
        "- an item of a list that goes on\n",
        "7. an item with a number\n",
        "| a cell | another |\n|---|---|\n| 1 | 2 |\n\n",
    ],
)
def test_a_delta_costs_the_same_however_long_the_answer_is(
    monkeypatch: pytest.MonkeyPatch, piece: str
) -> None:
    parsed: list[int] = []
    parse = markdown._PARSER.parse

    def counting(text: str, environment: dict[str, object]) -> list[Token]:
        parsed.append(len(text))
        return parse(text, environment)

    monkeypatch.setattr(markdown._PARSER, "parse", counting)
    rows = MarkdownRows()
    text = ""
    costs = []
    for _ in range(200):
        parsed.clear()
        for delta in (piece[:5], piece[5:12], piece[12:]):
            text += delta
            rows.rows(text, 60, growing=True)
        costs.append(sum(parsed))
    assert max(costs) <= 6 * len(piece)
    assert costs[150:] == costs[50:100]


def test_lines_of_a_fence_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = MarkdownRows()
    monkeypatch.setattr(markdown._PARSER, "parse", pytest.fail)
    text = "```\n" + "code = 1\n" * 500
    assert len(rows.rows(text, 40, growing=True)) == 500


def test_the_items_of_a_list_follow_each_other() -> None:
    text = "1. a\n\n2. b\n\n   c\n\ntext\n\n9. d\n1. e\n- f\n- g\n* h"
    expected = ["1. a", "2. b", "", "   c", "", "text", "", "9. d", "10. e", "", "• f", "• g", "", "• h"]
    assert lines(text) == expected
    assert markdown_rows("1. a\n\n2. b", 20)[-1].text.rstrip() == "2. b"


def test_a_growing_table_is_held_back_until_it_is_whole() -> None:
    rows = MarkdownRows()
    text = "see:\n\n| a | b |\n|---|---|\n| 1 | 22 |\n| 3 | 4 |"
    held = [strip.text.rstrip() for strip in rows.rows(text, 40, growing=True)]
    assert held == ["see:", "", "… a table, 2 rows so far"]
    whole = [strip.text.rstrip() for strip in rows.rows(text + "\n\nend", 40, growing=True)]
    assert whole == ["see:", "", "a │ b", "──┼───", "1 │ 22", "3 │ 4", "", "end"]


def test_what_stands_in_front_is_in_front_of_every_row() -> None:
    rows = MarkdownRows(("• ", PLAIN), ("  ", PLAIN), DIM)
    made = rows.rows("a\n\nb\n\nc", 10)
    assert [strip.text.rstrip() for strip in made] == ["• a", "", "  b", "", "  c"]
    assert all(segment.style.dim for segment in made[0] if segment.style and segment.text == "a")


def test_links_find_their_address_below_the_answer() -> None:
    text = "see [the docs][1] and [that].\n\n- [one][1]\n\n[1]: https://x.y/a\n[that]: docs/b.md"
    assert lines(text, 60) == [
        "see the docs (https://x.y/a) and that (docs/b.md).",
        "",
        "• one (https://x.y/a)",
    ]
    rows = MarkdownRows()
    growing = [strip.text.rstrip() for strip in rows.rows(text, 60, growing=True)]
    assert growing[0] == "see [the docs][1] and [that]."
    assert [strip.text.rstrip() for strip in rows.rows(text, 60)] == lines(text, 60)


def links(text: str) -> list[tuple[str, str]]:
    """Give text and address of each piece of a link."""
    return [
        (segment.text, address)
        for strip in MarkdownRows().rows(text, 40)
        for segment in strip
        if segment.style is not None and (address := segment.style.meta.get("link"))
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[text](http://x.y)", [("text", "http://x.y"), (" (http://x.y)", "http://x.y")]),
        ("see http://x.y/a.", [("http://x.y/a", "http://x.y/a")]),
        ("[go](docs/a.md#L3)", [("go", "file:docs/a.md:3"), (" (docs/a.md#L3)", "file:docs/a.md:3")]),
        ("in `calc.py`", [("calc.py", "file:calc.py")]),
        ("in `src/calc.py:7`", [("src/calc.py:7", "file:src/calc.py:7")]),
        ("```\n/w/a.py:3: error\n```", [("/w/a.py:3", "file:/w/a.py:3")]),
        ("![alt](http://img)", [("[image: alt]", "http://img"), (" (http://img)", "http://img")]),
        ("[mail](mailto:a@b.c)", [("mail", "mailto:a@b.c"), (" (mailto:a@b.c)", "mailto:a@b.c")]),
        ("`x = 1` and/or nothing", []),
    ],
)
def test_links_carry_their_address(text: str, found: list[tuple[str, str]]) -> None:
    assert links(text) == found


def test_a_wrapped_link_is_a_link_on_every_row() -> None:
    address = "https://example.org/" + "a" * 60
    assert [whole for _, whole in links(address)] == [address] * 2
