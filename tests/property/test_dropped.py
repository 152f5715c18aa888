"""Any path comes back from any way terminals quote it."""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.dropped import dropped_paths

NAME = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="/"),
    min_size=1,
    max_size=20,
).filter(lambda name: name == name.strip())
PATH = st.lists(NAME, min_size=1, max_size=3).map(lambda names: "/" + "/".join(names))


def backslashed(path: str) -> str:
    return re.sub(r"([^A-Za-z0-9_/.+-])", r"\\\1", path)


@given(st.lists(PATH, min_size=1, max_size=3))
def test_a_path_comes_back_from_every_way_it_is_quoted(paths: list[str]) -> None:
    for quoted in (backslashed, shlex.quote, lambda path: "file://" + quote(path)):
        assert dropped_paths(" ".join(map(quoted, paths)) + " ") == tuple(paths)
    assert dropped_paths("\n".join("file://" + quote(path) for path in paths)) == tuple(paths)


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    for path in dropped_paths(text):
        assert "\0" not in path
        assert path
