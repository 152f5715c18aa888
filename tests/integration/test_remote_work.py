"""The uncommitted work of real repositories, asked through a real app server, and applied somewhere else."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TypeVar

import pytest

from codex_ssh.core.call import Call
from codex_ssh.core.git_work import GitState, LeftOut, Untracked, what_fits
from codex_ssh.errors import DevboxFailed
from codex_ssh.tui.caller import Caller as Asking
from codex_ssh.tui.remote_work import git_state, patch_of, untracked_files
from tests.conftest import StartCodex
from tests.integration.test_commands import Caller, connected
from tests.support.require import require_program

pytestmark = pytest.mark.codex

T = TypeVar("T")

GIT = ("git", "-c", "user.email=a@example.com", "-c", "user.name=A", "-c", "protocol.file.allow=always")


def git(where: Path, *words: str) -> str:
    """Run git and give what it printed."""
    ran = subprocess.run([*GIT, *words], cwd=where, check=False, capture_output=True)
    assert ran.returncode == 0, ran.stderr.decode(errors="replace")
    return ran.stdout.decode(errors="replace")


def begin(path: Path, **files: str) -> Path:
    """Make a repository with one commit."""
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main", ".")
    for name, text in files.items():
        (path / name).write_text(text)
    if files:
        git(path, "add", ".")
        git(path, "commit", "-q", "-m", "the first")
    return path


def tree(where: Path) -> str:
    """Give the name of the tree of all that is in a working directory and not ignored."""
    git(where, "add", "-A")
    return git(where, "write-tree")


def files_of_git(where: Path) -> dict[str, bytes]:
    """Give everything below ``.git``."""
    return {str(path): path.read_bytes() for path in sorted((where / ".git").rglob("*")) if path.is_file()}


@pytest.fixture
async def caller(start_codex: StartCodex) -> AsyncGenerator[Caller, None]:
    codex = await start_codex()
    async with connected(codex.endpoint, codex.token) as found:
        yield found


class In:
    """Runs what it is told to in one shell of this machine, without an app server.

    Args:
        name: The shell.
    """

    def __init__(self, name: str) -> None:
        program = require_program(name, f"{name}: apt-get install {name}")
        self._shell = [str(program), *(["sh"] if name == "busybox" else [])]

    async def call(self, call: Call[T]) -> T:
        _, *words = call.params["command"]
        pipe = asyncio.subprocess.PIPE
        ran = await asyncio.create_subprocess_exec(
            *self._shell, *words, cwd=call.params["cwd"], stdout=pipe, stderr=pipe
        )
        out, err = (text.decode(errors="replace") for text in await ran.communicate())
        return call.decode({"exitCode": ran.returncode, "stdout": out, "stderr": err})


async def taken(caller: Asking, where: Path) -> tuple[GitState, bytes, list[Untracked | LeftOut]]:
    """Give a repository's state, all of its patch, and its untracked files."""
    state = await git_state(caller, str(where))
    found = await untracked_files(caller, state)
    patch = await patch_of(caller, state, what_fits(state, found))
    return state, patch.tracked + patch.untracked, found


def apply(where: Path, patch: bytes, at: Path) -> None:
    """Apply a patch in another copy, as the message says."""
    at.write_bytes(patch)
    git(where, "apply", "--3way", str(at))


async def test_odd_names_and_odd_bytes_arrive_as_they_are_and_nothing_is_touched(
    caller: Caller, tmp_path: Path
) -> None:
    await check_odd_names(caller, tmp_path)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
async def test_every_shell_does_the_same(shell: str, tmp_path: Path) -> None:
    await check_odd_names(In(shell), tmp_path)


async def check_odd_names(caller: Asking, tmp_path: Path) -> None:
    """Bring over a repository full of odd names and odd bytes."""
    here = begin(tmp_path / "here", **{"a.txt": "one\ntwo\n", "gone.txt": "x\n", "run.sh": "echo\n"})
    odd = [
        b"with blank",
        b"-dash",
        b"line\nend\n",
        b"\xff\xfe",
        "ümlaut ".encode(),
        b"tab\there",
        b'quo"te',
        b"back\\0303",
    ]
    (here / "sub").mkdir()
    for number, name in enumerate(odd):
        (here / "sub" / os.fsdecode(name)).write_bytes(b"tracked %d\n" % number)
    (here / "folder").mkdir()
    (here / "folder" / "in it").write_text("x\n")
    (here / "turns.txt").write_text("into a link\n")
    (here / "picture.bin").write_bytes(bytes(range(256)) * 8)
    (here / ".gitignore").write_text("*.log\n")
    git(here, "add", ".")
    git(here, "commit", "-q", "-m", "the second")
    there = tmp_path / "there"
    git(tmp_path, "clone", "-q", str(here), str(there))

    for name in odd:
        with (here / "sub" / os.fsdecode(name)).open("ab") as file:
            file.write(b"caf\xe9 and no end")
        (here / os.fsdecode(name)).write_bytes(b"new \xe9\n" + name)
    (here / "picture.bin").write_bytes(bytes(range(255, -1, -1)) * 8)
    (here / "new.bin").write_bytes(b"\0\1\2" * 100)
    (here / "empty").touch()
    (here / "run.sh").chmod(0o755)
    (here / "gone.txt").unlink()
    (here / "turns.txt").unlink()
    (here / "turns.txt").symlink_to("a.txt")
    (here / "folder" / "in it").unlink()
    (here / "folder").rmdir()
    (here / "folder").write_text("a file now\n")
    (here / "meant").write_text("to be added\n")
    git(here, "add", "-N", "meant")
    (here / "a.txt").write_text("one\nstaged\n")
    git(here, "add", "a.txt")
    (here / "a.txt").write_text("one\nnot staged\n")
    (here / "staged.txt").write_text("new and staged\n")
    git(here, "add", "staged.txt")
    (here / "link to\ndir").symlink_to("sub")
    (here / "nowhere").symlink_to("is not there")
    (here / "noise.log").write_text("ignored")
    for key in ("diff.noprefix", "diff.mnemonicPrefix", "diff.relative"):
        git(here, "config", key, "true")
    git(here, "config", "color.diff", "always")
    git(here, "config", "diff.external", "false")
    before, index_at = files_of_git(here), (here / ".git" / "index").stat().st_mtime_ns

    state, patch, _ = await taken(caller, here / "sub")
    assert files_of_git(here) == before
    assert (here / ".git" / "index").stat().st_mtime_ns == index_at
    assert state.root == str(here)
    assert state.commit == git(here, "rev-parse", "HEAD").strip()
    assert (state.branch, state.remote, state.is_pushed) == ("main", "", False)
    assert set(odd) < set(state.untracked)
    apply(there, patch, tmp_path / "patch")
    assert tree(there) == tree(here)


async def test_files_in_conflict_go_with_their_marks(caller: Caller, tmp_path: Path) -> None:
    here, there = begin(tmp_path / "here", a="one\n"), tmp_path / "there"
    git(here, "checkout", "-q", "-b", "other")
    (here / "a").write_text("theirs\n")
    git(here, "commit", "-q", "-a", "-m", "theirs")
    git(here, "checkout", "-q", "main")
    (here / "a").write_text("ours\n")
    git(here, "commit", "-q", "-a", "-m", "ours")
    git(tmp_path, "clone", "-q", str(here), str(there))
    with pytest.raises(AssertionError):
        git(here, "merge", "-q", "other")
    state, patch, _ = await taken(caller, here)
    assert (state.changed, state.unmerged) == ((b"a",), (b"a",))
    apply(there, patch, tmp_path / "patch")
    assert (there / "a").read_text() == (here / "a").read_text()
    assert "<<<<<<<" in (there / "a").read_text()


async def test_where_it_comes_from_is_told_without_the_secrets(caller: Caller, tmp_path: Path) -> None:
    origin = begin(tmp_path / "origin", a="one\n")
    here = tmp_path / "here"
    git(tmp_path, "clone", "-q", str(origin), str(here))
    state = await git_state(caller, str(here))
    assert (state.remote, state.is_pushed, state.is_clean) == (str(origin), True, True)
    git(here, "remote", "set-url", "origin", "https://me:secret@example.com/a.git")
    git(here, "commit", "-q", "--allow-empty", "-m", "mine")
    mine = git(here, "rev-parse", "HEAD").strip()
    state = await git_state(caller, str(here), commit=mine)
    assert (state.remote, state.is_pushed, state.knows) == ("https://example.com/a.git", False, True)
    git(here, "checkout", "-q", "--detach")
    state = await git_state(caller, str(here), commit="1" * 40)
    assert (state.commit, state.branch, state.knows) == (mine, "", False)


async def test_before_the_first_commit_everything_is_new(caller: Caller, tmp_path: Path) -> None:
    here, there = begin(tmp_path / "here"), begin(tmp_path / "there")
    (here / "a").write_text("staged\n")
    git(here, "add", "a")
    (here / "a").write_text("and changed\n")
    (here / "b").write_text("untracked\n")
    state, patch, _ = await taken(caller, here)
    assert (state.commit, state.branch, state.changed, state.untracked) == ("", "main", (b"a",), (b"b",))
    apply(there, patch, tmp_path / "patch")
    assert tree(there) == tree(here)


async def test_a_submodule_goes_as_its_commit_and_its_own_changes_are_told(
    caller: Caller, tmp_path: Path
) -> None:
    inner = begin(tmp_path / "inner", a="one\n")
    here = begin(tmp_path / "here", b="one\n")
    git(here, "submodule", "--quiet", "add", str(inner), "part")
    git(here, "submodule", "--quiet", "add", str(inner), "same")
    git(here, "commit", "-q", "-m", "with a part")
    there = tmp_path / "there"
    git(tmp_path, "clone", "-q", "--recurse-submodules", str(here), str(there))
    git(here / "part", "commit", "-q", "--allow-empty", "-m", "further")
    for part in ("part", "same"):
        (here / part / "a").write_text("changed inside\n")
    begin(here / "nested", c="one\n")
    state, patch, found = await taken(caller, here)
    assert (state.changed, state.submodules) == ((b"part",), (b"part", b"same"))
    assert [one.why for one in what_fits(state, found).left_out] == [
        "a submodule's own changes",
        "a submodule's own changes",
        "a repository of its own",
    ]
    assert b"+Subproject commit " + git(here / "part", "rev-parse", "HEAD").strip().encode() + b"\n" in patch
    apply(there, patch, tmp_path / "patch")
    assert git(there, "ls-files", "-s", "part").split()[1] == git(here / "part", "rev-parse", "HEAD").strip()


async def test_what_git_does_not_do_is_told(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(DevboxFailed, match="not in a git repository"):
        await git_state(caller, str(tmp_path / "plain"))
    with pytest.raises(DevboxFailed, match="cannot be run"):
        await git_state(caller, str(tmp_path / "not there"))
    here = begin(tmp_path / "here", a="one\n")
    (here / "a").write_text("two\n")
    (here / "new").write_text("new\n")
    state = await git_state(caller, str(here))
    work = what_fits(state, await untracked_files(caller, state))
    (here / "new").unlink()
    with pytest.raises(DevboxFailed, match="git in "):
        await patch_of(caller, state, work)
    (here / "new").write_text("new\n")
    git(here, "commit", "-q", "-a", "-m", "meanwhile")
    with pytest.raises(DevboxFailed, match="another commit is checked out by now"):
        await patch_of(caller, state, work)
