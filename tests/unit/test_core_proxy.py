from __future__ import annotations

from collections.abc import Mapping

import pytest

from codex_ssh.core.endpoint import WssEndpoint
from codex_ssh.core.proxy import Connect, Proxies, Proxy, ProxyRefused, Tunnelled
from codex_ssh.core.secret import Secret
from codex_ssh.errors import ConfigError

DEVBOX = WssEndpoint(host="devbox.example.com", port=4443)


def chosen(environment: Mapping[str, str], endpoint: WssEndpoint = DEVBOX) -> Proxy | None:
    return Proxies.from_environment(environment).choose(endpoint)


def test_the_variable_in_small_letters_goes_first() -> None:
    both = {"https_proxy": "http://small:1", "HTTPS_PROXY": "http://big:2"}
    assert str(chosen(both)) == "http://small:1"
    assert str(chosen({"HTTPS_PROXY": "big:2", "https_proxy": ""})) == "http://big:2"
    assert chosen({"http_proxy": "http://other:1", "ALL_PROXY": "http://all:1"}) is None


def test_a_proxy_has_a_usual_port_and_may_speak_tls() -> None:
    assert chosen({"https_proxy": "http://p"}) == Proxy(host="p", port=80)
    assert chosen({"https_proxy": "https://p/"}) == Proxy(host="p", port=443, tls=True)
    assert str(chosen({"https_proxy": "http://[::1]:3128"})) == "http://[::1]:3128"


def test_the_credential_is_kept_secret() -> None:
    proxy = chosen({"https_proxy": "http://me:p%40ss@p:3128"})
    assert proxy is not None
    assert proxy.credential == Secret("bWU6cEBzcw==")
    assert "me" not in str(proxy)
    assert "bWU6" not in repr(proxy)
    assert "p%40ss" not in repr(Proxies.from_environment({"https_proxy": "http://me:p%40ss@p:3128"}))


@pytest.mark.parametrize("value", ["socks5://canary@p:1", "http://canary@p:x", "http://:1", "ftp://canary"])
def test_a_value_that_is_no_http_proxy_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(ConfigError, match="https_proxy") as caught:
        chosen({"https_proxy": value})
    assert "canary" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_never_goes_through_a_proxy_whatever_the_variable_holds(host: str) -> None:
    assert chosen({"https_proxy": "nonsense://"}, WssEndpoint(host=host, port=1)) is None


@pytest.mark.parametrize(
    ("no_proxy", "host", "is_direct"),
    [
        ("*", "devbox.example.com", True),
        ("example.com", "devbox.example.com", True),
        (".example.com", "devbox.example.com", True),
        ("x, Devbox.Example.com", "devbox.example.com", True),
        ("x devbox.example.com", "devbox.example.com.", True),
        ("box.example.com", "devbox.example.com", False),
        ("example.co", "devbox.example.com", False),
        ("devbox.example.com:4443", "devbox.example.com", True),
        ("devbox.example.com:443", "devbox.example.com", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("fd00::/8", "fd00::1", True),
        ("[fd00::1]:4443", "fd00::1", True),
        ("[fd00::1]", "fd00::1", True),
        ("fd00::1", "fd00::1", True),
        ("[fd00::1]:1", "fd00::1", False),
        ("10.0.0.0/99", "10.1.2.3", False),
        (",, .", "devbox.example.com", False),
        ("", "devbox.example.com", False),
    ],
)
def test_no_proxy_means_what_it_means_to_curl(no_proxy: str, host: str, is_direct: bool) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        environment = {"https_proxy": "http://p:1", name: no_proxy}
        assert (chosen(environment, WssEndpoint(host=host, port=4443)) is None) is is_direct


def test_the_request_names_the_server_and_carries_the_credential() -> None:
    request = Connect(WssEndpoint(host="fd00::1", port=4443)).request(Secret("abc")).decode()
    assert request.startswith("CONNECT [fd00::1]:4443 HTTP/1.1\r\n")
    assert "Host: [fd00::1]:4443\r\n" in request
    assert "Proxy-Authorization: Basic abc\r\n" in request
    assert "Authorization" not in Connect(DEVBOX).request(None).decode()


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", Tunnelled(leftover=b"")),
        (b"HTTP/1.0 200 Connection established\r\nX: y\r\n\r\n", Tunnelled(leftover=b"")),
        (b"HTTP/1.1 407 Who?\r\n\r\n", ProxyRefused(status=407, body="Who?")),
        (b"HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nabc", ProxyRefused(status=503, body="No")),
    ],
)
def test_the_answer_is_read_however_it_arrives(
    answer: bytes, verdict: Tunnelled | ProxyRefused, step: int
) -> None:
    connect = Connect(DEVBOX)
    connect.request(None)
    verdicts = [connect.receive(answer[i : i + step]) for i in range(0, len(answer), step)]
    assert next(each for each in verdicts if each is not None) == verdict


def test_bytes_behind_the_answer_are_not_lost() -> None:
    connect = Connect(DEVBOX)
    connect.request(None)
    assert connect.receive(b"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n") == Tunnelled(leftover=b"SSH-2.0-x\r\n")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 2", b"\x15\x03\x01\x00\x02"])
def test_an_end_or_another_language_is_no_leave(answer: bytes) -> None:
    connect = Connect(DEVBOX)
    connect.request(None)
    first = connect.receive(answer)
    verdict = first if first is not None else connect.receive(b"")
    assert isinstance(verdict, ProxyRefused)
    assert verdict.status == 0
