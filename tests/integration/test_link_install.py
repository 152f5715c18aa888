"""Installing codex where there is none: real sshd, a registry on loopback, a codex that runs afterwards."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from codex_ssh.core.config import Install
from codex_ssh.core.host import parse_host
from codex_ssh.core.question import Question
from codex_ssh.core.release import REGISTRY
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import AppServerError
from codex_ssh.link.appserver import find_or_start_app_server, look
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import open_link
from codex_ssh.link.install import CodexInstaller
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.way import Profile
from tests.conftest import StartSshd
from tests.integration.test_link_dial import dialler, logged_in, ours, speaks
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.codex import require_codex
from tests.support.container import needs_root, open_container
from tests.support.model import Model
from tests.support.registry import VERSION, Registry, open_registry
from tests.support.require import require_program
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [
    pytest.mark.sshd,
    pytest.mark.codex,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the registry has linux-x64 only"),
]

TOOLS = (
    "sh", "cat", "ls", "od", "tr", "dd", "grep", "id", "uname", "cksum", "env", "sed", "ln", "readlink",
    "mkdir", "rm", "mv", "sleep", "setsid", "tail", "date", "cut", "gzip", "tar", "chmod", "rmdir",
)  # fmt: skip
"""What a devbox has at least."""


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody who answers, and sees what is told."""

    answer: str | None = "yes"
    questions: list[Question] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    async def ask(self, question: Question) -> Secret | None:
        self.questions.append(question)
        return None if self.answer is None else Secret(self.answer)

    def tell(self, host: str, text: str) -> None:
        self.told.append(text)


@pytest.fixture
async def registry() -> AsyncGenerator[Registry, None]:
    async with open_registry(require_codex().path, ballast=3_000_000) as running:
        yield running


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def installing(registry: Registry, person: Person, tmp_path: Path) -> Wanted:
    """What a connect wants that may install."""
    return Wanted(install=installer(registry, person, tmp_path))


def installer(
    registry: Registry, person: Person, tmp_path: Path, when: Install = Install.ASK
) -> CodexInstaller:
    return CodexInstaller(when=when, prompter=person, cache=tmp_path / "cache", registry=registry.url)


def with_tools(directory: Path, *more: str) -> dict[str, str]:
    """The environment of a login that has few programs."""
    few = directory / "few"
    few.mkdir()
    for name in (*TOOLS, *more):
        (few / name).symlink_to(require_program(name, name))
    return {"PATH": str(few), "SHELL": "/bin/sh"}


def left(home: Path) -> list[str]:
    """What there is of an installing, half-made or whole."""
    root = home / ".local" / "share" / "codex-ssh"
    return sorted(path.name for path in root.iterdir()) if root.exists() else []


async def started(ssh: Ssh, sshd: Sshd, wanted: Wanted) -> None:
    """Install, start, speak; and a later connect finds it without installing."""
    app = await find_or_start_app_server(ssh, wanted)
    assert app.probe.codex.startswith(str(sshd.home / ".local"))
    assert await speaks(dialler(ssh, app))
    assert left(sshd.home) == [f"codex-{VERSION}"]
    link = sshd.home / ".local" / "bin" / "codex"
    assert (
        link.resolve() == sshd.home / ".local" / "share" / "codex-ssh" / f"codex-{VERSION}" / "bin" / "codex"
    )
    assert (await look(ssh, Wanted(), everything=True)).codex == str(link)


# ------------------------------------------------------------------ the ways


async def test_the_devbox_downloads_it_after_a_yes(sshd: Sshd, installing: Wanted, person: Person) -> None:
    async with logged_in(sshd) as ssh:
        await started(ssh, sshd, installing)
    (question,) = person.questions
    assert question.lead == "there is no codex on devbox"
    assert "install the newest one from http://127.0.0.1" in question.text
    assert person.told[0] == f"downloading codex {VERSION} there"
    assert person.told[-1] == f"codex is installed: {sshd.home}/.local/bin/codex"


@pytest.mark.parametrize(
    ("tools", "way"),
    [
        (["wget", "sha512sum"], "downloading"),
        (["curl", "openssl"], "downloading"),
        (["sha512sum"], "neither curl nor wget is there"),
        # What was downloaded there cannot be checked there: what is brought can be, by cksum.
        (["curl"], "no program there can make a SHA-512"),
    ],
    ids=["wget", "openssl", "no-downloader", "no-sha512"],
)
async def test_few_programs_are_enough(
    start_sshd: StartSshd, tmp_path: Path, installing: Wanted, person: Person, tools: list[str], way: str
) -> None:
    sshd = await start_sshd(environment=with_tools(tmp_path, *tools))
    async with logged_in(sshd) as ssh:
        await started(ssh, sshd, installing)
    assert any(way in text for text in person.told), person.told
    assert any("MiB brought" in text for text in person.told) == (way != "downloading")


async def test_without_a_network_there_it_is_brought_and_kept_for_the_next_host(
    start_sshd: StartSshd, installing: Wanted, person: Person, registry: Registry
) -> None:
    for alias in ("one", "two"):
        sshd = await start_sshd(alias)
        curl = sshd.home / "bin" / "curl"
        curl.write_text("#!/bin/sh\necho 'curl: (6) Could not resolve host' >&2\nexit 6\n")
        curl.chmod(0o755)
        async with logged_in(sshd) as ssh:
            await started(ssh, sshd, installing)
    assert any("Could not resolve host" in text for text in person.told)
    assert registry.asked.count("/codex.tgz") == 1


async def test_without_a_registry_the_codex_of_this_machine_goes_over(
    sshd: Sshd, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "codex").symlink_to(require_codex().path)
    monkeypatch.setenv("PATH", f"{own}:{os.environ['PATH']}")
    nowhere = CodexInstaller(
        when=Install.ASK, prompter=person, cache=tmp_path / "cache", registry="http://127.0.0.1:1"
    )
    async with logged_in(sshd) as ssh:
        app = await find_or_start_app_server(ssh, Wanted(install=nowhere))
        assert await speaks(dialler(ssh, app))
    assert any("taking the codex of this machine" in text for text in person.told)
    assert left(sshd.home) == ["codex-copied"]


@needs_root
async def test_it_goes_into_a_container_too(registry: Registry, tmp_path: Path, model: Model) -> None:
    async with open_container(tmp_path / "container") as box:
        done = await codex_ssh(
            "server", "start", "box", "--exec", box.command, "--install", "always",
            home=tmp_path / "laptop",
            environment={"CODEX_SSH_INSTALL_FROM": registry.url},
        )  # fmt: skip
        assert done.code == 0, done.err
        assert "neither" not in done.err
        assert f"box: codex is installed: {box.home}/.local/bin/codex" in done.err
        assert left(box.home) == [f"codex-{VERSION}"]


# ------------------------------------------------------------------ not without a yes


@pytest.mark.parametrize("answer", ["no", "", None])
async def test_a_no_leaves_everything_as_it_is(
    sshd: Sshd, installing: Wanted, person: Person, registry: Registry, answer: str | None
) -> None:
    person.answer = answer
    async with logged_in(sshd) as ssh:
        with pytest.raises(AppServerError, match="installing it was declined") as caught:
            await find_or_start_app_server(ssh, installing)
    assert "npm install -g @openai/codex" in caught.value.hint
    assert registry.asked == []
    assert not (sshd.home / ".local").exists()


async def test_the_question_goes_to_whoever_is_asked_by_then(
    sshd: Sshd, installing: Wanted, person: Person
) -> None:
    profile = Profile(
        host=parse_host(sshd.alias), ssh=SshOptions(config_file=str(sshd.ssh_config)), wanted=installing
    )
    later = Person(answer="no")
    with pytest.raises(AppServerError, match="installing it was declined"):
        async with open_link(profile, later):
            pass
    assert (len(later.questions), person.questions) == (1, [])


async def test_where_nobody_can_be_asked_the_error_says_what_would_allow_it(
    sshd: Sshd, tmp_path: Path, registry: Registry
) -> None:
    words = ["exec", "-F", str(sshd.ssh_config), "--no-input", "devbox", "hi"]
    for more, said in (
        ([], "nobody can be asked whether to install it"),
        (["--install", "never"], 'installing it is not allowed (install = "never")'),
    ):
        done = await codex_ssh(
            *words, *more, home=tmp_path / "laptop", environment={"CODEX_SSH_INSTALL_FROM": registry.url}
        )
        assert done.code == 6
        assert said in done.err
        assert "npm install -g @openai/codex" in done.err
    assert "--install always" in done.err or registry.asked == []


# ------------------------------------------------------------------ faults


async def refused(sshd: Sshd, wanted: Wanted) -> AppServerError:
    async with logged_in(sshd) as ssh:
        with pytest.raises(AppServerError, match="could not be installed") as caught:
            await find_or_start_app_server(ssh, wanted)
    assert left(sshd.home) == []
    assert not (sshd.home / ".local" / "bin" / "codex").exists()
    return caught.value


async def test_a_file_that_is_not_what_was_announced_is_not_even_unpacked(
    sshd: Sshd, installing: Wanted, registry: Registry
) -> None:
    registry.spoil()
    error = await refused(sshd, installing)
    assert "what came there is not what was announced" in error.message
    assert "SHA-512" in error.said


async def test_a_lie_is_noticed_here_too(
    start_sshd: StartSshd, tmp_path: Path, installing: Wanted, registry: Registry
) -> None:
    sshd = await start_sshd(environment=with_tools(tmp_path, "sha512sum"))
    registry.spoil()
    error = await refused(sshd, installing)
    assert "neither there nor here" in error.message
    assert "not the SHA-512 that was announced" in error.said
    assert not list((tmp_path / "cache").iterdir())


async def test_a_download_that_breaks_off_leaves_nothing(
    sshd: Sshd, installing: Wanted, registry: Registry, tmp_path: Path
) -> None:
    registry.gives = 100_000
    error = await refused(sshd, installing)
    assert "neither there nor here" in error.message
    assert not list((tmp_path / "cache").iterdir())


@needs_root
async def test_a_full_disk_is_said(start_sshd: StartSshd, tmp_path: Path, installing: Wanted) -> None:
    sshd = await start_sshd(environment=with_tools(tmp_path, "sha512sum"))
    local = sshd.home / ".local"
    local.mkdir()
    done = await processes.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", local])
    if done.code != 0:
        pytest.skip(f"cannot mount here: {done.err.strip()}")
    try:
        error = await refused(sshd, installing)
    finally:
        await processes.run(["umount", "-l", local])
    assert "it could not be written there" in error.message
    assert "No space left on device" in error.said


async def test_what_does_not_run_there_is_taken_back(
    sshd: Sshd, installing: Wanted, registry: Registry, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 'GLIBC_9.9 not found' >&2\nexit 1\n")
    broken.chmod(0o755)
    registry.fill(broken)
    error = await refused(sshd, installing)
    assert ("it does not run there" in error.message, error.said) == (True, "GLIBC_9.9 not found")


async def test_a_file_of_somebodys_at_that_place_is_not_replaced(sshd: Sshd, installing: Wanted) -> None:
    place = sshd.home / ".local" / "bin" / "codex"
    place.parent.mkdir(parents=True)
    place.write_text("notes of mine")
    async with logged_in(sshd) as ssh:
        with pytest.raises(AppServerError, match=r"\.local/bin/codex is there and is no program"):
            await find_or_start_app_server(ssh, installing)
    assert place.read_text() == "notes of mine"


@asynccontextmanager
async def going(
    words: Sequence[str | Path], home: Path, registry: Registry
) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *words,
        env=client_environment(home, CODEX_SSH_INSTALL_FROM=registry.url),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        await processes.end(process)


@pytest.mark.parametrize("where", ["there", "here", "on-the-way"])
async def test_ctrl_c_in_the_middle_leaves_nothing_half_made(
    start_sshd: StartSshd, tmp_path: Path, registry: Registry, where: str
) -> None:
    tools = with_tools(tmp_path, "sha512sum", *(["curl"] if where == "there" else []))
    sshd = await start_sshd(environment=tools)
    home = tmp_path / "laptop"
    if where == "on-the-way":
        # Its cat takes a little and then waits.
        cat = tmp_path / "few" / "cat"
        cat.unlink()
        real = shutil.which("cat")
        cat.write_text(
            f'#!/bin/sh\n[ "$#" = 0 ] && dd bs=1000 count=100 2>/dev/null && sleep 4; exec {real} "$@"\n'
        )
        cat.chmod(0o755)
    else:
        registry.holds.clear()
    words = ["exec", "-F", str(sshd.ssh_config), "--install", "always", "devbox", "hi"]

    def begun() -> bool:
        if where == "here":
            return any((home / ".cache" / "codex-ssh").glob(".codex-*"))
        root = sshd.home / ".local" / "share" / "codex-ssh"
        return any(file.stat().st_size > 50_000 for file in root.glob("new.*/file"))

    async with going(words, home, registry) as process:
        await until(begun, "the installing is in the middle", seconds=60)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            await process.wait()
        assert process.returncode == 130
    await until(lambda: left(sshd.home) == [], "nothing half-made is left", show=lambda: left(sshd.home))
    registry.holds.set()
    assert not list((home / ".cache" / "codex-ssh").glob(".codex-*"))
    assert ours(sshd) == []


def test_the_registry_is_the_official_one_unless_told_otherwise() -> None:
    assert REGISTRY == "https://registry.npmjs.org"
