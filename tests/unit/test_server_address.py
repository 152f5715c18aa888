"""``--listen`` as text; start-up beside the real codex is in the conformance test."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_ssh.errors import UsageError
from codex_ssh.server.address import (
    ListenAddress,
    NoAddress,
    StdioAddress,
    TcpAddress,
    UnixAddress,
    parse_listen,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ws://127.0.0.1:4500", TcpAddress(ip="127.0.0.1", port=4500)),
        ("ws://[::1]:0", TcpAddress(ip="::1", port=0)),
        ("unix://", UnixAddress()),
        ("unix:///run/x.sock", UnixAddress(path=Path("/run/x.sock"))),
        ("unix://x.sock", UnixAddress(path=Path("x.sock"))),
        ("stdio://", StdioAddress()),
        ("off", NoAddress()),
    ],
)
def test_the_real_forms_are_taken(text: str, address: ListenAddress) -> None:
    assert parse_listen(text) == address


@pytest.mark.parametrize(
    "text",
    ["ws://", "ws://:1", "ws://a:1", "ws://1.2.3.4", "ws://1.2.3.4:65536", "ws://::1:1", "ws://[1.2.3.4]:1"],
)
def test_what_is_no_socket_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"expected `ws://IP:PORT`"):
        parse_listen(text)


@pytest.mark.parametrize("text", ["", "stdio", "127.0.0.1:1", " off"])
def test_other_schemes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="unsupported --listen URL"):
        parse_listen(text)


@pytest.mark.parametrize(
    ("ip", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:127.0.0.1", False),
        ("192.0.2.1", False),
    ],
)
def test_only_loopback_counts_as_loopback(ip: str, loopback: bool) -> None:
    assert TcpAddress(ip=ip, port=1).is_loopback is loopback


def test_an_address_prints_as_it_is_written() -> None:
    assert str(TcpAddress(ip="::1", port=7)) == "[::1]:7"
    assert str(TcpAddress(ip="127.0.0.1", port=7)) == "127.0.0.1:7"


@pytest.mark.parametrize(
    ("text", "ip", "url"),
    [
        ("wss://127.0.0.1:0", "127.0.0.1", "wss://127.0.0.1:0"),
        ("wss://[::1]:443", "::1", "wss://[::1]:443"),
    ],
)
def test_wss_is_an_address_of_its_own(text: str, ip: str, url: str) -> None:
    address = parse_listen(text)
    assert isinstance(address, TcpAddress)
    assert (address.ip, address.tls, address.url) == (ip, True, url)


def test_a_wrong_wss_address_is_told_the_form_of_wss() -> None:
    with pytest.raises(UsageError, match="expected `wss://IP:PORT`"):
        parse_listen("wss://localhost:1")
