"""The status line drops what matters least when there is no room."""

from rich.text import Text

from codex_ssh.tui.widgets.status_bar import Part, fitted, tokens

PARTS = [
    Part(text="● idle", rank=1),
    Part(text="devbox", rank=2),
    Part(text="ssh 12 ms", rank=4),
    Part(text="/w", rank=3),
]


def line(width: int) -> str:
    return fitted(PARTS, width).plain


def test_the_least_important_piece_goes_first() -> None:
    assert line(80) == "● idle · devbox · ssh 12 ms · /w"
    assert line(25) == "● idle · devbox · /w"
    assert line(16) == "● idle · devbox"
    assert line(8) == "● idle"


def test_the_last_piece_is_cut_rather_than_dropped() -> None:
    assert Text(line(4)).cell_len <= 4
    assert line(4)


def test_tokens_are_said_in_few_characters() -> None:
    assert [tokens(count) for count in (7, 48_200, 2_500_000)] == ["7 tokens", "48.2k tokens", "2.5M tokens"]
