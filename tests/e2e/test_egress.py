"""``egress = "via-laptop"``: codex on the devbox reaches its model through the laptop, and nothing else."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from codex_ssh.core.egress import read_egress
from tests.conftest import StartSshd
from tests.support.cli import codex_ssh
from tests.support.codex import require_codex
from tests.support.dev_server import THERE, open_dev_server
from tests.support.model import Model
from tests.support.processes import Finished
from tests.support.sshd import Sshd
from tests.support.tls import open_tls_front

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


def configure(home: Path, *hosts: str) -> None:
    file = home / ".config" / "codex-ssh" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'[host."devbox"]\negress = "via-laptop"\negress_hosts = {json.dumps(hosts)}\n')


async def turn(sshd: Sshd, home: Path, words: str, *more: str) -> Finished:
    return await codex_ssh(
        "exec", "-F", sshd.ssh_config, "--cd", sshd.home, *more, "devbox", f"say {words}", home=home
    )


def audited(home: Path) -> list[dict[str, Any]]:
    (log,) = home.rglob("egress.log")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    return [json.loads(line) for line in log.read_text().splitlines()]


async def test_a_model_behind_the_laptop_answers_and_other_hosts_do_not(
    start_sshd: StartSshd, model: Model, tmp_path: Path
) -> None:
    laptop = tmp_path / "laptop"
    async with open_tls_front(tmp_path / "tls", to_port=model.port, name=THERE, address=THERE) as front:
        sshd = await start_sshd(environment={"SSL_CERT_FILE": str(front.ca_file)})
        sshd.install(require_codex().path, "codex")
        model.write_config(sshd.home / ".codex")
        config = sshd.home / ".codex" / "config.toml"
        config.write_text(config.read_text().replace(model.base_url, f"https://{THERE}:{front.port}/v1"))
        # One that was started without it has no way out; a restart gives it one. Here it needs none.
        plain = await turn(sshd, laptop, "hello directly")
        assert plain.code == 0, plain.err
        configure(laptop, f"{THERE}:{front.port}")
        warned = await turn(sshd, laptop, "hello directly")
        assert "no way out through this machine: it was started without" in warned.err
        assert not list(laptop.rglob("egress.log"))
        restarted = await codex_ssh("server", "restart", "-F", sshd.ssh_config, "devbox", home=laptop)
        assert restarted.code == 0, restarted.err

        first = await turn(sshd, laptop, "hello out there")
        assert (first.code, first.out.strip()) == (0, "hello out there"), first.err
        through = {(line["host"], line["port"], line["status"]) for line in audited(laptop)}
        assert (THERE, front.port, 200) in through
        assert {status for host, _, status in through if host != THERE} <= {403}

        # The server goes on; the next connection opens the same way out for it.
        again = await turn(sshd, laptop, "hello again")
        assert (again.code, again.out.strip()) == (0, "hello again"), again.err

        (kept,) = sshd.home.glob(".codex-ssh/*/egress")
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        way = read_egress(kept.read_text())
        assert way is not None
        written = [path.read_text() for path in laptop.rglob("*") if path.is_file()]
        assert [text for text in (first.err, again.err, *written) if way.secret.reveal() in text] == []

        # Somebody else has the port: nothing is said to him, and what helps is said.
        async with open_dev_server(way.port, address="127.0.0.1"):
            foreign = await turn(sshd, laptop, "hello")
        assert foreign.code == 8, foreign.err
        assert f"port {way.port} there" in foreign.err
        assert "is taken by python3 http.server" in foreign.err
        assert "codex-ssh server restart devbox" in foreign.err

        stopped = await codex_ssh("server", "stop", "-F", sshd.ssh_config, "devbox", home=laptop)
        assert stopped.code == 0, stopped.err
        assert not kept.exists()
