"""What answers on the other side: Windows, other login shells, several machines behind one name."""

import platform
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from codex_ssh.core.endpoint import WsEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import AppServerError, ExitCode
from codex_ssh.link.appserver import find_or_start_app_server
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import open_link
from codex_ssh.link.way import Profile
from codex_ssh.local.terminal import SilentPrompter
from tests.conftest import StartCodex
from tests.support.codex import require_codex
from tests.support.shells import require_shell
from tests.support.ssh_clients import open_ssh, under_test
from tests.support.sshd import open_sshd

pytestmark = pytest.mark.usefixtures("ssh_client")

CMD = "'exec' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
POWERSHELL = (
    "exec : The term 'exec' is not recognized as the name of a cmdlet, function, script file, or \r\n"
    "operable program. Check the spelling of the name, or if a path was included, verify that the path\r\n"
)


class Open(asyncssh.SSHServer):
    """Lets everybody in."""

    def begin_auth(self, username: str) -> bool:
        return False


@asynccontextmanager
async def open_windows(directory: Path, words: str) -> AsyncGenerator[SshOptions, None]:
    """A server that answers every command as a shell of Windows does."""
    key = asyncssh.generate_private_key("ssh-ed25519")

    async def refuse(process: "asyncssh.SSHServerProcess[str]") -> None:
        process.stderr.write(words)
        process.exit(1)

    server = await asyncssh.create_server(
        Open, "127.0.0.1", 0, server_host_keys=[key], process_factory=refuse
    )
    try:
        known = directory / "known"
        known.write_text(f"[127.0.0.1]:{server.get_port()} {key.export_public_key().decode()}")
        config = directory / "config"
        config.write_text(
            f"Host win\n HostName 127.0.0.1\n Port {server.get_port()}\n User me\n"
            f" UserKnownHostsFile {known}\n StrictHostKeyChecking yes\n"
            " IdentityAgent none\n IdentityFile none\n"
        )
        yield SshOptions(config_file=str(config))
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("words", [CMD, POWERSHELL], ids=["cmd", "powershell"])
async def test_a_windows_host_is_named_at_once_and_wsl_with_it(tmp_path: Path, words: str) -> None:
    async with open_windows(tmp_path, words) as options:
        async with open_ssh(parse_host("win"), options, SilentPrompter()) as ssh:
            with pytest.raises(AppServerError, match="native Windows") as caught:
                await find_or_start_app_server(ssh, Wanted())
        assert "WSL" in caught.value.hint
        assert "is not recognized" in caught.value.said
        assert caught.value.exit_code is ExitCode.APP_SERVER


async def test_a_failing_script_is_no_windows(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            ran = await ssh.run("echo no such thing >&2; exit 1", timeout=10)
        assert ran.status == 1


@pytest.mark.parametrize("shell", ["fish", "tcsh", "dash", "bash", "nu"])
async def test_the_login_shell_does_not_matter(tmp_path: Path, shell: str) -> None:
    program = require_shell(shell)
    # What sshd does with a login shell, for one that is not this account's own.
    force = f'ForceCommand {program} -c "$SSH_ORIGINAL_COMMAND"'
    async with open_sshd(tmp_path / "sshd", lines=[force]) as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            ran = await ssh.run("x='a b'; for y in 1 2; do echo \"$x $y\"; done | cat; exit 7", timeout=10)
        assert (ran.status, ran.stdout) == (7, b"a b 1\na b 2\n")


@pytest.mark.codex
async def test_the_machine_behind_the_name_is_on_record(tmp_path: Path, start_codex: StartCodex) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        server = await start_codex(require_codex(), codex_home=sshd.home / ".codex")
        profile = Profile(
            host=parse_host(sshd.alias),
            ssh=SshOptions(config_file=str(sshd.ssh_config), client=under_test()),
            wanted=Wanted(endpoint=WsEndpoint(host="127.0.0.1", port=server.port)),
        )
        async with open_link(profile, SilentPrompter()) as link:
            assert link.facts.hostname == platform.node()
            assert link.facts.boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        assert sshd.connections == 1
