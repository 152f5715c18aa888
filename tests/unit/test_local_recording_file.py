"""The file of a recording."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codex_ssh.errors import ConfigError
from codex_ssh.local.recording_file import load_recording, open_recording

HEADER = '{"codex-ssh-recording":1}'


def test_it_is_private_and_every_line_is_there_at_once(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    old = os.umask(0)
    try:
        with open_recording(file) as tape:
            tape.write(HEADER)
            assert file.read_text() == f"{HEADER}\n"
            tape.write('{"at":0.5,"trip":0.1}')
            assert load_recording(file).seconds == 0.5
    finally:
        os.umask(old)

    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("mine")

    with pytest.raises(ConfigError, match="is there already"), open_recording(file):
        pass

    assert file.read_text() == "mine"


def test_a_place_where_nothing_can_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory"), open_recording(tmp_path / "no" / "f"):
        pass


def test_a_file_nothing_was_written_to_does_not_stay(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    with open_recording(file):
        assert file.exists()

    assert not file.exists()


def test_a_line_that_would_make_it_too_large_is_refused_whole(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    with open_recording(file, most=40) as tape:
        tape.write(HEADER)
        with pytest.raises(OSError, match="which is the most"):
            tape.write("x" * 40)

    assert file.read_text() == f"{HEADER}\n"


def test_half_a_character_from_the_devbox_is_written(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    with open_recording(file) as tape:
        tape.write(HEADER)
        tape.write('{"at":0,"in":{"method":"x","params":{"t":"\ud800"}}}')

    (moment,) = load_recording(file).moments
    assert "\ud800" in str(moment.event.message.params["t"])  # type: ignore[union-attr]


@pytest.mark.parametrize("content", [b"", b"no recording", b"\xff\xfe\x00", b'{"codex-ssh-recording":99}\n'])
def test_what_is_no_recording_is_told_with_its_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other"
    file.write_bytes(content)

    with pytest.raises(ConfigError, match="other' cannot be shown"):
        load_recording(file)


def test_a_file_that_is_missing_and_a_directory_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_recording(path)
