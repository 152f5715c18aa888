"""Commands that run and files that are written."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from codex_ssh.server.rehearsal.actions import (
    Unwritable,
    command_actions,
    plan_change,
    run_command,
)
from tests.support.processes import is_alive
from tests.support.waiting import until


async def test_a_command_runs_where_it_should_and_gives_what_it_said(tmp_path: Path) -> None:
    result = await run_command("pwd; echo wrong >&2; exit 3", str(tmp_path), print)
    assert result.exit_code == 3
    assert result.output == f"{tmp_path}\nwrong\n"


async def test_late_output_is_streamed(tmp_path: Path) -> None:
    heard: list[str] = []
    result = await run_command("echo early; sleep 0.5; echo late", str(tmp_path), heard.append)
    assert heard[-1] == "late\n"  # and nothing before, unless the machine is slow
    assert result.output == "early\nlate\n"


async def test_a_command_that_cannot_start_fails(tmp_path: Path) -> None:
    result = await run_command("true", str(tmp_path / "gone"), print)
    assert result.exit_code == -1
    assert "gone" in result.output
    assert result.process_id == ""


async def test_a_cancelled_command_and_its_children_are_killed(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_command("sleep 60 & echo $! > pid; wait", str(tmp_path), print))
        await until(lambda: file.exists() and file.read_text().strip(), "the child is there")
        task.cancel()
    child = int(file.read_text())
    await until(lambda: not is_alive(child), "the child is gone")


async def test_what_stays_in_the_background_does_not_hold_the_command(tmp_path: Path) -> None:
    result = await run_command("sleep 60 & echo $!", str(tmp_path), print)
    assert result.exit_code == 0
    await until(lambda: not is_alive(int(result.output)), "it is killed")


async def test_secrets_of_the_environment_stay_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "canary")
    result = await run_command("env", str(tmp_path), print)
    assert "canary" not in result.output
    assert "PATH=" in result.output


def test_a_new_file_is_shown_whole_and_a_changed_one_by_its_hunks(tmp_path: Path) -> None:
    change = plan_change(str(tmp_path), "sub/a.txt", "one\ntwo\n")
    assert change.shape["kind"] == {"type": "add"}
    assert change.shape["diff"] == "one\ntwo\n"
    assert change.git_diff == (
        "diff --git a/sub/a.txt b/sub/a.txt\nnew file mode 100644\n"
        "index 0000000000000000000000000000000000000000..814f4a422927b82f5f8a43f8fab6d3839e3983f2\n"
        "--- /dev/null\n+++ b/sub/a.txt\n@@ -0,0 +1,2 @@\n+one\n+two\n"
    )
    change.make()
    assert (tmp_path / "sub/a.txt").read_text() == "one\ntwo\n"
    again = plan_change(str(tmp_path), "sub/a.txt", "one\nthree")
    assert again.shape["kind"] == {"type": "update", "move_path": None}
    assert again.shape["diff"] == "@@ -1,2 +1,2 @@\n one\n-two\n+three\n\\ No newline at end of file\n"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "link/x", "."])
def test_nothing_outside_the_workspace_is_written(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path)
    with pytest.raises(Unwritable, match="outside the workspace"):
        plan_change(str(inside), name, "x")


def test_a_place_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unwritable):
        plan_change(str(tmp_path), "file/below", "x").make()
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(Unwritable, match="cannot be read"):
        plan_change(str(tmp_path), "binary", "x")


def test_only_plain_reading_is_understood() -> None:
    read = {"type": "read", "command": "cat a.txt", "name": "a.txt", "path": "/w/a.txt"}
    assert command_actions("cat a.txt", "/w") == [read]
    assert command_actions("ls", "/w")[0]["type"] == "listFiles"
    for command in ("cat a.txt > b", "cat 'unclosed", "echo hi"):
        assert command_actions(command, "/w") == [{"type": "unknown", "command": command}]
