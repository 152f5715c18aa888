"""What a SOCKS client says, in pieces of any size, and what is no SOCKS client."""

from __future__ import annotations

import pytest

from codex_ssh.core.socks import DONE, SocksRequest, failed

HELLO = b"\x05\x02\x00\x02"
TO_NAME = b"\x05\x01\x00\x03\x06db.lan\x15\x38"
TO_V4 = b"\x05\x01\x00\x01\x7f\x00\x00\x02\x1f\x90"
TO_V6 = b"\x05\x01\x00\x04" + bytes(15) + b"\x01\x1f\x90"


@pytest.mark.parametrize(
    ("said", "target"),
    [(TO_NAME, ("db.lan", 5432)), (TO_V4, ("127.0.0.2", 8080)), (TO_V6, ("::1", 8080))],
    ids=["name", "v4", "v6"],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_where_it_wants_to_go_is_read_in_any_pieces(said: bytes, target: tuple[str, int], size: int) -> None:
    request, answered = SocksRequest(), b""
    whole = HELLO + said + b"GET /"
    for at in range(0, len(whole), size):
        answered += request.feed(whole[at : at + size])
    assert answered == b"\x05\x00"
    assert (request.target, request.rest, request.is_refused) == (target, b"GET /", False)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"GET / HTTP/1.1\r\n", b""),
        (b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00", b""),
        (b"\x05\x01\x02", b"\x05\xff"),
        (HELLO + b"\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50", b"\x05\x00" + failed(7)),
        (HELLO + b"\x05\x01\x00\x09\x7f\x00\x00\x01\x00\x50", b"\x05\x00" + failed(8)),
        (HELLO + b"\x05\x01\x00\x03\x04a\nbc\x00\x50", b"\x05\x00" + failed(8)),
        (HELLO + b"\x05\x01\x00\x03\x00\x00\x50", b"\x05\x00" + failed(8)),
    ],
    ids=["http", "version 4", "a password only", "bind", "no such kind", "no name", "an empty name"],
)
def test_what_cannot_be_served_is_told_and_ended(said: bytes, answer: bytes) -> None:
    request = SocksRequest()
    assert request.feed(said) == answer
    assert request.is_refused
    assert request.target is None


def test_answers_have_their_form() -> None:
    assert (DONE[:2], failed()[:2], len(DONE), len(failed())) == (b"\x05\x00", b"\x05\x05", 10, 10)
