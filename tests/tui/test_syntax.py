"""Code has colours by its language, line by line, and never loses a character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.tui import palette
from codex_ssh.tui.markdown import MarkdownRows
from codex_ssh.tui.syntax import LANGUAGES, MOST_CHARACTERS, _lexer, code_spans


@pytest.mark.parametrize(
    ("line", "language", "found"),
    [
        ("def add(a):  # sum", "python", {"def": palette.CODE_KEYWORD, "# sum": palette.CODE_COMMENT}),
        ('x = "text" + 12', "py", {'"text"': palette.CODE_STRING, "12": palette.CODE_NUMBER}),
        ("+new", "patch", {"+new": palette.ADDED}),
        ("fn main() {}", 'rust title="main.rs"', {"fn": palette.CODE_KEYWORD}),
    ],
)
def test_tokens_have_their_colours(line: str, language: str, found: dict[str, object]) -> None:
    spans = {text.strip(): style for text, style in code_spans(line, language)}
    assert {text: spans.get(text) for text in found} == found


@pytest.mark.parametrize(
    ("line", "language"),
    [("x = 1", ""), ("x = 1", "no such language"), ("", "python"), ("1" * (MOST_CHARACTERS + 1), "python")],
)
def test_without_a_language_all_code_looks_alike(line: str, language: str) -> None:
    assert code_spans(line, language) == ((line, palette.CODE),)


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60),
    st.sampled_from(["python", "sh", "console", "json", "html", "diff", "rust", "yaml", "make", "sql", "c"]),
)
def test_no_character_is_lost(line: str, language: str) -> None:
    assert "".join(text for text, _ in code_spans(line, language)) == line


def test_every_language_there_are_colours_for_has_a_lexer() -> None:
    assert [name for name in LANGUAGES if _lexer(name) is None] == []


def test_links_in_code_are_whole_however_many_colours_they_have() -> None:
    rows = MarkdownRows().rows("```sh\ncat /etc/ssh/sshd_config | tee ./out.txt\n```", 60)
    found: dict[str, str] = {}
    for segment in rows[0]:
        if segment.style is not None and (address := segment.style.meta.get("link")):
            found[address] = found.get(address, "") + segment.text
    assert found == {"file:/etc/ssh/sshd_config": "/etc/ssh/sshd_config", "file:./out.txt": "./out.txt"}
