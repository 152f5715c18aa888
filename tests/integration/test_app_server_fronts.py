"""The files in ``config/`` that put our listener into service: used as they are, names and places apart."""

from __future__ import annotations

import asyncio
import os
import plistlib
import shlex
import shutil
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidMessage, InvalidStatus

from codex_ssh.cli import main
from codex_ssh.core.secret import Secret
from codex_ssh.core.token import CapabilityVerifier
from codex_ssh.server.address import TcpAddress, UnixAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from tests.conftest import StartSshd
from tests.support import processes
from tests.support.require import require_program
from tests.support.tls import write_certificates
from tests.support.waiting import until
from tests.support.wire import open_wire

CONFIG = Path(__file__).parents[2] / "config"
TOKEN = "token-for-tests"


@pytest.fixture
async def inner(tmp_path: Path) -> AsyncGenerator[int, None]:
    """Our listener on loopback with a token; gives its port."""
    verifier = CapabilityVerifier.from_token(Secret(TOKEN))
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0), verifier=verifier)
    async with open_rehearsal(codex_home=tmp_path) as engine, open_listener(config, engine) as listener:
        assert isinstance(listener.address, TcpAddress)
        yield listener.address.port


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def adapt(name: str, **places: str) -> str:
    """The file with other places; each place must be in it."""
    text = (CONFIG / name).read_text()
    for place, new in places.items():
        assert OLD[place] in text, f"{name} has no {OLD[place]!r}"
        text = text.replace(OLD[place], new)
    return text


OLD = {
    "chain": "/etc/ssl/codex/fullchain.pem",
    "key": "/etc/ssl/codex/privkey.pem",
    "inner": "127.0.0.1:4500",
    "listen": "listen 443",
    "site": "codex.example.com:443",
    "name": "codex.example.com",
    "path": "/home/codex/app/server.sock",
    "user": "Match User codex",
}


@asynccontextmanager
async def running(
    argv: Sequence[str | Path], *, port: int, log: Path, directory: Path
) -> AsyncGenerator[None, None]:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *map(str, argv),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=directory,
            env={"PATH": os.environ["PATH"], "HOME": str(directory), "XDG_DATA_HOME": str(directory)},
        )

    def listens() -> bool:
        with socket.socket() as probe:
            return process.returncode is not None or probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        await until(listens, f"{argv[0]} listens", show=log.read_text)
        assert process.returncode is None, log.read_text()
        yield
    finally:
        await processes.end(process)


async def check_front(url: str, ca_file: Path) -> None:
    """The token decides, and what is sent arrives as it comes."""
    async with open_wire(url, TOKEN, ca_file=ca_file) as wire:
        await wire.initialize()
        thread = await wire.start_thread()
        await wire.start_turn(thread, "say through the front")
        assert (await wire.finish_turn())["status"] == "completed"
    for token, body in (("", b"missing websocket bearer token"), ("x", b"invalid websocket bearer token")):
        with pytest.raises(InvalidStatus) as caught:
            async with open_wire(url, token, ca_file=ca_file):
                pass
        assert (caught.value.response.status_code, caught.value.response.body) == (401, body)


async def test_nginx_ends_tls_before_it(tmp_path: Path, inner: int) -> None:
    nginx = require_program("nginx", "nginx: apt-get install nginx-light")
    ca_file, chain = write_certificates(tmp_path / "tls", "127.0.0.1")
    port = free_port()
    site = adapt(
        "nginx.conf",
        chain=str(chain), key=str(chain), inner=f"127.0.0.1:{inner}", listen=f"listen 127.0.0.1:{port}",
    )  # fmt: skip
    places = "".join(
        f"{kind}_temp_path {tmp_path};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\n{places}{site}\n}}\n"
    )
    argv: list[str | Path] = [nginx, "-e", "stderr", "-p", tmp_path, "-c", tmp_path / "nginx.conf"]
    async with running(argv, port=port, log=tmp_path / "nginx.log", directory=tmp_path):
        await check_front(f"wss://127.0.0.1:{port}", ca_file)
    assert TOKEN not in (tmp_path / "nginx.log").read_text()


async def test_caddy_ends_tls_before_it(tmp_path: Path, inner: int) -> None:
    caddy = require_program("caddy", "caddy: apt-get install caddy")
    ca_file, chain = write_certificates(tmp_path / "tls", "127.0.0.1")
    port = free_port()
    text = adapt(
        "Caddyfile",
        chain=str(chain), key=str(chain), inner=f"127.0.0.1:{inner}", site=f"https://127.0.0.1:{port}",
    )  # fmt: skip
    settings = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
    (tmp_path / "Caddyfile").write_text(settings + text)
    argv: list[str | Path] = [caddy, "run", "--config", tmp_path / "Caddyfile", "--adapter", "caddyfile"]
    async with running(argv, port=port, log=tmp_path / "caddy.log", directory=tmp_path):
        await check_front(f"wss://127.0.0.1:{port}", ca_file)
    assert TOKEN not in (tmp_path / "caddy.log").read_text()


@pytest.mark.sshd
async def test_sshd_lets_one_user_forward_to_the_socket_and_nothing_else(
    start_sshd: StartSshd, tmp_path: Path, short_path: Path
) -> None:
    path, other = short_path / "server.sock", short_path / "other.sock"
    sshd = await start_sshd()
    config = sshd.directory / "sshd_config"
    only = adapt("sshd-app-server-only.conf", path=str(path), user=f"Match User {sshd.user}")
    config.write_text(config.read_text() + only)
    await sshd.stop()
    await sshd.start()
    ssh: list[str | Path] = ["ssh", "-F", sshd.ssh_config, "-o", "BatchMode=yes"]
    async with (
        open_rehearsal(codex_home=tmp_path) as engine,
        open_listener(ListenerConfig(address=UnixAddress(path=path)), engine),
        open_listener(ListenerConfig(address=UnixAddress(path=other)), engine),
    ):
        near, near_other = short_path / "near", short_path / "near-other"
        forward = await asyncio.create_subprocess_exec(
            *map(str, [*ssh, "-N", "-L", f"{near}:{path}", "-L", f"{near_other}:{other}", sshd.alias]),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await until(lambda: near.exists() and near_other.exists(), "it forwards", show=lambda: sshd.log)
            async with open_wire(f"unix://{near}") as wire:
                assert "userAgent" in await wire.initialize()
            with pytest.raises((InvalidMessage, ConnectionError)):
                async with open_wire(f"unix://{near_other}"):
                    pass
        finally:
            await processes.end(forward)
    for words in ([sshd.alias, "true"], ["-s", sshd.alias, "sftp"]):
        refused = await processes.run([*ssh, *words], seconds=20)
        assert refused.code != 0
        assert "open failed" in refused.err
    tcp = await processes.run([*ssh, "-W", f"127.0.0.1:{sshd.port}", sshd.alias], seconds=20)
    assert tcp.code != 0
    assert "SSH-2.0" not in tcp.out


def service_words(text: str) -> list[str]:
    program, *words = shlex.split(text)
    assert program.endswith("/codex-ssh")
    return words


def test_the_systemd_unit_starts_what_our_command_line_takes(tmp_path: Path) -> None:
    text = (CONFIG / "codex-ssh-app-server.service").read_text()
    (start,) = [line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart=")]
    args = main.build_parser().parse_args(service_words(start.replace("%h", "/home/me")))
    assert (args.engine, args.listen) == ("codex", "ws://127.0.0.1:4500")
    assert args.ws_token_file == Path("/home/me/.codex/app-server-token")
    if program := shutil.which("systemd-analyze"):
        (tmp_path / "codex-ssh-app-server.service").write_text(
            text.replace("%h/.local/bin/codex-ssh", "/bin/true")
        )
        done = asyncio.run(
            processes.run([program, "verify", "--man=no", tmp_path / "codex-ssh-app-server.service"])
        )
        assert done.code == 0, done.err
        assert "codex-ssh" not in done.err


def test_the_launchd_agent_starts_what_our_command_line_takes() -> None:
    agent = plistlib.loads((CONFIG / "codex-ssh-app-server.plist").read_bytes())
    shell, flag, line = agent["ProgramArguments"]
    assert (shell, flag) == ("/bin/sh", "-c")
    command = line.removeprefix("exec ").partition(" 2>>")[0].replace("$HOME", "/Users/me")
    args = main.build_parser().parse_args(service_words(command))
    assert (args.engine, args.ws_auth) == ("codex", "capability-token")
    assert agent["Umask"] == 0o077
