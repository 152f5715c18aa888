"""An editor that does as it should, and some that do not; none leaves a file behind."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pytest

from codex_ssh.errors import DeskFailed
from codex_ssh.local.editor import edit_text, find_editor
from tests.support.programs import path_with, put_program


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go, so that what is left can be seen."""
    path = tmp_path / "tmp"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


async def edited(tmp_path: Path, script: str, text: str = "one\ntwo") -> str:
    put_program(tmp_path, "ed it", script)
    return await edit_text(text, {"PATH": path_with(tmp_path), "VISUAL": "'ed it' -w --"})


@pytest.mark.parametrize(
    ("script", "written"),
    [
        ("true", "one\ntwo"),
        ('echo three >> "$3"', "one\ntwothree"),
        (': > "$3"', ""),
        ("printf 'a\\r\\nb\\r\\n\\n' > \"$3\"", "a\nb"),
        ("printf '\\377x' > \"$3\"", "\ufffdx"),
        # As editors do that keep the old file until the new one is whole.
        ('echo new > "$3.new"; mv "$3.new" "$3"', "new"),
    ],
)
async def test_what_was_written_is_given(tmp_path: Path, room: Path, script: str, written: str) -> None:
    assert await edited(tmp_path, f'[ "$1 $2" = "-w --" ] || exit 9; {script}') == written
    assert list(room.iterdir()) == []


async def test_the_file_is_nobody_elses_and_has_the_text(tmp_path: Path) -> None:
    await edited(
        tmp_path, 'stat -c %a "$3" "$(dirname "$3")" > "$HERE/modes"; cp "$3" "$HERE/seen"', "ü\n\x1b"
    )

    assert (tmp_path / "modes").read_text().split() == ["600", "700"]
    assert (tmp_path / "seen").read_text() == "ü\n\x1b"
    assert stat.S_IMODE((tmp_path / "seen").stat().st_mode)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('echo lost > "$3"; exit 1', "'ed it' ended with 1"),
        ('echo lost > "$3"; kill -9 $$', "'ed it' was ended by SIGKILL"),
        ("kill -SEGV $$", "'ed it' was ended by SIGSEGV"),
        ('rm "$3"', "cannot be read: No such file"),
        ('rm "$3"; mkdir "$3"', "cannot be read: Is a directory"),
        ('head -c 5000000 /dev/zero > "$3"', "more than 4 MiB"),
    ],
)
async def test_an_editor_that_fails_changes_nothing_and_leaves_nothing(
    tmp_path: Path, room: Path, script: str, said: str
) -> None:
    with pytest.raises(DeskFailed, match=said):
        await edited(tmp_path, script)
    assert list(room.iterdir()) == []


async def test_an_editor_that_is_no_program_is_said_so(tmp_path: Path, room: Path) -> None:
    path = put_program(tmp_path, "broken", "")
    path.write_text("#!/no/such/interpreter\n")
    with pytest.raises(DeskFailed, match="cannot be started"):
        await edit_text("x", {"PATH": path_with(tmp_path), "EDITOR": "broken"})
    assert list(room.iterdir()) == []


def test_the_users_choice_comes_first(tmp_path: Path) -> None:
    for name in ("mine", "other", "nano", "vi"):
        put_program(tmp_path, name, "")
    path = {"PATH": str(tmp_path)}

    assert find_editor({**path, "VISUAL": "mine -x", "EDITOR": "other"}) == [f"{tmp_path}/mine", "-x"]
    assert find_editor({**path, "VISUAL": " ", "EDITOR": "other"}) == [f"{tmp_path}/other"]
    assert find_editor({**path, "EDITOR": f"'{tmp_path}/mine'"}) == [f"{tmp_path}/mine"]
    assert find_editor(path) == [f"{tmp_path}/nano"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "there is no editor"),
        ({"VISUAL": "nothing-of-this-name"}, "VISUAL names 'nothing-of-this-name', which is not there"),
        ({"EDITOR": "'x"}, "EDITOR cannot be understood: no closing quotation"),
    ],
)
def test_no_editor_is_said_so(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    with pytest.raises(DeskFailed, match=said):
        find_editor({"PATH": str(tmp_path), **variables})
