"""Our scripts: what is sent, whatever the values."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.link.shell import compose, exports

LIMIT_BYTES = 10 * 1024
"""The probe rides every connect."""


def test_the_probe_stays_small() -> None:
    script = compose(
        *("form.sh", "codex.sh", "probe.sh"),
        PORT="4500", UNIX="", OWN="1", SKIP="", CODEX="", TOKEN_FILE="", ALL="",
    )  # fmt: skip
    assert len(script.text.encode()) <= LIMIT_BYTES


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_a_value_is_a_value_whatever_it_holds(value: str) -> None:
    text = compose(functions=exports("declared", {"V": value}), W=value).text
    ran = subprocess.run(
        ["/bin/sh", "-s"],
        input=(text + 'declared; [ "$V" = "$W" ] && printf %s "$W"').encode(),
        capture_output=True,
        check=True,
    )
    assert ran.stdout == value.encode()
    assert ran.stderr == b""


def test_a_name_no_shell_takes_is_refused() -> None:
    with pytest.raises(ValueError, match="not a variable's name: 'A B'"):
        exports("declared", {"A B": "1"})
