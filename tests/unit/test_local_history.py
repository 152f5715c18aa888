"""What was said, on disk: several clients at once, and files that are not as they should be."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import stat
import sys
from pathlib import Path

import pytest

from codex_ssh.local.files import lock_file
from codex_ssh.local.history import MOST_BYTES, MOST_TEXT, MOST_TEXTS, open_history

SAYS = """
import sys
from pathlib import Path
from codex_ssh.local.history import open_history
with open_history(Path(sys.argv[1]), "devbox") as history:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(sys.argv[3])):
        history.remember(f"{sys.argv[2]} {number}")
"""


def say(directory: Path, *texts: str, host: str = "devbox") -> None:
    with open_history(directory, host) as history:
        for text in texts:
            history.remember(text)


def said(directory: Path, host: str = "devbox") -> tuple[str, ...]:
    with open_history(directory, host) as history:
        return history.texts()


def test_what_was_said_is_there_again_the_newest_last_and_is_nobody_elses(tmp_path: Path) -> None:
    directory = tmp_path / "history"
    say(directory, "one", "two\nlines", "ü ␛ \x1b[2J", "  ", "")
    say(directory, "four")

    assert said(directory) == ("one", "two\nlines", "ü ␛ \x1b[2J", "four")
    assert said(directory, "other") == ()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}


def test_what_is_said_is_on_disk_at_once(tmp_path: Path) -> None:
    with open_history(tmp_path, "devbox") as history:
        history.remember("a")
        assert history.texts() == ("a",)
        assert said(tmp_path) == ("a",)


def test_the_same_twice_in_a_row_is_one(tmp_path: Path) -> None:
    say(tmp_path, "a", "a", "b", "a")
    say(tmp_path, "a")
    assert said(tmp_path) == ("a", "b", "a")


@pytest.mark.parametrize("host", ["alice@devbox", "../../etc/passwd", "ssh://devbox:22", "a b/ü"])
def test_a_host_can_be_called_anything(tmp_path: Path, host: str) -> None:
    directory = tmp_path / "history"
    say(directory, "a", host=host)
    assert said(directory, host) == ("a",)
    assert [path.name for path in tmp_path.iterdir()] == ["history"]


async def test_clients_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    clients = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            SAYS,
            tmp_path,
            name,
            "300",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for name in ("x", "y", "z")
    ]
    for client in clients:
        assert client.stdout is not None
        assert await client.stdout.readline() == b"ready\n"
    for client in clients:
        assert client.stdin is not None
        client.stdin.write(b"\n")
    for client in clients:
        await client.communicate()
        assert client.returncode == 0

    texts = said(tmp_path)
    for name in ("x", "y", "z"):
        assert [text for text in texts if text.startswith(name)] == [f"{name} {n}" for n in range(300)]


def test_a_file_that_has_become_too_long_is_made_shorter_and_loses_nothing_new(tmp_path: Path) -> None:
    long = "x" * 20_000
    say(tmp_path, *(f"{number} {long}" for number in range(90)))

    file = next(tmp_path.glob("*.jsonl"))
    assert MOST_BYTES // 4 < file.stat().st_size <= MOST_BYTES
    kept = [int(text.split()[0]) for text in said(tmp_path)]
    assert kept == list(range(kept[0], 90))


def test_so_many_are_kept_and_no_more(tmp_path: Path) -> None:
    say(tmp_path, *map(str, range(MOST_TEXTS + 10)))
    assert said(tmp_path) == tuple(map(str, range(10, MOST_TEXTS + 10)))


def test_a_text_as_long_as_a_file_is_kept_for_this_session_only(tmp_path: Path) -> None:
    with open_history(tmp_path, "devbox") as history:
        history.remember("x" * (MOST_TEXT + 1))
        assert len(history.texts()) == 1
    assert said(tmp_path) == ()


def test_half_a_line_of_a_client_that_died_costs_that_line_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    say(tmp_path, "one")
    file = next(tmp_path.glob("*.jsonl"))
    with file.open("a") as opened:
        opened.write('{"text": "ha')
    say(tmp_path, "two")

    assert said(tmp_path) == ("one", "two")
    assert "1 line that" in caplog.text


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"[]\n{}\nnull\n", b'{"text": 3}\n', b"[" * 100_000, b'"\\ud800"\n'],
)
def test_lines_that_are_none_of_ours_are_left_out(tmp_path: Path, content: bytes) -> None:
    say(tmp_path, "one")
    file = next(tmp_path.glob("*.jsonl"))
    file.write_bytes(content + b"\n" + json.dumps({"text": "two"}).encode() + b"\n")
    assert said(tmp_path) == ("two",)


def test_a_text_with_half_a_surrogate_comes_back(tmp_path: Path) -> None:
    say(tmp_path, "a\ud800b")
    assert said(tmp_path) == ("a\ud800b",)


def test_a_history_that_cannot_be_read_is_said_and_costs_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "devbox.jsonl").mkdir()
    with open_history(tmp_path, "devbox") as history:
        history.remember("a")
        assert history.texts() == ("a",)
    assert caplog.text.count("cannot be used") == 1


def test_a_history_that_cannot_be_written_any_more_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_history(tmp_path / "history", "devbox") as history:
        (tmp_path / "history").rmdir()
        (tmp_path / "history").write_text("a file in its place")
        history.remember("a")
        history.remember("b")
        assert history.texts() == ("a", "b")
    assert caplog.text.count("not kept any more") == 1


def test_a_history_that_was_cleared_away_begins_anew(tmp_path: Path) -> None:
    directory = tmp_path / "history"
    with open_history(directory, "devbox") as history:
        history.remember("one")
        shutil.rmtree(directory)
        history.remember("two")
    assert said(directory) == ("two",)


def test_another_client_that_holds_the_lock_makes_it_wait_and_not_the_user(tmp_path: Path) -> None:
    with open_history(tmp_path, "devbox") as history:
        history.remember("one")
        lock = lock_file(tmp_path / "devbox.lock")
        assert lock is not None
        history.remember("two")
        assert said(tmp_path) == ("one",)
        os.close(lock)
        history.remember("three")
        assert said(tmp_path) == ("one", "two", "three"), "with the next one"
        lock = lock_file(tmp_path / "devbox.lock")
        assert lock is not None
        history.remember("four")
        os.close(lock)
    assert said(tmp_path) == ("one", "two", "three", "four"), "at the end"


def test_a_client_that_is_stopped_for_good_with_the_lock_does_not_hold_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("codex_ssh.local.history.CLOSE_SECONDS", 0.1)
    lock = lock_file(tmp_path / "devbox.lock")
    assert lock is not None
    say(tmp_path, "one")
    assert "not kept" in caplog.text
    os.close(lock)


async def test_a_killed_client_holds_no_lock(tmp_path: Path) -> None:
    client = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys; from pathlib import Path; from codex_ssh.local.files import lock_file;"
        "lock_file(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()",
        tmp_path / "devbox.lock",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert client.stdout is not None
    assert await client.stdout.readline() == b"held\n"
    client.send_signal(signal.SIGKILL)
    await client.communicate()
    say(tmp_path, "one")
    assert said(tmp_path) == ("one",)
