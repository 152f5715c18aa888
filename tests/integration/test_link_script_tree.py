"""Copies by scripts, where there is no SFTP: in every shell, with every kind of name."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from codex_ssh.core.copy_request import Conflict, CopyRules
from codex_ssh.core.file_tree import Spot
from codex_ssh.core.host import Host, parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import CopyFailed
from codex_ssh.link.child import open_child_host
from codex_ssh.link.copy_over import copy_over, open_tree
from codex_ssh.link.copying import Copy
from codex_ssh.link.files import Unwatched, copy_down, copy_up
from codex_ssh.link.script_tree import ScriptTree
from codex_ssh.link.ssh_client import open_ssh
from codex_ssh.link.tree import Tree
from codex_ssh.local.file_tree import LocalTree
from codex_ssh.local.terminal import SilentPrompter
from tests.conftest import StartSshd
from tests.support.require import require_program

HOSTILE = (b"-rf", b"new\nline\n", b"a b'c\"d", b"$(touch x)", b"*", b"\xff\xfe no utf-8", b"...", b"%s\\n")
SHELLS = ("dash", "bash", "busybox")


@asynccontextmanager
async def tree_by(shell: str) -> AsyncGenerator[Tree, None]:
    program = require_program(shell, f"{shell}: apt-get install {shell}")
    words = (str(program), "sh") if shell == "busybox" else (str(program),)
    async with open_child_host(Host(name="box"), words) as box, open_tree(box) as tree:
        yield tree


async def copied(tree: Tree, source: bytes, target: bytes, *, is_up: bool) -> Copy:
    rules = CopyRules(folders=True, keeps_times=True, conflict=Conflict.REPLACE)
    copy = Copy(LocalTree(), is_up=is_up, sources=(source,), target=target, rules=rules, watch=Unwatched())
    await copy.go_on(tree)
    return copy


@pytest.mark.parametrize("shell", SHELLS)
async def test_a_folder_goes_there_and_back_with_all_that_is_in_it(shell: str, tmp_path: Path) -> None:
    folder, into, back = (os.fsencode(tmp_path / name) for name in ("folder", "into", "back"))
    there = os.path.join(into, b"folder")
    os.mkdir(into)
    os.makedirs(os.path.join(folder, b"deep", b"empty"))
    for name in HOSTILE:
        file = Path(os.fsdecode(os.path.join(folder, b"deep", name)))
        file.write_bytes(name * 1000)
        file.chmod(0o640)
        os.utime(file, (1_000_000_000, 1_000_000_000))
    os.symlink(b"deep/*", os.path.join(folder, b"link\n"))
    (tmp_path / "folder" / ".hidden").write_bytes(b"")
    (tmp_path / "folder" / "big").write_bytes(os.urandom(3_000_000))
    async with tree_by(shell) as tree:
        assert isinstance(tree, ScriptTree)
        up = await copied(tree, folder, into, is_up=True)
        down = await copied(tree, there, back, is_up=False)
        again = await copied(tree, folder, into, is_up=True)
    for copy in (up, down):
        assert copy.outcome.failed == []
        assert (copy.outcome.copied, copy.outcome.unchecked) == (len(HOSTILE) + 2, 0)
    assert (again.outcome.copied, again.outcome.same) == (0, len(HOSTILE) + 3)
    for place in (there, back):
        assert sorted(os.listdir(place)) == [b".hidden", b"big", b"deep", b"link\n"]
        assert sorted(os.listdir(os.path.join(place, b"deep"))) == sorted([*HOSTILE, b"empty"])
        assert os.readlink(os.path.join(place, b"link\n")) == b"deep/*"
        assert Path(os.fsdecode(place), "big").read_bytes() == (tmp_path / "folder" / "big").read_bytes()
        for name in HOSTILE:
            file = Path(os.fsdecode(os.path.join(place, b"deep", name)))
            assert file.read_bytes() == name * 1000
            assert file.stat().st_mode & 0o7777 == 0o640
            assert file.stat().st_mtime == 1_000_000_000


@pytest.mark.parametrize("shell", SHELLS)
async def test_what_is_there_is_gone_on_with_and_links_are_replaced_themselves(
    shell: str, tmp_path: Path
) -> None:
    here, there, kept = tmp_path / "here", tmp_path / "there", tmp_path / "kept"
    there.mkdir()
    kept.mkdir()
    here.write_bytes(os.urandom(1_000_000))
    (there / "file").symlink_to(kept)
    spot = Spot(root=os.fsencode(there))
    async with tree_by(shell) as tree:

        async def some(*pieces: bytes) -> AsyncGenerator[bytes, None]:
            for piece in pieces:
                yield piece

        told: list[int] = []
        part = spot.child(b"part")
        data = here.read_bytes()
        await tree.write(part, 0, some(data[:600_000]), told.append)
        assert (there / "part").stat().st_mode & 0o777 == 0o600
        await tree.write(part, 500_000, some(data[500_000:700_000], data[700_000:]), told.append)
        assert (there / "part").read_bytes() == data
        with pytest.raises(CopyFailed):
            await tree.write(part, 0, some(b"x"), told.append)
        assert b"".join([piece async for piece in tree.read(part, 999_990, 1_000_000)]) == data[-10:]
        await tree.rename(part, spot.child(b"file"))
        with pytest.raises(CopyFailed) as refused:
            await tree.make_folder(spot.child(b"file"), 0o755)
        assert "exists" in refused.value.said
        assert await tree.look(spot.child(b"part")) is None
        with pytest.raises(CopyFailed, match="cannot list"):
            await tree.entries(spot.child(b"part"))
    assert not (there / "file").is_symlink()
    assert (there / "file").read_bytes() == data
    assert os.listdir(kept) == []


async def test_a_disk_that_takes_no_more_is_said_and_not_tried_for_ever(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(os.urandom(16_000_000))
    (tmp_path / "there").mkdir()
    # A limit of the process does what a full disk does: whoever takes the bytes ends before they do.
    words = ("sh", "-c", "ulimit -f 2048; exec sh")
    seen: list[str] = []
    copy = Copy(
        LocalTree(),
        is_up=True,
        sources=[os.fsencode(tmp_path / "big")],
        target=os.fsencode(tmp_path / "there"),
        rules=CopyRules(),
        watch=Unwatched(),
    )
    await copy_over(lambda: open_child_host(Host(name="box"), words), open_tree, copy, seen.append)
    assert [one.path.rpartition(b"/")[2][:10] for one in copy.outcome.failed] == [b".codex-ssh"]
    assert (copy.outcome.connections, seen, os.listdir(tmp_path / "there")) == (1, [], [])


@pytest.mark.sshd
async def test_a_server_without_sftp_is_served_by_scripts(start_sshd: StartSshd, tmp_path: Path) -> None:
    sshd = await start_sshd(lines=("Subsystem sftp /bin/false",))
    (tmp_path / "file").write_text("x")
    options = SshOptions(config_file=str(sshd.ssh_config))
    async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
        await copy_up(ssh, tmp_path / "file", str(tmp_path / "there"))
        assert (await copy_down(ssh, str(tmp_path / "there"), tmp_path / "back")).read_text() == "x"


@pytest.mark.parametrize("shell", SHELLS)
async def test_checksums_of_many_files_are_asked_for_together(shell: str, tmp_path: Path) -> None:
    names = [f"file {number}" for number in range(500)] + ["with\nan end", "back\\slash", "-rf"]
    for name in names:
        (tmp_path / name).write_text(name)
    expected = {name: sha256(name.encode()).digest() for name in names} | {"gone": None}
    found: dict[str, bytes | None] = {}
    async with tree_by(shell) as tree:

        async def ask(name: str) -> None:
            spot = Spot(root=os.fsencode(tmp_path)).child(name.encode())
            found[name] = await tree.digest(spot, len(name.encode()), is_all=True)

        async with asyncio.TaskGroup() as group:
            for name in expected:
                group.create_task(ask(name))
    assert found == expected
