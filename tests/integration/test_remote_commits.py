"""Commits of real repositories, asked through a real app server, and fetched by another one as we say."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TypeVar

import pytest

from codex_ssh.core.call import Call
from codex_ssh.core.git_commits import Commits
from codex_ssh.core.git_work import GitState
from codex_ssh.core.handoff import Brought, Origin, first_message
from codex_ssh.core.remote_command import TIMED_OUT
from codex_ssh.errors import DevboxFailed
from codex_ssh.tui.caller import Caller as Asking
from codex_ssh.tui.remote_commits import commits_between
from codex_ssh.tui.remote_work import git_state
from tests.conftest import StartCodex
from tests.integration.test_commands import Caller, connected
from tests.integration.test_remote_work import GIT, In, begin, files_of_git, git

pytestmark = pytest.mark.codex

T = TypeVar("T")


@pytest.fixture
async def caller(start_codex: StartCodex) -> AsyncGenerator[Caller, None]:
    codex = await start_codex()
    async with connected(codex.endpoint, codex.token) as found:
        yield found


def head(where: Path) -> str:
    return git(where, "rev-parse", "HEAD").strip()


def commit(where: Path, words: str, **files: str) -> str:
    """Commit these files, and give the commit's name."""
    for name, text in files.items():
        (where / name).write_text(text)
    git(where, "add", ".")
    git(where, "commit", "-q", "--allow-empty", "-m", words)
    return head(where)


def clone(place: Path, source: Path, name: str = "there", *options: str) -> Path:
    git(place, "clone", "-q", *options, source.as_uri(), name)
    return place / name


async def found_between(caller: Asking, here: Path, there: Path) -> tuple[GitState, GitState, Commits | None]:
    """Give how both stand, and what goes from one to the other."""
    state = await git_state(caller, str(here))
    other = await git_state(caller, str(there), commit=state.commit)
    return state, other, await commits_between(caller, state, caller, other)


def fetch(
    state: GitState, commits: Commits, other: GitState, place: Path
) -> subprocess.CompletedProcess[bytes]:
    """Do in the other repository what the message says."""
    bundle = place / "a bundle"
    bundle.write_bytes(commits.bundle)
    origin = Origin(
        host="devbox", user="", directory=state.root, thread_id="t", title="", at="now", git=state
    )
    message = first_message(origin, Brought(transcript="/t", commits=str(bundle)), branch=other.branch)
    said = message.partition("Get its commits: ")[2].partition(". If git refuses")[0]
    words = said.replace("git ", f"{shlex.join(GIT)} ")
    return subprocess.run(["sh", "-c", words], cwd=other.root, check=False, capture_output=True)


async def check_going(caller: Asking, tmp_path: Path) -> None:
    """Bring commits with a merge, odd names and no remote to the repository they come from."""
    there = begin(tmp_path / "there", **{"a.txt": "one\n"})
    here = clone(tmp_path, there, "here")
    git(here, "remote", "remove", "origin")
    git(here, "checkout", "-q", "-b", "side")
    commit(here, "on the side \u2713", side="x\n")
    git(here, "checkout", "-q", "main")
    commit(here, "with \x1b[2J and 'quotes'", b="two\n")
    (here / "picture").write_bytes(os.urandom(4000))
    commit(here, "a picture")
    git(here, "merge", "-q", "-m", "both", "side")
    git(here, "config", "log.showSignature", "true")
    git(here, "config", "color.ui", "always")
    before = files_of_git(here), files_of_git(there)

    state, other, commits = await found_between(caller, here, there)
    assert (files_of_git(here), files_of_git(there)) == before
    assert commits is not None
    assert commits.count == 4
    assert commits.continues
    first_lines = [subject.partition(" ")[2] for subject in commits.subjects]
    assert first_lines[0] == "both"
    assert set(first_lines[1:]) == {"a picture", "with \x1b[2J and 'quotes'", "on the side \u2713"}
    assert git(here, "rev-parse", "--short", "HEAD").strip() == commits.subjects[0].split()[0]
    ran = fetch(state, commits, other, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert head(there) == head(here)
    assert git(there, "status", "--porcelain") == ""
    git(there, "fsck", "--strict")


async def test_commits_arrive_without_a_remote_and_nothing_is_touched(caller: Caller, tmp_path: Path) -> None:
    await check_going(caller, tmp_path)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
async def test_every_shell_does_the_same(shell: str, tmp_path: Path) -> None:
    await check_going(In(shell), tmp_path)


async def test_a_branch_is_made_there_or_goes_on_and_what_is_checked_out_stays(
    caller: Caller, tmp_path: Path
) -> None:
    there = begin(tmp_path / "there", a="one\n")
    here = clone(tmp_path, there, "here")
    git(here, "checkout", "-q", "-b", "it's")
    for number in range(2):  # it is made, and goes on while another one is checked out
        commit(here, f"further {number}", b=f"{number}\n")
        git(there, "checkout", "-q", "main")
        main = head(there)
        state, other, commits = await found_between(caller, here, there)
        assert commits is not None
        assert commits.count == 1
        assert fetch(state, commits, other, tmp_path).returncode == 0
        assert git(there, "rev-parse", "--abbrev-ref", "HEAD").strip() == "it's"
        assert (head(there), git(there, "rev-parse", "main").strip()) == (head(here), main)
    git(here, "checkout", "-q", "--detach")
    commit(here, "without a branch")
    state, other, commits = await found_between(caller, here, there)
    assert commits is not None
    assert fetch(state, commits, other, tmp_path).returncode == 0
    assert head(there) == head(here)
    assert git(there, "rev-parse", "--abbrev-ref", "HEAD").strip() == "HEAD"


async def test_an_empty_repository_gets_all_of_it(caller: Caller, tmp_path: Path) -> None:
    here, there = begin(tmp_path / "here", a="one\n"), begin(tmp_path / "there")
    commit(here, "the second")
    state, other, commits = await found_between(caller, here, there)
    assert commits is not None
    assert (commits.count, commits.continues) == (2, True)
    ran = fetch(state, commits, other, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert head(there) == head(here)


async def test_there_is_nothing_to_bring_to_a_stranger_or_where_it_is(caller: Caller, tmp_path: Path) -> None:
    here, stranger = begin(tmp_path / "here", a="one\n"), begin(tmp_path / "stranger", a="other\n")
    there = clone(tmp_path, here)
    commit(there, "it is further")
    for other in (there, stranger):
        assert (await found_between(caller, here, other))[2] is None
    assert (await found_between(caller, begin(tmp_path / "begun"), there))[2] is None


async def test_two_that_went_apart_are_told_and_nothing_is_merged(caller: Caller, tmp_path: Path) -> None:
    here = begin(tmp_path / "here", a="one\n")
    there = clone(tmp_path, here)
    mine, theirs = commit(here, "mine", b="x\n"), commit(there, "theirs", c="x\n")
    state, other, commits = await found_between(caller, here, there)
    assert commits is not None
    assert (commits.count, commits.continues) == (1, False)
    assert fetch(state, commits, other, tmp_path).returncode != 0
    assert head(there) == theirs
    assert git(there, "cat-file", "-t", mine).strip() == "commit", "it is there to be looked at"


async def test_a_copy_that_fetches_as_it_goes_is_asked_without_fetching(
    caller: Caller, tmp_path: Path
) -> None:
    here = begin(tmp_path / "here", a="one\n")
    git(here, "config", "uploadpack.allowFilter", "true")
    there = clone(tmp_path, here, "there", "--filter=blob:none")
    commit(here, "further", b="two\n")
    before = files_of_git(there)
    state, other, commits = await found_between(caller, here, there)
    assert files_of_git(there) == before
    assert commits is not None
    assert fetch(state, commits, other, tmp_path).returncode == 0
    assert head(there) == head(here)


async def test_what_is_too_long_stays_and_it_is_said(caller: Caller, tmp_path: Path) -> None:
    here = begin(tmp_path / "here", a="one\n")
    there = clone(tmp_path, here)
    (here / "long").write_bytes(os.urandom(9 * 2**20))
    commit(here, "too long")
    _, _, commits = await found_between(caller, here, there)
    assert commits is not None
    assert (commits.count, commits.bundle, commits.why_not) == (1, b"", "they have more than 8.4 MB")


class Slow(In):
    """Runs out of time where commits are packed."""

    async def call(self, call: Call[T]) -> T:
        if "bundle create" in " ".join(call.params["command"]):
            return call.decode({"exitCode": TIMED_OUT, "stdout": "", "stderr": ""})
        return await super().call(call)


async def test_what_takes_too_long_to_pack_stays_and_it_is_said(tmp_path: Path) -> None:
    here = begin(tmp_path / "here", a="one\n")
    there = clone(tmp_path, here)
    commit(here, "further")
    _, _, commits = await found_between(Slow("dash"), here, there)
    assert commits is not None
    assert (commits.count, commits.bundle) == (0, b"")
    assert "git took longer than 60 s" in commits.why_not


async def test_what_is_checked_out_meanwhile_is_not_taken_for_it(caller: Caller, tmp_path: Path) -> None:
    here = begin(tmp_path / "here", a="one\n")
    there = clone(tmp_path, here)
    commit(here, "further")
    state = await git_state(caller, str(here))
    other = await git_state(caller, str(there), commit=state.commit)
    commit(here, "meanwhile")
    with pytest.raises(DevboxFailed, match="another commit is checked out by now"):
        await commits_between(caller, state, caller, other)
