"""Copies as the Python API makes them, with both clients: whole or not at all, with modes and links."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.errors import CopyFailed
from codex_ssh.link.files import copy_down, copy_up
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.terminal import SilentPrompter
from tests.support.ssh_clients import open_ssh
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.usefixtures("ssh_client")]


@pytest.fixture
async def ssh(sshd: Sshd, ssh_client: SshClient) -> AsyncGenerator[Ssh, None]:
    options = SshOptions(config_file=str(sshd.ssh_config), client=ssh_client)
    async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as connection:
        yield connection


async def test_a_file_goes_there_and_back_with_its_mode(ssh: Ssh, here: Path, there: Path) -> None:
    file = here / "run.sh"
    file.write_bytes(os.urandom(300_000))
    file.chmod(0o750)
    assert await copy_up(ssh, file, f"{there}/") == f"{there}/run.sh"
    assert (there / "run.sh").read_bytes() == file.read_bytes()
    assert (there / "run.sh").stat().st_mode & 0o777 == 0o750
    back = await copy_down(ssh, f"{there}/run.sh", here / "back.sh")
    assert back.read_bytes() == file.read_bytes()
    assert back.stat().st_mode & 0o777 == 0o750
    assert sorted(os.listdir(there)) == ["run.sh"]
    assert sorted(os.listdir(here)) == ["back.sh", "run.sh"]


async def test_a_folder_keeps_its_links_and_none_is_followed(ssh: Ssh, here: Path, there: Path) -> None:
    secret = here / "secret"
    secret.write_text("not yours")
    folder = here / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").write_text("yes")
    (folder / "link").symlink_to(secret)
    (folder / "inner").symlink_to("deep/file")
    await copy_up(ssh, folder, f"{there}/copy")
    assert (there / "copy" / "deep" / "file").read_text() == "yes"
    assert (there / "copy" / "link").is_symlink()
    # A link of ours is ours. One from there that leads out is left there.
    back = await copy_down(ssh, f"{there}/copy", here / "back")
    assert sorted(os.listdir(back)) == ["deep", "inner"]
    assert os.readlink(back / "inner") == "deep/file"


async def test_what_was_there_stays_when_a_copy_cannot_be_made(ssh: Ssh, here: Path, there: Path) -> None:
    with pytest.raises(CopyFailed, match="cannot find"):
        await copy_up(ssh, here / "none", str(there))
    with pytest.raises(CopyFailed, match="cannot find") as refused:
        await copy_down(ssh, f"{there}/none", here / "kept")
    assert refused.value.said
    (here / "file").write_text("new")
    with pytest.raises(CopyFailed):
        await copy_up(ssh, here / "file", f"{there}/no/such/place")
    assert os.listdir(there) == []
    assert os.listdir(here) == ["file"]
