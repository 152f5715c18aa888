"""Names of files survive a shell, answers of a devbox are read or refused, and no password is ever shown."""

from __future__ import annotations

import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from codex_ssh.core.git_work import escaped, read_patch, read_sizes, read_state, without_credentials

NAMES = st.lists(st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name), max_size=20)
PRINT = 'for word; do n=$(printf %bx "$word"); printf "%s\\0" "${n%x}"; done'


@settings(max_examples=30, deadline=None)
@given(NAMES)
def test_a_name_comes_out_of_a_shell_as_it_was(names: list[bytes]) -> None:
    ran = subprocess.run(
        ["sh", "-c", PRINT, "sh", *map(escaped, names)], check=True, capture_output=True, timeout=20
    )
    assert ran.stdout.split(b"\0")[:-1] == names


FACTS = st.sampled_from(["root", "commit", "status", "bytes", "untracked", "end", "x"])
LINES = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.tuples(FACTS, st.binary(max_size=60)).map(lambda pair: f"{pair[0]} {pair[1].hex()}"),
        st.tuples(FACTS, st.text(alphabet='1u. NSMC?"\\n07\t', max_size=60)).map(
            lambda pair: f"{pair[0]} {pair[1].encode().hex()}"
        ),
    ),
    max_size=8,
)


@given(LINES)
def test_any_answer_is_read_or_refused(lines: list[str]) -> None:
    out = "\n".join(lines)
    for read in (
        read_state,
        lambda text: read_sizes([b"a", b"b"], text),
        lambda text: read_patch(text, [], ""),
    ):
        try:
            read(out)
        except ValueError:
            continue


WORDS = st.text(alphabet="abAB01@:/?#.-_%~", max_size=12)


@given(
    scheme=st.sampled_from(["https", "http", "ssh", "git+ssh", "ftp", "x::https"]),
    user=WORDS,
    before=WORDS,
    after=WORDS,
    host=st.sampled_from(["example.com", "example.com:8080", "[::1]:22"]),
    path=WORDS,
)
def test_no_password_is_ever_shown(
    scheme: str, user: str, before: str, after: str, host: str, path: str
) -> None:
    secret = f"{before}s3cr3t{after}"
    assert "s3cr3t" not in without_credentials(f"{scheme}://{user}:{secret}@{host}/{path}")
    assert "s3cr3t" not in without_credentials(f"{scheme}://{host}/{path}?token={secret}")
