"""Remote text is harmless on a terminal and still readable."""

import pytest

from codex_ssh.core.plain_text import plain_line, plain_lines, plain_output


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\nlines"),
        ("windows\r\nline", "windows\nline"),
        ("over\rwritten", "over␍written"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x9b31m", "<9b>31m"),
        ("bell\x07 nul\x00 del\x7f", "bell␇ nul␀ del␡"),
        ("abc\u202etxt.exe", "abc<202e>txt.exe"),
        ("zero\u200bwidth", "zero<200b>width"),
        ("line\u2028separator", "line<2028>separator"),
        ("\ud800", "<d800>"),
        ("a\tb", "a       b"),
        ("grüße 日本 ✓", "grüße 日本 ✓"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("rm\u200d-rf", "rm<200d>-rf"),
        ("hidden\U000e0041tag", "hidden<e0041>tag"),
        ("[bold]markup[/]", "[bold]markup[/]"),
    ],
)
def test_what_could_move_colour_or_mislead_is_shown(given: str, shown: str) -> None:
    assert plain_lines(given) == shown


def test_one_line_stays_one_line() -> None:
    assert plain_line("first\nsecond\r\nthird") == "first␊second␊third"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("10%\r50%\r100%\n", "100%\n"),
        ("done\r\nnext\r\n", "done\nnext\n"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(Bascii\x1b=", "ascii"),
        ("cut off \x1b[3", "cut off ␛[3"),
    ],
)
def test_program_output_loses_its_colours_and_overwritten_lines(given: str, shown: str) -> None:
    assert plain_output(given) == shown
