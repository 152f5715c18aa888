"""``codex-ssh selftest`` from argv to exit code: a real sshd, and a real codex or the rehearsal engine."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codex_ssh.server.address import TcpAddress
from codex_ssh.server.engine import Client
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import Rehearsal, open_rehearsal
from tests.conftest import StartCodex
from tests.e2e.test_exec import Devbox, codex_named, devbox
from tests.integration.test_link_dial import ours
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.codex import CodexBinary
from tests.support.faults import Fault, open_faulty_relay
from tests.support.model import Model
from tests.support.processes import Finished
from tests.support.sshd import Sshd
from tests.support.tls import open_tls_front
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

__all__ = ["codex_named", "devbox"]

NAMES = [
    "connect",
    "stream",
    "drop",
    "reset",
    "half-open",
    "burst",
    "large",
    "approval-drop",
    "server-kill",
]


def words(box: Devbox, *more: str | Path) -> tuple[str | Path, ...]:
    place = ("-F", box.sshd.ssh_config, "--endpoint", box.endpoint)
    return ("selftest", *place, "--no-input", *more, "devbox")


async def selftest(box: Devbox, *more: str | Path) -> Finished:
    return await codex_ssh(*words(box, *more), home=box.home)


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def outcomes(out: str) -> dict[str, str]:
    return {one["check"]: one["outcome"] for one in lines(out) if one["type"] == "check"}


def said(out: str, check: str) -> str:
    return next(str(one["words"]) for one in lines(out) if one.get("check") == check)


async def test_every_check_passes_or_says_why_it_was_not_done(devbox: Devbox) -> None:
    done = await selftest(devbox, "--json", "--with-model")
    assert done.code == 0, done.out + done.err
    first, *_, last = lines(done.out)
    assert (first["type"], first["host"], first["transport"]) == ("host", "devbox", "ssh")
    found = outcomes(done.out)
    assert list(found) == NAMES
    assert found.pop("server-kill") == "skipped"
    assert set(found.values()) == {"ok"}, done.out
    assert (last["type"], last["outcome"], last["failed"], last["thread"]) == ("result", "ok", 0, "deleted")
    left = [path for path in devbox.home.rglob("*") if path.is_file()]
    # How the host logs in, for the next visit.
    assert {path.parent.name for path in left} <= {"lessons"}
    threads = list((devbox.sshd.home / ".codex").rglob("rollout-*"))
    assert threads == []


async def test_an_app_server_this_run_started_is_killed_and_another_one_goes_on(
    sshd: Sshd, model: Model, codex_binary: CodexBinary, tmp_path: Path
) -> None:
    model.write_config(sshd.home / ".codex")
    sshd.install(codex_binary.path, "codex")
    done = await codex_ssh(
        "selftest", "-F", sshd.ssh_config, "--no-input", "--json", "devbox", home=tmp_path / "laptop"
    )
    assert done.code == 0, done.out + done.err
    assert lines(done.out)[0]["startedServer"] is True
    found = outcomes(done.out)
    assert (found.pop("server-kill"), found.pop("approval-drop")) == ("ok", "skipped")
    assert set(found.values()) == {"ok"}, done.out
    assert "interrupted" in said(done.out, "server-kill")
    assert lines(done.out)[-1]["thread"] == "deleted"
    assert len(ours(sshd)) == 1


async def test_what_has_no_ssh_connection_has_none_dropped(
    sshd: Sshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    async with open_tls_front(tmp_path / "tls", to_port=server.port) as front:
        done = await codex_ssh(
            "selftest", "--wss", front.url, "--tls-ca", front.ca_file, "--remote-auth-token-env", "T",
            "--no-input", "--json", "--with-model", "devbox",
            home=tmp_path / "laptop", environment={"T": server.token},
        )  # fmt: skip
    assert done.code == 0, done.out + done.err
    found = outcomes(done.out)
    assert (found.pop("drop"), found.pop("server-kill")) == ("skipped", "skipped")
    assert set(found.values()) == {"ok"}, done.out


# ------------------------------------------------------------------ checks that fail


@dataclass(frozen=True, slots=True)
class SpoiltClient:
    """A client some messages reach otherwise than they were sent, or not at all."""

    client: Client
    spoil: Callable[[dict[str, Any]], bool]

    @property
    def queued(self) -> int:
        return self.client.queued

    def frames(self) -> AsyncIterator[str]:
        return self.client.frames()

    def send(self, text: str) -> None:
        message = json.loads(text)
        if self.spoil(message):
            self.client.send(json.dumps(message))


@dataclass(frozen=True, slots=True)
class SpoiltEngine:
    """The rehearsal, to clients like that."""

    engine: Rehearsal
    spoil: Callable[[dict[str, Any]], bool]

    async def serve(self, client: Client) -> None:
        await self.engine.serve(SpoiltClient(client, self.spoil))

    async def drain(self) -> None:
        await self.engine.drain()


@asynccontextmanager
async def open_spoilt(
    sshd: Sshd, tmp_path: Path, spoil: Callable[[dict[str, Any]], bool]
) -> AsyncGenerator[Devbox, None]:
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))
    home = sshd.home / ".codex"
    async with (
        open_rehearsal(codex_home=home, cwd=tmp_path) as engine,
        open_listener(config, SpoiltEngine(engine, spoil)) as listener,
    ):
        yield Devbox(sshd=sshd, home=tmp_path / "laptop", endpoint=listener.url, workspace=tmp_path)


async def test_a_server_that_swallows_output_fails_where_output_counts(sshd: Sshd, tmp_path: Path) -> None:
    pieces = 0

    def swallow(message: dict[str, Any]) -> bool:
        nonlocal pieces
        is_output = message.get("method") == "item/commandExecution/outputDelta"
        pieces += is_output
        return not is_output or pieces % 3 != 0

    async with open_spoilt(sshd, tmp_path, swallow) as box:
        done = await selftest(box, "--json")
    assert done.code == 11, done.out + done.err
    found = outcomes(done.out)
    assert found["burst"] == "failed"
    assert "characters arrived" in said(done.out, "burst")
    assert (found["connect"], found["reset"], found["large"]) == ("ok", "ok", "ok")
    assert lines(done.out)[-1]["outcome"] == "failed"


async def test_a_server_whose_account_lacks_something_fails_where_it_is_compared(
    sshd: Sshd, tmp_path: Path
) -> None:
    def forget(message: dict[str, Any]) -> bool:
        data = (message.get("result") or {}).get("data") or []
        if isinstance(data, list) and data and "item" in data[0]:
            data[0]["item"]["aggregatedOutput"] = "something else"
        return True

    async with open_spoilt(sshd, tmp_path, forget) as box:
        done = await selftest(box)
    assert done.code == 11, done.out + done.err
    assert "stream         failed   1 of 1 items differ from the app server's account" in done.out
    assert max(map(len, done.out.splitlines())) < 80


@pytest.mark.parametrize("devbox", ["npm"], indirect=True)
async def test_a_link_that_stays_away_fails_once_and_the_thread_left_is_named(
    devbox: Devbox,
) -> None:
    sshd = devbox.sshd
    async with open_faulty_relay(sshd.port) as relay:
        known = sshd.directory / "known_hosts_of_x"
        known.write_text("x " + " ".join(sshd.known_hosts.read_text().split()[1:3]) + "\n")
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            *map(str, words(devbox, "--json", "--reconnect-for", "2", "-p", str(relay.port))),
            *("-o", "HostKeyAlias=x", "-o", f"UserKnownHostsFile={known}"),
            env=client_environment(devbox.home),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await until(lambda: relay.passed > 60_000, "it streams", seconds=60)
            relay.is_open = False
            relay.break_now(Fault.RESET)
            async with asyncio.timeout(100):
                out, err = (text.decode() for text in await process.communicate())
        finally:
            await processes.end(process)
    assert process.returncode == 11, out + err
    found = outcomes(out)
    assert list(found) == NAMES
    assert list(found.values()).count("failed") == 1
    assert found["server-kill"] == "skipped"
    assert said(out, "large") == "there is no link any more"
    assert lines(out)[-1]["thread"] == "kept"
    assert "the scratch thread" in err


async def test_a_host_that_cannot_be_reached_is_a_failed_check_and_its_own_exit_code(
    sshd: Sshd, tmp_path: Path
) -> None:
    await sshd.stop()
    done = await codex_ssh(
        "selftest", "-F", sshd.ssh_config, "--no-input", "--json", "devbox", home=tmp_path / "laptop"
    )
    assert done.code == 4
    assert outcomes(done.out) == {"connect": "failed"}
    assert "refused" in done.err


async def test_ctrl_c_removes_the_thread_ends_the_command_and_leaves_no_login(devbox: Devbox) -> None:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *map(str, words(devbox)), env=client_environment(devbox.home),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None

    def commands() -> list[int]:
        found = processes.with_variable("CODEX_HOME", str(devbox.sshd.home / ".codex"))
        return [pid for pid in found if processes.command_line(pid)[:1] == ["awk"]]

    try:
        async with asyncio.timeout(60):
            while b"drop: " not in await process.stderr.readline():
                pass
        await until(commands, "a command runs")
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            _, err = await process.communicate()
    finally:
        await processes.end(process)
    assert process.returncode == 130
    assert b"stays on" not in err
    await until(lambda: not commands(), "no command runs")
    await until(lambda: not devbox.sshd.connection_pids(), "the login is gone")
    assert list((devbox.sshd.home / ".codex").rglob("rollout-*")) == []
