"""``codex-ssh token``: the file there, its fingerprint, its replacement, and JWTs for scripts."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import CredentialRefused
from codex_ssh.link.appserver import find_or_start_app_server
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import open_link
from codex_ssh.link.way import Profile
from tests.conftest import StartCodex
from tests.integration.test_link_dial import Nobody, logged_in, ours
from tests.support import processes
from tests.support.cli import codex_ssh
from tests.support.codex import require_codex
from tests.support.model import Model
from tests.support.sshd import Sshd
from tests.support.wire import open_wire

pytestmark = [pytest.mark.sshd]


async def token(sshd: Sshd, home: Path, *words: str) -> processes.Finished:
    action, *flags = words
    return await codex_ssh(
        "token", action, "devbox", "-F", sshd.ssh_config, "--no-input", "--json", *flags, home=home
    )


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_text().strip().encode()).hexdigest()


async def test_create_makes_the_recipes_file_once_and_shows_only_its_digest(
    sshd: Sshd, tmp_path: Path
) -> None:
    made = await token(sshd, tmp_path, "create")
    assert made.code == 0, made.err
    file = sshd.home / ".codex" / "app-server-token"
    assert json.loads(made.out) == {"path": str(file), "sha256": sha256(file)}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert file.read_text().strip() not in made.out + made.err

    again = await token(sshd, tmp_path, "create")
    assert again.code == 7
    assert "codex-ssh token rotate" in again.err
    shown = await token(sshd, tmp_path, "fingerprint")
    assert json.loads(shown.out)["sha256"] == sha256(file)


async def test_a_fingerprint_of_nothing_is_an_error(sshd: Sshd, tmp_path: Path) -> None:
    done = await token(sshd, tmp_path, "fingerprint")
    assert done.code == 7
    assert "there is no token file" in done.err


async def test_a_full_disk_leaves_the_old_token(sshd: Sshd, tmp_path: Path) -> None:
    file = sshd.home / ".codex" / "app-server-token"
    await token(sshd, tmp_path, "create")
    before = sha256(file)
    done = await token(sshd, tmp_path, "rotate", "--token-file", "/dev/full/token")
    assert done.code == 7
    assert "could not be written" in done.err
    assert sha256(file) == before


@pytest.mark.codex
async def test_rotate_restarts_our_server_and_the_old_token_stops_working(
    sshd: Sshd, model: Model, tmp_path: Path
) -> None:
    model.write_config(sshd.home / ".codex")
    sshd.install(require_codex("pypi").path, "codex")
    file = sshd.home / ".codex" / "app-server-token"
    named = Profile(
        host=parse_host(sshd.alias),
        ssh=SshOptions(config_file=str(sshd.ssh_config)),
        wanted=Wanted(token_file="~/.codex/app-server-token"),
    )
    async with open_link(named, Nobody()) as link:
        assert link.facts.transport == "ssh"
    before, (pid,) = sha256(file), ours(sshd)
    old = file.read_text().strip()
    done = await token(sshd, tmp_path, "rotate")
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"path": str(file), "sha256": sha256(file), "restarted": True}
    assert sha256(file) != before
    assert ours(sshd) != [pid]
    async with open_link(named, Nobody()) as link:
        assert link.facts.transport == "ssh"
    async with logged_in(sshd) as ssh:
        endpoint = str((await find_or_start_app_server(ssh, named.wanted)).endpoint)
    async with open_wire(endpoint, file.read_text().strip()) as wire:
        await wire.initialize()
    with pytest.raises(InvalidStatus) as refused:
        async with open_wire(endpoint, old):
            pass
    assert refused.value.response.status_code == 401


@pytest.mark.codex
async def test_rotate_leaves_a_server_that_is_not_ours_alone_and_says_so(
    sshd: Sshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    done = await token(sshd, tmp_path, "rotate", "--endpoint", server.endpoint)
    assert done.code == 0, done.err
    assert json.loads(done.out)["restarted"] is False
    assert "keeps the old token" in done.err
    assert processes.is_alive(server.pid)
    named = Profile(
        host=parse_host(sshd.alias),
        ssh=SshOptions(config_file=str(sshd.ssh_config)),
        wanted=Wanted(token_file=str(server.token_file)),
    )
    with pytest.raises(CredentialRefused):
        async with open_link(_at(named, server.port), Nobody()):
            pytest.fail("the old token is gone, so this cannot work")


async def test_a_minted_token_is_a_jwt_on_stdout(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    done = await codex_ssh("token", "mint", "--shared-secret-file", secret, "--issuer", "me", home=tmp_path)
    assert done.code == 0, done.err
    assert done.out.count(".") == 2
    secret.write_text("short")
    done = await codex_ssh("token", "mint", "--shared-secret-file", secret, home=tmp_path)
    assert done.code == 3
    assert "shorter than 32 bytes" in done.err


async def test_every_action_but_mint_wants_a_host(tmp_path: Path) -> None:
    done = await codex_ssh("token", "rotate", home=tmp_path)
    assert done.code == 2
    assert "wants a host" in done.err


def _at(profile: Profile, port: int) -> Profile:
    from dataclasses import replace

    from codex_ssh.core.endpoint import WsEndpoint

    return replace(profile, wanted=replace(profile.wanted, endpoint=WsEndpoint(host="127.0.0.1", port=port)))
