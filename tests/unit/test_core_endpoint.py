"""The official address forms."""

from __future__ import annotations

import pytest

from codex_ssh.core.endpoint import (
    Endpoint,
    UnixEndpoint,
    WsEndpoint,
    WssEndpoint,
    is_loopback,
    parse_endpoint,
)
from codex_ssh.errors import UsageError


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("ws://127.0.0.1:4500", WsEndpoint(host="127.0.0.1", port=4500)),
        ("ws://localhost:1/", WsEndpoint(host="localhost", port=1)),
        ("ws://[::1]:65535", WsEndpoint(host="::1", port=65535)),
        ("wss://box.example:443", WssEndpoint(host="box.example", port=443)),
        ("unix://", UnixEndpoint()),
        ("unix:///run/user/1000/x.sock", UnixEndpoint(path="/run/user/1000/x.sock")),
    ],
)
def test_every_official_form_is_read_and_written_back(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint
    assert str(endpoint) == text.removesuffix("/") if text.startswith("ws") else str(endpoint) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "devbox", "http://127.0.0.1:1", "ws://127.0.0.1", "ws://127.0.0.1:0", "ws://127.0.0.1:99999",
        "ws://127.0.0.1:x", "ws://:4500", "ws://127.0.0.1:4500/rpc", "ws://127.0.0.1:4500#f", "ws://[::1:4500",
    ],
)  # fmt: skip
def test_anything_else_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_endpoint(text)


@pytest.mark.parametrize(
    "text", ["wss://me:canary@h:1", "wss://canary@h:1", "wss://h:1/?t=canary", "ws://canary:@h:1/x"]
)
def test_what_may_hold_a_secret_is_not_echoed(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_endpoint(text)
    assert "canary" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("LOCALHOST", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True),
        ("::ffff:127.0.0.1", True), ("0.0.0.0", False), ("10.0.0.1", False), ("a.b", False), ("*", False),
    ],
)  # fmt: skip
def test_loopback_is_this_machine_only(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
