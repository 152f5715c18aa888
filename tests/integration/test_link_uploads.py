"""Images that go to the devbox as files: where they are, who can read them, and when they go."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.host import Host
from codex_ssh.core.upload import Upload
from codex_ssh.errors import CopyFailed
from codex_ssh.link.child import open_child_host
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.uploads import KEPT_DAYS, bring
from tests.support.require import require_program

CONTENT = os.urandom(700_000)


def upload(folder: str = "thread-1", content: bytes = CONTENT) -> Upload:
    return Upload(folder=folder, name="a.png", content=content)


@asynccontextmanager
async def box(home: Path, shell: str = "dash") -> AsyncGenerator[Ssh, None]:
    """A devbox that is this machine with another home."""
    home.mkdir(exist_ok=True)
    program = require_program(shell, f"{shell}: apt-get install {shell}")
    words = ["env", f"HOME={home}", str(program), *(["sh"] if shell == "busybox" else [])]
    async with open_child_host(Host(name="box"), words) as ssh:
        yield ssh


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
async def test_an_image_lies_in_a_folder_of_its_thread_that_is_mine_alone(shell: str, tmp_path: Path) -> None:
    home = tmp_path / "a home"
    async with box(home, shell) as ssh:
        path = Path(await bring(ssh, upload()))
        assert path == home / ".codex-ssh" / "uploads" / "thread-1" / "a.png"
        assert path.read_bytes() == CONTENT
        made_at = path.stat().st_mtime_ns
        assert await bring(ssh, upload()) == str(path)
    assert path.stat().st_mtime_ns == made_at, "the same image is brought once"
    assert path.stat().st_mode & 0o777 == 0o600
    for folder in list(path.parents)[:3]:
        assert folder.stat().st_mode & 0o777 == 0o700
    assert os.listdir(path.parent) == ["a.png"]


async def test_old_folders_go_at_the_next_upload_and_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with box(home) as ssh:
        old = Path(await bring(ssh, upload("old"))).parent
        fresh = Path(await bring(ssh, upload("fresh"))).parent
        for folder, days in ((old, KEPT_DAYS + 2), (fresh, KEPT_DAYS - 2)):
            then = time.time() - days * 86400
            os.utime(folder, (then, then))
        outside = home / "outside"
        outside.mkdir()
        os.utime(outside, (0, 0))
        (old.parent / "link").symlink_to(outside)
        await bring(ssh, upload("new"))
    assert sorted(os.listdir(old.parent)) == ["fresh", "link", "new"]
    assert outside.is_dir()


async def test_nothing_is_put_where_others_can_get_at_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".codex-ssh" / "uploads").mkdir(parents=True)
    (home / ".codex-ssh" / "uploads").chmod(0o755)
    async with box(home) as ssh:
        with pytest.raises(CopyFailed) as refused:
            await bring(ssh, upload())
        assert "yours alone" in refused.value.said
        (home / ".codex-ssh" / "uploads").rmdir()
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        (home / ".codex-ssh" / "uploads").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(CopyFailed):
            await bring(ssh, upload())
    assert os.listdir(tmp_path / "elsewhere") == []


async def test_a_full_disk_is_said(tmp_path: Path) -> None:
    # A limit of the process does what a full disk does: whoever takes the bytes ends before they do.
    words = ["env", f"HOME={tmp_path}", "sh", "-c", "ulimit -f 64; exec sh"]
    async with open_child_host(Host(name="box"), words) as ssh:
        with pytest.raises(CopyFailed):
            await bring(ssh, upload(content=os.urandom(8_000_000)))
    assert os.listdir(tmp_path / ".codex-ssh" / "uploads" / "thread-1") == []
