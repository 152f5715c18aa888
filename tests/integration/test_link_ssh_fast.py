"""A fast start with real servers, and with servers that do something else than the last time.

Whatever a server does, the login goes through by the plain way, once, or fails as the plain way fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from codex_ssh.core.endpoint import WsEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.lesson import Lesson, login_of
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.errors import ForwardError, HostKeyRefused, HostUnreachable, LoginRefused
from codex_ssh.link import ssh_client, ssh_fast, ssh_login, ssh_owner
from codex_ssh.link.ahead import Ahead
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.lessons import LessonBook
from codex_ssh.local.paths import lessons_dir
from codex_ssh.local.terminal import SilentPrompter
from tests.support import processes
from tests.support.serving import serving
from tests.support.ssh_clients import teach
from tests.support.ssh_servers import end, noted
from tests.support.sshd import Sshd, open_sshd

SCRIPT = "echo in"


@asynccontextmanager
async def entered(
    options: SshOptions, *, host: str = "devbox", ahead: Ahead | None = None
) -> AsyncGenerator[Ssh, None]:
    options = replace(options, client=SshClient.ASYNCSSH)
    ahead = ahead or Ahead(script=SCRIPT)
    async with ssh_client.open_ssh(parse_host(host), options, SilentPrompter(), ahead=ahead) as ssh:
        yield ssh


async def visit(options: SshOptions, *, host: str = "devbox") -> bytes:
    """Log in, run the script that was announced, and one that was not."""
    async with entered(options, host=host) as ssh:
        said = (await ssh.run(SCRIPT, timeout=10)).stdout
        assert (await ssh.run("echo more", timeout=10)).stdout == b"more\n"
        return said


async def greet(ssh: Ssh, port: int) -> bytes:
    """Say hello to a server on the devbox, and give its first line."""
    reader = asyncio.StreamReader()
    transport, _ = await ssh.open_tcp(lambda: asyncio.StreamReaderProtocol(reader), "127.0.0.1", port)
    transport.write(b"hello\n")
    async with asyncio.timeout(10):
        said = await reader.readline()
    transport.close()
    return said


async def lesson_about(options: SshOptions, *, host: str = "devbox") -> Lesson | None:
    config = (await ssh_client.resolve(parse_host(host), options)).config
    return LessonBook(lessons_dir()).read(login_of(config))


def options_of(sshd: Sshd) -> SshOptions:
    return SshOptions(config_file=str(sshd.ssh_config))


# ------------------------------------------------------------------ real servers


@pytest.mark.sshd
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
async def test_the_second_visit_says_at_once_what_the_first_was_asked(tmp_path: Path, kind: str) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        sshd.user_key.unlink()
        argv = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(sshd.user_key)]
        sshd.user_key.with_suffix(".pub").unlink()
        assert (await processes.run(argv)).code == 0
        (sshd.directory / "authorized_keys").write_text(sshd.user_key.with_suffix(".pub").read_text())
        assert await visit(options_of(sshd)) == b"in\n"
        learned = await lesson_about(options_of(sshd))
        assert learned is not None
        assert learned.server.startswith("SSH-2.0-OpenSSH_")
        asked = sshd.log.count("Postponed publickey")
        assert asked == 1
        assert await visit(options_of(sshd)) == b"in\n"
        again = await lesson_about(options_of(sshd))
        assert again is not None
        assert again.about_host() == learned.about_host()
        assert again.strikes == 0
        # The third visit begins before the client is loaded.
        assert await visit(options_of(sshd)) == b"in\n"
        assert await lesson_about(options_of(sshd)) == again
        assert (sshd.connections, sshd.logins) == (3, 3)
        # The server was not asked whether the key would do.
        assert sshd.log.count("Postponed publickey") == asked


@pytest.mark.sshd
async def test_first_words_that_do_not_fit_any_more_are_taken_back(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        for _ in range(2):
            await visit(options_of(sshd))
        other = replace(options_of(sshd), set_options=("Ciphers=aes256-ctr",))
        for connections in (4, 5):  # said too early, and plainly; then fast, as it is now
            assert await visit(other) == b"in\n"
            assert sshd.connections == connections
        # Without its key a fast start is none: what was said on its connection fits no other one.
        sshd.user_key.rename(sshd.directory / "elsewhere")
        with pytest.raises(LoginRefused):
            await visit(other)
        assert sshd.logins == 4


@pytest.mark.sshd
async def test_it_can_be_switched_off(sshd: Sshd) -> None:
    options = replace(options_of(sshd), fast_path=False)
    assert await visit(options) == b"in\n"
    assert await lesson_about(options) is None
    await visit(options_of(sshd))
    await visit(options)
    assert sshd.log.count("Postponed publickey") == 3


@pytest.mark.sshd
@pytest.mark.parametrize("off", ["key_exchange", "login", "channels", "exec", "lean"])
async def test_each_part_can_be_left_out(sshd: Sshd, monkeypatch: pytest.MonkeyPatch, off: str) -> None:
    needs = {"key_exchange": {}, "login": {"channels": False, "exec": False}, "channels": {"exec": False}}
    switches = replace(ssh_fast.FAST, **{off: False}, **needs.get(off, {}))
    monkeypatch.setattr(ssh_login, "FAST", switches)
    await visit(options_of(sshd))
    assert await visit(options_of(sshd)) == b"in\n"
    learned = await lesson_about(options_of(sshd))
    assert learned is not None
    assert learned.strikes == 0
    assert (sshd.connections, sshd.logins) == (2, 2)


@pytest.mark.sshd
async def test_a_channel_that_was_opened_ahead_is_the_one_that_is_asked_for(sshd: Sshd) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.write(b"you are welcome\n")
        writer.close()

    async with serving(serve) as port, serving(serve) as other:
        ahead = Ahead(script=SCRIPT, endpoint=WsEndpoint(host="127.0.0.1", port=port))
        await visit(options_of(sshd))
        for asked in (port, other):
            async with entered(options_of(sshd), ahead=ahead) as ssh:
                assert (await ssh.run(SCRIPT, timeout=10)).stdout == b"in\n"
                assert await greet(ssh, asked) == b"you are welcome\n"
    # The one nobody asked for was closed without a word.
    assert sorted(heard) == [b"", b"hello\n", b"hello\n"]


# ------------------------------------------------------------------ real servers that changed


@pytest.mark.sshd
async def test_a_changed_host_key_is_refused_before_anything_of_the_login(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        await visit(options_of(sshd))
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()[:2]
        sshd.known_hosts.write_text(f"[127.0.0.1]:{sshd.port} {' '.join(other)}\n")
        with pytest.raises(HostKeyRefused):
            await visit(options_of(sshd))
        assert sshd.connections == 2
        assert sshd.logins == 1


@pytest.mark.sshd
async def test_a_host_key_that_is_not_on_file_any_more_is_asked_about(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        await visit(options_of(sshd))
        sshd.known_hosts.write_text("")
        with pytest.raises(HostKeyRefused, match="no host key is on file"):
            await visit(options_of(sshd))
        assert sshd.logins == 1


@pytest.mark.sshd
async def test_a_key_that_no_longer_gets_in_leads_to_the_next_one(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        await visit(options_of(sshd))
        second = sshd.directory / "second"
        assert (await processes.run(["ssh-keygen", "-q", "-N", "", "-f", second])).code == 0
        config = sshd.client_config(f"IdentityFile {sshd.user_key}", f"IdentityFile {second}", name="two")
        (sshd.directory / "authorized_keys").write_text(second.with_suffix(".pub").read_text())
        options = SshOptions(config_file=str(config))
        for connections in (3, 4):  # a fast start and a plain one; then a fast one with the other key
            assert await visit(options) == b"in\n"
            assert sshd.connections == connections
        learned = await lesson_about(options)
        assert learned is not None
        assert learned.strikes == 0


@pytest.mark.sshd
async def test_another_key_exchange_is_learned_anew(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        await visit(options_of(sshd))
        await sshd.stop()
        with (sshd.directory / "sshd_config").open("a") as file:
            file.write("KexAlgorithms ecdh-sha2-nistp256\n")
        await sshd.start()
        assert await visit(options_of(sshd)) == b"in\n"
        learned = await lesson_about(options_of(sshd))
        assert learned is not None
        assert (learned.kex, learned.strikes) == ("ecdh-sha2-nistp256", 0)
        before = sshd.connections
        assert await visit(options_of(sshd)) == b"in\n"
        assert sshd.connections == before + 1


@pytest.mark.sshd
async def test_a_server_that_is_gone_is_said_to_be_gone(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        await visit(options_of(sshd))
        await sshd.stop()
        with pytest.raises(HostUnreachable, match="nothing listens"):
            await visit(options_of(sshd))


@pytest.mark.sshd
async def test_a_server_that_runs_nothing_any_more_is_told_as_ever(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        await visit(options_of(sshd))
        await sshd.stop()
        text = (sshd.directory / "sshd_config").read_text()
        (sshd.directory / "sshd_config").write_text(f"MaxSessions 0\n{text}")
        await sshd.start()
        async with entered(options_of(sshd)) as ssh:
            with pytest.raises(ForwardError, match="run a command"):
                await ssh.run(SCRIPT, timeout=10)


@pytest.mark.sshd
async def test_a_server_that_numbers_its_channels_in_another_way_teaches_its_own(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        await teach(parse_host(sshd.alias), options_of(sshd), channel=7)
        assert await visit(options_of(sshd)) == b"in\n"
        learned = await lesson_about(options_of(sshd))
        assert learned is not None
        assert (learned.channel, learned.strikes) == (0, 0)
        assert sshd.connections == 2


@pytest.mark.sshd
@pytest.mark.parametrize("answers", [1, 2, 3])
async def test_a_connection_that_breaks_at_any_step_is_made_again(tmp_path: Path, answers: int) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd, open_breaking(sshd.port) as (port, breaks_after):
        sshd.known_hosts.write_text(sshd.known_hosts.read_text().replace(str(sshd.port), str(port)))
        options = replace(options_of(sshd), port=port)
        await visit(options)
        breaks_after[0] = answers
        assert await visit(options) == b"in\n"
        learned = await lesson_about(options)
        assert learned is not None
        assert learned.strikes == 1
        assert await visit(options) == b"in\n"
        learned = await lesson_about(options)
        assert learned is not None
        assert learned.strikes == 0


@asynccontextmanager
async def open_breaking(to_port: int) -> AsyncGenerator[tuple[int, list[int]], None]:
    """A relay that breaks one connection when the server has said something so many times; 0 is never."""
    breaks_after = [0]

    async def serve(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far_in, far_out = await asyncio.open_connection("127.0.0.1", to_port)
        left, breaks_after[0] = breaks_after[0], 0

        async def up() -> None:
            while said := await near_in.read(65536):
                far_out.write(said)
            far_out.close()

        async def down() -> None:
            nonlocal left
            while said := await far_in.read(65536):
                left -= 1
                if left == 0:
                    near_out.transport.abort()
                    far_out.transport.abort()
                    return
                near_out.write(said)
            near_out.close()

        async with asyncio.TaskGroup() as group:
            group.create_task(up())
            group.create_task(down())

    async with serving(serve) as port:
        yield port, breaks_after


# ------------------------------------------------------------------ servers that behave in other ways


class Odd(asyncssh.SSHServer):
    """Lets one key in, in its own way."""

    def __init__(self, key: asyncssh.SSHKey, refuses: list[int], waits: asyncio.Event | None) -> None:
        self._key = key
        self._refuses = refuses
        self._waits = waits

    async def begin_auth(self, username: str) -> bool:
        if self._waits is not None:
            await self._waits.wait()
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        if self._refuses and self._refuses.pop():
            return False
        return key.public_data == self._key.public_data


@asynccontextmanager
async def open_odd(
    directory: Path,
    *,
    kex: str = "",
    refuses: list[int] | None = None,
    waits: Mapping[int, asyncio.Event] | None = None,
) -> AsyncGenerator[tuple[SshOptions, list[int]], None]:
    """An asyncssh server for the host ``odd``; it answers nothing it was not asked in order."""
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key.write_private_key(directory / "key")
    (directory / "key").chmod(0o600)
    user_key.write_public_key(directory / "key.pub")
    connections: list[int] = []

    def serve() -> Odd:
        connections.append(1)
        return Odd(user_key, refuses if refuses is not None else [], (waits or {}).get(len(connections)))

    async def echo(process: asyncssh.SSHServerProcess[str]) -> None:
        process.stdout.write("in\n" if "echo in" in await process.stdin.read() else "more\n")
        process.exit(0)

    made: list[asyncssh.SSHServerConnection] = []
    server = await asyncssh.create_server(
        noted(serve, made),
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        process_factory=echo,
        kex_algs=[kex] if kex else (),
    )
    try:
        known = directory / "known"
        known.write_text(f"[127.0.0.1]:{server.get_port()} {host_key.export_public_key().decode()}")
        config = directory / "config"
        config.write_text(
            f"Host odd\n HostName 127.0.0.1\n Port {server.get_port()}\n User me\n"
            f" UserKnownHostsFile {known}\n StrictHostKeyChecking yes\n IdentityAgent none\n"
            f" IdentityFile {directory}/key\n"
        )
        yield SshOptions(config_file=str(config)), connections
    finally:
        await end(server, made)


async def test_a_server_that_answers_out_of_hand_is_asked_everything_after_two_surprises(
    tmp_path: Path,
) -> None:
    # asyncssh's own server takes nothing for a channel it has not confirmed.
    async with open_odd(tmp_path) as (options, connections):
        for made in (1, 3, 5, 6, 7):
            assert await visit(options, host="odd") == b"in\n"
            assert len(connections) == made
        learned = await lesson_about(options, host="odd")
        assert learned is not None
        assert learned.strikes == 2
        assert learned.why


async def test_a_server_that_refuses_the_key_is_asked_plainly(tmp_path: Path) -> None:
    refuses: list[int] = []
    async with open_odd(tmp_path, refuses=refuses) as (options, connections):
        await visit(options, host="odd")
        refuses.append(1)
        assert await visit(options, host="odd") == b"in\n"
        assert len(connections) == 3
        refuses.extend([1] * 9)
        with pytest.raises(LoginRefused):
            await visit(options, host="odd")
        assert len(connections) == 5


async def test_a_server_that_changes_its_key_exchange_is_asked_plainly(tmp_path: Path) -> None:
    async with open_odd(tmp_path, kex="ecdh-sha2-nistp521") as (options, connections):
        await teach(parse_host("odd"), options)
        assert await visit(options, host="odd") == b"in\n"
        assert len(connections) == 2
        learned = await lesson_about(options, host="odd")
        assert learned is not None
        assert learned.kex == "ecdh-sha2-nistp521"


async def test_a_server_that_takes_its_time_is_asked_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_owner, "FAST_SECONDS", 0.3)
    released = asyncio.Event()
    async with open_odd(tmp_path, waits={2: released}) as (options, connections):
        await visit(options, host="odd")
        assert await visit(options, host="odd") == b"in\n"
        assert len(connections) == 3
        released.set()
