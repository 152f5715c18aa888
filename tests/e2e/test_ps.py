"""``codex-ssh ps``: all hosts side by side, as a table and as JSON, and those that are off."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartCodex
from tests.e2e.test_tunnel import tunnel
from tests.integration.test_link_fleet import config_of
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.sink import Sink
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


def settings(home: Path, text: str) -> None:
    path = home / ".config" / "codex-ssh" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def ps(home: Path, *words: str | Path) -> dict[str, dict[str, Any]]:
    done = await codex_ssh("ps", "--json", *words, home=home)
    assert done.code == 0, done.err
    return {report["host"]: report for report in map(json.loads, done.out.splitlines())}


async def test_one_is_up_and_later_off_and_what_was_seen_is_kept(
    sshd: Sshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    known = tmp_path / "known"
    known.write_text(f"""#!/bin/sh\necho '{{"name": "devbox", "endpoint": "{server.endpoint}"}}'\n""")
    known.chmod(0o755)
    settings(tmp_path, f'[host."x-*"]\n[fleet]\nhost_command = "{known}"\n')
    here = ("-F", str(sshd.ssh_config))
    # The host and its settings are told by a program alone; then a command takes what it told.
    assert (await ps(tmp_path, *here))["devbox"]["state"] == "up"
    turn = await codex_ssh("exec", "devbox", "say hello", *here, "--approve", "never", home=tmp_path)
    assert turn.code == 0, turn.err
    up = (await ps(tmp_path, *here))["devbox"]
    assert (up["state"], up["idle"], up["threads"][0]["title"]) == ("up", 1, "say hello")
    (kept,) = (tmp_path / ".local" / "state" / "codex-ssh" / "hosts").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert server.token not in kept.read_text()

    await sshd.stop()
    settings(tmp_path, "")
    # By now it is known, since somebody looked at it.
    off = (await ps(tmp_path, *here))["devbox"]
    assert (off["state"], off["lastSeen"]["at"], off["lastSeen"]["idle"]) == ("off", up["at"], 1)
    table = await codex_ssh("ps", *here, home=tmp_path)
    assert table.out.splitlines()[1].split()[:6] == ["devbox", "off", "0", "0", "0", "1"]
    assert "as it was just now" in table.out


async def test_a_window_that_is_open_spares_the_login(
    sshd: Sshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    settings(tmp_path, f'[defaults]\nendpoint = "{server.endpoint}"\n')
    async with tunnel(sshd, server, tmp_path):
        logins = sshd.logins
        (sshd.directory / "authorized_keys").write_text("")  # nobody could log in by now
        found = await ps(tmp_path, "-F", str(sshd.ssh_config), "devbox")
        assert (found["devbox"]["state"], found["devbox"]["version"]) == ("up", server.binary.version())
        assert sshd.logins == logins
    # A look holds nothing, so nobody goes on with it.
    refused = await ps(tmp_path, "-F", str(sshd.ssh_config), "devbox")
    assert refused["devbox"]["state"] == "refused"


async def test_the_first_rows_are_there_while_others_do_not_answer(
    sshd: Sshd, sink: Sink, tmp_path: Path
) -> None:
    alive, dead, off = [f"box{n}" for n in range(15)], [f"dead{n}" for n in range(3)], ["off1", "off2"]
    config = tmp_path / "config"
    config.write_text(config_of(sshd, alive) + config_of(sshd, dead, sink.port) + config_of(sshd, off, 1))
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *("ps", "-F", str(config), *dead, *off, *alive),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=client_environment(tmp_path),
    )
    assert process.stdout is not None
    rows: dict[str, str] = {}
    # One may be late on a busy machine; the first row never waits for those that do not answer.
    while not rows:
        words = (await process.stdout.readline()).decode().split(maxsplit=2)
        if words[0] in (*alive, *dead, *off):
            rows[words[0]] = words[1]
    await until(lambda: sink.connections == 3, "all three of them are tried")
    assert rows.keys().isdisjoint(dead)
    process.send_signal(signal.SIGTERM)
    _, said = await process.communicate()
    assert process.returncode == 143
    assert b"Traceback" not in said, said.decode()


async def test_what_is_wrong_is_said_where_it_is_wrong(tmp_path: Path) -> None:
    none = await codex_ssh("ps", home=tmp_path)
    assert (none.code, none.out) == (0, "")
    assert "no host is known yet" in none.err
    settings(tmp_path, '[host.box]\nmodell = "x"\n[host."not a host"]\n')
    found = await ps(tmp_path)
    assert {host: report["state"] for host, report in found.items()} == {"box": "trouble"}
    assert "did you mean 'model'" in found["box"]["hint"]
    settings(tmp_path, "[host\n")
    assert (await codex_ssh("ps", home=tmp_path)).code == 3
