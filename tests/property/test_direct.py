"""The direct way: whatever a server, a proxy or a variable says, a documented outcome and no secret in it."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.endpoint import WssEndpoint
from codex_ssh.core.handshake import NONCE_BYTES, Handshake, HandshakeError, Refused, Switched
from codex_ssh.core.pin import CertificateFault, parse_pins, pin_of, show_pin
from codex_ssh.core.proxy import Connect, Proxies, ProxyRefused, Tunnelled
from codex_ssh.core.secret import Secret
from codex_ssh.errors import ConfigError, UsageError

DEVBOX: Final = WssEndpoint(host="devbox.example", port=4443)

heads = st.builds(
    lambda status, lines, body: (
        f"HTTP/1.1 {status} Words\r\n".encode() + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body
    ),
    st.integers(0, 999),
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    b"Content-Length: 4", b"Content-Length: x", b"Transfer-Encoding: chunked",
                    b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Accept: x",
                    b"Date: Thu, 01 Jan 1970 00:00:01 GMT", b"Date: now", b"Date: " + b"9" * 40,
                ]
            ),
            st.binary(max_size=30),
        ),
        max_size=6,
    ),
    st.binary(max_size=40),
)  # fmt: skip
answers = st.one_of(st.binary(max_size=120), heads)
cuts = st.integers(1, 60)


def pieces(data: bytes, step: int) -> list[bytes]:
    return [data[place : place + step] for place in range(0, len(data), step)] + [b""]


@given(answers, cuts)
def test_any_answer_to_an_upgrade_is_a_verdict_or_one_error(answer: bytes, step: int) -> None:
    handshake = Handshake(host="devbox", nonce=bytes(NONCE_BYTES))
    handshake.request(bearer=Secret("canary"))
    verdict, said = None, ""
    for piece in pieces(answer, step):
        try:
            verdict = handshake.receive(piece)
        except HandshakeError as error:
            said = str(error)
            break
        if verdict is not None:
            break
    assert verdict is not None or said
    assert "canary" not in said
    assert not isinstance(verdict, Switched)  # nobody guesses the accept value
    if isinstance(verdict, Refused):
        assert verdict.server_time is None or isinstance(verdict.server_time, float)


@given(answers, cuts)
def test_any_answer_of_a_proxy_is_a_verdict_by_its_end(answer: bytes, step: int) -> None:
    connect = Connect(DEVBOX)
    connect.request(Secret("canary"))
    verdict = None
    for piece in pieces(answer, step):
        verdict = connect.receive(piece)
        if verdict is not None:
            break
    assert isinstance(verdict, Tunnelled | ProxyRefused)
    if isinstance(verdict, Tunnelled):
        assert answer.startswith(b"HTTP/1.")
        assert answer[9:10] == b"2"


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_variable_gives_a_proxy_or_none_or_one_error_that_does_not_show_it(
    value: str, exceptions: str
) -> None:
    secret = f"http://user:canary@{value}"
    for url in (value, secret):
        try:
            proxy = Proxies.from_environment({"https_proxy": url, "no_proxy": exceptions}).choose(DEVBOX)
        except ConfigError as error:
            shown = f"{error} {error.hint}"
        else:
            shown = f"{proxy} {proxy!r}"
        assert "canary" not in shown


@given(st.one_of(st.text(max_size=80), st.from_regex(r"sha256:[0-9A-Za-z+/=:]{0,70}", fullmatch=True)))
def test_any_text_is_pins_of_32_bytes_or_one_error(text: str) -> None:
    try:
        pins = parse_pins(text)
    except UsageError:
        return
    assert all(len(pin) == 32 for pin in pins)
    assert parse_pins(",".join(show_pin(pin) for pin in pins)) == pins


@given(st.binary(max_size=300))
def test_any_bytes_are_no_certificate_or_have_a_pin(data: bytes) -> None:
    with suppress(CertificateFault):
        assert len(pin_of(data)) == 32
