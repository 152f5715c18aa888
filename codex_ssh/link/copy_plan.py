"""What a copy consists of: every folder, file and link, and what is to be left alone.

Lives here: looking at both sides before anything is written. Not here: doing it
(:mod:`codex_ssh.link.copying`).

What a devbox tells is not believed: a name that leads out of its folder is refused, and so is one that comes
twice. Links in a folder stay links and none is followed; one from a devbox that leads out of the folder is
left out, since whatever is written through it later would land somewhere else.
"""

from __future__ import annotations

import asyncio
import dataclasses
import fnmatch
from collections.abc import Sequence
from dataclasses import field
from typing import Final

from codex_ssh.core.copy_request import Conflict, CopyRules, has_glob, numbered
from codex_ssh.core.copy_watch import Chooser
from codex_ssh.core.file_tree import Facts, Kind, Spot, leads_out, shown, spot_of
from codex_ssh.core.value import dataclass
from codex_ssh.errors import CopyFailed, UsageError
from codex_ssh.link.tree import Tree
from codex_ssh.local.tasks import open_tasks

COMPARED_AT_ONCE: Final = 64
"""So many files that look alike are compared at once: their checksums are asked for together."""


MOST_DEEP: Final = 200
MOST_THINGS: Final = 1_000_000
"""A folder that goes on for ever, as a devbox could tell, ends here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One thing to be made.

    Attributes:
        number: Its place in the plan.
        source, target: From where to where.
        facts: What it is at the source.
        link: What a link says.
        is_mark: Set the mode of a folder, now that all in it is there.
    """

    number: int
    source: Spot
    target: Spot
    facts: Facts
    link: bytes = b""
    is_mark: bool = False


@dataclasses.dataclass(slots=True, kw_only=True)
class Plan:
    """All of it.

    Attributes:
        jobs: What is to be made.
        left_out: What is not copied, and why.
        failed: What cannot be copied.
        same: Files that are there already.
        skipped: Files left alone by the user's choice.
        places: Where each source will be.
    """

    jobs: list[Job] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    failed: list[CopyFailed] = field(default_factory=list)
    same: int = 0
    skipped: int = 0
    places: list[bytes] = field(default_factory=list)


async def make_plan(
    source: Tree,
    target: Tree,
    sources: Sequence[bytes],
    to: bytes,
    rules: CopyRules,
    chooser: Chooser,
) -> Plan:
    """Look at both sides and say what is to be done.

    Args:
        source: The side it comes from.
        target: The side it goes to.
        sources: What is copied, as the user wrote it.
        to: Where it goes, likewise.
        rules: How.
        chooser: Is asked about files in the way, where the rules say so.

    Raises:
        CopyFailed: A source is not there, or a file is in the way and nobody is asked.
        UsageError: It cannot be meant: a folder without ``-r``, several sources onto one file.
        LinkLost, ForwardError: The devbox is gone.
    """
    planner = _Planner(source, target, rules, chooser)
    found = [one for path in sources for one in await planner.find(path)]
    into, spot = await planner.place(to, several=len(found) > 1)
    for name, at, facts in found:
        goes_to = spot.child(name) if into else spot
        planner.plan.places.append(goes_to.path)
        await planner.add(at, goes_to, facts, depth=-1)
    await planner.settle()
    return planner.plan


def while_filled(facts: Facts) -> int:
    """Give the mode a folder has until all in it is there."""
    return (facts.permissions or 0) | 0o700


class _Planner:
    def __init__(self, source: Tree, target: Tree, rules: CopyRules, chooser: Chooser) -> None:
        self.plan = Plan()
        self._source = source
        self._target = target
        self._rules = rules
        self._chooser = chooser
        self._taken: set[Spot] = set()
        self._listed: dict[Spot, dict[bytes, Facts]] = {}
        self._alike: list[tuple[Spot, Spot, Facts, Facts]] = []

    async def find(self, path: bytes) -> list[tuple[bytes, Spot, Facts]]:
        """Give what a source means: a name for it, where it is, and what it is."""
        absolute = await self._source.absolute(path)
        found = await self._named(absolute, path)
        if found is None and has_glob(path):
            matches = await self._expand(absolute)
            results = [await self._named(match, match) for match in matches]
            if any(results):
                return [one for one in results if one is not None]
        if found is None:
            raise CopyFailed("find", path, where=self._source.label, said="there is no such file or folder")
        return [found]

    async def _named(self, absolute: bytes, written: bytes) -> tuple[bytes, Spot, Facts] | None:
        """Look at something the user named: links to it are followed."""
        spot = spot_of(absolute)
        facts = await self._source.look(spot)
        if facts is None:
            return None
        real = spot_of(await self._source.real(absolute))
        if facts.kind is Kind.LINK or absolute.endswith((b"/.", b"/..")):
            facts = await self._source.look(real)
        if facts is None:
            raise CopyFailed("read", written, where=self._source.label, said="it is a link to nothing")
        if facts.kind is Kind.OTHER:
            raise CopyFailed("read", written, where=self._source.label, said=f"it is {facts.kind.value}")
        if facts.kind is Kind.FOLDER and not self._rules.folders:
            raise UsageError(
                f"{shown(written)!r} is a folder", hint="-r copies folders and all that is in them"
            )
        name = real.name if spot.name in (b"", b".", b"..") else spot.name
        return name or b"root", real, facts

    async def _expand(self, pattern: bytes) -> list[bytes]:
        """Give the paths a pattern stands for, as a shell would: sorted, hidden ones when asked for."""
        found = [b"/"]
        for part in pattern.strip(b"/").split(b"/"):
            if not has_glob(part):
                found = [folder.rstrip(b"/") + b"/" + part for folder in found]
                continue
            deeper: list[bytes] = []
            for folder in found:
                try:
                    real = spot_of(await self._source.real(folder))
                    names = [name for name, _ in await self._source.entries(real)]
                except CopyFailed:
                    continue  # not there, or no folder: nothing in it matches
                deeper += [
                    folder.rstrip(b"/") + b"/" + name
                    for name in names
                    if fnmatch.fnmatchcase(name, part)
                    and (not name.startswith(b".") or part.startswith(b"."))
                    and b"/" not in name
                ]
            found = deeper
        return found

    async def place(self, to: bytes, *, several: bool) -> tuple[bool, Spot]:
        """Give where it goes: whether that is a folder to put it in, and which, or the very place."""
        absolute = await self._target.absolute(to)
        spot = spot_of(absolute)
        facts = await self._target.look(spot)
        if facts is not None and facts.kind is Kind.LINK:
            real = spot_of(await self._target.real(absolute))
            facts = await self._target.look(real)
            if facts is not None and facts.kind is Kind.FOLDER:
                return True, Spot(root=real.path)
            facts = await self._target.look(spot)
        if facts is not None and facts.kind is Kind.FOLDER:
            return True, Spot(root=absolute)
        if several and facts is not None:
            raise UsageError(f"{shown(to)!r} is no folder", hint="several sources need a folder to go to")
        if absolute.endswith(b"/") or to.endswith(b"/") or several:
            if facts is not None:
                raise UsageError(f"{shown(to)!r} is no folder")
            self._listed[spot] = {}
            self._append(spot, spot, Facts(kind=Kind.FOLDER, mode=0o755))
            return True, spot
        return False, spot

    async def add(self, at: Spot, to: Spot, facts: Facts, *, depth: int) -> None:
        """Plan one thing and all that is in it.

        Args:
            at: Where it is.
            to: Where it goes.
            facts: What it is.
            depth: How many folders below the copied one it is in; -1 for that itself.
        """
        if depth > MOST_DEEP or len(self._taken) >= MOST_THINGS:
            why = "folders are in folders without an end" if depth > MOST_DEEP else "it has too many files"
            raise CopyFailed("copy", at.path, where=self._source.label, said=why)
        if to in self._taken:
            raise self._in_the_way(to, "two of the sources go there")
        self._taken.add(to)
        match facts.kind:
            case Kind.FOLDER:
                await self._add_folder(at, to, facts, depth=depth)
            case Kind.LINK:
                said = await self._source.link_target(at)
                if not self._source.is_here and leads_out(said, depth=depth):
                    self.plan.left_out.append(f"{at.shown}: a link that leads out, to {shown(said)}")
                else:
                    await self._add_leaf(at, to, facts, link=said)
            case Kind.FILE:
                await self._add_leaf(at, to, facts)
            case Kind.OTHER:
                self.plan.left_out.append(f"{at.shown}: {facts.kind.value}")

    async def _add_folder(self, at: Spot, to: Spot, facts: Facts, *, depth: int) -> None:
        there = await self._there(to)
        if there is not None and there.kind is not Kind.FOLDER:
            raise self._in_the_way(to, f"{there.kind.value} is in the way")
        if there is None:
            self._listed[to] = {}
        self._append(at, to, facts)
        try:
            entries = await self._source.entries(at)
        except CopyFailed as failed:
            self.plan.failed.append(failed)
            return
        for name, what in entries:
            try:
                inner, goes_to = at.child(name), to.child(name)
            except ValueError as error:
                raise CopyFailed("copy", at.path, where=self._source.label, said=str(error)) from None
            await self.add(inner, goes_to, what, depth=depth + 1)
        # A folder that was there keeps its mode, unless an earlier run of this copy was cut off in it.
        if self._target.keeps_modes and (there is None or there.permissions == while_filled(facts)):
            self._append(at, to, facts, is_mark=True)

    async def _add_leaf(self, at: Spot, to: Spot, facts: Facts, *, link: bytes = b"") -> None:
        """Plan a file or a link; asks where something is in the way."""
        there = await self._there(to)
        if there is None:
            self._append(at, to, facts, link=link)
            return
        if there.kind is Kind.FOLDER:
            raise self._in_the_way(to, "a folder is in the way")
        if facts.kind is there.kind is Kind.LINK and await self._target.link_target(to) == link:
            self.plan.same += 1
        elif facts.kind is there.kind is Kind.FILE and self._looks_alike(facts, there):
            # All of these are compared together, at the end.
            self._alike.append((at, to, facts, there))
        else:
            await self._decide(at, to, facts, there, link=link)

    def _looks_alike(self, facts: Facts, there: Facts) -> bool:
        return facts.size == there.size and (
            facts.permissions == there.permissions or not self._target.keeps_modes
        )

    async def settle(self) -> None:
        """Compare what looks alike, and decide about what is not the same."""
        same = await self._compare()
        for at, to, facts, there in self._alike:
            if to in same:
                self.plan.same += 1
            else:
                await self._decide(at, to, facts, there)

    async def _compare(self) -> set[Spot]:
        """Give which of those that look alike are the same."""
        same: set[Spot] = set()
        left = iter(self._alike)
        done = asyncio.Event()
        working = min(COMPARED_AT_ONCE, len(self._alike))

        async def compare() -> None:
            nonlocal working
            for at, to, facts, _ in left:
                ours = await self._source.digest(at, facts.size, is_all=True)
                if ours is not None and ours == await self._target.digest(to, facts.size, is_all=True):
                    same.add(to)
            working -= 1
            if not working:
                done.set()

        async with open_tasks() as tasks:
            for _ in range(working):
                tasks.start(compare())
            if working:
                await done.wait()
        return same

    async def _decide(self, at: Spot, to: Spot, facts: Facts, there: Facts, *, link: bytes = b"") -> None:
        """Do what is to be done where something else is in the way."""
        conflict = self._rules.conflict
        if conflict is Conflict.ASK:
            conflict = await self._chooser.choose(to, there=there, coming=facts)
        match conflict:
            case Conflict.REPLACE:
                self._append(at, to, facts, link=link)
            case Conflict.SKIP:
                self.plan.skipped += 1
            case Conflict.RENAME:
                self._append(at, await self._free_name(to), facts, link=link)
            case _:
                raise self._in_the_way(
                    to,
                    f"{there.kind.value} is there, and not the same",
                    hint="nothing was copied; --force replaces it, --conflict skip or rename keeps it",
                )

    async def _free_name(self, to: Spot) -> Spot:
        number = 2
        while True:
            spot = to.beside(numbered(to.name, number))
            if spot not in self._taken and await self._there(spot) is None:
                self._taken.add(spot)
                return spot
            number += 1

    async def _there(self, to: Spot) -> Facts | None:
        """Give what stands at the target, asking once for all that is in a folder."""
        folder = Spot(root=to.root, parts=to.parts[:-1])
        if folder not in self._listed:
            if folder not in self._taken:
                return await self._target.look(to)
            self._listed[folder] = dict(await self._target.entries(folder))
        return self._listed[folder].get(to.name)

    def _append(self, at: Spot, to: Spot, facts: Facts, *, link: bytes = b"", is_mark: bool = False) -> None:
        number = len(self.plan.jobs)
        self.plan.jobs.append(
            Job(number=number, source=at, target=to, facts=facts, link=link, is_mark=is_mark)
        )

    def _in_the_way(self, to: Spot, said: str, *, hint: str = "") -> CopyFailed:
        return CopyFailed("write", to.path, where=self._target.label, said=said, hint=hint)
