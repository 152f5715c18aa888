"""``codex-ssh doctor`` on twenty hosts that are each broken in one way: what it says, word by word.

``CODEX_SSH_WRITE_GOLDEN=1 pytest tests/e2e/test_doctor_golden.py`` writes the files anew: look at the change.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartCodex, StartSshd
from tests.integration.test_link_checkup import listener_of_another_user
from tests.support import processes
from tests.support.cli import codex_ssh
from tests.support.codex import TEST_TOKEN, CodexAppServer, require_codex
from tests.support.serving import serving
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

GOLDEN = Path(__file__).parent / "golden" / "doctor"


@dataclass(slots=True, kw_only=True)
class Bench:
    """A host that is well, for a fault to break it.

    Attributes:
        lines: For the sshd's configuration, before it starts.
        flags: What doctor is called with beside the host.
    """

    start_sshd: StartSshd
    start_codex: StartCodex
    lines: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    sshd: Sshd | None = None

    async def host(self) -> Sshd:
        if self.sshd is None:
            self.sshd = await self.start_sshd(lines=self.lines)
        return self.sshd

    async def server(self) -> CodexAppServer:
        host = await self.host()
        server = await self.start_codex(require_codex(), codex_home=host.home / ".codex")
        self.flags += ["--endpoint", str(server.endpoint)]
        return server

    def token(self, home: Path) -> None:
        place = home / ".codex" / "app-server-token"
        place.parent.mkdir(exist_ok=True)
        place.write_text(TEST_TOKEN)
        place.chmod(0o600)


Fault = Callable[[Bench], AbstractAsyncContextManager[None]]
FAULTS: dict[str, Fault] = {}


def fault(make: Callable[[Bench], AsyncGenerator[None, None]]) -> None:
    FAULTS[make.__name__.replace("_", "-")] = asynccontextmanager(make)


def program(host: Sshd, text: str) -> None:
    codex = host.home / "bin" / "codex"
    codex.write_text(text)
    codex.chmod(0o755)


def codex_that(version: str, does: str) -> str:
    """Give a program that says it is codex, and does something else."""
    return f"#!/bin/sh\n[ $1 = --version ] && {{ echo codex-cli {version}; exit; }}\n{does}\n"


@fault
async def config_unreadable(bench: Bench) -> AsyncGenerator[None, None]:
    host = await bench.host()
    bench.flags += ["-F", str(host.client_config("NoSuchKeyword yes", name="broken"))]
    yield


@fault
async def name_unknown(bench: Bench) -> AsyncGenerator[None, None]:
    host = await bench.host()
    bench.flags += ["-o", "HostName=no-such-name.invalid", "-F", str(host.ssh_config)]
    yield


@fault
async def sshd_stopped(bench: Bench) -> AsyncGenerator[None, None]:
    await (await bench.host()).stop()
    yield


@fault
async def not_an_ssh_server(bench: Bench) -> AsyncGenerator[None, None]:
    host = await bench.host()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        bench.flags += ["-F", str(host.client_config(f"Port {port}", "ConnectTimeout 1", name="elsewhere"))]
        yield


@fault
async def host_key_unknown(bench: Bench) -> AsyncGenerator[None, None]:
    (await bench.host()).known_hosts.write_text("")
    yield


@fault
async def host_key_changed(bench: Bench) -> AsyncGenerator[None, None]:
    host = await bench.host()
    other = host.user_key.with_suffix(".pub").read_text().split()[:2]
    host.known_hosts.write_text(f"[127.0.0.1]:{host.port} {' '.join(other)}\n")
    yield


@fault
async def key_refused(bench: Bench) -> AsyncGenerator[None, None]:
    ((await bench.host()).directory / "authorized_keys").write_text("")
    yield


@fault
async def no_shell(bench: Bench) -> AsyncGenerator[None, None]:
    bench.lines.append("ForceCommand echo no shell for you")
    await bench.host()
    yield


@fault
async def sftp_only(bench: Bench) -> AsyncGenerator[None, None]:
    bench.lines.append("ForceCommand internal-sftp")
    await bench.host()
    yield


@fault
async def no_codex(bench: Bench) -> AsyncGenerator[None, None]:
    await bench.host()
    yield


@fault
async def codex_does_not_run(bench: Bench) -> AsyncGenerator[None, None]:
    program(await bench.host(), "#!/bin/sh\necho 'cannot execute: required file not found' >&2\nexit 127\n")
    bench.flags.append("--start")
    yield


@fault
async def codex_too_old(bench: Bench) -> AsyncGenerator[None, None]:
    program(await bench.host(), codex_that("0.0.7", "echo \"no such: '$1'\" >&2; exit 2"))
    bench.flags.append("--start")
    yield


@fault
async def server_ends_at_once(bench: Bench) -> AsyncGenerator[None, None]:
    text = (
        "#!/bin/sh\n[ $1 = --version ] && { echo codex-cli 0.169.0; exit; }\necho 'disk full' >&2; exit 1\n"
    )
    program(await bench.host(), text)
    bench.flags.append("--start")
    yield


@fault
async def server_gone(bench: Bench) -> AsyncGenerator[None, None]:
    processes.kill([(await bench.server()).pid])
    yield


@fault
async def listener_of_somebody_else(bench: Bench) -> AsyncGenerator[None, None]:
    await bench.host()
    async with listener_of_another_user() as port:
        bench.flags += ["--endpoint", f"ws://127.0.0.1:{port}"]
        yield


@fault
async def token_missing(bench: Bench) -> AsyncGenerator[None, None]:
    server = await bench.server()
    assert server.token_file is not None
    server.token_file.unlink()
    yield


@fault
async def token_open_to_others(bench: Bench) -> AsyncGenerator[None, None]:
    server = await bench.server()
    assert server.token_file is not None
    server.token_file.chmod(0o644)
    yield


@fault
async def token_of_another_server(bench: Bench) -> AsyncGenerator[None, None]:
    server = await bench.server()
    assert server.token_file is not None
    server.token_file.write_text("another-token-than-the-server-was-started-with\n")
    yield


@fault
async def a_web_server(bench: Bench) -> AsyncGenerator[None, None]:
    bench.token((await bench.host()).home)

    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n")
        await writer.drain()

    async with serving(web) as port:
        bench.flags += ["--endpoint", f"ws://127.0.0.1:{port}"]
        yield


@fault
async def server_frozen(bench: Bench) -> AsyncGenerator[None, None]:
    server = await bench.server()
    await processes.freeze(server.pid)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@fault
async def sandbox_does_not_start(bench: Bench) -> AsyncGenerator[None, None]:
    await bench.server()
    program(
        await bench.host(),
        "#!/bin/sh\ncase $1 in --version) echo codex-cli 0.163.0 ;; "
        "sandbox) echo 'bwrap: No permissions to create a new namespace' >&2; exit 1 ;; esac\n",
    )
    yield


@fault
async def forwarding_forbidden(bench: Bench) -> AsyncGenerator[None, None]:
    bench.lines.append("AllowTcpForwarding no")
    await bench.server()
    yield


def plain(text: str, host: Sshd) -> str:
    """Take out of a text what differs from run to run."""
    for found, name in {
        str(host.home): "HOME",
        str(host.directory): "DIRECTORY",
        str(host.port): "PORT",
    }.items():
        text = text.replace(found, name)
    text = re.sub(r"SHA256:[\w+/]{43}", "SHA256:FINGERPRINT", text)
    text = re.sub(r"(?<=[: ])[1-9]\d{3,4}\b(?! KiB)", "NUMBER", text)
    text = re.sub(r"OpenSSH_\S+( Debian\S*)?", "OPENSSH", text)
    return re.sub(r"\b\d+(\.\d+)? ms\b", "N ms", text)


def told(report: dict[str, Any], host: Sshd) -> dict[str, Any]:
    """What has to stay as it is: where it stops, why, what to do, and what is warned of."""
    rungs = {}
    for rung in report["rungs"]:
        if rung["state"] in ("failed", "warning"):
            cause = rung["cause"] or {}
            said = {name: plain(str(value), host) for name, value in cause.items() if value}
            warnings = [plain(text, host) for text in rung["warnings"]]
            rungs[rung["name"]] = {
                "state": rung["state"],
                **said,
                **({"warnings": warnings} if warnings else {}),
            }
    return {"exitCode": report["exitCode"], "reachedTop": report["reachedTop"], "rungs": rungs}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_host_broken_in_one_way(
    name: str, start_sshd: StartSshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    if name == "listener-of-somebody-else" and os.geteuid() != 0:
        pytest.skip("another user's listener needs root")
    bench = Bench(start_sshd=start_sshd, start_codex=start_codex)
    async with FAULTS[name](bench):
        host = await bench.host()
        config = [] if "-F" in bench.flags else ["-F", str(host.ssh_config)]
        words = ["doctor", "devbox", "--no-input", "--json", *config, *bench.flags]
        done = await codex_ssh(*words, home=tmp_path / "laptop")
    report = json.loads(done.out)
    assert done.code == report["exitCode"], done.err
    found = json.dumps(told(report, host), indent=1, ensure_ascii=False) + "\n"
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("CODEX_SSH_WRITE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


def test_there_are_twenty_of_them_and_no_file_too_many() -> None:
    assert len(FAULTS) >= 20
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(FAULTS)
