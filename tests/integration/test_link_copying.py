"""Copies over a real sshd: drops, changed sources, files in the way, traps, and what a devbox lacks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from pathlib import Path

import asyncssh
import pytest

from codex_ssh.core.copy_request import Conflict, CopyRules
from codex_ssh.core.file_tree import Facts, Spot
from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import CopyFailed, LinkLost, Stage, UsageError
from codex_ssh.link.copy_over import copy_over, open_tree
from codex_ssh.link.copying import Copy
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.ssh_client import open_ssh
from codex_ssh.link.tree import Tree
from codex_ssh.local.file_tree import LocalTree
from codex_ssh.local.terminal import SilentPrompter
from tests.conftest import StartSshd
from tests.support.faults import Fault, open_faulty_relay
from tests.support.lying_sftp import open_lying_sftp
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = pytest.mark.sshd

MIB = 1024 * 1024


class Seen:
    """Sees a copy being made, and answers as told."""

    def __init__(self, *answers: Conflict) -> None:
        self.words: list[str] = []
        self.size = 0
        self.whole = 0
        self._answers = list(answers)

    def planned(self, files: int, size: int) -> None:
        self.whole = size

    def at(self, spot: Spot) -> None:
        pass

    def checks(self, spot: Spot) -> None:
        pass

    def moved(self, size: int) -> None:
        self.size += size

    def tell(self, text: str) -> None:
        self.words.append(text)

    async def choose(self, spot: Spot, *, there: Facts, coming: Facts) -> Conflict:
        return self._answers.pop(0)


def connecting(sshd: Sshd, *lines: str) -> AbstractAsyncContextManager[Ssh]:
    config = sshd.client_config(*lines, name="copying") if lines else sshd.ssh_config
    return open_ssh(parse_host(sshd.alias), SshOptions(config_file=str(config)), SilentPrompter())


async def copied(
    sshd: Sshd,
    sources: Sequence[Path | bytes],
    target: Path,
    *,
    is_up: bool,
    rules: CopyRules | None = None,
    seen: Seen | None = None,
    lines: Sequence[str] = (),
    give_up: float = 30.0,
) -> Copy:
    """Copy, and give what has come of it; paths are this machine's on both sides."""
    seen = seen or Seen()
    copy = Copy(
        LocalTree(),
        is_up=is_up,
        sources=[os.fsencode(source) for source in sources],
        target=os.fsencode(target),
        rules=rules or CopyRules(folders=True),
        watch=seen,
    )
    await copy_over(lambda: connecting(sshd, *lines), open_tree, copy, seen.tell, give_up=give_up)
    return copy


def same(one: Path, other: Path) -> bool:
    return sha256(one.read_bytes()).digest() == sha256(other.read_bytes()).digest()


class Connection:
    """One that is lost when told to."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def wait_lost(self) -> None:
        await self.lost


async def test_a_connection_made_before_the_loss_of_the_last_was_noticed_is_kept(
    here: Path, there: Path
) -> None:
    (here / "file").write_text("whole")
    made: list[Connection] = []
    used: list[Connection] = []

    @asynccontextmanager
    async def connect() -> AsyncGenerator[Connection, None]:
        made.append(Connection())
        yield made[-1]

    @asynccontextmanager
    async def tree_over(connection: Connection) -> AsyncGenerator[Tree, None]:
        used.append(connection)
        if len(used) == 1:
            lost = LinkLost("reset by peer", stage=Stage.SSH, host="devbox")
            connection.lost.set_exception(lost)
            await until(lambda: len(made) == 2, "the supervisor has another one")
            raise lost
        yield LocalTree()

    source, target = os.fsencode(here / "file"), os.fsencode(there)
    copy = Copy(LocalTree(), is_up=True, sources=[source], target=target, rules=CopyRules(), watch=Seen())
    await copy_over(connect, tree_over, copy, lambda _: None)
    assert (there / "file").read_text() == "whole"
    assert used == made
    assert len(made) == 2


@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
async def test_three_drops_and_the_file_is_whole(sshd: Sshd, here: Path, there: Path, is_up: bool) -> None:
    file = here / "big"
    size = 64 * MIB
    file.write_bytes(os.urandom(size))
    seen = Seen()
    async with open_faulty_relay(sshd.port) as relay:

        def tell(text: str) -> None:
            seen.words.append(text)
            if len(relay.broken) < 3 and "is back" in text:
                relay.break_after(12 * MIB, Fault.RESET)

        relay.break_after(20 * MIB, Fault.CLOSE)
        copy = Copy(
            LocalTree(),
            is_up=is_up,
            sources=[os.fsencode(file)],
            target=os.fsencode(there),
            rules=CopyRules(),
            watch=seen,
        )
        lines = (f"Port {relay.port}", f"HostKeyAlias [127.0.0.1]:{sshd.port}")
        await copy_over(lambda: connecting(sshd, *lines), open_tree, copy, tell, give_up=30)
        # What was there before each drop was not sent again: at most what was under way is.
        assert relay.passed < size + 3 * 20 * MIB
    assert len(relay.broken) == 3
    assert same(file, there / "big")
    assert os.listdir(there) == ["big"]
    assert (copy.outcome.copied, copy.outcome.begun_again, copy.outcome.unchecked) == (1, 0, 0)
    assert copy.outcome.resumed > 20 * MIB
    assert copy.outcome.connections == 4
    assert (seen.size, seen.whole) == (size, size)
    assert sshd.logins == 4


async def test_a_source_that_changed_between_drops_is_copied_from_its_beginning(
    sshd: Sshd, here: Path, there: Path
) -> None:
    file = there / "log"
    file.write_bytes(os.urandom(12 * MIB))
    new = os.urandom(12 * MIB)
    seen = Seen()

    def tell(text: str) -> None:
        seen.words.append(text)
        if "is lost" in text:
            file.write_bytes(new)

    async with open_faulty_relay(sshd.port) as relay:
        relay.break_after(6 * MIB, Fault.RESET)
        copy = Copy(
            LocalTree(),
            is_up=False,
            sources=[os.fsencode(file)],
            target=os.fsencode(here / "log"),
            rules=CopyRules(),
            watch=seen,
        )
        lines = (f"Port {relay.port}", f"HostKeyAlias [127.0.0.1]:{sshd.port}")
        await copy_over(lambda: connecting(sshd, *lines), open_tree, copy, tell, give_up=30)
    assert (here / "log").read_bytes() == new
    assert copy.outcome.begun_again == 1
    assert any("it has changed" in text for text in seen.words)
    assert os.listdir(here) == ["log"]


async def test_a_devbox_that_stays_away_ends_it_and_the_next_run_goes_on(
    sshd: Sshd, here: Path, there: Path
) -> None:
    file = here / "big"
    file.write_bytes(os.urandom(16 * MIB))
    async with open_faulty_relay(sshd.port) as relay:
        lines = (f"Port {relay.port}", f"HostKeyAlias [127.0.0.1]:{sshd.port}")
        copy = Copy(
            LocalTree(),
            is_up=True,
            sources=[os.fsencode(file)],
            target=os.fsencode(there),
            rules=CopyRules(),
            watch=Seen(),
        )

        def tell(text: str) -> None:
            relay.is_open = False

        relay.break_after(8 * MIB, Fault.RESET)
        with pytest.raises(LinkLost, match="out of reach") as lost:
            await copy_over(lambda: connecting(sshd, *lines), open_tree, copy, tell, give_up=0.6)
    assert "goes on" in lost.value.hint
    (part,) = os.listdir(there)
    assert (there / part).stat().st_mode & 0o777 == 0o600
    again = await copied(sshd, [file], there, is_up=True)
    assert again.outcome.resumed > 2 * MIB
    assert same(file, there / "big")
    assert os.listdir(there) == ["big"]


HOSTILE = (b"-rf", b"new\nline\n", b"a b'c\"d", b"$(touch x)", b"*", b"\xff\xfe no utf-8", b"...", b"%s\\n")


@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
async def test_hostile_names_are_only_names(sshd: Sshd, here: Path, there: Path, is_up: bool) -> None:
    folder = os.fsencode(here / "folder")
    os.mkdir(folder)
    for name in HOSTILE:
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(name)
        os.makedirs(os.path.join(folder, b"in", name))
    copy = await copied(sshd, [folder], there, is_up=is_up)
    assert copy.outcome.failed == []
    assert copy.outcome.unchecked == 0
    copy_there = os.fsencode(there / "folder")
    assert sorted(os.listdir(copy_there)) == sorted([*HOSTILE, b"in"])
    assert sorted(os.listdir(os.path.join(copy_there, b"in"))) == sorted(HOSTILE)
    for name in HOSTILE:
        assert Path(os.fsdecode(os.path.join(copy_there, name))).read_bytes() == name
    # Each alone too, as a person would name it, and never as a pattern.
    one = await copied(sshd, [os.path.join(folder, b"*")], there / "star", is_up=is_up)
    assert one.outcome.copied == 1
    assert (there / "star").read_bytes() == b"*"


async def test_modes_times_and_links_are_kept_and_the_same_again_is_nothing_to_do(
    sshd: Sshd, here: Path, there: Path
) -> None:
    folder = here / "folder"
    (folder / "closed").mkdir(parents=True)
    (folder / "closed" / "file").write_text("x")
    (folder / "closed" / "file").chmod(0o4640)
    os.utime(folder / "closed" / "file", (1_000_000_000, 1_000_000_000))
    (folder / "closed").chmod(0o555)
    (folder / "wide").mkdir()
    (folder / "wide").chmod(0o777)
    (folder / "inside").symlink_to("closed/file")
    rules = CopyRules(folders=True, keeps_times=True)
    await copied(sshd, [folder], there, is_up=True, rules=rules)
    there_now = there / "folder"
    assert (there_now / "closed" / "file").stat().st_mode & 0o7777 == 0o640
    assert (there_now / "closed" / "file").stat().st_mtime == 1_000_000_000
    assert (there_now / "closed").stat().st_mode & 0o777 == 0o555
    assert (there_now / "wide").stat().st_mode & 0o777 == 0o777
    assert os.readlink(there_now / "inside") == "closed/file"
    again = await copied(sshd, [folder], there, is_up=True, rules=CopyRules(folders=True))
    # The mode of the first is another, with the bit that is not taken over; it is made equal once more.
    assert (again.outcome.copied, again.outcome.same, again.outcome.failed) == (0, 2, [])
    for place in (folder, there_now):
        (place / "closed").chmod(0o755)


async def test_a_file_in_the_way_is_refused_kept_renamed_or_replaced(
    sshd: Sshd, here: Path, there: Path
) -> None:
    for name in ("a.txt", "b.txt"):
        (here / name).write_text("new")
    (there / "a.txt").write_text("old")

    async def into(conflict: Conflict, *answers: Conflict) -> Copy:
        rules = CopyRules(conflict=conflict)
        return await copied(
            sshd, [here / "b.txt", here / "a.txt"], there, is_up=True, rules=rules, seen=Seen(*answers)
        )

    with pytest.raises(CopyFailed, match="cannot write") as refused:
        await into(Conflict.REFUSE)
    assert "nothing was copied" in refused.value.hint
    assert os.listdir(there) == ["a.txt"]
    assert (await into(Conflict.SKIP)).outcome.skipped == 1
    assert (there / "a.txt").read_text() == "old"
    await into(Conflict.ASK, Conflict.RENAME)
    assert (there / "a (2).txt").read_text() == "new"
    assert (there / "a.txt").read_text() == "old"
    # A link in the way is replaced itself; what it leads to is not written.
    (there / "a.txt").rename(there / "kept")
    (there / "a.txt").symlink_to(there / "kept")
    await into(Conflict.REPLACE)
    assert not (there / "a.txt").is_symlink()
    assert ((there / "a.txt").read_text(), (there / "kept").read_text()) == ("new", "old")


@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
async def test_nothing_is_written_through_a_link_that_stands_in_the_target(
    sshd: Sshd, here: Path, there: Path, tmp_path: Path, is_up: bool
) -> None:
    (here / "folder" / "sub").mkdir(parents=True)
    (here / "folder" / "sub" / "file").write_text("x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (there / "folder").mkdir()
    (there / "folder" / "sub").symlink_to(outside)
    with pytest.raises(CopyFailed) as refused:
        await copied(sshd, [here / "folder"], there, is_up=is_up)
    assert "a link is in the way" in refused.value.said
    assert os.listdir(outside) == []


async def test_a_pattern_is_expanded_there(sshd: Sshd, here: Path, there: Path) -> None:
    (there / "logs").mkdir()
    for name in ("a.log", "b.log", "c.txt", ".hidden.log"):
        (there / "logs" / name).write_text(name)
    copy = await copied(sshd, [there / "l*" / "*.log"], here, is_up=False)
    assert sorted(os.listdir(here)) == ["a.log", "b.log"]
    assert copy.outcome.copied == 2
    with pytest.raises(CopyFailed, match="cannot find"):
        await copied(sshd, [there / "*.none"], here, is_up=False)
    with pytest.raises(UsageError, match="is a folder"):
        await copied(sshd, [there / "logs"], here, is_up=False, rules=CopyRules())


async def test_what_cannot_be_read_is_told_and_the_rest_is_copied(
    sshd: Sshd, here: Path, there: Path
) -> None:
    (there / "folder").mkdir()
    (there / "folder" / "a").write_text("a")
    os.mkfifo(there / "folder" / "pipe")
    (there / "folder" / "out").symlink_to("/etc/passwd")
    (there / "folder" / "up").symlink_to("../../x")
    copy = await copied(sshd, [there / "folder"], here, is_up=False)
    assert os.listdir(here / "folder") == ["a"]
    names = [one.partition(":")[0].rpartition("/")[2] for one in copy.outcome.left_out]
    assert names == ["out", "pipe", "up"]


async def test_a_devbox_that_lies_about_names_gets_nothing_out_of_the_folder(
    tmp_path: Path, here: Path, there: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = there / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").write_text("evil")
    lies: list[asyncssh.SFTPName] = []

    endless = False

    def lie(path: bytes, true: Sequence[asyncssh.SFTPName]) -> Sequence[asyncssh.SFTPName]:
        if endless:
            return [asyncssh.SFTPName(b"d", attrs=asyncssh.SFTPAttrs(permissions=0o040755))]
        return [*lies, *true] if path == os.fsencode(folder) else true

    async with open_lying_sftp(tmp_path / "liar", lie) as liar:

        async def fetch() -> None:
            copy = Copy(
                LocalTree(),
                is_up=False,
                sources=[os.fsencode(folder)],
                target=os.fsencode(here),
                rules=CopyRules(folders=True),
                watch=Seen(),
            )

            @asynccontextmanager
            async def login() -> AsyncGenerator[Ssh, None]:
                async with open_ssh(liar.host, liar.options, SilentPrompter()) as ssh:
                    yield ssh

            await copy_over(login, open_tree, copy, lambda text: None)

        link = asyncssh.SFTPAttrs(permissions=0o120777, size=1)
        plain = asyncssh.SFTPAttrs(permissions=0o100644, size=4)
        for name, attrs in ((b"sub", link), (b"../evil", plain), (b"/tmp/evil", plain), (b"a\0b", plain)):
            lies[:] = [asyncssh.SFTPName(name, attrs=attrs)]
            with pytest.raises(CopyFailed):
                await fetch()
        lies.clear()
        await fetch()
        endless = True
        with pytest.raises(CopyFailed) as refused:
            await fetch()
        assert "without an end" in refused.value.said
    assert (here / "folder" / "sub" / "file").read_text() == "evil"
    assert os.listdir(here) == ["folder"]
    assert os.listdir(outside) == []


async def test_where_nothing_can_be_run_the_sizes_are_compared_and_that_is_told(
    start_sshd: StartSshd, here: Path, there: Path
) -> None:
    sshd = await start_sshd(lines=("ForceCommand internal-sftp",))
    (here / "file").write_bytes(os.urandom(MIB))
    copy = await copied(sshd, [here / "file"], there, is_up=True)
    assert copy.outcome.unchecked == 1
    assert same(here / "file", there / "file")


async def test_a_file_that_got_its_name_as_the_link_broke_is_not_sent_again(
    tmp_path: Path, here: Path, there: Path
) -> None:
    (here / "file").write_bytes(os.urandom(3 * MIB))
    async with open_lying_sftp(tmp_path / "liar", lambda _, true: true) as server:
        copy = Copy(
            LocalTree(),
            is_up=True,
            sources=[os.fsencode(here / "file")],
            target=os.fsencode(there),
            rules=CopyRules(),
            watch=Seen(),
        )

        def login() -> AbstractAsyncContextManager[Ssh]:
            return open_ssh(server.host, server.options, SilentPrompter())

        await copy_over(login, open_tree, copy, lambda text: None)
        assert server.renamed == [os.fsencode(there / "file")]
    assert (copy.outcome.connections, copy.outcome.copied, copy.progress) == (2, 1, 3 * MIB)
    assert same(here / "file", there / "file")
    assert os.listdir(there) == ["file"]
