"""Finding, starting and dialling an app server: a real sshd, a real codex, real files."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import stat
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.command import CapabilityDigest, CapabilityFile, NoAuth, SignedBearer
from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.ownership import Owner
from codex_ssh.core.question import Question
from codex_ssh.core.rpc import Response, decode
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import AppServerError, CredentialRefused, OwnerNotProved, TokenError
from codex_ssh.link.appserver import find_or_start_app_server
from codex_ssh.link.choosing import AppServer, Wanted
from codex_ssh.link.dial import SshDial, Trust
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.ssh_client import open_ssh
from codex_ssh.link.websocket import open_websocket
from tests.conftest import StartCodex, StartSshd
from tests.support import processes
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

INITIALIZE = '{"id":1,"method":"initialize","params":{"clientInfo":{"name":"t","version":"1"}}}'


class Nobody:
    """A prompter nobody sits behind."""

    async def ask(self, question: Question) -> Secret | None:
        pytest.fail(f"nobody should be asked: {question}")

    def tell(self, host: str, text: str) -> None:
        pass


@asynccontextmanager
async def logged_in(sshd: Sshd) -> AsyncGenerator[Ssh, None]:
    options = SshOptions(config_file=str(sshd.ssh_config))
    async with open_ssh(parse_host(sshd.alias), options, Nobody()) as ssh:
        yield ssh


def dialler(
    ssh: Ssh, app: AppServer, *, wanted: Wanted | None = None, token: str = "", trust: Trust | None = None
) -> SshDial:
    given = Secret(token) if token else None
    return SshDial(ssh, app, wanted=wanted or Wanted(), given=lambda: given, trust=trust or Trust())


async def speaks(dial: SshDial) -> bool:
    """Whether a dial ends in an app server that answers."""
    async with open_websocket(dial, "devbox") as websocket:
        await websocket.send(INITIALIZE)
        answer = decode(await websocket.receive())
        while not isinstance(answer, Response):
            answer = decode(await websocket.receive())
        return "codexHome" in answer.result


def at(server: CodexAppServer) -> Wanted:
    return Wanted(endpoint=WsEndpoint(host="127.0.0.1", port=server.port))


async def run_codex(
    start_codex: StartCodex,
    binary: CodexBinary,
    sshd: Sshd,
    *flags: str,
    auth: bool = False,
    listen: str = "",
) -> CodexAppServer:
    return await start_codex(
        binary,
        codex_home=sshd.home / ".codex",
        auth=auth,
        flags=flags,
        listen=listen or "ws://127.0.0.1:0",
    )


# ------------------------------------------------------------------ a server that is there


async def test_a_running_server_is_recognised_and_dialled(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    server = await run_codex(start_codex, codex_binary, sshd, auth=True)
    async with logged_in(sshd) as ssh:
        app = await find_or_start_app_server(ssh, at(server))
        assert app.endpoint == WsEndpoint(host="127.0.0.1", port=server.port)
        assert app.auth == CapabilityFile(path=str(server.token_file))
        assert app.verdict.owner is Owner.PROVED
        assert app.probe.home == str(sshd.home)
        assert await speaks(dialler(ssh, app, wanted=at(server)))
    assert sshd.logins == 1


async def test_a_second_dial_looks_again_and_takes_the_token_of_now(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    server = await run_codex(start_codex, codex_binary, sshd, auth=True)
    async with logged_in(sshd) as ssh:
        dial = dialler(ssh, await find_or_start_app_server(ssh, at(server)), wanted=at(server))
        assert await speaks(dial)
        (server.codex_home / "app-server-token").write_text("something else now")
        with pytest.raises(TokenError, match="more than one word"):
            await dial(asyncio.Protocol)
        (server.codex_home / "app-server-token").write_text("rotated-behind-its-back")
        with pytest.raises(CredentialRefused) as caught:
            await dial(asyncio.Protocol)
        assert caught.value.said == "invalid websocket bearer token"
        assert "restart it" in caught.value.hint


async def test_a_signed_bearer_server_gets_a_fresh_jwt(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    secret = sshd.home / "shared"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    server = await run_codex(
        start_codex, codex_binary, sshd,
        "--ws-auth", "signed-bearer-token", "--ws-shared-secret-file", str(secret),
        "--ws-issuer", "codex-ssh", "--ws-audience", "devbox", "--ws-max-clock-skew-seconds", "0",
    )  # fmt: skip
    async with logged_in(sshd) as ssh:
        app = await find_or_start_app_server(ssh, at(server))
        assert app.auth == SignedBearer(path=str(secret), issuer="codex-ssh", audience="devbox")
        assert await speaks(dialler(ssh, app, wanted=at(server)))


async def test_a_digest_server_takes_the_users_token_after_comparing_it(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    digest = hashlib.sha256(b"mine").hexdigest()
    server = await run_codex(
        start_codex, codex_binary, sshd, "--ws-auth", "capability-token", "--ws-token-sha256", digest
    )
    async with logged_in(sshd) as ssh:
        app = await find_or_start_app_server(ssh, at(server))
        assert app.auth == CapabilityDigest(sha256=digest)
        assert await speaks(dialler(ssh, app, wanted=at(server), token="mine"))
        with pytest.raises(TokenError, match="not the one whose SHA-256"):
            await dialler(ssh, app, wanted=at(server), token="other")(asyncio.Protocol)
        with pytest.raises(TokenError, match="knows only the SHA-256"):
            await dialler(ssh, app, wanted=at(server))(asyncio.Protocol)


async def test_a_server_without_auth_works_and_is_warned_about(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    server = await run_codex(start_codex, codex_binary, sshd)
    async with logged_in(sshd) as ssh:
        app = await find_or_start_app_server(ssh, at(server))
        assert app.auth == NoAuth()
        dial = dialler(ssh, app, wanted=at(server))
        assert await speaks(dial)
        assert any("every user of that host" in warning for warning in dial.warnings)


async def test_a_unix_socket_is_judged_by_its_path_and_dialled(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary, short_path: Path
) -> None:
    short_path.chmod(0o700)
    path = short_path / "x.sock"
    await run_codex(start_codex, codex_binary, sshd, listen=f"unix://{path}")
    async with logged_in(sshd) as ssh:
        wanted = Wanted(endpoint=UnixEndpoint(path=str(path)))
        app = await find_or_start_app_server(ssh, wanted)
        dial = dialler(ssh, app, wanted=wanted)
        assert await speaks(dial)
        assert dial.transport == "ssh unix"
        assert dial.warnings == ()


# ------------------------------------------------------------------ what must not be used


async def test_a_socket_others_could_replace_is_not_dialled(sshd: Sshd, short_path: Path) -> None:
    touched = []
    server = await asyncio.start_unix_server(lambda *streams: touched.append(streams), short_path / "s")
    async with server, logged_in(sshd) as ssh:
        for mode, said in ((0o777, "can be written by others"), (0o770, "can be written by others")):
            short_path.chmod(mode)
            wanted = Wanted(endpoint=UnixEndpoint(path=str(short_path / "s")))
            app = await find_or_start_app_server(ssh, wanted)
            with pytest.raises(OwnerNotProved, match=said):
                await dialler(ssh, app, wanted=wanted)(asyncio.Protocol)
    assert touched == []


async def test_a_server_bound_wider_than_loopback_is_refused_unless_allowed(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    server = await run_codex(start_codex, codex_binary, sshd, auth=True, listen="ws://0.0.0.0:0")
    async with logged_in(sshd) as ssh:
        app = await find_or_start_app_server(ssh, at(server))
        with pytest.raises(OwnerNotProved, match="not to loopback") as caught:
            await dialler(ssh, app, wanted=at(server))(asyncio.Protocol)
        assert "--allow-exposed" in caught.value.hint
        dial = dialler(ssh, app, wanted=at(server), trust=Trust(exposed=True))
        assert await speaks(dial)


@pytest.mark.skipif(os.getuid() != 0, reason="another user's listener needs root to make one")
async def test_another_users_listener_gets_nothing(sshd: Sshd, start_codex: StartCodex) -> None:
    hostile = socket.create_server(("127.0.0.1", 0))
    port = hostile.getsockname()[1]
    wanted = Wanted(endpoint=WsEndpoint(host="127.0.0.1", port=port))
    # A listening socket belongs to whoever made it: make one as "nobody".
    hostile.close()
    program = (
        f"import os,socket; os.setuid(65533); s=socket.create_server(('127.0.0.1',{port}));"
        "print('up',flush=True); c,_=s.accept(); print('touched',flush=True)"
    )
    process = await asyncio.create_subprocess_exec(
        "/usr/bin/env", "python3", "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"up\n"
        async with logged_in(sshd) as ssh:
            app = await find_or_start_app_server(ssh, wanted)
            for trust in (Trust(), Trust(unproved=True, exposed=True)):
                with pytest.raises(OwnerNotProved, match="another user's") as caught:
                    await dialler(ssh, app, wanted=wanted, trust=trust)(asyncio.Protocol)
                assert "nothing was sent" in caught.value.hint
    finally:
        process.kill()
        rest = await process.stdout.read()
        await process.wait()
    assert rest == b""


@pytest.mark.skipif(os.getuid() != 0, reason="a network namespace needs root")
async def test_a_shell_in_another_network_namespace_does_not_see_what_listens_beside_sshd(
    start_sshd: StartSshd, start_codex: StartCodex
) -> None:
    sshd = await start_sshd(lines=['ForceCommand exec unshare --net /bin/sh -c "$SSH_ORIGINAL_COMMAND"'])
    server = await start_codex(codex_home=sshd.home / ".codex")
    async with logged_in(sshd) as ssh:
        with pytest.raises(AppServerError, match="nothing listens on port"):
            await find_or_start_app_server(ssh, at(server))


async def test_where_nothing_can_be_proved_nothing_is_sent_without_the_users_word(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    server = await run_codex(start_codex, codex_binary, sshd, auth=True)
    async with logged_in(sshd) as ssh:
        found = await find_or_start_app_server(ssh, at(server))
        unknown = AppServer(
            endpoint=found.endpoint,
            auth=found.auth,
            verdict=type(found.verdict)(owner=Owner.UNKNOWN, because="no way to see"),
            secret=found.secret,
            probe=found.probe,
            chosen=found.chosen,
        )
        with pytest.raises(OwnerNotProved, match="no way to see") as caught:
            await dialler(ssh, unknown)(asyncio.Protocol)
        assert "--trust-listener" in caught.value.hint
        assert await speaks(dialler(ssh, unknown, trust=Trust(unproved=True)))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("chmod 640 {t}", "open to others (-rw-r-----)"),
        ("chmod 604 {t}", "open to others"),
        ("rm {t}", "there is no token file"),
        ("rm {t}; mkdir {t}", "not a regular file"),
        ("rm {t}; mkfifo {t}", "not a regular file"),
        ("rm {t}; ln -s /nowhere {t}", "there is no token file"),
        ("chown 1234 {t}", "belongs to uid 1234"),
        (": >{t}", "is empty"),
        ("head -c 5000 /dev/zero | tr '\\0' x >{t}", "larger than 4096 bytes"),
    ],
)
async def test_an_unsafe_token_file_is_refused_in_clear_words(
    sshd: Sshd, start_codex: StartCodex, spoil: str, said: str
) -> None:
    if "chown" in spoil and os.getuid() != 0:
        pytest.skip("giving a file away needs root")
    server = await start_codex(codex_home=sshd.home / ".codex")
    await processes.run(["/bin/sh", "-c", spoil.format(t=server.token_file)])
    async with logged_in(sshd) as ssh:
        app = await find_or_start_app_server(ssh, at(server))
        with pytest.raises(TokenError) as caught:
            await dialler(ssh, app, wanted=at(server))(asyncio.Protocol)
    assert said in str(caught.value)
    assert caught.value.host == "devbox"


async def test_a_linked_token_file_is_followed_and_its_target_checked(
    sshd: Sshd, start_codex: StartCodex
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    target = sshd.home / "elsewhere"
    (server.codex_home / "app-server-token").rename(target)
    (server.codex_home / "app-server-token").symlink_to(target)
    async with logged_in(sshd) as ssh:
        assert await speaks(dialler(ssh, await find_or_start_app_server(ssh, at(server)), wanted=at(server)))


async def test_nothing_behind_an_endpoint_that_was_named_is_an_error(sshd: Sshd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with logged_in(sshd) as ssh:
        with pytest.raises(AppServerError, match=f"nothing listens on port {port} there"):
            await find_or_start_app_server(ssh, Wanted(endpoint=WsEndpoint(host="127.0.0.1", port=port)))
        with pytest.raises(AppServerError, match="no socket at '/nowhere/s'"):
            await find_or_start_app_server(ssh, Wanted(endpoint=UnixEndpoint(path="/nowhere/s")))


# ------------------------------------------------------------------ starting one


def ours(sshd: Sshd) -> Sequence[int]:
    """Every app server that runs with this login's home."""
    found = processes.with_variable("HOME", str(sshd.home))
    return [pid for pid in found if "app-server" in processes.command_line(pid)]


async def test_one_is_started_when_none_runs_and_found_by_the_next_login(
    sshd: Sshd, codex_binary: CodexBinary
) -> None:
    sshd.install(codex_binary.path, "codex")
    async with logged_in(sshd) as ssh:
        first = await find_or_start_app_server(ssh, Wanted())
        assert isinstance(first.endpoint, UnixEndpoint)
        assert await speaks(dialler(ssh, first))
    states = list((sshd.home / ".codex-ssh").glob("*/server"))
    assert [stat.S_IMODE(path.stat().st_mode) for path in states] == [0o600]
    async with logged_in(sshd) as ssh:
        second = await find_or_start_app_server(ssh, Wanted())
        assert (second.endpoint, second.chosen) == (first.endpoint, "started by us earlier")
        assert second.probe.codex_version == codex_binary.version()
        assert await speaks(dialler(ssh, second))
    assert len(ours(sshd)) == 1


async def test_many_at_once_start_one(sshd: Sshd, codex_binary: CodexBinary) -> None:
    sshd.install(codex_binary.path, "codex")
    async with logged_in(sshd) as ssh, asyncio.TaskGroup() as group:
        tasks = [group.create_task(find_or_start_app_server(ssh, Wanted())) for _ in range(5)]
    assert len({task.result().endpoint for task in tasks}) == 1
    assert len(ours(sshd)) == 1


async def test_a_stale_state_file_and_a_stale_lock_are_overcome(
    sshd: Sshd, codex_binary: CodexBinary
) -> None:
    sshd.install(codex_binary.path, "codex")
    async with logged_in(sshd) as ssh:
        first = await find_or_start_app_server(ssh, Wanted())
        dead = ours(sshd)
        processes.kill(dead)
        await until(lambda: not ours(sshd), "the server is gone")
        lock = next((sshd.home / ".codex-ssh").glob("*")) / "start.lock"
        lock.symlink_to(f"999999:1:{first.probe.boot}")
        second = await find_or_start_app_server(ssh, Wanted())
        assert not set(ours(sshd)) & set(dead)
        assert await speaks(dialler(ssh, second))
        assert not lock.is_symlink()


async def test_the_server_keeps_the_login_umask(sshd: Sshd, codex_binary: CodexBinary) -> None:
    sshd.install(codex_binary.path, "codex")
    async with logged_in(sshd) as ssh:
        umask = (await ssh.run("umask", timeout=10)).stdout
        await find_or_start_app_server(ssh, Wanted())
    status = (Path("/proc") / str(ours(sshd)[0]) / "status").read_text()
    assert int(umask, 8) == int(status.partition("Umask:")[2].split()[0], 8)


async def test_no_codex_anywhere_is_said(sshd: Sshd) -> None:
    async with logged_in(sshd) as ssh:
        with pytest.raises(AppServerError, match="no codex was found") as caught:
            await find_or_start_app_server(ssh, Wanted())
    assert "--codex-path" in caught.value.hint


async def test_a_codex_that_ends_at_once_is_quoted(sshd: Sshd) -> None:
    broken = sshd.home / "broken"
    broken.write_text("#!/bin/sh\necho 'no such luck' >&2\nexit 3\n")
    broken.chmod(0o755)
    async with logged_in(sshd) as ssh:
        with pytest.raises(AppServerError, match="did not come up") as caught:
            await find_or_start_app_server(ssh, Wanted(codex_path=str(broken)))
    assert caught.value.said == "no such luck"
