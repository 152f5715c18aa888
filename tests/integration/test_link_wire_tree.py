"""Copies by the app server's own methods, which is all there is over ``wss``: a real codex."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codex_ssh.core.copy_request import Conflict, CopyRules
from codex_ssh.errors import CopyFailed
from codex_ssh.link.copying import Copy
from codex_ssh.link.files import Unwatched
from codex_ssh.link.wire_tree import FILE_BYTES, WireTree
from codex_ssh.local.file_tree import LocalTree
from tests.conftest import StartCodex
from tests.support.codex import CodexBinary
from tests.support.headless import open_loopback

pytestmark = pytest.mark.codex

NAMES = ("-rf", "new\nline\n", "a b'c\"d", "$(touch x)", "*", "ü→∞", "...")


async def copied(tree: WireTree, source: Path, target: Path, *, is_up: bool) -> Copy:
    copy = Copy(
        LocalTree(),
        is_up=is_up,
        sources=[os.fsencode(source)],
        target=os.fsencode(target),
        rules=CopyRules(folders=True, conflict=Conflict.REPLACE),
        watch=Unwatched(),
    )
    await copy.go_on(tree)
    return copy


async def test_a_folder_goes_there_and_back_within_the_limits_of_the_methods(
    start_codex: StartCodex, codex_binary: CodexBinary, tmp_path: Path
) -> None:
    server = await start_codex(codex_binary, auth=False)
    folder, into, kept = tmp_path / "folder", tmp_path / "into", tmp_path / "kept"
    for place in (folder / "deep", into, kept):
        place.mkdir(parents=True)
    for name in NAMES:
        (folder / "deep" / name).write_text(name)
    (folder / "big").write_bytes(os.urandom(2_000_000))
    async with open_loopback(server.port) as line:
        link = await anext(line.sessions())
        tree = WireTree(link.call, "loopback", codex_home="")
        up = await copied(tree, folder, into, is_up=True)
        assert (up.outcome.failed, up.outcome.copied) == ([], len(NAMES) + 1)
        again = await copied(tree, folder, into, is_up=True)
        assert again.outcome.failed == []
        assert sorted(os.listdir(into / "folder" / "deep")) == sorted(NAMES)
        assert (into / "folder" / "big").read_bytes() == (folder / "big").read_bytes()
        (into / "folder" / "up").symlink_to("..")
        (into / "folder" / "in").symlink_to("big")
        down = await copied(tree, into / "folder", tmp_path / "back", is_up=False)
        assert sorted(os.listdir(tmp_path / "back")) == sorted(["big", "deep", "in"])
        assert [one.rpartition(" ")[2] for one in down.outcome.left_out] == [".."]
        assert sorted(os.listdir(tmp_path / "back" / "deep")) == sorted(NAMES)
        # A link in a file's place is replaced itself.
        (kept / "file").write_text("kept")
        (into / "big").symlink_to(kept / "file")
        await copied(tree, folder / "big", into, is_up=True)
        assert not (into / "big").is_symlink()
        assert (kept / "file").read_text() == "kept"
        with (folder / "huge").open("wb") as file:
            file.truncate(FILE_BYTES + 1)
        huge = await copied(tree, folder / "huge", into, is_up=True)
        assert ["without SSH a file may have 16 MiB" in one.said for one in huge.outcome.failed] == [True]
        with pytest.raises(CopyFailed, match="cannot find"):
            await copied(tree, tmp_path / "none", into, is_up=False)
    assert sorted(os.listdir(into)) == ["big", "folder"]
