"""``--detach``, ``status`` and ``stop``: a server that outlives its command."""

from __future__ import annotations

import stat
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.cli import codex_ssh
from tests.support.waiting import until
from tests.support.wire import open_wire

REHEARSAL = ("--engine", "rehearsal")


@pytest.fixture
async def home(tmp_path: Path) -> AsyncGenerator[Path, None]:
    """A home; what was started with it is ended."""
    path = tmp_path / "home"
    yield path
    left = processes.with_variable("HOME", str(path))
    processes.kill(left)
    await until(lambda: not any(map(processes.is_alive, left)), "detached servers are gone")


async def app_server(home: Path, *words: str) -> processes.Finished:
    return await codex_ssh("app-server", *words, home=home)


async def test_it_runs_detached_is_shown_and_stopped(home: Path) -> None:
    none = await app_server(home, "status")
    assert (none.code, none.out, none.err) == (1, "", "no app server runs detached\n")
    started = await app_server(home, *REHEARSAL, "--listen", "ws://127.0.0.1:0", "--detach")
    assert started.code == 0, started.err
    url = started.out.strip()
    async with open_wire(url) as wire:
        await wire.initialize()
    shown = await app_server(home, "status")
    assert shown.code == 0
    assert shown.out.startswith(f"{url}\tprocess ")
    log = Path(shown.out.strip().rpartition("log ")[2])
    assert "listening on" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700
    again = await app_server(home, *REHEARSAL, "--listen", "ws://127.0.0.1:0", "--detach")
    assert again.code == 1
    assert f"it runs already at {url}" in again.err
    stopped = await app_server(home, "stop")
    assert (stopped.code, stopped.err) == (0, f"stopped {url}\n")
    assert (await app_server(home, "stop")).code == 1


async def test_one_of_several_is_stopped_by_its_name(home: Path, short_path: Path) -> None:
    urls = []
    for listen in ("ws://127.0.0.1:0", f"unix://{short_path}/s"):
        started = await app_server(home, *REHEARSAL, "--listen", listen, "--detach")
        assert started.code == 0, started.err
        urls.append(started.out.strip())
    assert (await app_server(home, "stop")).code == 2
    assert (await app_server(home, "stop", "--listen", urls[1])).code == 0
    assert [line.split("\t")[0] for line in (await app_server(home, "status")).out.splitlines()] == urls[:1]


async def test_one_that_was_killed_is_not_shown(home: Path) -> None:
    started = await app_server(home, *REHEARSAL, "--listen", "ws://127.0.0.1:0", "--detach")
    pid = int(started.err.partition("process ")[2].partition(",")[0])
    processes.kill([pid])
    await until(lambda: not processes.is_alive(pid), "it is gone")
    assert (await app_server(home, "status")).code == 1


async def test_one_that_does_not_start_says_why(home: Path) -> None:
    busy = await app_server(home, *REHEARSAL, "--listen", "ws://192.0.2.1:0", "--detach")
    assert busy.code == 1
    assert "refusing to start" in busy.err or "cannot listen" in busy.err
    unbound = ("--listen", "ws://192.0.2.1:0", "--ws-auth", "capability-token", "--ws-token-sha256", "a" * 64)
    failed = await app_server(home, *REHEARSAL, *unbound, "--detach")
    assert failed.code == 1
    assert "it did not start" in failed.err
    assert "cannot listen on ws://192.0.2.1:0" in failed.err
    assert (await app_server(home, "--detach")).code == 1
