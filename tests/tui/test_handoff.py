"""Handing over: what is asked, what is refused, and what is there on the other host afterwards."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from codex_ssh.core.draft import harmless
from codex_ssh.core.outbox import Kept
from codex_ssh.core.rpc import Json
from codex_ssh.core.upload import Upload
from codex_ssh.errors import CopyFailed, LinkLost, RpcFailed
from codex_ssh.errors import Stage as Step
from codex_ssh.tui.carrier import NoCarrier
from codex_ssh.tui.screens.browse_screen import BrowseScreen
from codex_ssh.tui.screens.confirm_screen import ConfirmScreen
from codex_ssh.tui.screens.handoff_screen import HandoffScreen
from codex_ssh.tui.screens.hosts_screen import HostsScreen
from codex_ssh.tui.screens.waiting_screen import WaitingScreen
from tests.integration.test_remote_work import begin, git
from tests.tui.conversation import Script, opened, thread
from tests.tui.stage import Stage, open_stage
from tests.tui.test_many_hosts import Written, go, report


class Box(NoCarrier):
    """Takes files, as a devbox does.

    Attributes:
        files: What was brought, by its path.
        failure: What it says instead.
        arrived: A file is there only once this is set.
    """

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.arrived.set()
        self.files: dict[str, bytes] = {}
        self.failure: Exception | None = None

    async def upload(self, upload: Upload) -> str:
        await self.arrived.wait()
        if self.failure is not None:
            raise self.failure
        path = f"/home/alice/.codex-ssh/uploads/{upload.folder}/{upload.name}"
        self.files[path] = upload.content
        return path


class Disk:
    """Directories of this machine, as the app server of a written conversation tells of them."""

    def serve(self, script: Script) -> None:
        script.replies["command/exec"] = self._run
        script.replies["fs/getMetadata"] = self._kind
        script.replies["fs/readDirectory"] = lambda params: {
            "entries": [
                {"fileName": one.name, "isDirectory": one.is_dir()} for one in Path(params["path"]).iterdir()
            ]
        }

    def _run(self, params: Json) -> Json:
        cwd = Path(params.get("cwd", "/"))
        if not cwd.is_dir():
            raise RpcFailed("command/exec", code=-32603, said="failed to spawn command: No such directory")
        ran = subprocess.run(params["command"], cwd=cwd, capture_output=True, check=False)
        return {
            "exitCode": ran.returncode,
            "stdout": ran.stdout.decode(errors="replace"),
            "stderr": ran.stderr.decode(errors="replace"),
        }

    def _kind(self, params: Json) -> Json:
        path = Path(params["path"])
        if not path.exists():
            raise RpcFailed("fs/getMetadata", code=-32603, said="No such file or directory (os error 2)")
        return {"isFile": path.is_file(), "isDirectory": path.is_dir()}


class Hosts:
    """Two hosts, and a repository on each.

    Attributes:
        here, there: The directories.
        box: What takes files on the other host.
    """

    def __init__(self, place: Path) -> None:
        self.here = begin(place / "here", **{"a.txt": "one\n"})
        self.there = place / "there"
        git(place, "clone", "-q", str(self.here), str(self.there))
        self.box = Box()
        self.fleet = Written(report("gpu"))
        self.fleet.carriers["gpu"] = self.box
        self.gpu = self.fleet.scripts["gpu"]
        self.script = Script()
        self.script.replies["thread/start"] = lambda _: {
            "thread": thread(cwd=str(self.here), name="fix it"),
            "model": "gpt-test",
            "cwd": str(self.here),
        }
        self.gpu.replies["thread/start"] = lambda params: opened("t-2") | {"cwd": params.get("cwd", "/w")}
        for script in (self.script, self.gpu):
            Disk().serve(script)

    def work(self) -> None:
        """Leave a changed file and an untracked one."""
        (self.here / "a.txt").write_text("one\ntwo\n")
        (self.here / ".env\x1b[2J").write_text("KEY=1\n")

    @asynccontextmanager
    async def stage(self, size: tuple[int, int] = (100, 30)) -> AsyncGenerator[Stage, None]:
        async with open_stage(self.script, fleet=self.fleet, size=size) as stage:
            yield stage

    async def ask(self, stage: Stage) -> None:
        """Begin to hand over to the other repository, up to the dialog that shows what would go."""
        stage.app.type_command(f"/handoff gpu {self.there}")
        await stage.on_top(HandoffScreen)


def flat(stage: Stage) -> str:
    """Give what is on the screen as one line."""
    return " ".join(stage.screen().replace("│", " ").split())


@pytest.fixture
def hosts(short_path: Path) -> Hosts:
    return Hosts(short_path)  # so that no path is broken where a row ends


async def test_what_goes_is_shown_and_nothing_is_sent_without_enter(hosts: Hosts) -> None:
    hosts.work()
    async with hosts.stage() as stage:
        stage.script.turn()
        stage.script.item("agentMessage", "m", text="the roof leaks")
        stage.script.turn("completed")
        await stage.wait_text("idle")
        await hosts.ask(stage)
        shown = flat(stage)
        for words in (f"devbox:{hosts.here}", f"→ gpu:{hosts.there}, in a new thread", "transcript.md "):
            assert words in shown, words
        assert "changed a.txt" in shown
        assert "untracked .env␛[2J 6 B" in shown
        assert hosts.box.files == {}
        await stage.pilot.press("down", "enter")
        await stage.wait(lambda: stage.app.here.host == "gpu", "on the other host")
        await stage.wait(lambda: "handed over from devbox:" in flat(stage), "the note")
        assert hosts.gpu.asked("thread/start") == [{"cwd": str(hosts.there)}]
        transcript, patch = hosts.box.files
        assert "the roof leaks" in hosts.box.files[transcript].decode()
        assert b"+two" in hosts.box.files[patch]
        assert b"+KEY=1" in hosts.box.files[patch]
        await stage.wait(lambda: stage.composer.text, "the message")
        message = stage.composer.draft.text
        for words in (str(hosts.here), "t-1", '"fix it"', transcript, f"git apply --3way {patch}"):
            assert words in message, words
        assert not hosts.gpu.asked("turn/start")
        assert not stage.script.asked("turn/start")
        await stage.pilot.press("enter")
        await stage.wait(lambda: hosts.gpu.asked("turn/start"), "it is said")
        assert not stage.script.asked("turn/start")
        await go(stage, "devbox")
        await stage.wait(lambda: "this thread stays as it is" in flat(stage), "it is said here too")
        assert "not taken" not in flat(stage)


async def test_host_and_directory_are_chosen_from_lists(hosts: Hosts) -> None:
    (hosts.here / "sub").mkdir()
    async with hosts.stage() as stage:
        stage.app.type_command("/handoff")
        await stage.on_top(HostsScreen)
        assert "hand over to which host?" in stage.screen()
        await stage.wait_gone("looking at")
        assert "this one" not in stage.screen()
        await stage.pilot.press("enter")
        await stage.on_top(BrowseScreen)
        # The same directory is there too: that is where the choice begins.
        await stage.wait_text("work in which directory of gpu?")
        await stage.wait_text("sub/")
        await stage.type("sub")
        await stage.wait_text(f"{hosts.here}/sub")
        await stage.pilot.press("tab")
        await stage.on_top(HandoffScreen)
        assert "everything is committed" in stage.screen()
        assert "only the transcript" not in stage.screen()
        await stage.pilot.press("down", "enter")
        await stage.wait(lambda: hosts.gpu.asked("thread/start"), "begun")
        assert hosts.gpu.asked("thread/start") == [{"cwd": str(hosts.here / "sub")}]
        assert len(hosts.box.files) == 1


@pytest.mark.parametrize(
    ("downs", "has_tracked", "missing"),
    [(2, True, "1 uncommitted change did"), (3, False, "2 uncommitted changes did")],
)
async def test_a_part_of_it_can_stay(hosts: Hosts, downs: int, has_tracked: bool, missing: str) -> None:
    hosts.work()
    async with hosts.stage() as stage:
        await hosts.ask(stage)
        await stage.pilot.press(*["down"] * downs, "enter")
        await stage.wait(lambda: stage.composer.text and stage.app.here.host == "gpu", "the message")
        patches = [content for path, content in hosts.box.files.items() if path.endswith(".patch")]
        assert [b"+two" in patch for patch in patches] == [True] * has_tracked
        assert all(b"KEY" not in patch for patch in patches)
        assert missing in stage.composer.text


@pytest.mark.parametrize("downs", [1, 2])
async def test_commits_the_other_side_lacks_go_along(hosts: Hosts, downs: int) -> None:
    for number in range(2):
        git(hosts.here, "commit", "-q", "--allow-empty", "-m", f"further {number} \x1b[2J")
    async with hosts.stage() as stage:
        await hosts.ask(stage)
        shown = flat(stage)
        assert "2 commits commit" in shown
        assert "further 1 ␛[2J" in shown
        assert "everything is committed" in shown
        assert "push it first" not in shown
        await stage.pilot.press(*["down"] * downs, "enter")
        await stage.wait(lambda: stage.app.here.host == "gpu" and stage.composer.text, "the message")
        brought = {path.rpartition("/")[2]: path for path in hosts.box.files}
        if downs == 1:
            assert sorted(brought) == ["commits.bundle", "transcript.md"]
            assert f"{brought['commits.bundle']} HEAD && git merge --ff-only" in stage.composer.text
            assert "push it first" not in flat(stage)
        else:
            assert sorted(brought) == ["transcript.md"]
            assert "git fetch" not in stage.composer.text
            await stage.wait(lambda: "push it first" in flat(stage), "the warning")


async def test_commits_that_are_too_long_stay_and_are_to_be_pushed(hosts: Hosts) -> None:
    (hosts.here / "long").write_bytes(os.urandom(9 * 2**20))
    git(hosts.here, "add", "long")
    git(hosts.here, "commit", "-q", "-m", "too long")
    async with hosts.stage() as stage:
        await hosts.ask(stage)
        assert "left out 1 commit: they have more than 8.4 MB" in flat(stage)
        assert "is on no remote, and not there: push it first" in flat(stage)
        assert "yes, only the transcript" not in flat(stage)


async def test_another_commit_and_changes_there_are_told_before_and_after(hosts: Hosts) -> None:
    hosts.work()
    git(hosts.here, "commit", "-q", "-a", "--amend", "-m", "not the same")
    (hosts.there / "own").write_text("x")
    async with hosts.stage() as stage:
        await hosts.ask(stage)
        shown = flat(stage)
        assert "(push it first: no remote has it)" in shown
        assert "has 1 uncommitted change of its own" in shown
        assert "is on no remote, and not there: push it first" in shown
        await stage.pilot.press("down", "enter")
        await stage.wait(lambda: stage.app.here.host == "gpu", "on the other host")
        await stage.wait(lambda: "has 1 uncommitted change of its own" in flat(stage), "the warning")


async def test_without_a_repository_the_transcript_goes_alone_and_it_is_said(
    hosts: Hosts, tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()
    hosts.here = tmp_path / "plain"
    async with hosts.stage() as stage:
        await hosts.ask(stage)
        assert "is not in a git repository" in flat(stage)
        await stage.pilot.press("down", "enter")
        await stage.wait(lambda: stage.app.here.host == "gpu" and stage.composer.text, "the message")
        assert [path.rpartition("/")[2] for path in hosts.box.files] == ["transcript.md"]


async def test_no_is_chosen_at_first_and_leaves_the_host_again(hosts: Hosts) -> None:
    hosts.work()
    async with hosts.stage() as stage:
        await hosts.ask(stage)
        await stage.pilot.press("enter")
        await stage.wait(lambda: "gpu" in hosts.fleet.left, "it is left")
        assert stage.app.here.host == "devbox"
        assert len(stage.app.views) == 1
        assert hosts.box.files == {}
        assert not hosts.gpu.asked("thread/start")


async def test_a_host_that_was_open_stays_open_with_its_thread(hosts: Hosts) -> None:
    async with hosts.stage() as stage:
        await go(stage, "gpu")
        await stage.wait(lambda: stage.app.here.chat.transcript, "its thread")
        await go(stage, "devbox")
        await hosts.ask(stage)
        await stage.pilot.press("escape")
        await stage.wait(lambda: len(stage.app.screen_stack) == 1, "back")
        assert len(stage.app.views) == 2
        assert len(hosts.gpu.asked("thread/start")) == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/handoff devbox", "this is devbox: /fork goes on in a copy here"),
        ("/handoff nowhere", "no such host"),
        ("/handoff gpu /not/there", "nothing was handed over to gpu: /not/there"),
    ],
)
async def test_what_cannot_be_is_said(hosts: Hosts, typed: str, said: str) -> None:
    async with hosts.stage() as stage:
        stage.app.type_command(typed)
        await stage.wait(lambda: said in flat(stage), said)
        assert len(stage.app.screen_stack) == 1
        await stage.wait(lambda: len(stage.app.views) == 1, "no other host")


async def test_not_while_a_turn_runs_nor_over_something_unsent_nor_alone(hosts: Hosts) -> None:
    async with hosts.stage() as stage:
        await go(stage, "gpu")
        await stage.type("half a thought", then="")
        await go(stage, "devbox")
        stage.app.type_command("/handoff gpu /w")
        await stage.wait_text("something unsent in the composer of gpu")
        stage.script.turn()
        await stage.wait_text("running")
        stage.app.type_command("/handoff gpu /w")
        await stage.wait_text("/handoff waits for the end of the turn")
        assert not hosts.box.files
    async with open_stage() as alone:
        await alone.type("/handoff gpu")
        await alone.wait_text("there is only this host here")


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (CopyFailed("write", b"transcript.md", where="gpu", said="no space left"), "no space left"),
        (
            LinkLost("the link is gone", stage=Step.SSH, host="gpu", said="reset"),
            "gpu: ssh: the link is gone",
        ),
    ],
)
async def test_what_breaks_on_the_way_counts_for_nothing_and_is_done_again(
    hosts: Hosts, failure: Exception, said: str
) -> None:
    hosts.work()
    hosts.box.failure = failure
    async with hosts.stage() as stage:
        await hosts.ask(stage)
        await stage.pilot.press("down", "enter")
        await stage.wait_text("nothing was handed over to gpu")
        await stage.wait(lambda: said in flat(stage), said)
        await stage.wait_text("this thread is as it was; /handoff begins anew")
        assert not hosts.gpu.asked("thread/start")
        await stage.wait(lambda: "gpu" in hosts.fleet.left, "it is left")
        hosts.box.failure = None
        await hosts.ask(stage)
        await stage.pilot.press("down", "enter")
        await stage.wait(lambda: stage.app.here.host == "gpu" and stage.composer.text, "the message")


@pytest.mark.parametrize("side", ["here", "there"])
async def test_a_link_that_drops_while_it_is_collected_is_said(hosts: Hosts, side: str) -> None:
    script = hosts.script if side == "here" else hosts.gpu
    async with hosts.stage() as stage:
        script.breaks("thread/items/list" if side == "here" else "fs/getMetadata")
        stage.app.type_command(f"/handoff gpu {hosts.there}")
        await stage.wait_text("nothing was handed over to gpu")
        assert not hosts.gpu.asked("thread/start")


async def test_what_an_earlier_client_left_there_stands_below_and_it_is_said(hosts: Hosts) -> None:
    left = Kept(thread_id="t-9", draft=harmless("half a thought"))
    hosts.fleet.options["gpu"] = replace(hosts.fleet.options["gpu"], left=left)
    async with hosts.stage() as stage:
        await hosts.ask(stage)
        await stage.pilot.press("down", "enter")
        await stage.wait_text("what was typed here before stands below it")
        await stage.wait(lambda: stage.composer.text.startswith("Go on with work"), "the message")
        assert stage.composer.text.endswith("\n\nhalf a thought")


async def test_a_host_without_ssh_is_refused_before_anything_is_collected(hosts: Hosts) -> None:
    hosts.gpu._facts = replace(hosts.gpu.facts, transport="wss")
    async with hosts.stage() as stage:
        stage.app.type_command(f"/handoff gpu {hosts.there}")
        await stage.wait(lambda: "files go by SSH alone" in flat(stage), "why not")
        assert not stage.script.asked("thread/items/list")[1:]


async def test_what_is_waited_for_no_more_closes_under_another_dialog(hosts: Hosts) -> None:
    hosts.box.arrived.clear()
    async with hosts.stage() as stage:
        await hosts.ask(stage)
        await stage.pilot.press("down", "enter")
        await stage.on_top(WaitingScreen)
        stage.app.push_screen(ConfirmScreen("something else?"))
        await stage.on_top(ConfirmScreen)
        hosts.box.arrived.set()
        await stage.wait(lambda: hosts.gpu.asked("thread/start"), "it is done")
        await stage.wait(lambda: stage.app.here.host == "gpu", "on the other host")
        await stage.pilot.press("n")
        await stage.wait(lambda: len(stage.app.screen_stack) == 1, "nothing over it")
        await stage.wait(lambda: stage.composer.text, "the message")


async def test_bringing_is_given_up_by_a_key(hosts: Hosts) -> None:
    hosts.box.arrived.clear()
    async with hosts.stage() as stage:
        await hosts.ask(stage)
        await stage.pilot.press("down", "enter")
        await stage.on_top(WaitingScreen)
        assert "bringing it to gpu" in stage.screen()
        await stage.pilot.press("escape")
        await stage.wait(lambda: "gpu" in hosts.fleet.left, "it is left")
        assert not hosts.gpu.asked("thread/start")
        assert stage.app.here.host == "devbox"
