"""``codex-ssh demo``: everything on this machine, nothing set up, nothing left."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.codex import CodexBinary
from tests.support.listening import exposed, listening_in_tree
from tests.support.model import Model
from tests.support.waiting import until


async def test_one_turn_is_run_headless_and_nothing_is_left(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    done = await codex_ssh(
        "demo", "--prompt", "run: echo made > file\nsay all done",
        home=tmp_path / "home", environment={"TMPDIR": str(temporary)},
    )  # fmt: skip
    assert (done.code, done.out) == (0, "all done\n"), done.err
    assert "not Codex" in done.err
    assert list(temporary.iterdir()) == []


async def test_it_needs_neither_ssh_nor_anything_else_on_the_path(tmp_path: Path) -> None:
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    done = await codex_ssh(
        "demo", "--prompt", "say hi", home=tmp_path / "home", environment={"PATH": str(bin_dir)}
    )
    assert (done.code, done.out) == (0, "hi\n"), done.err


async def test_an_ordinary_sentence_is_told_whom_it_talks_to(tmp_path: Path) -> None:
    done = await codex_ssh("demo", "--prompt", "What is the meaning of life?", home=tmp_path)
    assert done.code == 0
    assert "not Codex" in done.out


@asynccontextmanager
async def running(
    home: Path, temporary: Path, *words: str
) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    temporary.mkdir()
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "demo", *words,
        env=client_environment(home, TMPDIR=str(temporary)),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        await processes.end(process)
        await process.communicate()


async def test_everything_it_opens_is_loopback(tmp_path: Path) -> None:
    async with running(tmp_path / "home", tmp_path / "tmp", "--prompt", "slow 2000 20") as process:
        # The app server and the SSH server, each on a loopback port of its own.
        await until(lambda: len(listening_in_tree(process.pid)) == 2, "both servers listen")
        assert exposed(processes.tree(process.pid)) == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
@pytest.mark.parametrize("moment", ["start", "servers", "turn"])
async def test_a_signal_at_any_moment_leaves_nothing(
    tmp_path: Path, number: signal.Signals, code: int, moment: str
) -> None:
    temporary = tmp_path / "tmp"
    async with running(tmp_path / "home", temporary, "--prompt", "slow 2000 20") as process:
        if moment == "start":
            await until(lambda: list(temporary.iterdir()), "its directory is there")
        elif moment == "servers":
            await until(lambda: len(listening_in_tree(process.pid)) == 2, "both servers listen")
        else:
            assert process.stderr is not None
            async with asyncio.timeout(30):
                while b"by ssh, app server" not in await process.stderr.readline():
                    continue
        family = processes.tree(process.pid)
        process.send_signal(number)
        async with asyncio.timeout(30):
            await process.wait()
        assert process.returncode == code
        await until(lambda: not any(map(processes.is_alive, family)), "all of its processes are gone")
    assert list(temporary.iterdir()) == []


@pytest.mark.codex
async def test_a_real_codex_can_be_the_engine(
    tmp_path: Path, codex_binary: CodexBinary, model: Model
) -> None:
    home = tmp_path / "home"
    bin_dir = codex_binary.put_in(home / "bin")
    model.write_config(home / ".codex")
    done = await codex_ssh(
        "demo", "--engine", "codex", "--prompt", "say real",
        home=home, environment={"PATH": f"{bin_dir}:/usr/bin:/bin"},
    )  # fmt: skip
    assert (done.code, done.out) == (0, "real\n"), done.err
    assert "not Codex" not in done.err


async def test_without_a_codex_that_engine_is_a_usage_error(tmp_path: Path) -> None:
    done = await codex_ssh(
        "demo", "--engine", "codex", "--prompt", "say x", home=tmp_path, environment={"PATH": "/usr/bin:/bin"}
    )
    assert done.code == 2
    assert "there is no 'codex' on this machine" in done.err
