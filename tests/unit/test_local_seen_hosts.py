"""What was seen on each host is kept, the last good look, for whoever looks when it is off."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

from codex_ssh.core.fleet import HostReport, Reach
from codex_ssh.local.seen_hosts import (
    REMEMBERED_SECONDS,
    keep_report,
    known_hosts,
    read_report,
    see_host,
)

UP = HostReport(host="me@box:22", reach=Reach.UP, at=1_000, version="0.169.0")


def test_the_last_good_look_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    place = tmp_path / "new"
    assert read_report(place, "me@box:22") is None
    keep_report(place, UP)
    keep_report(place, HostReport(host="me@box:22", reach=Reach.OFF, at=2_000))

    assert read_report(place, "me@box:22") == UP
    (file,) = place.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_somebody_who_was_there_makes_it_known_and_changes_nothing_else(tmp_path: Path) -> None:
    see_host(tmp_path, "new", version="1", at=5.0)
    assert read_report(tmp_path, "new") == HostReport(host="new", reach=Reach.UP, at=5, version="1")
    keep_report(tmp_path, UP)
    see_host(tmp_path, UP.host, version="2", at=9.0)
    assert read_report(tmp_path, UP.host) == UP


def test_the_last_one_is_named_first_and_old_ones_not_at_all(tmp_path: Path) -> None:
    for at, host in enumerate(("old", "first", "[::1]:22")):
        keep_report(tmp_path, replace(UP, host=host))
        os.utime(next(p for p in tmp_path.iterdir() if json.loads(p.read_text())["host"] == host), (at, at))

    assert known_hosts(tmp_path, now=2.0) == ["[::1]:22", "first", "old"]
    assert known_hosts(tmp_path, now=REMEMBERED_SECONDS) == ["[::1]:22", "first"]
    assert known_hosts(tmp_path / "none", now=0) == []


def test_a_file_that_is_none_of_ours_is_left_out(tmp_path: Path) -> None:
    for text in ("", "{", "[]", json.dumps({"host": "other", "state": "up"})):
        (tmp_path / "box.json").write_text(text)
        assert read_report(tmp_path, "box") is None


def test_a_disk_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keep_report(tmp_path / "file", UP)
    see_host(tmp_path / "file", "box", version="", at=1.0)
    assert read_report(tmp_path / "file", UP.host) is None
