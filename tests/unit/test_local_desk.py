"""The pieces together, as the TUI has them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from codex_ssh.core.tui_settings import Notifications, TuiSettings
from codex_ssh.errors import DeskFailed
from codex_ssh.local.desk import MOST_NOTIFICATIONS, LocalDesk, open_desk
from codex_ssh.tui.desk import Desk
from tests.support import pictures, processes
from tests.support.programs import path_with, put_program
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[LocalDesk, None]:
    async with open_desk(
        "devbox", environment={"PATH": str(tmp_path / "bin"), "SSH_TTY": "/dev/pts/1"}
    ) as desk:
        yield desk


def as_the_tui_sees_it(desk: LocalDesk) -> Desk:
    return desk


async def test_a_text_goes_to_the_terminal_when_there_is_no_other_way(desk: LocalDesk) -> None:
    written: list[str] = []
    assert await desk.copy("x") == "terminal", "nobody has the screen: nothing happens"
    as_the_tui_sees_it(desk).write_terminal = written.append
    assert await desk.copy("über") == "terminal"
    assert written == [f"\x1b]52;c;{base64.b64encode('über'.encode()).decode()}\a"]


async def test_a_text_too_long_for_a_terminal_is_refused(desk: LocalDesk) -> None:
    written: list[str] = []
    desk.write_terminal = written.append
    with pytest.raises(DeskFailed, match=r"1\.2 MB are too much"):
        await desk.copy("x" * 1_200_000)
    assert written == []


async def test_inside_tmux_the_terminal_is_asked_through_it_when_tmux_itself_fails(tmp_path: Path) -> None:
    put_program(tmp_path / "bin", "tmux", "exit 1")
    written: list[str] = []
    async with open_desk(
        "devbox", environment={"PATH": path_with(tmp_path / "bin"), "TMUX": "x,1,0"}
    ) as desk:
        desk.write_terminal = written.append
        assert await desk.copy("x") == "terminal"
    assert written == ["\x1b]52;c;eA==\a\x1bPtmux;\x1b\x1b]52;c;eA==\a\x1b\\"]


async def test_a_program_of_this_machine_is_asked_first(tmp_path: Path) -> None:
    put_program(tmp_path / "bin", "wl-copy", 'cat > "$HERE/got"')
    environment = {"PATH": path_with(tmp_path / "bin"), "WAYLAND_DISPLAY": "w"}
    async with open_desk("devbox", environment=environment) as desk:
        desk.write_terminal = pytest.fail
        assert await desk.copy("x") == "clipboard"
    assert (tmp_path / "bin" / "got").read_text() == "x"


async def test_what_is_said_is_there_again(tmp_path: Path) -> None:
    async with open_desk("devbox") as desk:
        desk.remember("one")
        assert desk.history() == ("one",)
    async with open_desk("devbox") as desk:
        assert desk.history() == ("one",)
    async with open_desk("other") as desk:
        assert desk.history() == ()
    assert [path.name for path in (tmp_path / "state" / "codex-ssh" / "history").glob("*.jsonl")] == [
        "devbox.jsonl"
    ]


async def test_a_notification_goes_to_whoever_has_the_screen(desk: LocalDesk) -> None:
    written: list[str] = []
    desk.write_terminal = written.append
    desk.notify("title", "body")
    await until(lambda: written, "it is written")
    assert written == ["\a"]


async def test_nothing_is_written_while_an_editor_has_the_terminal(tmp_path: Path) -> None:
    put_program(tmp_path, "ed", ': > "$HERE/begun"; while [ ! -e "$HERE/enough" ]; do sleep 0.01; done')
    written: list[str] = []
    async with (
        asyncio.timeout(30),
        asyncio.TaskGroup() as tasks,
        open_desk("devbox", environment={"PATH": path_with(tmp_path), "EDITOR": "ed"}) as desk,
    ):
        desk.write_terminal = written.append
        edited = tasks.create_task(desk.edit("x"))
        await until((tmp_path / "begun").exists, "the editor has begun")
        desk.notify("title", "body")
        await desk.copy("x")
        assert written == []
        (tmp_path / "enough").touch()
        assert await edited == "x"
        desk.notify("title", "body")
        await until(lambda: written, "it is written")


async def test_programs_that_do_not_end_are_few_and_gone_at_the_end(tmp_path: Path) -> None:
    put_program(tmp_path, "tell", 'echo $$ >> "$HERE/pids"; exec sleep 600')
    settings = TuiSettings(notifications=Notifications.COMMAND, notify_command=("tell",))

    def pids() -> list[int]:
        path = tmp_path / "pids"
        return [int(word) for word in path.read_text().split()] if path.exists() else []

    async with open_desk("devbox", settings, environment={"PATH": path_with(tmp_path)}) as desk:
        for _ in range(MOST_NOTIFICATIONS + 3):
            desk.notify("title", "body")
        await until(lambda: len(pids()) == MOST_NOTIFICATIONS, "they run")
    assert len(pids()) == MOST_NOTIFICATIONS
    assert not any(processes.is_alive(pid) for pid in pids())


async def test_an_error_of_the_block_comes_out_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_desk("devbox"):
            raise ZeroDivisionError


async def test_an_image_is_read_and_a_clipboard_without_one_has_none(desk: LocalDesk, tmp_path: Path) -> None:
    (tmp_path / "a b.png").write_bytes(pictures.PNG)
    image = await desk.read_image(f"'{tmp_path}/a b.png' ")
    assert image.label == "a b.png 3×2, 78 B"
    assert await desk.pasted_image() is None


async def test_an_editor_and_a_browser_that_are_not_there_are_said_so(desk: LocalDesk) -> None:
    with pytest.raises(DeskFailed, match="no editor"):
        await desk.edit("x")
    with pytest.raises(DeskFailed, match="no browser"):
        await desk.open_url("https://example.org/")


async def test_a_file_is_written_once_and_never_over_another(desk: LocalDesk, tmp_path: Path) -> None:
    there = as_the_tui_sees_it(desk).save("~/out.md", "text\n")
    assert there == str(tmp_path / "out.md")
    assert (tmp_path / "out.md").read_text() == "text\n"
    assert (tmp_path / "out.md").stat().st_mode & 0o777 == 0o600
    with pytest.raises(DeskFailed, match="File exists"):
        desk.save(there, "other")
    with pytest.raises(DeskFailed, match="No such file or directory"):
        desk.save(str(tmp_path / "none" / "out.md"), "text")
    assert (tmp_path / "out.md").read_text() == "text\n"


async def test_the_hosts_are_those_of_the_config_files(
    desk: LocalDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host one two\nHost gpu-*\n")
    ours = tmp_path / "config" / "codex-ssh" / "config.toml"
    ours.parent.mkdir(parents=True)
    ours.write_text('[host.two]\ncd = "/x"\n[host."gpu-*"]\ncd = "/y"\n[host.three]\ncd = "/z"\n')
    found = {alias.name: (alias.path, alias.line) for alias in as_the_tui_sees_it(desk).hosts()}
    assert found == {
        "one": (str(tmp_path / ".ssh" / "config"), 1),
        "two": (str(tmp_path / ".ssh" / "config"), 1),
        "three": (str(ours), 0),
    }
    ours.write_text("not toml")
    assert [alias.name for alias in desk.hosts()] == ["one", "two"]
