"""Threads seen on a host are kept for completion, the last first, and nothing of them is dangerous."""

import stat
from pathlib import Path

import pytest

from codex_ssh.core.thread import Thread, ThreadId
from codex_ssh.local.seen_threads import MOST_THREADS, hosts_with_threads, read_threads, see_threads


def thread(number: str, name: str = "", *, ephemeral: bool = False) -> Thread:
    return Thread(id=ThreadId(number), name=name, ephemeral=ephemeral)


def test_what_was_seen_last_stands_first_and_once(tmp_path: Path) -> None:
    see_threads(tmp_path / "new", "me@box:22", [thread("a", "one"), thread("b", "two")])
    see_threads(tmp_path / "new", "me@box:22", [thread("b", "two, named anew"), thread("c")])

    assert read_threads(tmp_path / "new", "me@box:22") == [("b", "two, named anew"), ("c", "c"), ("a", "one")]
    assert read_threads(tmp_path / "new", "other") == []
    assert hosts_with_threads(tmp_path / "new") == ["me@box:22"]
    (file,) = (tmp_path / "new").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    see_threads(tmp_path, "box", [thread(f"n{count}") for count in range(MOST_THREADS)])
    see_threads(tmp_path, "box", [thread("last")])

    seen = [number for number, _ in read_threads(tmp_path, "box")]
    assert (len(seen), seen[0], seen[-1]) == (MOST_THREADS, "last", f"n{MOST_THREADS - 2}")


@pytest.mark.parametrize("number", ["", "-x", "$(touch x)", "a b", "a\tb", "../x", "ü", "a" * 65])
def test_an_id_a_shell_could_misread_is_not_kept(tmp_path: Path, number: str) -> None:
    see_threads(tmp_path, "box", [thread(number, "name"), thread("good")])

    assert read_threads(tmp_path, "box") == [("good", "good")]


def test_a_title_is_one_short_harmless_line(tmp_path: Path) -> None:
    see_threads(tmp_path, "box", [thread("a", "x\x1b]52;c;eA==\x07\ty\r\n" + "z" * 100)])

    ((_, title),) = read_threads(tmp_path, "box")
    assert len(title) == 60
    assert title.isprintable()
    assert title.endswith("…")


def test_a_thread_that_is_not_stored_is_not_seen(tmp_path: Path) -> None:
    see_threads(tmp_path / "new", "box", [thread("a", ephemeral=True)])

    assert not (tmp_path / "new").exists()


def test_a_file_somebody_else_wrote_is_read_with_care(tmp_path: Path) -> None:
    (tmp_path / "box.tsv").write_bytes(b"\xff\xfe\n$(id)\tx\nok\t\x1b[2J\nbare\n" + b"y" * 100_000)

    assert read_threads(tmp_path, "box") == [("ok", "␛[2J"), ("bare", "")]


def test_where_nothing_can_be_written_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    see_threads(tmp_path / "file", "box", [thread("a")])

    assert read_threads(tmp_path / "file", "box") == []
    assert hosts_with_threads(tmp_path / "file") == []
