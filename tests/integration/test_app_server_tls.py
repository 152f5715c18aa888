"""``--listen wss://``: TLS as a client sees it, and certificates that change."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from codex_ssh.core.secret import Secret
from codex_ssh.core.token import CapabilityVerifier
from codex_ssh.errors import ConfigError
from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import Listener, ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from codex_ssh.server.tls import TlsFiles
from tests.support.tls import write_certificates
from tests.support.wire import open_wire

TOKEN = "token-for-tests"


@asynccontextmanager
async def open_tls(tmp_path: Path, tls: TlsFiles, *, ip: str = "127.0.0.1") -> AsyncGenerator[Listener, None]:
    config = ListenerConfig(
        address=TcpAddress(ip=ip, port=0, tls=True),
        verifier=CapabilityVerifier.from_token(Secret(TOKEN)),
        tls=tls,
    )
    async with open_rehearsal(codex_home=tmp_path) as engine, open_listener(config, engine) as listener:
        yield listener


def serial(listener: Listener, ca_file: Path) -> str:
    """The serial number of the certificate a new connection is shown."""
    assert isinstance(listener.address, TcpAddress)
    context = ssl.create_default_context(cafile=ca_file)
    with (
        socket.create_connection((listener.address.ip, listener.address.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        shown = secure.getpeercert()
        assert shown is not None
        return str(shown["serialNumber"])


async def test_a_client_that_trusts_the_authority_gets_in_with_the_token(tmp_path: Path) -> None:
    ca_file, chain = write_certificates(tmp_path / "tls", "127.0.0.1")
    async with open_tls(tmp_path, TlsFiles(certificate=chain, key=chain)) as listener:
        assert listener.url.startswith("wss://127.0.0.1:")
        assert "readyz: https://127.0.0.1:" in listener.banner
        async with open_wire(listener.url, TOKEN, ca_file=ca_file) as wire:
            assert "userAgent" in await wire.initialize()
        with pytest.raises(InvalidStatus) as caught:
            async with open_wire(listener.url, "other", ca_file=ca_file):
                pass
        assert caught.value.response.body == b"invalid websocket bearer token"


async def test_ipv6_is_served_with_brackets_in_its_name(tmp_path: Path) -> None:
    ca_file, chain = write_certificates(tmp_path / "tls", "::1")
    async with open_tls(tmp_path, TlsFiles(certificate=chain, key=chain), ip="::1") as listener:
        assert listener.url.startswith("wss://[::1]:")
        async with open_wire(listener.url, TOKEN, ca_file=ca_file) as wire:
            assert "userAgent" in await wire.initialize()


async def test_plain_bytes_get_no_answer_and_disturb_nobody(tmp_path: Path) -> None:
    ca_file, chain = write_certificates(tmp_path / "tls", "127.0.0.1")
    async with open_tls(tmp_path, TlsFiles(certificate=chain, key=chain)) as listener:
        assert isinstance(listener.address, TcpAddress)
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.address.port)
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(10):
            assert b"HTTP" not in await reader.read()
        writer.close()
        async with open_wire(listener.url, TOKEN, ca_file=ca_file) as wire:
            await wire.initialize()


def test_old_versions_of_tls_are_not_spoken(tmp_path: Path) -> None:
    _, chain = write_certificates(tmp_path / "tls", "127.0.0.1")
    front = TlsFiles(certificate=chain, key=chain).front
    assert front.minimum_version is ssl.TLSVersion.TLSv1_2


async def test_a_new_certificate_counts_at_once_and_a_broken_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ca_file, chain = write_certificates(tmp_path / "tls", "127.0.0.1")
    new_ca, new_chain = write_certificates(tmp_path / "new", "127.0.0.1")
    async with open_tls(tmp_path, TlsFiles(certificate=chain, key=chain)) as listener:
        first = await asyncio.to_thread(serial, listener, ca_file)
        async with open_wire(listener.url, TOKEN, ca_file=ca_file) as wire:
            await wire.initialize()
            chain.write_text("broken")
            assert await asyncio.to_thread(serial, listener, ca_file) == first
            assert "the old certificate stays" in caplog.text
            shutil.copy(new_chain, chain)
            assert await asyncio.to_thread(serial, listener, new_ca) != first
            # Who was there stays there.
            assert "data" in await wire.result("model/list")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("missing", "No such file"),
        ("no PEM", "cannot be used"),
        ("other key", "cannot be used"),
        ("open to others", "open to other users"),
    ],
)
def test_files_that_are_not_good_are_refused_at_start(tmp_path: Path, fault: str, words: str) -> None:
    _, chain = write_certificates(tmp_path / "tls", "127.0.0.1")
    key = chain
    match fault:
        case "missing":
            key = tmp_path / "none"
        case "no PEM":
            chain.write_text("x")
        case "other key":
            _, key = write_certificates(tmp_path / "other", "127.0.0.1")
        case _:
            chain.chmod(0o644)
    with pytest.raises(ConfigError, match=words):
        TlsFiles(certificate=chain, key=key)
