"""Which hosts are looked at together: those somebody was on, and those the config file names."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from codex_ssh.cli.fleet import came_to, usual_hosts


@pytest.fixture(autouse=True)
def _private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CODEX_SSH_CONFIG", str(tmp_path / "config.toml"))


def names() -> list[str]:
    return [str(host) for host in usual_hosts()]


def test_each_is_there_once(tmp_path: Path) -> None:
    assert names() == []
    came_to(Namespace(), "me@box:22", "0.169.0")
    (tmp_path / "config.toml").write_text('[host.gpu]\n[host."x-*"]\n[host."me@box:22"]\n[host."no host"]\n')
    assert names() == ["me@box:22", "gpu"]


def test_one_that_only_a_flag_led_to_is_not_kept() -> None:
    came_to(Namespace(exec="docker exec -i box", wss=""), "box")
    came_to(Namespace(exec=None, wss="wss://box:443"), "box")
    assert names() == []
    came_to(Namespace(exec=None, wss=None), "box")
    assert names() == ["box"]
