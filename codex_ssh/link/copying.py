"""A copy of files and folders between this machine and a devbox, which goes on after a drop.

Lives here: one copy from its first look to its end, over as many connections as it takes. Not here: what is
copied, in which order (:mod:`codex_ssh.link.copy_plan`), the two sides (:mod:`codex_ssh.link.tree`), and the
connections (:mod:`codex_ssh.link.copy_over`).

A file is written beside its place, to a file whose name is made from what is copied where, and renamed when
it is whole and both ends have the same SHA-256. After a drop, and by the same command later, the copy goes on
behind what is there: when both ends have the same SHA-256 of it. Where they do not, the source has changed,
and the file is copied from its beginning.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from functools import partial
from hashlib import sha256
from typing import Final

from codex_ssh.core.copy_outcome import Outcome
from codex_ssh.core.copy_request import CopyRules
from codex_ssh.core.copy_watch import CopyWatch
from codex_ssh.core.file_tree import Facts, Kind, Spot
from codex_ssh.errors import CopyFailed
from codex_ssh.link.copy_plan import Job, make_plan, while_filled
from codex_ssh.link.tree import Tree
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

LARGE_BYTES: Final = 1024 * 1024
LARGE_AT_ONCE: Final = 2
SMALL_AT_ONCE: Final = 32
"""So many files are under way at once: small ones wait for answers most of the time."""

BEGINNINGS: Final = 3
"""How often a file is begun, when it changes while it is copied."""

_ROUND_BYTES: Final = 4 * 1024 * 1024
"""A part is cut to a multiple of it where its end did not arrive as it was sent."""


class Copy:
    """One copy.

    Args:
        here: This machine.
        is_up: Whether it goes to the devbox.
        sources: What is copied, as the user wrote it.
        target: Where it goes, likewise.
        rules: How.
        watch: Sees it being made.

    Attributes:
        outcome: What has come of it so far.
        progress: The most bytes that were there at any time; only grows.
    """

    def __init__(
        self,
        here: Tree,
        *,
        is_up: bool,
        sources: Sequence[bytes],
        target: bytes,
        rules: CopyRules,
        watch: CopyWatch,
    ) -> None:
        self.outcome = Outcome()
        self.progress = 0
        self._here = here
        self._is_up = is_up
        self._sources = tuple(sources)
        self._target = target
        self._rules = rules
        self._watch = watch
        self._jobs: list[Job] | None = None
        self._done: set[int] = set()
        self._moved: dict[int, int] = {}
        self._total = 0
        self._cannot_mark = False

    async def go_on(self, there: Tree) -> None:
        """Copy what is left, with a devbox that was just reached.

        Raises:
            CopyFailed: Nothing of it can be copied, or no more.
            LinkLost, ForwardError: The devbox is gone; to be called again with the next connection.
        """
        self.outcome.connections += 1
        source, target = (self._here, there) if self._is_up else (there, self._here)
        if self._jobs is None:
            plan = await make_plan(source, target, self._sources, self._target, self._rules, self._watch)
            self._jobs = plan.jobs
            self.outcome.left_out += plan.left_out
            self.outcome.failed += plan.failed
            self.outcome.same += plan.same
            self.outcome.skipped += plan.skipped
            self.outcome.places += plan.places
            files = [job for job in plan.jobs if job.facts.kind is Kind.FILE and not job.is_mark]
            self._watch.planned(len(files), sum(job.facts.size for job in files))
        for stage in _stages(self._jobs):
            await self._do_all(source, target, stage)

    async def _do_all(self, source: Tree, target: Tree, jobs: list[Job]) -> None:
        """Do jobs that do not need each other, several at once."""
        left = [job for job in jobs if job.number not in self._done]
        large = [job for job in left if job.facts.size > LARGE_BYTES]
        small = [job for job in left if job.facts.size <= LARGE_BYTES]
        queues = [iter(large)] * min(LARGE_AT_ONCE, len(large)) + [iter(small)] * min(
            SMALL_AT_ONCE, len(small)
        )
        working = len(queues)
        done = asyncio.Event()

        async def work(queue: Iterator[Job]) -> None:
            nonlocal working
            for job in queue:
                await self._do(source, target, job)
                self._done.add(job.number)
            working -= 1
            if not working:
                done.set()

        async with open_tasks() as tasks:
            for queue in queues:
                tasks.start(work(queue))
            if queues:
                await done.wait()

    async def _do(self, source: Tree, target: Tree, job: Job) -> None:
        try:
            if job.is_mark:
                await self._mark(target, job.target, job.facts)
            elif job.facts.kind is Kind.FOLDER:
                await _have_folder(target, job)
            elif job.facts.kind is Kind.LINK:
                await _have_link(target, job)
            else:
                await self._copy_file(source, target, job)
        except CopyFailed as failed:
            self._count(job, 0)
            if failed.is_full or job.facts.kind is Kind.FOLDER:
                raise  # nothing else has a place either
            self.outcome.failed.append(failed)
            self._watch.tell(f"{failed}: {failed.said}")

    async def _copy_file(self, source: Tree, target: Tree, job: Job) -> None:
        facts = job.facts
        part = job.target.beside(_part_name(job))
        if self.outcome.connections > 1 and await self._is_there(source, target, job, part):
            self._count(job, facts.size)
            self.outcome.copied += 1
            self.outcome.size += facts.size
            return
        for beginning in range(BEGINNINGS):
            if beginning:
                self.outcome.begun_again += 1
                await _forget(target, part)
                found = await source.look(job.source)
                if found is None or found.kind is not Kind.FILE:
                    raise CopyFailed("read", job.source.path, where=source.label, said="it is gone")
                facts = found
            have = await self._proved(source, target, job, part, facts)
            self._watch.at(job.source)
            self._count(job, have)
            try:
                async with aclosing(source.read(job.source, have, facts.size)) as pieces:
                    await target.write(part, have, pieces, partial(self._arrived, job))
            except CopyFailed as failed:
                if failed.where == target.label:
                    await _forget(target, part)
                raise
            said = await self._compare(source, target, job, part, facts)
            if said is None:
                break
            self._watch.tell(f"{job.source.shown}: {said}; it is copied from its beginning")
        else:
            await _forget(target, part)
            raise CopyFailed("copy", job.source.path, where=source.label, said="it changes all the time")
        if target.keeps_modes:
            await self._mark(target, part, facts)
        await target.rename(part, job.target)
        self.outcome.resumed += have
        self.outcome.copied += 1
        self.outcome.size += facts.size

    async def _is_there(self, source: Tree, target: Tree, job: Job, part: Spot) -> bool:
        """Whether the file got its name just before the link broke, which nobody could tell us."""
        if await target.look(part) is not None:
            return False
        there = await target.look(job.target)
        if there is None or there.kind is not Kind.FILE or there.size != job.facts.size:
            return False
        return bool(await _same(source, target, job.source, job.target, there.size, is_all=True))

    async def _mark(self, target: Tree, spot: Spot, facts: Facts) -> None:
        """Set mode and time; a disk that has none, as many a stick, is said once."""
        mtime = facts.mtime if self._rules.keeps_times else None
        try:
            await target.mark(spot, mode=facts.permissions, mtime=mtime)
        except CopyFailed as failed:
            if not self._cannot_mark:
                self._cannot_mark = True
                self._watch.tell(f"permissions and times cannot be kept there: {failed.said}")

    async def _proved(self, source: Tree, target: Tree, job: Job, part: Spot, facts: Facts) -> int:
        """Give how many bytes of an earlier attempt are there and right; without any, nothing is there."""
        there = await target.look(part)
        if there is None:
            return 0
        if there.kind is Kind.FILE and there.size:
            size = min(there.size, facts.size)
            rounded = size // _ROUND_BYTES * _ROUND_BYTES
            same: bool | None = False
            if size > LARGE_BYTES:
                self._watch.checks(job.source)
            # What was under way when the link broke may have holes before its end.
            for length in dict.fromkeys((size, rounded, rounded - _ROUND_BYTES)):
                if length > 0:
                    same = await _same(source, target, job.source, part, length)
                    if same:
                        return length
            self.outcome.begun_again += 1
            why = "it has changed" if same is False else "no program there can say whether it is the same"
            self._watch.tell(f"{job.source.shown}: a part of it was copied before, but {why}: once more")
        await target.remove(part)
        return 0

    async def _compare(self, source: Tree, target: Tree, job: Job, part: Spot, facts: Facts) -> str | None:
        """Give why a file is not what it should be; None when it is."""
        now = await source.look(job.source)
        if now is None or now.kind is not Kind.FILE:
            raise CopyFailed("read", job.source.path, where=source.label, said="it is gone")
        changed = "it changed while it was copied"
        if now.size != facts.size:
            return changed
        if facts.size > LARGE_BYTES:
            self._watch.checks(job.source)
        same = await _same(source, target, job.source, part, facts.size, is_all=True)
        if same is None:
            there = await target.look(part)
            if there is None or there.size != facts.size or now.mtime != facts.mtime:
                return changed
            self.outcome.unchecked += 1
            return None
        return None if same else "what arrived is not what is there now"

    def _arrived(self, job: Job, size: int) -> None:
        self._count(job, self._moved.get(job.number, 0) + size)
        # Only what was never there before: a file that breaks at the same place each time is no progress.
        self.progress = max(self.progress, self._total)

    def _count(self, job: Job, size: int) -> None:
        before = self._moved.get(job.number, 0)
        self._moved[job.number] = size
        self._total += size - before
        if size != before:
            self._watch.moved(size - before)


def _stages(jobs: Sequence[Job]) -> list[list[Job]]:
    """Put jobs in order: folders one after the other, then files, then links, then modes from within."""
    folders = [job for job in jobs if job.facts.kind is Kind.FOLDER and not job.is_mark]
    files = [job for job in jobs if job.facts.kind is Kind.FILE]
    links = [job for job in jobs if job.facts.kind is Kind.LINK]
    marks = [job for job in jobs if job.is_mark]
    return [*([one] for one in folders), files, links, *([one] for one in reversed(marks))]


async def _have_folder(target: Tree, job: Job) -> None:
    there = await target.look(job.target)
    if there is None:
        await target.make_folder(job.target, while_filled(job.facts))
    elif there.kind is not Kind.FOLDER:
        raise CopyFailed(
            "make", job.target.path, where=target.label, said=f"{there.kind.value} is in the way"
        )


async def _have_link(target: Tree, job: Job) -> None:
    there = await target.look(job.target)
    if there is not None:
        if there.kind is Kind.LINK and await target.link_target(job.target) == job.link:
            return
        if there.kind is Kind.FOLDER:
            raise CopyFailed(
                "make", job.target.path, where=target.label, said=f"{there.kind.value} is in the way"
            )
        await target.remove(job.target)
    await target.make_link(job.target, job.link)


async def _same(
    source: Tree, target: Tree, one: Spot, other: Spot, length: int, *, is_all: bool = False
) -> bool | None:
    """Compare the first bytes of two files; None where one side cannot make a checksum."""
    if not length:
        return True
    found: list[bytes | None] = [None, None]

    async def make(place: int, tree: Tree, spot: Spot) -> None:
        found[place] = await tree.digest(spot, length, is_all=is_all)
        if all(found) or found[place] is None:
            done.set()

    done = asyncio.Event()
    async with open_tasks() as tasks:
        tasks.start(make(0, source, one))
        tasks.start(make(1, target, other))
        await done.wait()
    return None if None in found else found[0] == found[1]


async def _forget(target: Tree, part: Spot) -> None:
    with contextlib.suppress(CopyFailed):
        await target.remove(part)


def _part_name(job: Job) -> bytes:
    """Give the name of the file that grows beside its place: the same for the same copy."""
    made_from = b"\0".join((job.source.path, job.target.name))
    return b".codex-ssh-%s.part" % sha256(made_from).hexdigest()[:16].encode()
