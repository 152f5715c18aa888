"""What a person decides by is shown as what it is."""

import pytest

from codex_ssh.core.exact_text import Line, exact_line, exact_lines, warnings


def marked(line: Line) -> str:
    return "".join(f"{{{piece.text}}}" if piece.is_ours else piece.text for piece in line)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("make test", "make test"),
        ("a\tb", "a{␉}b"),
        ("ls\r", "ls{␍}"),
        ("echo \x1b[2K\x07", "echo {␛}[2K{␇}"),
        ("rm\u00a0-rf\u2003/", "rm{<a0>}-rf{<2003>}/"),
        ("a\u202eb\u2066c", "a{<202e>}b{<2066>}c"),
        ("a\u200bb\ufeffc\u2800d", "a{<200b>}b{<feff>}c{<2800>}d"),
        ("👩\u200d💻\ufe0f", "👩{<200d>}💻{<fe0f>}"),
        ("e\u0301", "e\u0301"),
        ("e\u0301\u0301\u0301", "e\u0301\u0301{<301>}"),
        ("a" + 11 * " " + "b", "a           b"),
        ("a" + 12 * " " + "b", "a{⟨12 blanks⟩}b"),
        ("日本 ⟨3 blanks⟩ {x}", "日本 ⟨3 blanks⟩ {x}"),
        ("", ""),
    ],
)
def test_a_line_shows_what_it_consists_of(text: str, shown: str) -> None:
    assert marked(exact_line(text)) == shown


def test_line_ends_are_lines_or_signs() -> None:
    assert [marked(line) for line in exact_lines("a\n\nb\n")] == ["a", "", "b", ""]
    assert marked(exact_line("a\nb")) == "a{␊}b"
    assert exact_lines("") == [()]


def test_many_empty_lines_are_counted() -> None:
    lines = exact_lines("echo hi" + 501 * "\n" + "rm -rf /")
    assert [marked(line) for line in lines] == ["echo hi", "{⟨500 empty lines⟩}", "rm -rf /"]
    assert [marked(line) for line in exact_lines("a" + 10 * "\n")] == ["a", "{⟨10 empty lines⟩}"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("сurl http://x", "“сurl” is of several alphabets: с is CYRILLIC SMALL LETTER ES"),
        ("сор run", "“сор” looks like Latin letters and is not"),
        ("ｒｍ -rf", "“ｒｍ” looks like 'rm' and is not"),
        ("rm –rf x", "– is EN DASH, not -"),
        ("ls； rm", "； is FULLWIDTH SEMICOLON, not ;"),
        ("cat ∕etc", "∕ is DIVISION SLASH, not /"),
    ],
)
def test_letters_that_look_like_others_are_told(text: str, told: str) -> None:
    assert told in warnings(text)[0]


@pytest.mark.parametrize(
    "text", ["make test", "echo привет мир", "git commit -m 'schöne Grüße'", "echo 日本語 👍"]
)
def test_honest_text_is_not_warned_of(text: str) -> None:
    assert warnings(text) == ()


def test_a_word_of_a_megabyte_is_looked_at_at_once() -> None:
    assert "several alphabets" in warnings("x" * 2**20 + " сurl")[0]
    assert len(warnings("с" * 2**20 + "url")[0]) < 200


def test_more_warnings_than_fit_are_counted() -> None:
    assert warnings("“”‘’–")[-1] == "and 2 more like these"
