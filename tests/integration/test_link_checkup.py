"""The ladder, climbed against real peers: a host that is well, and one fault at a time."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from codex_ssh.core.checkup import RUNGS, Checkup, Rung, State, checkup_shape
from codex_ssh.core.endpoint import StdioEndpoint, WsEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.errors import ExitCode
from codex_ssh.link.checkup import check_host
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.way import Profile
from tests.conftest import StartCodex, StartSshd
from tests.integration.test_link_dial import Nobody, ours
from tests.support import processes
from tests.support.codex import TEST_TOKEN, CodexAppServer, require_codex
from tests.support.model import Model
from tests.support.serving import serving
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


def profile(sshd: Sshd, *, wanted: Wanted | None = None, config: Path | None = None) -> Profile:
    options = SshOptions(config_file=str(config or sshd.ssh_config))
    return Profile(host=parse_host(sshd.alias), ssh=options, wanted=wanted or Wanted())


async def check(profile: Profile, *, may_start: bool = False) -> Checkup:
    told: list[Rung] = []
    checkup = await check_host(profile, Nobody(), may_start=may_start, here={}, tell=told.append)
    assert tuple(told) == checkup.rungs
    assert [rung.name for rung in checkup.rungs] == list(RUNGS)
    assert json.dumps(checkup_shape(checkup))
    return checkup


def rung(checkup: Checkup, name: str) -> Rung:
    return next(rung for rung in checkup.rungs if rung.name == name)


def words(checkup: Checkup, name: str) -> str:
    """Everything a rung says, in one line."""
    one = rung(checkup, name)
    cause = [one.cause.message, one.cause.said, one.cause.fix] if one.cause is not None else []
    return " | ".join([*one.found, *one.warnings, *cause])


def assert_fell_at(checkup: Checkup, name: str, code: ExitCode) -> None:
    """Every rung before is climbed, this one failed, the rest is skipped."""
    at = RUNGS.index(name)
    states = [rung.state for rung in checkup.rungs]
    assert set(states[:at]) <= {State.OK, State.WARNING}, states
    assert states[at] is State.FAILED, states
    assert set(states[at + 1 :]) <= {State.SKIPPED}, states
    assert checkup.exit_code is code
    assert rung(checkup, name).cause is not None
    assert all(rung.found == (f"{name} failed",) for rung in checkup.rungs[at + 1 :])


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex) -> CodexAppServer:
    """An app server with a token file in the login's own CODEX_HOME."""
    return await start_codex(require_codex(), codex_home=sshd.home / ".codex")


def at_port(port: int) -> Wanted:
    return Wanted(endpoint=WsEndpoint(host="127.0.0.1", port=port))


@pytest.mark.parametrize("client", [SshClient.ASYNCSSH, SshClient.OPENSSH])
async def test_a_host_that_is_well_is_climbed_to_the_top_by_one_login(
    sshd: Sshd, model: Model, client: SshClient
) -> None:
    model.write_config(sshd.home / ".codex")
    sshd.install(require_codex().path, "codex")
    plain = profile(sshd)
    asked = Profile(
        host=plain.host, ssh=SshOptions(config_file=plain.ssh.config_file, client=client), wanted=Wanted()
    )
    checkup = await check(asked, may_start=True)
    assert checkup.failed is None, checkup
    assert checkup.reached_top
    assert (sshd.connections, sshd.logins) == (1, 1)
    assert f"client {client.value}: asked for" in words(checkup, "resolve")
    assert f"{sshd.home / 'bin' / 'codex'} 0.163.0 (by PATH)" in words(checkup, "codex")
    chosen = words(checkup, "app server")
    assert "passed over: the one we started earlier: there is none" in chosen
    assert "passed over: the documented port 4500: " in chosen
    assert "started now: unix://" in chosen
    assert "the socket's owner and mode" in words(checkup, "token")
    assert "codex 0.163.0" in words(checkup, "initialize")
    assert checkup.there["transport"] == "ssh unix"
    assert checkup.there["serverStale"] is False
    assert checkup.there["clockSkewSeconds"] == 0
    room = checkup.there["stateRoomKiB"]
    assert isinstance(room, int)
    assert room > 0
    assert len(ours(sshd)) == 1


async def test_a_second_check_finds_the_server_of_the_first_and_an_older_one_is_told(
    sshd: Sshd, model: Model
) -> None:
    model.write_config(sshd.home / ".codex")
    sshd.install(require_codex("pypi").path, "codex")
    await check(profile(sshd), may_start=True)
    sshd.install(require_codex("npm").path, "codex")
    checkup = await check(profile(sshd))
    assert checkup.failed is None, checkup
    assert "taken: the one we started earlier: unix://" in words(checkup, "app server")
    assert rung(checkup, "initialize").state is State.WARNING
    assert "server restart --when-idle devbox" in words(checkup, "initialize")
    assert checkup.there["serverStale"] is True


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(endpoint=StdioEndpoint())], ids=["auto", "stdio"])
async def test_nothing_is_started_unless_that_is_asked_for(sshd: Sshd, model: Model, wanted: Wanted) -> None:
    model.write_config(sshd.home / ".codex")
    sshd.install(require_codex().path, "codex")
    before = {str(path) for path in sshd.home.rglob("*")}
    checkup = await check(profile(sshd, wanted=wanted))
    assert checkup.exit_code is ExitCode.DONE
    assert not checkup.reached_top
    assert rung(checkup, "app server").state is State.SKIPPED
    assert "none runs; a connect would start " in words(checkup, "app server")
    assert ours(sshd) == []
    assert not (sshd.home / ".codex-ssh").exists()
    left = {path for path in {str(path) for path in sshd.home.rglob("*")} - before if "/.codex/" not in path}
    assert left == set()


async def test_the_token_file_is_named_with_its_mode_and_its_content_is_nowhere(
    sshd: Sshd, server: CodexAppServer
) -> None:
    checkup = await check(profile(sshd, wanted=at_port(server.port)))
    # No codex is installed there, and one runs all the same.
    assert rung(checkup, "codex").state is State.WARNING
    assert checkup.failed is None, checkup
    assert checkup.reached_top
    assert f"{server.token_file} there, mode -rw-------" in words(checkup, "token")
    assert TEST_TOKEN not in repr(checkup)
    assert TEST_TOKEN not in json.dumps(checkup_shape(checkup))


async def test_a_dead_port_fails_at_tcp(sshd: Sshd) -> None:
    await sshd.stop()
    checkup = await check(profile(sshd))
    assert_fell_at(checkup, "tcp", ExitCode.UNREACHABLE)
    assert "Connection refused" in words(checkup, "tcp")
    assert "is sshd running there" in words(checkup, "tcp")


async def test_a_wrong_port_that_answers_fails_behind_tcp(sshd: Sshd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        config = sshd.client_config(f"Port {port}", "ConnectTimeout 1", name="elsewhere")
        checkup = await check(profile(sshd, config=config))
    assert_fell_at(checkup, "host key", ExitCode.UNREACHABLE)
    assert "does not answer as an SSH server does" in words(checkup, "host key")


async def test_an_ssh_config_that_cannot_be_read_fails_at_resolve(sshd: Sshd) -> None:
    config = sshd.client_config("NoSuchKeyword yes", name="broken")
    checkup = await check(profile(sshd, config=config))
    assert_fell_at(checkup, "resolve", ExitCode.CONFIG)
    assert "nosuchkeyword" in words(checkup, "resolve").lower()
    assert sshd.connections == 0


async def test_a_changed_host_key_fails_at_the_host_key(sshd: Sshd) -> None:
    other = sshd.user_key.with_suffix(".pub").read_text().split()[:2]
    sshd.known_hosts.write_text(f"[127.0.0.1]:{sshd.port} {' '.join(other)}\n")
    checkup = await check(profile(sshd))
    assert_fell_at(checkup, "host key", ExitCode.REFUSED)
    assert (sshd.connections, sshd.logins) == (1, 0)


async def test_a_key_that_is_not_let_in_fails_at_the_login_after_one_attempt(sshd: Sshd) -> None:
    (sshd.directory / "authorized_keys").write_text("")
    checkup = await check(profile(sshd))
    assert_fell_at(checkup, "login", ExitCode.REFUSED)
    assert "Permission denied" in words(checkup, "login")
    assert sshd.connections == 1


async def test_keywords_without_effect_are_named(sshd: Sshd) -> None:
    config = sshd.client_config("RemoteCommand tmux", "LocalForward 8080 localhost:80", name="more")
    await sshd.stop()
    checkup = await check(profile(sshd, config=config))
    assert "set, and without effect here: RemoteCommand, LocalForward" in words(checkup, "resolve")


async def test_a_host_that_runs_no_shell_fails_at_exec(start_sshd: StartSshd) -> None:
    sshd = await start_sshd(lines=["ForceCommand echo no shell for you"])
    checkup = await check(profile(sshd))
    assert_fell_at(checkup, "exec", ExitCode.APP_SERVER)
    assert "no shell for you" in words(checkup, "exec")


async def test_no_codex_and_no_app_server_fails_at_codex(sshd: Sshd) -> None:
    checkup = await check(profile(sshd))
    assert_fell_at(checkup, "codex", ExitCode.APP_SERVER)
    assert "--codex-path" in words(checkup, "codex")


async def test_a_codex_that_is_too_old_is_told_and_fails_when_it_is_started(sshd: Sshd) -> None:
    codex = sshd.home / "bin" / "codex"
    codex.write_text(
        "#!/bin/sh\n"
        "[ $1 = --version ] && { echo codex-cli 0.0.7; exit; }\n"
        "echo \"error: unrecognized subcommand '$1'\" >&2; exit 2\n"
    )
    codex.chmod(0o755)
    checkup = await check(profile(sshd), may_start=True)
    assert_fell_at(checkup, "app server", ExitCode.APP_SERVER)
    assert "older than any that codex-ssh is tested with" in words(checkup, "codex")
    assert "unrecognized subcommand 'app-server'" in words(checkup, "app server")


async def test_a_server_that_is_gone_fails_at_the_app_server(sshd: Sshd, server: CodexAppServer) -> None:
    processes.kill([server.pid])
    checkup = await check(profile(sshd, wanted=at_port(server.port)))
    # Without any codex on the devbox nothing is said about that: another endpoint was not asked for.
    assert_fell_at(checkup, "app server", ExitCode.APP_SERVER)
    assert f"nothing listens on port {server.port}" in words(checkup, "app server")


THEIRS = """
import os, socket, sys
os.setuid(65533)
theirs = socket.create_server(("127.0.0.1", 0))
print(theirs.getsockname()[1], flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def listener_of_another_user() -> AsyncGenerator[int, None]:
    """A loopback port that belongs to uid 65533."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", THEIRS, stdin=pipe, stdout=pipe)
    try:
        assert process.stdout is not None
        yield int(await process.stdout.readline())
    finally:
        await processes.end(process)


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's listener needs root")
async def test_a_foreign_listener_fails_at_the_owner(sshd: Sshd) -> None:
    async with listener_of_another_user() as port:
        checkup = await check(profile(sshd, wanted=at_port(port)))
    assert_fell_at(checkup, "owner", ExitCode.APP_SERVER)
    assert "belongs to uid 65533, the login is uid 0" in words(checkup, "owner")
    assert "nothing was sent to it" in words(checkup, "owner")


async def test_a_token_file_open_to_others_fails_at_the_token(sshd: Sshd, server: CodexAppServer) -> None:
    assert server.token_file is not None
    server.token_file.chmod(0o644)
    checkup = await check(profile(sshd, wanted=at_port(server.port)))
    assert_fell_at(checkup, "token", ExitCode.TOKEN)
    assert "chmod 600" in words(checkup, "token")


async def test_a_token_the_server_does_not_take_fails_at_the_upgrade(
    sshd: Sshd, server: CodexAppServer
) -> None:
    assert server.token_file is not None
    server.token_file.write_text("another-token-than-the-server-was-started-with\n")
    checkup = await check(profile(sshd, wanted=at_port(server.port)))
    assert_fell_at(checkup, "upgrade", ExitCode.TOKEN)
    assert "invalid websocket bearer token" in words(checkup, "upgrade")


async def test_a_program_that_is_no_app_server_fails_at_the_upgrade(sshd: Sshd) -> None:
    token = sshd.home / ".codex" / "app-server-token"
    token.parent.mkdir()
    token.write_text(TEST_TOKEN)
    token.chmod(0o600)

    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n")
        await writer.drain()

    async with serving(web) as port:
        checkup = await check(profile(sshd, wanted=at_port(port)))
    assert_fell_at(checkup, "upgrade", ExitCode.FORWARD)
    assert "404" in words(checkup, "upgrade")


async def test_forwarding_that_is_forbidden_is_a_warning_with_the_way_taken(
    start_sshd: StartSshd, start_codex: StartCodex
) -> None:
    sshd = await start_sshd(lines=["AllowTcpForwarding no"])
    server = await start_codex(require_codex(), codex_home=sshd.home / ".codex")
    checkup = await check(profile(sshd, wanted=at_port(server.port)))
    assert checkup.failed is None, checkup
    assert rung(checkup, "upgrade").state is State.WARNING
    assert checkup.there["transport"] == "ssh exec"


async def test_a_hop_that_lets_nobody_in_is_named_where_the_way_ends(start_sshd: StartSshd) -> None:
    devbox, bastion = await start_sshd("devbox"), await start_sshd("bastion")
    (bastion.directory / "authorized_keys").write_text("")
    config = devbox.directory / "merged"
    config.write_text(
        "Host devbox\n ProxyJump bastion\n" + devbox.ssh_config.read_text() + bastion.ssh_config.read_text()
    )
    checkup = await check(profile(devbox, config=config))
    assert_fell_at(checkup, "tcp", ExitCode.REFUSED)
    assert "through bastion" in words(checkup, "resolve")
    assert words(checkup, "tcp").startswith("bastion: the server refused the login")
    assert (bastion.connections, devbox.connections) == (1, 0)


async def test_a_devbox_without_sshd_is_climbed_by_its_command(
    tmp_path: Path, start_codex: StartCodex
) -> None:
    server = await start_codex(require_codex(), codex_home=tmp_path / ".codex")
    command = ("env", "-i", "PATH=/usr/bin:/bin", f"HOME={tmp_path}")
    box = Profile(host=parse_host("box"), ssh=SshOptions(), command=command, wanted=at_port(server.port))
    checkup = await check(box)
    assert checkup.failed is None, checkup
    assert [rung(checkup, name).state for name in ("tcp", "host key")] == [State.SKIPPED] * 2
    assert checkup.there["transport"] == "exec"
    assert rung(checkup, "upgrade").state is State.OK


async def test_nobody_signed_in_fails_at_the_account_with_the_command(sshd: Sshd, model: Model) -> None:
    home = sshd.home / ".codex"
    model.write_config(home)
    config = home / "config.toml"
    config.write_text(
        config.read_text().replace("requires_openai_auth = false", "requires_openai_auth = true")
    )
    sshd.install(require_codex().path, "codex")
    checkup = await check(profile(sshd), may_start=True)
    assert_fell_at(checkup, "account", ExitCode.APP_SERVER)
    assert "codex login --device-auth" in words(checkup, "account")
    assert not any("signed in" in warning for warning in rung(checkup, "initialize").warnings)


async def test_a_sandbox_that_does_not_start_is_a_warning(sshd: Sshd, server: CodexAppServer) -> None:
    codex = sshd.home / "bin" / "codex"
    codex.write_text(
        "#!/bin/sh\ncase $1 in --version) echo codex-cli 0.163.0 ;; "
        "sandbox) echo 'bwrap: No permissions to create a new namespace' >&2; exit 1 ;; esac\n"
    )
    codex.chmod(0o755)
    checkup = await check(profile(sshd, wanted=at_port(server.port)))
    assert checkup.reached_top, checkup
    assert rung(checkup, "sandbox").state is State.WARNING
    assert "No permissions to create a new namespace" in words(checkup, "sandbox")


async def test_a_command_that_gives_the_token_is_asked_once(sshd: Sshd, server: CodexAppServer) -> None:
    asked: list[int] = []

    def given() -> Secret:
        asked.append(1)
        return Secret(TEST_TOKEN)

    checkup = await check(replace(profile(sshd, wanted=at_port(server.port)), given=given))
    assert checkup.failed is None, checkup
    assert asked == [1]
    assert "from where this machine's settings say" in words(checkup, "token")
