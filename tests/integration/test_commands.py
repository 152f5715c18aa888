"""What the slash commands ask is taken by the real app servers, and their answers are read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from codex_ssh.core.call import Call
from codex_ssh.core.events import decode_event
from codex_ssh.core.goal import GoalStatus
from codex_ssh.core.methods import OpenThread, thread_resume, thread_start
from codex_ssh.core.preset import PRESETS
from codex_ssh.core.remote_command import TIMED_OUT, command_exec
from codex_ssh.core.rpc import Notification
from codex_ssh.core.settings_methods import (
    Mode,
    collaboration_mode_list,
    config_requirements_read,
    permission_profile_list,
    thread_settings_update,
)
from codex_ssh.core.tool_methods import (
    hooks_list,
    mcp_server_list,
    mcp_sign_in,
    skill_enable,
    skill_settings,
)
from codex_ssh.core.transcript import RunState, Transcript
from codex_ssh.core.work_methods import (
    ReviewTarget,
    background_terminals_clean,
    background_terminals_list,
    background_terminals_terminate,
    review_start,
    thread_compact_start,
    thread_goal_clear,
    thread_goal_get,
    thread_goal_set,
)
from codex_ssh.core.workspace_methods import (
    DirectoryEntry,
    fs_get_metadata,
    fs_read_directory,
    fs_read_file,
)
from codex_ssh.errors import DevboxFailed, RpcFailed
from codex_ssh.tui import remote_git
from tests.conftest import StartCodex
from tests.support.codex import CodexBinary
from tests.support.waiting import until
from tests.support.wire import Wire, open_wire

pytestmark = pytest.mark.codex

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Caller:
    """Sends calls over a raw connection, and folds what comes unasked."""

    wire: Wire
    transcript: Transcript | None = None

    async def call(self, call: Call[T]) -> T:
        answer = await self.wire.ask(call.method, dict(call.params))
        if (error := answer.get("error")) is not None:
            raise RpcFailed(call.method, code=error["code"], said=error["message"])
        return call.decode(answer["result"])

    async def open(self, call: Call[OpenThread]) -> str:
        """Open a thread, and show it."""
        opened = await self.call(call)
        self.transcript = Transcript(opened)
        return opened.thread.id

    async def heard_to(self, method: str) -> Transcript:
        """Hear all up to a notification, and give the transcript of it.

        It may have come before the answer to what brought it about.
        """
        if all(message.get("method") != method for message in self.wire.heard):
            await self.wire.hear_method(method)
        assert self.transcript is not None
        for message in self.wire.heard:
            if "method" in message and "id" not in message:
                self.transcript.apply(decode_event(notification(message)))
        self.wire.heard.clear()
        return self.transcript


def notification(message: dict[str, Any]) -> Notification:
    """Give a message as our client reads it."""
    return Notification(method=message["method"], params=message["params"])


@pytest.fixture
async def caller(start_codex: StartCodex, codex_binary: CodexBinary) -> AsyncGenerator[Caller, None]:
    """Each real codex in turn, initialized."""
    codex = await start_codex(codex_binary)
    async with connected(codex.endpoint, codex.token) as found:
        yield found


@asynccontextmanager
async def connected(endpoint: str, token: str) -> AsyncGenerator[Caller, None]:
    """Give an initialized connection."""
    async with open_wire(endpoint, token) as wire:
        await wire.initialize()
        yield Caller(wire=wire)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two commits, two branches, a change and an untracked file."""
    path = tmp_path / "repository"
    path.mkdir()
    script = """
    git init -q -b main . && git config user.email a@example.com && git config user.name A
    echo one > a.txt && git add . && git commit -q -m 'the first'
    echo two >> a.txt && git commit -q -a -m 'the second'
    git branch other
    echo three >> a.txt; printf 'new\\nlines' > 'un tracked.txt'
    """
    subprocess.run(["sh", "-ec", script], cwd=path, check=True)
    return path


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A repository without a commit."""
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    return tmp_path


async def test_settings_hold_for_others_and_after_a_resume(caller: Caller, tmp_path: Path) -> None:
    thread = await caller.open(thread_start(cwd=str(tmp_path)))
    await caller.wire.start_turn(thread, "say hello")
    await caller.wire.finish_turn()
    await caller.call(thread_settings_update(thread, model="other", effort="low"))
    settled = await caller.heard_to("thread/settings/updated")
    assert (settled.model, settled.effort) == ("other", "low")
    below = tmp_path / "below"
    await caller.call(thread_settings_update(thread, cwd=str(below)))
    assert (await caller.heard_to("thread/settings/updated")).cwd == str(below)
    resumed = await caller.call(thread_resume(thread))
    assert (resumed.model, resumed.effort, resumed.cwd) == ("other", "low", str(below))


async def test_every_preset_is_taken_and_told(caller: Caller, tmp_path: Path) -> None:
    thread = await caller.open(thread_start(cwd=str(tmp_path)))
    profiles = (await caller.call(permission_profile_list(str(tmp_path)))).data
    assert {preset.permissions.profile for preset in PRESETS} <= {profile.id for profile in profiles}
    assert all(profile.is_allowed for profile in profiles)
    assert (await caller.call(config_requirements_read())).approvals == ()
    for preset in PRESETS:
        await caller.call(thread_settings_update(thread, permissions=preset.permissions))
        settled = await caller.heard_to("thread/settings/updated")
        assert settled.profile == preset.permissions.profile
        assert settled.reviewer == preset.permissions.reviewer
        assert settled.approval_policy == preset.permissions.approvals
        assert {"type": settled.sandbox} == preset.without_profiles.sandbox
    for preset in PRESETS:
        await caller.call(thread_settings_update(thread, permissions=preset.without_profiles))
        settled = await caller.heard_to("thread/settings/updated")
        assert settled.profile == ""
        assert {"type": settled.sandbox} == preset.without_profiles.sandbox


async def test_plan_mode_keeps_model_and_effort(caller: Caller, tmp_path: Path) -> None:
    thread = await caller.open(thread_start(cwd=str(tmp_path)))
    modes = await caller.call(collaboration_mode_list())
    assert {mode.kind for mode in modes} == {"plan", "default"}
    for kind in ("plan", "default"):
        mode = Mode(name="", kind=kind, effort="medium")
        await caller.call(thread_settings_update(thread, model="scripted", effort="high", mode=mode))
        settled = await caller.heard_to("thread/settings/updated")
        assert (settled.mode, settled.model, settled.effort) == (kind, "scripted", "high")


async def test_a_compaction_is_a_turn(caller: Caller, tmp_path: Path) -> None:
    thread = await caller.open(thread_start(cwd=str(tmp_path)))
    await caller.wire.start_turn(thread, "say hello")
    await caller.heard_to("turn/completed")
    await caller.call(thread_compact_start(thread))
    transcript = await caller.heard_to("turn/completed")
    assert transcript.state is RunState.IDLE


@pytest.mark.parametrize(
    "target",
    [
        ReviewTarget(),
        ReviewTarget(branch="other"),
        ReviewTarget(sha="HEAD~1", title="the first"),
        ReviewTarget(instructions="the new door"),
    ],
    ids=["uncommitted", "branch", "commit", "custom"],
)
async def test_each_review_is_a_turn_that_ends(
    caller: Caller, repository: Path, target: ReviewTarget
) -> None:
    thread = await caller.open(thread_start(cwd=str(repository)))
    await caller.call(review_start(thread, target))
    transcript = await caller.heard_to("turn/completed")
    assert transcript.state is RunState.IDLE
    assert transcript.entries


async def test_a_goal_comes_and_goes(caller: Caller, tmp_path: Path) -> None:
    thread = await caller.open(thread_start(cwd=str(tmp_path)))
    assert await caller.call(thread_goal_get(thread)) is None
    with pytest.raises(RpcFailed, match="no goal exists"):
        await caller.call(thread_goal_set(thread, status=GoalStatus.PAUSED))
    goal = await caller.call(thread_goal_set(thread, objective="a door", status=GoalStatus.PAUSED))
    assert goal is not None
    assert (goal.objective, goal.status, goal.token_budget) == ("a door", GoalStatus.PAUSED, None)
    assert await caller.call(thread_goal_get(thread)) == goal
    assert await caller.call(thread_goal_clear(thread)) is True
    assert await caller.call(thread_goal_clear(thread)) is False


async def test_background_terminals_are_listed_and_stopped(caller: Caller, tmp_path: Path) -> None:
    thread = await caller.open(thread_start(cwd=str(tmp_path), approval_policy="never"))
    calls = [
        f"call exec_command {json.dumps({'cmd': f'sleep {seconds}', 'yield_time_ms': 250})}"
        for seconds in (61, 62, 63)
    ]
    await caller.wire.start_turn(thread, "\n".join(calls))
    await caller.wire.finish_turn()
    page = await caller.call(background_terminals_list(thread))
    assert sorted(one.command for one in page.data) == ["sleep 61", "sleep 62", "sleep 63"]
    assert page.data[0].cwd == str(tmp_path)
    assert await caller.call(background_terminals_terminate(thread, page.data[0].id)) is True
    await left(caller, thread, 2)
    assert await caller.call(background_terminals_terminate(thread, page.data[0].id)) is False
    await caller.call(background_terminals_clean(thread))
    await left(caller, thread, 0)


async def left(caller: Caller, thread: str, count: int) -> None:
    """Wait until so many commands run in the background: codex ends them behind its answer."""

    async def are_left() -> bool:
        return len((await caller.call(background_terminals_list(thread))).data) == count

    await until(are_left, f"{count} are left")


async def test_programs_only_read_and_are_bounded(caller: Caller, tmp_path: Path) -> None:
    cwd = str(tmp_path)
    found = await caller.call(command_exec(["pwd"], cwd=cwd, seconds=10, reads_only=True, most_bytes=1000))
    assert (found.code, found.out) == (0, f"{cwd}\n")
    found = await caller.call(
        command_exec(["head", "-c", "5000", "/dev/zero"], cwd=cwd, seconds=10, reads_only=True, most_bytes=7)
    )
    assert len(found.out) == 7
    found = await caller.call(
        command_exec(["sleep", "60"], cwd=cwd, seconds=0.1, reads_only=True, most_bytes=7)
    )
    assert found.code == TIMED_OUT
    found = await caller.call(
        command_exec(["touch", "made"], cwd=cwd, seconds=10, reads_only=True, most_bytes=1000)
    )
    assert found.code != 0
    assert not (tmp_path / "made").exists()


async def test_files_are_read(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\x00one\xff")
    (tmp_path / "below").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "below")
    listed = await caller.call(fs_read_directory(str(tmp_path)))
    assert set(listed) >= {
        DirectoryEntry(name="a.txt", is_directory=False),
        DirectoryEntry(name="below", is_directory=True),
        DirectoryEntry(name="link", is_directory=True),
    }
    assert await caller.call(fs_read_file(str(tmp_path / "a.txt"))) == b"\x00one\xff"
    kind = await caller.call(fs_get_metadata(str(tmp_path / "a.txt")))
    assert (kind.is_file, kind.is_directory) == (True, False)
    assert kind.modified_ms == (tmp_path / "a.txt").stat().st_mtime_ns // 1_000_000
    assert (await caller.call(fs_get_metadata(str(tmp_path)))).is_directory
    with pytest.raises(RpcFailed, match="No such file or directory"):
        await caller.call(fs_read_directory(str(tmp_path / "no")))
    with pytest.raises(RpcFailed, match="No such file or directory"):
        await caller.call(fs_get_metadata(str(tmp_path / "no")))


async def test_git_is_asked_on_the_devbox(caller: Caller, repository: Path) -> None:
    assert await remote_git.branches(caller, str(repository)) == (("main", "other"), "main")
    titles = [commit.title for commit in await remote_git.commits(caller, str(repository))]
    assert titles == ["the second", "the first"]
    tree = await remote_git.working_tree(caller, str(repository))
    assert "+three\n" in tree.diff
    assert "+++ b/un tracked.txt" in tree.diff
    assert tree.diff.endswith("+new\n+lines\n\\ No newline at end of file\n")
    assert (tree.is_cut, tree.left_out) == (False, ())


async def test_a_repository_without_a_commit_shows_what_is_there(caller: Caller, empty: Path) -> None:
    (empty / "a.txt").write_text("one\n")
    assert "+one\n" in (await remote_git.working_tree(caller, str(empty))).diff


async def test_the_whole_repository_is_shown_from_below(caller: Caller, repository: Path) -> None:
    below = repository / "below"
    below.mkdir()
    diff = (await remote_git.working_tree(caller, str(below))).diff
    assert "+three\n" in diff
    assert "+++ b/un tracked.txt" in diff


async def test_outside_a_repository_it_is_said(caller: Caller, tmp_path: Path) -> None:
    place = tmp_path / "bare"
    place.mkdir()
    with pytest.raises(DevboxFailed, match="is not in a git repository"):
        await remote_git.working_tree(caller, str(place))
    with pytest.raises(DevboxFailed, match="git cannot be run in"):
        await remote_git.working_tree(caller, str(tmp_path / "none"))


# ---------------------------------------------------------------- what the model can call on


async def test_mcp_servers_are_listed_with_their_tools(
    start_codex: StartCodex, codex_binary: CodexBinary, tmp_path: Path
) -> None:
    codex = await start_codex(
        codex_binary,
        flags=(
            *("-c", f'mcp_servers.asker.command="{sys.executable}"'),
            *("-c", 'mcp_servers.asker.args=["-m", "tests.support.mcp_server"]'),
            *("-c", f'mcp_servers.asker.cwd="{Path(__file__).parents[2]}"'),
            *("-c", 'mcp_servers.broken.command="there-is-no-such-program"'),
        ),
    )
    async with connected(codex.endpoint, codex.token) as caller:
        thread = await caller.open(thread_start(cwd=str(tmp_path)))
        page = await caller.call(mcp_server_list(thread))
        found = {server.name: server for server in page.data}
        assert found["asker"].tools == {"form": "form", "page": "page"}
        assert found["asker"].sign_in == "unsupported"
        assert found["broken"].tools == {}
        with pytest.raises(RpcFailed, match="No MCP server named 'nope' found"):
            await caller.call(mcp_sign_in("nope", thread))


async def test_skills_are_listed_and_turned_off_and_on(caller: Caller, tmp_path: Path) -> None:
    skill = tmp_path / ".agents" / "skills" / "door" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("---\nname: door\ndescription: how to make a door\n---\nJust do it.\n")
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)  # noqa: ASYNC221 - a moment
    found = {one.name: one for one in (await caller.call(skill_settings(str(tmp_path)))).skills}
    assert "door" in found
    door = found["door"]
    assert (door.about, door.is_enabled) == ("how to make a door", True)
    for enabled in (False, True):
        assert await caller.call(skill_enable(door.path, enabled=enabled)) is enabled
        settings = await caller.call(skill_settings(str(tmp_path)))
        assert [one.is_enabled for one in settings.skills if one.name == "door"] == [enabled]


async def test_hooks_are_listed(
    start_codex: StartCodex, codex_binary: CodexBinary, tmp_path: Path, caller: Caller
) -> None:
    assert (await caller.call(hooks_list(str(tmp_path)))).hooks == ()
    home = tmp_path / "other" / ".codex"
    home.mkdir(parents=True)
    hook = {"matcher": "shell", "hooks": [{"type": "command", "command": "make check"}]}
    (home / "hooks.json").write_text(json.dumps({"hooks": {"PreToolUse": [hook]}}))
    codex = await start_codex(codex_binary, codex_home=home)
    async with connected(codex.endpoint, codex.token) as other:
        (found,) = (await other.call(hooks_list(str(tmp_path)))).hooks
    assert (found.event, found.matcher, found.command) == ("preToolUse", "shell", "make check")
    assert (found.trust, found.is_enabled) == ("untrusted", True)
    assert found.source == str(home / "hooks.json")
