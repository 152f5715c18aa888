"""Whatever comes from the devbox, nothing that controls a terminal is left in it."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.plain_text import plain_line, plain_lines, plain_output

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))
NASTY_TEXT = st.lists(
    st.one_of(
        ANY_TEXT,
        st.sampled_from(["\x1b[", "\x1b]52;c;", "\x9b", "\x07", "\r", "\n", "\t", "\u202e", "\u200d", "👩"]),
    )
).map("".join)


def harmless(character: str) -> bool:
    return character == "\n" or unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}


@given(NASTY_TEXT)
def test_no_control_character_survives(text: str) -> None:
    for clean in (plain_lines, plain_line, plain_output):
        shown = clean(text)
        assert all(harmless(character) for character in shown)
        shown.encode("utf-8")
    assert "\n" not in plain_line(text)


@given(NASTY_TEXT)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    for clean in (plain_lines, plain_line, plain_output):
        assert clean(clean(text)) == clean(text)


@given(NASTY_TEXT)
def test_no_character_reorders_or_hides_others(text: str) -> None:
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not any(unicodedata.bidirectional(character) in bidi for character in plain_lines(text))
    assert not set(plain_lines(text)) & set("\u200b\u200c\u2060\ufeff\u00ad")


@given(st.integers(0, 60))
def test_a_flood_of_marks_is_dammed_and_counted(count: int) -> None:
    shown = plain_line("e" + count * "\u0301" + "x")
    assert shown.count("\u0301") == min(count, 8)
    assert (f"<{count - 8} marks>" in shown) == (count > 8)
