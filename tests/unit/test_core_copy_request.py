"""What ``cp`` is asked: sides, hosts, and names beside others."""

import pytest

from codex_ssh.core.copy_request import has_glob, numbered, parse_copy
from codex_ssh.core.host import Host
from codex_ssh.errors import UsageError

DEVBOX = Host(name="devbox")


@pytest.mark.parametrize(
    ("words", "host", "is_up", "sources", "target"),
    [
        (["a", "devbox:b"], DEVBOX, True, (b"a",), b"b"),
        (["devbox:a", "b"], DEVBOX, False, (b"a",), b"b"),
        (["a", "b", "devbox:"], DEVBOX, True, (b"a", b"b"), b""),
        (["devbox:a", "devbox:b", "."], DEVBOX, False, (b"a", b"b"), b"."),
        (["me@devbox:/x:y", "."], Host(name="devbox", user="me"), False, (b"/x:y",), b"."),
        (["./a:b", "devbox:c"], DEVBOX, True, (b"./a:b",), b"c"),
        (["/a:b", "devbox:c"], DEVBOX, True, (b"/a:b",), b"c"),
        (["[::1]:x", "."], Host(name="::1"), False, (b"x",), b"."),
        (["me@[::1]:x", "."], Host(name="::1", user="me"), False, (b"x",), b"."),
        (["bytes-\udcff", "devbox:\udcfe"], DEVBOX, True, (b"bytes-\xff",), b"\xfe"),
    ],
)
def test_one_side_is_the_devbox(
    words: list[str], host: Host, is_up: bool, sources: tuple[bytes, ...], target: bytes
) -> None:
    request = parse_copy(words)
    assert (request.host, request.is_up, request.sources, request.target) == (host, is_up, sources, target)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["a"], "a source and a target"),
        (["a", "b"], "neither side"),
        (["devbox:a", "devbox:b"], "both sides"),
        (["devbox:a", "other:b", "."], "not all in one place"),
        (["a", "devbox:b", "."], "not all in one place"),
        (["", "devbox:b"], "an empty path"),
        (["a", "-oProxyCommand=x:b"], "not a host"),
    ],
)
def test_anything_else_is_refused(words: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_copy(words)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        (b"shot.png", b"shot (2).png"),
        (b"Makefile", b"Makefile (2)"),
        (b".bashrc", b".bashrc (2)"),
        (b"a.tar.gz", b"a.tar (2).gz"),
    ],
)
def test_a_name_beside_another(name: bytes, other: bytes) -> None:
    assert numbered(name, 2) == other


def test_what_a_shell_would_expand() -> None:
    assert [has_glob(path) for path in (b"a*", b"a?b", b"[ab]", b"plain", b"{a,b}")] == [
        True,
        True,
        True,
        False,
        False,
    ]
