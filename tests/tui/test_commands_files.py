"""The commands about the devbox's files show them on the whole screen, and go from directory to directory."""

from __future__ import annotations

import base64
import posixpath

import pytest

from codex_ssh.core.rpc import Json
from codex_ssh.errors import RpcFailed
from codex_ssh.tui import remote_files
from codex_ssh.tui.screens.page_screen import PageScreen
from tests.tui.conversation import Script
from tests.tui.stage import Stage, open_stage

UPDATE = "thread/settings/update"


class Devbox:
    """The files of a devbox, as an app server tells of them.

    Attributes:
        files: Content by path.
        diff: What git says is not committed; None outside a repository.
        untracked: New files git does not know.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.directories = {"/", "/home", "/home/alice", "/w", "/w/src", "/w/.hidden", "/w/docs"}
        self.diff: str | None = None
        self.untracked: dict[str, str] = {}

    def script(self) -> Script:
        """Give a server on it."""
        script = Script()
        script.replies["fs/readDirectory"] = self._list
        script.replies["fs/getMetadata"] = self._kind
        script.replies["fs/readFile"] = self._read
        script.replies["command/exec"] = self._run
        return script

    def _list(self, params: Json) -> Json:
        path = params["path"]
        if path not in self.directories:
            raise RpcFailed("fs/readDirectory", code=-32603, said="No such file or directory (os error 2)")
        below = [one for one in (*self.directories, *self.files) if posixpath.dirname(one) == path != one]
        return {
            "entries": [
                {"fileName": posixpath.basename(one), "isDirectory": one in self.directories}
                for one in reversed(below)
            ]
        }

    def _kind(self, params: Json) -> Json:
        path = params["path"]
        if path not in self.files and path not in self.directories:
            raise RpcFailed("fs/getMetadata", code=-32603, said="No such file or directory (os error 2)")
        return {"isFile": path in self.files, "isDirectory": path in self.directories}

    def _read(self, params: Json) -> Json:
        return {"dataBase64": base64.b64encode(self.files[params["path"]]).decode()}

    def _run(self, params: Json) -> Json:
        match params["command"]:
            case ["printenv", "HOME"]:
                return done("/home/alice\n")
            case ["wc", "-c", "--", path]:
                return done(f"{len(self.files[path])} {path}\n")
            case ["head", "-c", size, "--", path]:
                return done(self.files[path][: int(size)].decode())
            case ["git", "symbolic-ref", *words]:  # the status line's
                return {"exitCode": 128, "stdout": "", "stderr": f"fatal: {words}"}
            case ["git", *words] if self.diff is None:
                return {"exitCode": 128, "stdout": "", "stderr": f"fatal: not a git repository {words}"}
            case ["git", *words] if "rev-parse" in words:
                return done("/w\n")
            case ["git", *words] if "ls-files" in words:
                return done("".join(f"{name}\0" for name in self.untracked))
            case ["sh", "-c", script, "sh", *names] if "--no-index" in script:
                return done("".join(self.untracked[name] for name in names))
            case ["git", *words] if "diff" in words:
                return done(self.diff or "")
            case _:
                return {"exitCode": 1, "stdout": "", "stderr": ""}


def done(out: str) -> Json:
    """Give the answer of a program that went well."""
    return {"exitCode": 0, "stdout": out, "stderr": ""}


def changed(name: str, *, old: str = "one", new: str = "two") -> str:
    """Give the diff of a file with one changed line."""
    return (
        f"diff --git a/{name} b/{name}\nindex 1..2 100644\n--- a/{name}\n+++ b/{name}\n"
        f"@@ -1 +1 @@\n-{old}\n+{new}\n"
    )


def added(name: str, lines: int) -> str:
    """Give the diff of a new file."""
    body = "".join(f"+line {at} of {name}\n" for at in range(1, lines + 1))
    return (
        f"diff --git a/{name} b/{name}\nnew file mode 100644\nindex 0..2\n--- /dev/null\n+++ b/{name}\n"
        f"@@ -0,0 +1,{lines} @@\n{body}"
    )


@pytest.fixture
def devbox() -> Devbox:
    """A devbox with a repository: a changed file, and two that are new."""
    devbox = Devbox()
    devbox.diff = changed("door.py")
    devbox.untracked = {"wall.py": added("wall.py", 60), "roof.py": added("roof.py", 60)}
    devbox.files["/w/notes.md"] = "".join(f"line {at}\n" for at in range(1, 2001)).encode()
    return devbox


async def closed(stage: Stage) -> None:
    """Wait until the view is closed."""
    await stage.wait(lambda: len(stage.app.screen_stack) == 1, "the view is closed")


# ---------------------------------------------------------------- /diff


async def test_diff_shows_what_is_not_committed_file_by_file(devbox: Devbox) -> None:
    async with open_stage(devbox.script()) as stage:
        await stage.type("/diff")
        await stage.wait_text("not committed on devbox  1 of 3: door.py")
        await stage.wait_text("door.py  changed +1 -1")
        await stage.wait_text("wall.py  new +60 -0")
        await stage.pilot.press("right_square_bracket")
        await stage.wait_text("2 of 3: wall.py")
        await stage.pilot.press("right_square_bracket")
        await stage.wait_text("3 of 3: roof.py")
        await stage.pilot.press("left_square_bracket")
        await stage.wait_text("2 of 3: wall.py")
        await stage.pilot.press("end")
        await stage.wait_text("line 60 of roof.py")
        await stage.wait_text("100 %")
        await stage.pilot.press("home")
        await stage.wait_text("1 of 3")
        await stage.pilot.press("q")
        await closed(stage)


async def test_a_diff_is_shown_side_by_side_where_there_is_room(devbox: Devbox) -> None:
    async with open_stage(devbox.script(), size=(120, 30)) as stage:
        await stage.type("/diff")
        await stage.wait_text("door.py  changed")
        assert not [line for line in stage.screen().splitlines() if "one" in line and "two" in line]
        await stage.pilot.press("v")
        await stage.wait(
            lambda: [line for line in stage.screen().splitlines() if "one" in line and "two" in line],
            "old and new side by side",
        )


async def test_outside_a_repository_diff_says_so(devbox: Devbox) -> None:
    devbox.diff = None
    async with open_stage(devbox.script()) as stage:
        await stage.type("/diff")
        await stage.wait_text("/w is not in a git repository")


async def test_a_clean_repository_is_said_to_be_clean(devbox: Devbox) -> None:
    devbox.diff, devbox.untracked = "", {}
    async with open_stage(devbox.script()) as stage:
        await stage.type("/diff")
        await stage.wait_text("everything in /w is committed")


async def test_git_may_only_read(devbox: Devbox) -> None:
    async with open_stage(devbox.script()) as stage:
        await stage.type("/diff")
        await stage.wait_text("not committed")
        runs = [
            params for params in stage.script.asked("command/exec") if "symbolic-ref" not in params["command"]
        ]
        assert len(runs) == 5
        assert all(params["sandboxPolicy"] == {"type": "readOnly"} for params in runs)
        assert all(params["outputBytesCap"] for params in runs)


async def test_what_the_last_turn_changed_is_shown_too(devbox: Devbox) -> None:
    async with open_stage(devbox.script()) as stage:
        await stage.type("/diff turn")
        await stage.wait_text("no turn seen here changed a file")
        stage.script.turn()
        stage.script.say("turn/diff/updated", turnId="turn-1", diff=changed("window.py"))
        await stage.type("/diff turn")
        await stage.wait_text("changed by the last turn")
        await stage.wait_text("window.py  changed +1 -1")


async def test_an_approval_is_told_while_a_view_is_open(devbox: Devbox) -> None:
    async with open_stage(devbox.script()) as stage:
        stage.script.turn()
        await stage.type("/diff")
        await stage.wait_text("not committed")
        stage.script.ask_command()
        await stage.wait_text("an approval waits")
        await stage.pilot.press("escape")
        await stage.wait_text("make test")


# ---------------------------------------------------------------- /view


async def test_a_file_is_shown_with_its_lines_numbered(devbox: Devbox) -> None:
    async with open_stage(devbox.script()) as stage:
        await stage.type("/view notes.md")
        await stage.wait_text("/w/notes.md on devbox")
        await stage.wait_text("   1 line 1")
        await stage.pilot.press("end")
        await stage.wait_text("2000 line 2000")
        await stage.pilot.press("pageup")
        await stage.wait_gone("2000 line 2000")
        await stage.pilot.press("escape")
        await closed(stage)


@pytest.mark.parametrize("line", [1, 100, 101, 1234])
async def test_a_file_is_shown_at_a_line(devbox: Devbox, line: int) -> None:
    async with open_stage(devbox.script(), size=(60, 20)) as stage:
        await stage.type(f"/view notes.md:{line}")
        await stage.wait_text("/w/notes.md on devbox")
        await stage.wait(lambda: f"{line:>4} line {line}" in stage.row(1), "the line on top")


async def test_a_text_is_found(devbox: Devbox) -> None:
    async with open_stage(devbox.script()) as stage:
        await stage.type("/view notes.md")
        await stage.wait_text("line 1")
        await stage.wait_text(" 0 %")
        await stage.pilot.press("slash")
        await stage.type("LINE 150", then="")
        await stage.wait_text("in 11 lines")
        await stage.wait(lambda: " 150 line 150" in stage.row(1), "the first on top")
        await stage.pilot.press("escape", "n")
        await stage.wait(lambda: "1500 line 1500" in stage.row(1), "the next on top")
        await stage.pilot.press("p", "p")
        await stage.wait(lambda: "line 1509" in stage.screen(), "round the end")
        await stage.pilot.press("escape")
        await closed(stage)


FAULTS = {
    "/view nothing.txt": "/w/nothing.txt: No such file or directory",
    "/view src": "/w/src is a directory",
    "/view picture.png": "/w/picture.png is not a text file",
    "/cd nowhere": "/w/nowhere: No such file or directory",
    "/cd notes.md": "/w/notes.md is not a directory",
}


@pytest.mark.parametrize("line", FAULTS)
async def test_what_cannot_be_shown_is_said(devbox: Devbox, line: str) -> None:
    devbox.files["/w/picture.png"] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))
    async with open_stage(devbox.script()) as stage:
        await stage.type(line)
        await stage.wait_text(FAULTS[line])
        assert stage.script.asked(UPDATE) == []


async def test_of_a_huge_file_only_the_beginning_is_fetched(devbox: Devbox) -> None:
    devbox.files["/w/big.log"] = b"x" * 79 + b"\n" + b"." * (remote_files.FILE_BYTES + 1)
    async with open_stage(devbox.script()) as stage:
        await stage.type("/view big.log")
        await stage.wait_text("/w/big.log on devbox, the first 2 MiB")
        assert stage.script.asked("fs/readFile") == []


async def test_control_characters_of_a_file_are_shown_as_what_they_are(devbox: Devbox) -> None:
    devbox.files["/w/evil.txt"] = "\x1b[31mred\x07 \u202eback\n[bold]markup[/]\n".encode()
    async with open_stage(devbox.script()) as stage:
        await stage.type("/view evil.txt")
        await stage.wait_text("␛[31mred␇ <202e>back")
        await stage.wait_text("[bold]markup[/]")


async def test_view_without_a_path_waits_for_one(devbox: Devbox) -> None:
    async with open_stage(devbox.script()) as stage:
        await stage.type("/view")
        await stage.wait(lambda: stage.composer.text == "/view ", "the path is awaited")


@pytest.mark.parametrize("size", [(40, 20), (80, 24)])
async def test_a_view_draws_itself_anew_at_another_size(devbox: Devbox, size: tuple[int, int]) -> None:
    async with open_stage(devbox.script(), size=(120, 30)) as stage:
        await stage.type("/view notes.md:1500")
        await stage.wait(lambda: "1500 line" in stage.row(1), "the line on top")
        await stage.pilot.resize_terminal(*size)
        await stage.wait(lambda: "1500 line" in stage.row(1), "the line is still on top")


async def test_copy_and_edit_say_what_came_of_it(devbox: Devbox) -> None:
    async with open_stage(devbox.script()) as stage:
        await stage.type("/view notes.md")
        await stage.wait_text("1 line 1")
        await stage.pilot.press("c")
        await stage.wait_text("there is no clipboard here")
        await stage.pilot.press("e")
        await stage.wait_text("there is no editor here")
        assert isinstance(stage.app.screen, PageScreen)


# ---------------------------------------------------------------- /cd


async def test_a_directory_is_gone_to_by_its_path(devbox: Devbox) -> None:
    async with open_stage(devbox.script()) as stage:
        for typed, path in {"src": "/w/src", "~": "/home/alice", "/w/docs/../src/": "/w/src"}.items():
            await stage.type(f"/cd {typed}")
            await stage.wait_text(f"from the next turn on in {path}")
        assert [params["cwd"] for params in stage.script.asked(UPDATE)] == ["/w/src", "/home/alice", "/w/src"]
        transcript = stage.chat.transcript
        assert transcript is not None
        assert transcript.cwd == "/w/src"


async def test_directories_are_browsed(devbox: Devbox) -> None:
    async with open_stage(devbox.script()) as stage:
        await stage.type("/cd")
        await stage.wait_text("work in which directory of devbox?")
        await stage.wait_text("src/")
        assert "notes.md" not in stage.screen()
        assert ".hidden" not in stage.screen()
        await stage.type(".", then="")
        await stage.wait_text(".hidden/")
        await stage.pilot.press("backspace")
        await stage.type("sr", then="")
        await stage.wait_gone("docs/")
        await stage.pilot.press("enter")
        await stage.wait_text("/w/src")
        await stage.pilot.press("enter")
        await stage.wait_text("from the next turn on in /w/src")


async def test_browsing_goes_up_home_and_along_a_typed_path(devbox: Devbox) -> None:
    async with open_stage(devbox.script()) as stage:
        await stage.type("/cd")
        await stage.wait_text("✓ work here")
        await stage.pilot.press("left")
        await stage.wait_text("home/")
        await stage.pilot.press("down", "enter")
        await stage.wait_text("/home/alice")
        await stage.type("/nowhere/", then="")
        await stage.wait_text("/nowhere: No such file or directory")
        await stage.pilot.press("ctrl+u")
        await stage.type("/w/docs/", then="")
        await stage.wait_text("/w/docs")
        await stage.pilot.press("tab")
        await stage.wait_text("from the next turn on in /w/docs")


async def test_leaving_the_browser_changes_nothing(devbox: Devbox) -> None:
    async with open_stage(devbox.script(), size=(40, 20)) as stage:
        await stage.type("/cd")
        await stage.wait_text("✓ work here")
        await stage.pilot.press("escape")
        await closed(stage)
        assert stage.script.asked(UPDATE) == []
