"""The real peers as fixtures, and the check that a test leaves no task behind.

What a peer is and how it is run stands in :mod:`tests.support`; a test that needs more than one
way of a peer takes the ``start_…`` fixture, or the context manager itself.
"""

from __future__ import annotations

import asyncio
import inspect
import tempfile
import uuid
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.codex import (
    CODEX_NAMES,
    CodexAppServer,
    CodexBinary,
    open_codex,
    require_codex,
)
from tests.support.model import Model, open_model
from tests.support.require import fail_in_ci
from tests.support.sink import Sink, open_sink
from tests.support.sshd import Sshd, open_sshd
from tests.support.tmux import Tmux, open_tmux


class StartSshd(Protocol):
    """Starts one more sshd, which lives as long as the test."""

    async def __call__(
        self,
        alias: str = "devbox",
        *,
        lines: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Sshd: ...


class StartCodex(Protocol):
    """Starts a ``codex app-server`` with the test's model, which lives as long as the test."""

    async def __call__(
        self,
        binary: CodexBinary | None = None,
        *,
        codex_home: Path | None = None,
        listen: str = "ws://127.0.0.1:0",
        auth: bool = True,
        flags: Sequence[str] = (),
    ) -> CodexAppServer: ...


class StartTmux(Protocol):
    """Runs a program on a terminal, which lives as long as the test."""

    async def __call__(
        self,
        argv: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        columns: int = 80,
        lines: int = 24,
        leads: bool = False,
    ) -> Tmux: ...


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let no test go missing in CI."""
    report = yield
    fail_in_ci(report)
    return report


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what a test leaves about hosts from the next one, and from the person who runs it."""
    place = tmp_path_factory.getbasetemp() / f"state-{uuid.uuid4().hex}"
    monkeypatch.setenv("XDG_STATE_HOME", str(place))


@pytest.fixture(autouse=True)
def _no_task_is_left(request: pytest.FixtureRequest) -> None:
    """Watch the tasks of every asynchronous test."""
    function = getattr(request, "function", None)
    if inspect.iscoroutinefunction(getattr(function, "hypothesis", function)):
        request.getfixturevalue("_watched_tasks")


@pytest.fixture
async def _watched_tasks() -> AsyncGenerator[None, None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"tasks left behind: {left}"


@pytest.fixture
def short_path() -> Generator[Path, None, None]:
    """A private directory with a path short enough for unix sockets below it."""
    with tempfile.TemporaryDirectory(prefix="t-") as name:
        yield Path(name)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty directory for turns to work in."""
    path = tmp_path / "workspace"
    path.mkdir()
    return path


@pytest.fixture
async def model() -> AsyncGenerator[Model, None]:
    """A scripted model server."""
    async with open_model() as running:
        yield running


@pytest.fixture
async def sink() -> AsyncGenerator[Sink, None]:
    """A listener nothing may talk to."""
    async with open_sink() as running:
        yield running


@pytest.fixture(params=CODEX_NAMES)
def codex_binary(request: pytest.FixtureRequest) -> CodexBinary:
    """Each real codex in turn."""
    return require_codex(request.param)


@pytest.fixture
def codex_home(tmp_path: Path, model: Model) -> Path:
    """A private CODEX_HOME that points at the scripted model."""
    path = tmp_path / "codex-home"
    model.write_config(path)
    return path


@pytest.fixture
async def start_codex(tmp_path: Path, workspace: Path, model: Model) -> AsyncGenerator[StartCodex, None]:
    """Start app servers at will; each gets a CODEX_HOME of its own unless one is given."""
    async with AsyncExitStack() as stack:
        count = 0

        async def start(
            binary: CodexBinary | None = None,
            *,
            codex_home: Path | None = None,
            listen: str = "ws://127.0.0.1:0",
            auth: bool = True,
            flags: Sequence[str] = (),
        ) -> CodexAppServer:
            nonlocal count
            count += 1
            home = codex_home or tmp_path / f"codex-home-{count}"
            model.write_config(home)
            return await stack.enter_async_context(
                open_codex(
                    binary or require_codex(),
                    home,
                    cwd=workspace,
                    listen=listen,
                    auth=auth,
                    flags=flags,
                )
            )

        yield start


@pytest.fixture
async def codex_app_server(start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    """A real app server on a free loopback port with a capability token, each version in turn."""
    return await start_codex(codex_binary)


@pytest.fixture
async def start_sshd(tmp_path: Path) -> AsyncGenerator[StartSshd, None]:
    """Start SSH servers at will; each alias has its own directory, keys and HOME."""
    async with AsyncExitStack() as stack:

        async def start(
            alias: str = "devbox",
            *,
            lines: Sequence[str] = (),
            environment: Mapping[str, str] | None = None,
        ) -> Sshd:
            directory = tmp_path / f"sshd-{alias}"
            return await stack.enter_async_context(
                open_sshd(directory, alias=alias, lines=lines, environment=environment)
            )

        yield start


@pytest.fixture
async def sshd(start_sshd: StartSshd) -> Sshd:
    """A real SSH server; the alias is ``devbox``."""
    return await start_sshd()


@pytest.fixture
async def start_tmux() -> AsyncGenerator[StartTmux, None]:
    """Run programs on terminals at will."""
    async with AsyncExitStack() as stack:

        async def start(
            argv: Sequence[str | Path],
            *,
            environment: Mapping[str, str] | None = None,
            cwd: Path | None = None,
            columns: int = 80,
            lines: int = 24,
            leads: bool = False,
        ) -> Tmux:
            return await stack.enter_async_context(
                open_tmux(argv, environment=environment, cwd=cwd, columns=columns, lines=lines, leads=leads)
            )

        yield start
