"""Command lines are taken apart as the standard library does it."""

import shlex

from hypothesis import given, settings
from hypothesis import strategies as st

from codex_ssh.core.shell_words import split_words

LINES = st.text(alphabet=st.sampled_from(" \t\n\r\\'\"#$a-é\u00a0"), max_size=20)


@settings(max_examples=500)
@given(LINES)
def test_it_splits_as_the_standard_library(text: str) -> None:
    try:
        expected: tuple[str, ...] | None = tuple(shlex.split(text))
    except ValueError:
        expected = None
    assert split_words(text) == expected


@given(st.lists(st.text(max_size=10), max_size=5))
def test_joined_words_come_back(words: list[str]) -> None:
    assert split_words(shlex.join(words)) == tuple(words)
