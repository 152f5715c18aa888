"""The way out: what an app server is told, which hosts are allowed, and what else is asked of the proxy."""

from __future__ import annotations

import base64

import pytest

from codex_ssh.core.egress import PORTS, Egress, judge, read_egress
from codex_ssh.core.egress_hosts import OPENAI, is_allowed, read_hosts
from codex_ssh.core.secret import Secret
from codex_ssh.errors import UsageError

WAY = Egress(port=23456, secret=Secret("s3cret"))
KNOWN = "Proxy-Authorization: Basic " + base64.b64encode(b"codex-ssh:s3cret").decode()


def request(first: str, *lines: str) -> bytes:
    return "\r\n".join([first, "Host: x", *lines]).encode()


def test_an_app_server_is_told_a_url_and_keeps_a_line() -> None:
    assert WAY.variables["HTTPS_PROXY"] == "http://codex-ssh:s3cret@127.0.0.1:23456"
    assert WAY.variables["https_proxy"] == WAY.variables["HTTPS_PROXY"]
    assert "127.0.0.1" in WAY.variables["NO_PROXY"]
    assert "HTTP_PROXY" not in WAY.variables
    assert read_egress(WAY.line) == WAY
    assert "s3cret" not in repr(WAY)


@pytest.mark.parametrize("line", ["", "x y", "80 s", f"{PORTS.start}", f"{PORTS.stop} s"])
def test_another_line_is_none(line: str) -> None:
    assert read_egress(line) is None


def test_hosts_are_names_with_a_star_or_a_port() -> None:
    hosts = read_hosts(["API.OpenAI.com", "*.example.com", "proxy.lan:8443"])
    allowed = [("api.openai.com", 443), ("a.example.com", 443), ("a.b.example.com", 443), ("proxy.lan", 8443)]
    refused = [
        ("api.openai.com", 80), ("example.com", 443), ("notexample.com", 443), ("proxy.lan", 443),
        ("api.openai.com.evil.com", 443), ("169.254.169.254", 443),
    ]  # fmt: skip
    assert [one for one in (*allowed, *refused) if is_allowed(*one, hosts)] == allowed
    assert read_hosts("a.com b.com:1") == ("a.com", "b.com:1")
    assert all(is_allowed(host, 443, OPENAI) for host in OPENAI)
    for wrong in (["https://x"], ["a b"], ["*"], [""], ["x:y"]):
        with pytest.raises(UsageError, match="not a host"):
            read_hosts(wrong)
    with pytest.raises(TypeError):
        read_hosts(7)


def test_what_is_allowed_is_let_through() -> None:
    asked = judge(request("CONNECT api.openai.com:443 HTTP/1.1", KNOWN), WAY.secret, OPENAI)
    assert (asked.status, asked.host, asked.port) == (200, "api.openai.com", 443)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (request("CONNECT example.com:443 HTTP/1.1", KNOWN), 403),
        (request("CONNECT api.openai.com:22 HTTP/1.1", KNOWN), 403),
        (request("CONNECT api.openai.com:443 HTTP/1.1"), 407),
        (request("CONNECT api.openai.com:443 HTTP/1.1", KNOWN.replace("Basic ", "Basic A")), 407),
        (request("CONNECT api.openai.com:443 HTTP/1.1", "Proxy-Authorization: Basic ***"), 407),
        (request("CONNECT api.openai.com:443 HTTP/1.1", "Proxy-Authorization: Bearer s3cret"), 407),
        (request("GET http://api.openai.com/ HTTP/1.1", KNOWN), 405),
        (request("CONNECT api.openai.com HTTP/1.1", KNOWN), 400),
        (request("CONNECT a\tb:443 HTTP/1.1", KNOWN), 400),
        (request("CONNECT *.openai.com:443 HTTP/1.1", KNOWN), 400),
        (b"", 400),
        (b"\xff\xfe\x00", 400),
    ],
)
def test_everything_else_is_refused_in_the_words_of_http(head: bytes, status: int) -> None:
    asked = judge(head, WAY.secret, OPENAI)
    assert asked.status == status
    assert asked.answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert (b"Proxy-Authenticate: Basic" in asked.answer) == (status == 407)
    assert b"s3cret" not in asked.answer
