"""The upgrade reader and its answers, without a socket."""

from __future__ import annotations

import pytest

from codex_ssh.core.upgrade import (
    MAX_HEAD_BYTES,
    Refusal,
    UpgradeReader,
    UpgradeRequest,
    accept_bytes,
    accept_key,
    check_upgrade,
    refusal_bytes,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
WANTED = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}


def head(
    *lines: str, start: str = "GET / HTTP/1.1", without: str = "", host: str = "Host: a", **changed: str
) -> bytes:
    headers = {**WANTED, **{name.replace("_", "-"): value for name, value in changed.items()}}
    rows = [start, host, *(f"{name}: {value}" for name, value in headers.items() if name != without), *lines]
    return "".join(f"{row}\r\n" for row in [*filter(None, rows), ""]).encode("latin-1")


def read(data: bytes) -> UpgradeRequest | Refusal | None:
    return UpgradeReader().feed(data)


def request(data: bytes) -> UpgradeRequest:
    found = read(data)
    assert isinstance(found, UpgradeRequest), found
    return found


def test_a_request_is_read_with_its_headers_in_order_and_the_bytes_behind_it() -> None:
    found = request(head("X-A: 1", "x-a:  2 ", start="GET /rpc?x=1 HTTP/1.1") + b"\x81\x00")
    assert (found.method, found.target, found.path, found.http_version) == ("GET", "/rpc?x=1", "/rpc", "1.1")
    assert found.headers[0] == ("host", "a")
    assert found.values("x-a") == ("1", "2")
    assert found.first("x-a") == "1"
    assert found.first("origin") is None
    assert found.leftover == b"\x81\x00"
    assert check_upgrade(found) is None


def test_any_chunking_gives_the_same_request() -> None:
    data = head("X: y") + b"rest"
    whole = request(data)
    reader = UpgradeReader()
    parts = [reader.feed(data[n : n + 1]) for n in range(len(data) - 4)]
    assert parts[:-1] == [None] * (len(parts) - 1)
    found = parts[-1]
    assert isinstance(found, UpgradeRequest)
    assert found.headers == whole.headers


def test_a_request_does_not_show_its_headers_or_its_query() -> None:
    found = request(head("Authorization: Bearer canary", start="GET /?token=canary HTTP/1.1"))
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x00\xa5", 400),
        (b"\r\nGET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET /\r\n\r\n", 400),
        (head(start="GET / HTTP/2.0"), 400),
        (head(start="GET /a b HTTP/1.1"), 400),
        (head(start="GET /\xe9 HTTP/1.1"), 400),
        (head("X: a", " b"), 400),
        (head("X : a"), 400),
        (head("Xa"), 400),
        (head(": a"), 400),
        (head("X: a\x01b"), 400),
        (head("X: a\0b"), 400),
        (head("X: a\rb"), 400),
        (head("Content-Length: x"), 400),
        (head("Host: b"), 400),
        (head(host=""), 400),
        (head(*(f"X{n}: a" for n in range(100))), 431),
        (head("X: " + "a" * MAX_HEAD_BYTES), 431),
        (b"GET /" + b"a" * MAX_HEAD_BYTES, 431),
    ],
)
def test_a_malformed_head_is_refused(data: bytes, status: int) -> None:
    assert read(data) == Refusal(status=status)


@pytest.mark.parametrize(
    ("data", "status", "body"),
    [
        (head(start="POST / HTTP/1.1"), 405, "Request method must be `GET`"),
        (head(start="get / HTTP/1.1"), 405, "Request method must be `GET`"),
        (head(without="Connection"), 400, "Connection header did not include 'upgrade'"),
        (
            head("Connection: Upgrade", Connection="keep-alive"),
            400,
            "Connection header did not include 'upgrade'",
        ),
        (head(without="Upgrade"), 400, "`Upgrade` header did not include 'websocket'"),
        (head(Upgrade="h2c, websocket"), 400, "`Upgrade` header did not include 'websocket'"),
        (
            head(without="Sec-WebSocket-Version"),
            400,
            "`Sec-WebSocket-Version` header did not include '13'",
        ),
        (head(Sec_WebSocket_Version="8"), 400, "`Sec-WebSocket-Version` header did not include '13'"),
        (head(without="Sec-WebSocket-Key"), 400, "`Sec-WebSocket-Key` header missing"),
        (
            head(start="GET / HTTP/1.0"),
            426,
            "WebSocket request couldn't be upgraded since no upgrade state was present",
        ),
        (head("Content-Length: 5") + b"hello", 400, "an upgrade has no body"),
        (head("Transfer-Encoding: chunked"), 400, "an upgrade has no body"),
    ],
)
def test_what_is_no_upgrade_is_answered_as_codex_does(data: bytes, status: int, body: str) -> None:
    found = check_upgrade(request(data))
    assert found is not None
    assert (found.status, found.body) == (status, body)


@pytest.mark.parametrize(
    "data",
    [
        head(Connection="keep-alive, UPGRADE"),
        head(Upgrade="WebSocket"),
        head("Content-Length: 0"),
        head(start="GET http://a/x HTTP/1.1"),
        head("Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Protocol: a"),
    ],
)
def test_what_codex_takes_is_taken(data: bytes) -> None:
    assert check_upgrade(request(data)) is None


def test_the_accept_key_is_the_one_of_the_rfc() -> None:
    assert accept_key(KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_the_101_negotiates_nothing() -> None:
    answer = accept_bytes(
        request(head("Sec-WebSocket-Extensions: permessage-deflate")), headers=(("x", "1"),)
    )
    assert answer.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert answer.endswith(b"\r\nx: 1\r\n\r\n")
    assert b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
    assert b"extensions" not in answer


def test_a_refusal_says_its_length_and_ends_the_connection() -> None:
    refusal = Refusal(status=401, body="no\u2026", headers=(("x", "1"),))
    assert refusal_bytes(refusal) == (
        b"HTTP/1.1 401 Unauthorized\r\ncontent-type: text/plain; charset=utf-8\r\nx: 1\r\n"
        b"content-length: 5\r\nconnection: close\r\n\r\nno\xe2\x80\xa6"
    )
    assert refusal_bytes(refusal, method="HEAD").endswith(b"\r\n\r\n")
    assert refusal_bytes(Refusal(status=403)) == (
        b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
    assert b"date: Thu, 01 Jan 1970 00:00:01 GMT\r\n" in refusal_bytes(Refusal(status=403), now=1.9)
    assert refusal_bytes(Refusal(status=499)).startswith(b"HTTP/1.1 499 \r\n")
