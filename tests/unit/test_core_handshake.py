"""The client's upgrade, byte by byte."""

from __future__ import annotations

import pytest

from codex_ssh.core.handshake import BODY_LIMIT_BYTES, Handshake, HandshakeError, Refused, Switched
from codex_ssh.core.secret import Secret

# The example of RFC 6455 section 1.3: this nonce and this answer belong together.
NONCE = b"the sample nonce"
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n"
)


def asked(*, bearer: Secret | None = None) -> tuple[Handshake, bytes]:
    handshake = Handshake(host="127.0.0.1:4500", nonce=NONCE)
    return handshake, handshake.request(bearer=bearer)


def test_the_request_is_an_upgrade_without_origin_and_extensions() -> None:
    _, sent = asked()
    lines = sent.decode().split("\r\n")
    assert lines[0] == "GET / HTTP/1.1"
    assert "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" in lines
    assert "Host: 127.0.0.1:4500" in lines
    assert lines[-2:] == ["", ""]
    assert "origin" not in sent.decode().lower()
    assert "extensions" not in sent.decode().lower()
    assert "authorization" not in sent.decode().lower()


def test_the_bearer_is_sent_as_one_header() -> None:
    _, sent = asked(bearer=Secret("c2VjcmV0"))
    assert b"Authorization: Bearer c2VjcmV0\r\n" in sent


def test_a_good_answer_switches_and_keeps_what_follows() -> None:
    handshake, _ = asked()
    assert handshake.receive(ANSWER + b"\x81\x02{}") == Switched(leftover=b"\x81\x02{}")


def test_a_good_answer_may_come_in_any_pieces() -> None:
    handshake, _ = asked()
    verdicts = [handshake.receive(ANSWER[i : i + 1]) for i in range(len(ANSWER))]
    assert verdicts[:-1] == [None] * (len(ANSWER) - 1)
    assert verdicts[-1] == Switched(leftover=b"")


def test_a_refusal_keeps_status_and_body() -> None:
    handshake, _ = asked()
    body = b"invalid websocket bearer token"
    verdict = handshake.receive(
        b"HTTP/1.1 401 Unauthorized\r\ncontent-length: %d\r\ndate: then\r\n\r\n%s" % (len(body), body)
    )
    assert verdict == Refused(status=401, body=body.decode(), date="then")


def test_a_refusal_without_length_ends_with_the_connection() -> None:
    handshake, _ = asked()
    assert handshake.receive(b"HTTP/1.1 503 Busy\r\n\r\nlater") is None
    assert handshake.receive(b"") == Refused(status=503, body="later")


def test_a_refusal_cut_off_in_its_body_is_still_a_refusal() -> None:
    handshake, _ = asked()
    assert handshake.receive(b"HTTP/1.1 401 No\r\ncontent-length: 50\r\n\r\nmissing") is None
    assert handshake.receive(b"") == Refused(status=401, body="missing")


def test_an_endless_body_is_cut() -> None:
    handshake, _ = asked()
    verdict = handshake.receive(b"HTTP/1.1 500 No\r\n\r\n" + b"x" * 2 * BODY_LIMIT_BYTES)
    assert verdict == Refused(status=500, body="x" * BODY_LIMIT_BYTES)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not an HTTP answer"),
        (ANSWER.replace(ACCEPT, b"AAAA"), "wrong Sec-WebSocket-Accept"),
        (ANSWER[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "nobody offered"),
        (b"", "without an answer"),
    ],
)
def test_anything_else_is_an_error_that_says_what_came(answer: bytes, said: str) -> None:
    handshake, _ = asked()
    with pytest.raises(HandshakeError, match=said):
        handshake.receive(answer)
