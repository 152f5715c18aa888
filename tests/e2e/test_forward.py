"""``codex-ssh forward``: ports of the devbox, as a person opens them."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartCodex, StartTmux
from tests.support.cli import PROGRAM, announcing, client_environment, codex_ssh
from tests.support.dev_server import OK, THERE, free_port, open_dev_server, page
from tests.support.require import require_program
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = pytest.mark.sshd

NO_LOW_PORTS = ("--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service")


def forward(
    sshd: Sshd, home: Path, *words: str, before: Sequence[str] = ()
) -> AbstractAsyncContextManager[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    return announcing("forward", "-F", sshd.ssh_config, "--json", "devbox", *words, home=home, before=before)


async def test_what_listens_is_listed_and_a_port_answers_here_before_and_after_a_drop(
    sshd: Sshd, tmp_path: Path
) -> None:
    port = free_port()
    async with open_dev_server(port):
        listed = await codex_ssh("forward", "-F", sshd.ssh_config, "devbox", home=tmp_path)
        assert f"{port}  python3 http.server" in listed.out, listed.err
        facts = await codex_ssh("forward", "-F", sshd.ssh_config, "devbox", "--json", home=tmp_path)
        one = {"port": port, "hosts": [THERE], "process": "python3 http.server", "exposed": False}
        assert one in json.loads(facts.out)["listening"]
        async with forward(sshd, tmp_path, f"{port}:{THERE}:{port}") as (process, said):
            assert said == {
                "host": "devbox",
                "forwards": [
                    {
                        "direction": "local", "local": port, "remote": port, "host": THERE,
                        "url": f"http://localhost:{port}", "reused": False, "note": "",
                    }
                ],
            }  # fmt: skip
            assert await page(port) == OK
            logins = sshd.logins
            sshd.cut()
            await until(lambda: sshd.logins > logins, "the link is made again")
            assert await page(port) == OK
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(20):
                assert await process.wait() == 143
            assert process.stderr is not None
            said_of_it = (await process.stderr.read()).decode()
            assert "devbox: the link is lost" in said_of_it
            assert "devbox: the link is back" in said_of_it
        assert await page(port) == ""


async def test_a_port_only_root_may_have_is_another_one(sshd: Sshd, tmp_path: Path) -> None:
    setpriv = require_program("setpriv", "apt-get install util-linux")
    async with forward(sshd, tmp_path, "81", before=(str(setpriv), *NO_LOW_PORTS)) as (_, said):
        (one,) = said["forwards"]
        assert one["local"] in (8081, 10081)
        assert one["note"] == "only root may listen on 81 here"


async def test_the_other_way_and_socks_are_told_in_words(sshd: Sshd, tmp_path: Path) -> None:
    here, there = free_port(), free_port()
    async with (
        open_dev_server(here),
        forward(sshd, tmp_path, "-R", f"{there}:{THERE}:{here}", "-D", "0") as (
            _,
            said,
        ),
    ):
        back, socks = said["forwards"]
        assert (back["direction"], back["remote"], back["local"], back["url"]) == ("remote", there, here, "")
        assert socks["url"] == f"socks5h://localhost:{socks['local']}"
        assert await page(there) == OK


async def test_what_cannot_be_opened_says_why_by_its_exit_code(sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / ".config" / "codex-ssh" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[host."devbox"]\nforward_deny = ["5000-5999"]\n')
    denied = await codex_ssh("forward", "-F", sshd.ssh_config, "devbox", "5432", home=tmp_path)
    assert (denied.code, "port 5432 is denied by forward_deny" in denied.err) == (3, True), denied.err
    taken = await codex_ssh("forward", "-F", sshd.ssh_config, "devbox", f"{sshd.port}:8000", home=tmp_path)
    assert (taken.code, f"cannot listen on 127.0.0.1:{sshd.port}" in taken.err) == (8, True), taken.err
    usage = await codex_ssh("forward", "devbox", "800:", home=tmp_path)
    assert (usage.code, "write PORT or LOCAL:PORT" in usage.err) == (2, True), usage.err
    wss = await codex_ssh("forward", "devbox", "8000", "--wss", "wss://x:1", home=tmp_path)
    assert (wss.code, "a port needs SSH" in wss.err) == (8, True), wss.err


@pytest.mark.codex
@pytest.mark.tmux
async def test_a_dev_server_of_a_turn_is_offered_and_answers_here_and_again_after_a_drop(
    start_tmux: StartTmux, sshd: Sshd, start_codex: StartCodex, workspace: Path, tmp_path: Path
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    port = free_port()
    serve = f"run: python3 -m http.server {port} --bind {THERE} >log 2>&1 & sleep 600"
    tui = await start_tmux(
        [
            *PROGRAM, "-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint),
            "--cd", str(workspace), "devbox", serve,
        ],
        environment=client_environment(tmp_path, TERM="xterm-256color", PYTHONDEVMODE=""),
        columns=100, lines=30,
    )  # fmt: skip
    await tui.wait_text(f"Alt+P opens here: port {port} (python3 http.server) of devbox", seconds=40)
    assert await page(port) == ""
    await tui.key("M-p")
    await tui.wait_text(f"http://localhost:{port} is port {port} of devbox (python3 http.server)")
    assert await page(port) == OK
    logins = sshd.logins
    sshd.cut()
    await until(lambda: sshd.logins > logins, "the link is made again", seconds=30)
    assert await page(port) == OK
    await tui.key("M-p")
    await tui.wait_text("ports of devbox")
    await tui.wait_text(f"⇄ {port}")
    await tui.key("x")
    await until(lambda: _is_closed(port), "the port is closed here")


async def _is_closed(port: int) -> bool:
    return await page(port) == ""
