"""The way out through the laptop: what its proxy serves, and two windows with one way out."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from codex_ssh.core.config import Egress, Settings
from codex_ssh.core.egress import Egress as WayOut
from codex_ssh.core.egress import read_egress
from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.link import egress
from codex_ssh.link.profile import make_profile
from codex_ssh.link.way import Profile, open_way
from tests.integration.test_link_dial import Nobody
from tests.support.codex import require_codex
from tests.support.dev_server import THERE, free_port, open_dev_server
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


def lending(sshd: Sshd, *hosts: str) -> Profile:
    settings = Settings(egress=Egress.VIA_LAPTOP, egress_hosts=hosts)
    return make_profile(
        parse_host(sshd.alias), settings, SshOptions(config_file=str(sshd.ssh_config)), Nobody()
    )


async def ask(way: WayOut, target: str, secret: str = "") -> str:
    """Ask the proxy by the devbox's port; gives the first line, and behind a CONNECT the page's too."""
    known = base64.b64encode(f"codex-ssh:{secret or way.secret.reveal()}".encode()).decode()
    try:
        async with asyncio.timeout(15):
            reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
            try:
                writer.write(
                    f"CONNECT {target} HTTP/1.1\r\nProxy-Authorization: Basic {known}\r\n\r\n".encode()
                )
                first = (await reader.readline()).decode().strip()
                if " 200 " not in first:
                    return first
                await reader.readline()
                writer.write(b"GET / HTTP/1.0\r\n\r\n")
                return (await reader.readline()).decode().strip()
            finally:
                writer.close()
    except OSError:
        return ""


async def test_the_proxy_serves_what_is_allowed_and_a_second_window_takes_over(
    sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(egress, "AGAIN_SECONDS", 0.1)
    sshd.install(require_codex().path, "codex")
    port = free_port()
    profile = lending(sshd, f"{THERE}:{port}", f"{THERE}:1")
    async with open_dev_server(port), AsyncExitStack() as first:
        assert (await first.enter_async_context(open_way(profile, Nobody()))).warnings == ()
        (kept,) = sshd.home.glob(".codex-ssh/*/egress")
        way = read_egress(kept.read_text())
        assert way is not None
        assert await ask(way, f"{THERE}:{port}") == "HTTP/1.0 200 OK"
        assert await ask(way, f"{THERE}:1") == "HTTP/1.1 502 Bad Gateway"
        assert await ask(way, "example.com:443") == "HTTP/1.1 403 Forbidden"
        assert (await ask(way, f"{THERE}:{port}", "guess")).startswith("HTTP/1.1 407 ")
        (log,) = (tmp_path / "state").rglob("egress.log")
        said = [json.loads(line) for line in log.read_text().splitlines()]
        assert {one["devbox"] for one in said} == {"devbox"}
        statuses = [(one["host"], one["status"]) for one in said]
        assert statuses == [(THERE, 200), (THERE, 200), ("example.com", 403), ("", 407)]
        async with open_way(profile, Nobody()) as second:
            assert second.warnings == ()
            assert await ask(way, f"{THERE}:{port}") == "HTTP/1.0 200 OK"
            await first.aclose()

            async def is_out() -> bool:
                return await ask(way, f"{THERE}:{port}") == "HTTP/1.0 200 OK"

            await until(is_out, "the second window has taken over")
        assert await ask(way, f"{THERE}:{port}") == ""


async def test_nothing_goes_out_that_cannot_be_written_down(
    sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_text("no directory")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    sshd.install(require_codex().path, "codex")
    port = free_port()
    async with open_dev_server(port), open_way(lending(sshd, f"{THERE}:{port}"), Nobody()):
        (kept,) = sshd.home.glob(".codex-ssh/*/egress")
        way = read_egress(kept.read_text())
        assert way is not None
        assert await ask(way, f"{THERE}:{port}") == "HTTP/1.1 502 Bad Gateway"
