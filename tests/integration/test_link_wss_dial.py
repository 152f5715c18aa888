"""Dialling ``wss://`` at our own listener: trust, certificates, proxies and clocks, with real TLS."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.connection import Connection
from websockets.protocol import CLIENT, OPEN, Protocol

from codex_ssh.core.endpoint import WssEndpoint
from codex_ssh.core.pin import parse_pins
from codex_ssh.core.proxy import Proxies, Proxy
from codex_ssh.core.secret import Secret
from codex_ssh.core.token import CapabilityVerifier, SignedBearerVerifier, Signer, Verifier
from codex_ssh.errors import (
    AppServerError,
    CodexSshError,
    ConfigError,
    CredentialRefused,
    ExitCode,
    HostUnreachable,
    ProtocolViolated,
    TlsRefused,
)
from codex_ssh.link import wss
from codex_ssh.link.tls import TlsOptions
from codex_ssh.link.wss import WssDial
from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from codex_ssh.server.tls import TlsFiles
from tests.support.proxy import open_proxy
from tests.support.serving import serving
from tests.support.tls import HOUR, Authority, make_authority, open_tls_front, pin_by_openssl

TOKEN = Secret("token-for-tests")
SHARED = Secret("s" * 32)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path / "authority")


@asynccontextmanager
async def served(
    tmp_path: Path,
    chain: Path | None,
    *,
    verifier: Verifier | None = None,
    client_ca: Path | None = None,
) -> AsyncGenerator[WssEndpoint, None]:
    """Our listener with a certificate, or without TLS."""
    config = ListenerConfig(
        address=TcpAddress(ip="127.0.0.1", port=0, tls=chain is not None),
        verifier=verifier or CapabilityVerifier.from_token(TOKEN),
        tls=TlsFiles(certificate=chain, key=chain, client_ca=client_ca) if chain is not None else None,
    )
    async with open_rehearsal(codex_home=tmp_path) as engine, open_listener(config, engine) as listener:
        assert isinstance(listener.address, TcpAddress)
        yield WssEndpoint(host="127.0.0.1", port=listener.address.port)


@asynccontextmanager
async def saying(answer: bytes, *, at_once: bool = True) -> AsyncGenerator[WssEndpoint, None]:
    """A server of another kind; it hangs up behind its answer, and stays silent without one."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not at_once:
            await reader.read(1)
        writer.write(answer)
        if not answer:
            await asyncio.get_running_loop().create_future()

    async with serving(serve) as port:
        yield WssEndpoint(host="127.0.0.1", port=port)


async def dial(dialler: WssDial) -> None:
    """Dial and hang up."""
    connection = await dialler(lambda: Connection(Protocol(CLIENT, state=OPEN)))
    await connection.close()


async def failure(dialler: WssDial) -> CodexSshError:
    """Dial in vain; give the error, whose hint must not be missing."""
    with pytest.raises(CodexSshError) as caught:
        await dial(dialler)
    assert caught.value.hint
    return caught.value


def trusting(authority: Authority) -> TlsOptions:
    return TlsOptions(ca_file=str(authority.ca_file))


async def test_a_named_authority_is_trusted_and_another_is_not(tmp_path: Path, authority: Authority) -> None:
    other = make_authority(tmp_path / "other")
    async with served(tmp_path, authority.issue("127.0.0.1")) as endpoint:
        await dial(WssDial(endpoint, credential=TOKEN, tls=trusting(authority)))
        for tls in (TlsOptions(), trusting(other)):
            error = await failure(WssDial(endpoint, credential=TOKEN, tls=tls))
            assert isinstance(error, TlsRefused)
            assert "authority is not known here" in str(error)
            assert error.exit_code is ExitCode.REFUSED
            assert "--tls-ca" in error.hint
            assert "--tls-pin" in error.hint


@pytest.mark.parametrize(
    ("name", "begins", "ends", "words", "hint"),
    [
        ("127.0.0.1", -3 * HOUR, -2 * HOUR, "the certificate has expired", "date here"),
        ("127.0.0.1", 2 * HOUR, 3 * HOUR, "the certificate is not valid yet", "date on both"),
        ("devbox.example", -HOUR, HOUR, "the certificate is for another name", "--tls-pin"),
        ("127.0.0.2", -HOUR, HOUR, "the certificate is for another name", "--tls-pin"),
    ],
)
async def test_each_fault_of_a_certificate_has_its_own_words(
    tmp_path: Path,
    authority: Authority,
    name: str,
    begins: dt.timedelta,
    ends: dt.timedelta,
    words: str,
    hint: str,
) -> None:
    chain = authority.issue(name, begins=begins, ends=ends)
    async with served(tmp_path, chain) as endpoint:
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=trusting(authority)))
        assert isinstance(error, TlsRefused)
        assert words in str(error)
        assert hint in error.hint
        assert error.said
        # Its key is the same, whatever the certificate around it says.
        pinned = TlsOptions(pins=parse_pins(pin_by_openssl(chain)))
        await dial(WssDial(endpoint, credential=TOKEN, tls=pinned))


async def test_a_pin_is_enough_without_an_authority_and_not_enough_with_a_wrong_one(
    tmp_path: Path, authority: Authority
) -> None:
    chain = authority.issue("127.0.0.1")
    pins = parse_pins(f"sha256:{'0' * 64},{pin_by_openssl(chain)}")
    other = make_authority(tmp_path / "other")
    async with served(tmp_path, chain) as endpoint:
        await dial(WssDial(endpoint, credential=TOKEN, tls=TlsOptions(pins=pins)))
        both = TlsOptions(pins=pins, ca_file=str(authority.ca_file))
        await dial(WssDial(endpoint, credential=TOKEN, tls=both))
        wrong = TlsOptions(pins=pins, ca_file=str(other.ca_file))
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=wrong))
        assert "authority is not known" in str(error)


async def test_another_key_than_the_pinned_one_hears_nothing_from_us(
    tmp_path: Path, authority: Authority
) -> None:
    async with (
        served(tmp_path, None) as plain,
        open_tls_front(tmp_path / "front", to_port=plain.port) as front,
    ):
        endpoint = WssEndpoint(host="127.0.0.1", port=front.port)
        for ca_file in ("", str(front.ca_file)):
            options = TlsOptions(pins=(bytes(32),), ca_file=ca_file)
            error = await failure(WssDial(endpoint, credential=TOKEN, tls=options))
            assert isinstance(error, TlsRefused)
            assert "not the pinned one" in str(error)
            assert error.said == pin_by_openssl(tmp_path / "front" / "server.pem")
            assert error.exit_code is ExitCode.REFUSED
        assert front.heard == b""


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2p1\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_server_without_tls_is_named_as_one(answer: bytes, at_once: bool) -> None:
    async with saying(answer, at_once=at_once) as endpoint:
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=TlsOptions()))
    assert isinstance(error, TlsRefused)
    assert "does not speak TLS" in str(error) or "broke during TLS" in str(error)
    assert "TLS front" in error.hint


async def test_our_own_listener_without_tls_is_named_as_one(tmp_path: Path) -> None:
    async with served(tmp_path, None) as endpoint:
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=TlsOptions()))
    assert isinstance(error, TlsRefused)
    assert "does not speak TLS" in str(error)


async def test_silence_ends_in_time_and_says_where_it_was(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wss, "UPGRADE_TIMEOUT_SECONDS", 0.3)
    async with saying(b"") as endpoint:
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=TlsOptions()))
        assert isinstance(error, TlsRefused)
        assert "TLS did not begin" in str(error)
        proxy = Proxy(host="127.0.0.1", port=endpoint.port)
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=TlsOptions(), proxy=proxy))
        assert isinstance(error, HostUnreachable)
        assert f"the proxy http://127.0.0.1:{endpoint.port} did not answer" in str(error)


async def test_nobody_there_is_unreachable(unused_tcp_port_factory: Callable[[], int]) -> None:
    endpoint = WssEndpoint(host="127.0.0.1", port=unused_tcp_port_factory())
    error = await failure(WssDial(endpoint, credential=TOKEN, tls=TlsOptions()))
    assert isinstance(error, HostUnreachable)
    assert error.exit_code is ExitCode.UNREACHABLE


async def test_a_server_that_wants_a_certificate_gets_ours_and_says_no_without(
    tmp_path: Path, authority: Authority
) -> None:
    chain = authority.issue("127.0.0.1")
    own = authority.issue("me", file="me.pem")
    foreign = make_authority(tmp_path / "other").issue("me", file="me.pem")
    async with served(tmp_path, chain, client_ca=authority.ca_file) as endpoint:
        ca_file = str(authority.ca_file)
        for options in (
            TlsOptions(ca_file=ca_file, cert_file=str(own)),
            TlsOptions(ca_file=ca_file, cert_file=str(own), key_file=str(own)),
        ):
            await dial(WssDial(endpoint, credential=TOKEN, tls=options))
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=TlsOptions(ca_file=ca_file)))
        assert isinstance(error, TlsRefused)
        assert "wants a certificate of us" in str(error)
        assert "--tls-cert" in error.hint
        options = TlsOptions(ca_file=ca_file, cert_file=str(foreign))
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=options))
        assert "certificate we showed" in error.hint
        # A certificate alone is no credential.
        options = TlsOptions(ca_file=ca_file, cert_file=str(own))
        error = await failure(WssDial(endpoint, credential=None, tls=options))
        assert isinstance(error, CredentialRefused)


async def test_the_authority_of_clients_is_followed_like_the_certificate(
    tmp_path: Path, authority: Authority
) -> None:
    chain = authority.issue("127.0.0.1")
    other = make_authority(tmp_path / "other")
    mine, theirs = authority.issue("me", file="me.pem"), other.issue("me", file="me.pem")
    clients = tmp_path / "clients.pem"
    clients.write_bytes(authority.ca_file.read_bytes())
    async with served(tmp_path, chain, client_ca=clients) as endpoint:

        def by(own: Path) -> WssDial:
            options = TlsOptions(ca_file=str(authority.ca_file), cert_file=str(own))
            return WssDial(endpoint, credential=TOKEN, tls=options)

        await dial(by(mine))
        clients.write_bytes(other.ca_file.read_bytes())
        await dial(by(theirs))
        assert "certificate we showed" in (await failure(by(mine))).hint


@pytest.mark.parametrize("fault", ["no CA", "bad CA", "key open to others", "no pair", "key alone", "no key"])
def test_files_that_are_not_good_are_refused_before_anything_is_dialled(
    tmp_path: Path, authority: Authority, fault: str
) -> None:
    own = authority.issue("me", file="me.pem")
    bad = tmp_path / "bad.pem"
    bad.write_text("x")
    bad.chmod(0o600)
    options = {
        "no CA": TlsOptions(ca_file=str(tmp_path / "none")),
        "bad CA": TlsOptions(ca_file=str(bad)),
        "key open to others": TlsOptions(cert_file=str(own)),
        "no pair": TlsOptions(cert_file=str(own), key_file=str(authority.issue("x", file="x.pem"))),
        "key alone": TlsOptions(key_file=str(own)),
        "no key": TlsOptions(cert_file=str(tmp_path / "none")),
    }[fault]
    if fault == "key open to others":
        own.chmod(0o640)
    with pytest.raises(ConfigError):
        WssDial(WssEndpoint(host="127.0.0.1", port=1), credential=TOKEN, tls=options)


@pytest.mark.parametrize("proxy_speaks_tls", [False, True])
async def test_a_proxy_on_the_way_sees_where_to_and_nothing_of_what_is_said(
    tmp_path: Path,
    authority: Authority,
    proxy_speaks_tls: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain = authority.issue("devbox.example")
    proxy_chain = authority.issue("127.0.0.1", file="proxy.pem") if proxy_speaks_tls else None
    if proxy_speaks_tls:  # the proxy's own certificate is judged by the system's authorities
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    async with (
        served(tmp_path, chain) as behind,
        open_proxy(route=behind.port, chain=proxy_chain) as proxy,
    ):
        # The name is resolved by the proxy: nobody else knows it.
        endpoint = WssEndpoint(host="devbox.example", port=4443)
        scheme = "https" if proxy_speaks_tls else "http"
        url = f"{scheme}://me:p%40ss@127.0.0.1:{proxy.port}"
        chosen = Proxies.from_environment({"HTTPS_PROXY": url}).choose(endpoint)
        await dial(WssDial(endpoint, credential=TOKEN, tls=trusting(authority), proxy=chosen))
    (asked,) = proxy.asked
    assert asked.startswith("CONNECT devbox.example:4443 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6cEBzcw==" in asked
    assert TOKEN.reveal() not in asked
    assert b"Upgrade" not in proxy.relayed


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ("407 Proxy Authentication Required", "wants other credentials (407)"),
        ("403 Forbidden by policy", "does not let us through (403)"),
        ("503 No such host", "does not let us through (503)"),
    ],
)
async def test_a_proxy_that_says_no_is_quoted_without_its_password(
    authority: Authority, refusal: str, words: str
) -> None:
    endpoint = WssEndpoint(host="devbox.example", port=4443)
    async with open_proxy(route=1, refusal=refusal) as proxy:
        environment = {"https_proxy": f"http://me:canary@127.0.0.1:{proxy.port}"}
        chosen = Proxies.from_environment(environment).choose(endpoint)
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=trusting(authority), proxy=chosen))
    assert isinstance(error, HostUnreachable)
    assert words in str(error)
    assert error.said == refusal.partition(" ")[2]
    assert "canary" not in f"{error} {error.hint} {error.said} {chosen!r}"


async def test_a_proxy_that_is_none_or_not_there_is_named(
    tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    endpoint = WssEndpoint(host="devbox.example", port=4443)
    absent = Proxy(host="127.0.0.1", port=unused_tcp_port_factory())
    error = await failure(WssDial(endpoint, credential=TOKEN, tls=TlsOptions(), proxy=absent))
    assert f"the proxy {absent} cannot be reached" in str(error)
    assert "no_proxy" in error.hint
    async with saying(b"SSH-2.0-x\r\n") as there:
        proxy = Proxy(host="127.0.0.1", port=there.port)
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=TlsOptions(), proxy=proxy))
        assert "did not answer as a proxy" in str(error)
        secure = Proxy(host="127.0.0.1", port=there.port, tls=True)
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=TlsOptions(), proxy=secure))
        assert isinstance(error, HostUnreachable)
        assert "TLS with the proxy" in str(error)
        async with open_proxy(route=there.port) as good:
            proxy = Proxy(host="127.0.0.1", port=good.port)
            error = await failure(WssDial(endpoint, credential=TOKEN, tls=TlsOptions(), proxy=proxy))
            assert isinstance(error, TlsRefused)


class Clock:
    """Ours, and wrong."""

    def __init__(self, off_seconds: float) -> None:
        self.off_seconds = off_seconds

    def __call__(self) -> float:
        return time.time() + self.off_seconds


@pytest.mark.parametrize("off_seconds", [0, -3600, 3600])
async def test_a_jwt_is_made_for_every_dial_and_follows_the_servers_clock(
    tmp_path: Path, authority: Authority, off_seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = SignedBearerVerifier(secret=SHARED, issuer="me", audience="box")
    async with served(tmp_path, authority.issue("127.0.0.1"), verifier=verifier) as endpoint:
        dialler = WssDial(
            endpoint,
            credential=Signer(secret=SHARED, issuer="me", audience="box"),
            tls=trusting(authority),
            clock=Clock(off_seconds),
        )
        for _ in range(3):
            await dial(dialler)
    measured = [r for r in caplog.records if "tokens follow it" in r.getMessage()]
    assert len(measured) == bool(off_seconds)  # what was learned is kept for the next dial
    refused = [r for r in caplog.records if ": refused: " in r.getMessage()]
    assert len(refused) == bool(off_seconds)


async def test_a_jwt_the_server_does_not_want_is_tried_no_more_than_twice(
    tmp_path: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    verifier = SignedBearerVerifier(secret=SHARED, issuer="me")
    async with served(tmp_path, authority.issue("127.0.0.1"), verifier=verifier) as endpoint:
        signer = Signer(secret=SHARED, issuer="somebody else")
        dialler = WssDial(endpoint, credential=signer, tls=trusting(authority), clock=Clock(3600))
        error = await failure(dialler)
    assert isinstance(error, CredentialRefused)
    assert error.said == "websocket jwt issuer mismatch"
    assert "--ws-issuer" in error.hint
    assert len([record for record in caplog.records if ": refused: " in record.getMessage()]) == 2


async def test_a_jwt_that_was_given_and_a_clock_that_differs_are_told_together(
    tmp_path: Path, authority: Authority
) -> None:
    clock = Clock(-3600)
    jwt = Signer(secret=SHARED).mint(now=clock())
    verifier = SignedBearerVerifier(secret=SHARED)
    async with served(tmp_path, authority.issue("127.0.0.1"), verifier=verifier) as endpoint:
        error = await failure(WssDial(endpoint, credential=jwt, tls=trusting(authority), clock=clock))
        assert isinstance(error, CredentialRefused)
        assert error.exit_code is ExitCode.TOKEN
        assert "its clock is 3600 seconds ahead of ours" in str(error) or "3599 seconds" in str(error)
        assert "timedatectl" in error.hint
        # A token that knows no time is refused for another reason.
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=trusting(authority), clock=clock))
        assert "clock" not in f"{error} {error.hint}"


FRONT_ANSWERS = [
    ("401 Unauthorized", CredentialRefused, "refused the credential (401)", ExitCode.TOKEN),
    ("403 Forbidden", CredentialRefused, "lets nobody in from here (403)", ExitCode.TOKEN),
    ("429 Too Many Requests", ProtocolViolated, "no more attempts for now (429)", ExitCode.FORWARD),
    ("502 Bad Gateway", AppServerError, "no app server to talk to at the moment (502)", ExitCode.APP_SERVER),
    ("404 Not Found", ProtocolViolated, "answered 404 instead of upgrading", ExitCode.FORWARD),
]


@pytest.mark.parametrize(("status", "kind", "words", "code"), FRONT_ANSWERS)
async def test_each_answer_of_a_front_has_its_own_words_and_exit_code(
    tmp_path: Path,
    authority: Authority,
    status: str,
    kind: type[CodexSshError],
    words: str,
    code: ExitCode,
) -> None:
    answer = f"HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nsaid".encode()
    async with (
        saying(answer, at_once=False) as plain,
        open_tls_front(tmp_path / "front", to_port=plain.port) as front,
    ):
        endpoint = WssEndpoint(host="127.0.0.1", port=front.port)
        options = TlsOptions(ca_file=str(front.ca_file))
        error = await failure(WssDial(endpoint, credential=TOKEN, tls=options))
    assert type(error) is kind
    assert words in str(error)
    assert error.exit_code is code
    assert getattr(error, "said", "") == "said"
