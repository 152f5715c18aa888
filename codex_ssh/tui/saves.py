"""Files and folders of the devbox on their way to this machine, while the conversation goes on.

Lives here: which are under way, how far they are, and giving them up. Not here: copying
(:class:`codex_ssh.tui.carrier.Carrier`) and what is asked (:mod:`codex_ssh.tui.commands.save_commands`).
Nothing here imports Textual.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from codex_ssh.core.copy_request import Conflict, CopyRules
from codex_ssh.core.entry import Level
from codex_ssh.core.file_tree import Facts, Spot, shown
from codex_ssh.core.image import size_text
from codex_ssh.core.plain_text import plain_line
from codex_ssh.errors import CopyFailed, StageError, UsageError
from codex_ssh.tui.carrier import Carrier

Choose = Callable[[str, str, str], Coroutine[None, None, Conflict]]
"""Asks what to do about a file in the way: its path, what is there, what is coming."""


class Save:
    """One copy under way; sees itself being made.

    Args:
        name: What is copied, in a word.
        changed: Called when it is further.
        tell: Says something in the transcript.
        choose: Asks about a file in the way.
    """

    def __init__(
        self, name: str, changed: Callable[[], None], tell: Callable[[Level, str], None], choose: Choose
    ) -> None:
        self.name = name
        self._changed = changed
        self._tell = tell
        self._choose = choose
        self._whole = 0
        self._done = 0
        self._checks = False

    @property
    def words(self) -> str:
        """How far it is: ``big.log 45 % of 1.2 GB``."""
        if self._checks:
            return f"{self.name}: comparing checksums"
        share = f" {self._done * 100 // self._whole} % of {size_text(self._whole)}" if self._whole else " …"
        return f"{self.name}{share}"

    def planned(self, files: int, size: int) -> None:
        """Note how much it is."""
        self._whole = size
        self._changed()

    def at(self, spot: Spot) -> None:
        """Note that it goes on."""
        self._checks = False

    def checks(self, spot: Spot) -> None:
        """Note that it is compared."""
        self._checks = True
        self._changed()

    def moved(self, size: int) -> None:
        """Note how far it is."""
        before = self.words
        self._done += size
        if self.words != before:
            self._changed()

    def tell(self, text: str) -> None:
        """Say it in the transcript."""
        self._tell(Level.INFO, f"{self.name}: {plain_line(text)}")

    async def choose(self, spot: Spot, *, there: Facts, coming: Facts) -> Conflict:
        """Ask."""
        return await self._choose(spot.shown, _about(there), _about(coming))


class Saves:
    """All that are under way.

    Args:
        carrier: Copies.
        tell: Says something in the transcript.
        changed: Called when one is further.
    """

    def __init__(
        self, carrier: Carrier, tell: Callable[[Level, str], None], changed: Callable[[], None]
    ) -> None:
        self._carrier = carrier
        self._tell = tell
        self._changed = changed
        self._running: dict[Save, asyncio.Task[None]] = {}

    @property
    def words(self) -> str:
        """How far they are; empty when none is under way."""
        return ", ".join(save.words for save in self._running)

    async def run(self, path: str, to: str, choose: Choose) -> None:
        """Copy, until it is done or given up; what comes of it is said.

        Args:
            path: There; absolute.
            to: Here.
            choose: Asks about a file in the way.
        """
        name = plain_line(path.rstrip("/").rpartition("/")[2] or path)
        save = Save(name, self._changed, self._tell, choose)
        task = asyncio.current_task()
        assert task is not None
        self._running[save] = task
        rules = CopyRules(folders=True, conflict=Conflict.ASK)
        try:
            outcome = await self._carrier.save(path, to, rules, save)
        except (CopyFailed, UsageError, StageError) as failed:
            said = getattr(failed, "said", "")
            self._tell(Level.ERROR, plain_line(f"{name} is not saved: {failed}{f': {said}' if said else ''}"))
            return
        except asyncio.CancelledError:
            self._tell(Level.INFO, f"{name} is given up; the same /save goes on where it stopped")
            raise
        finally:
            del self._running[save]
            self._changed()
        for left in outcome.left_out:
            self._tell(Level.WARNING, f"left out: {plain_line(left)}")
        place = shown(outcome.places[0]) if outcome.places else plain_line(to)
        self._tell(Level.INFO, f"saved here: {place} ({outcome.words()})")

    def stop(self) -> int:
        """Give all of them up, and give how many there were."""
        tasks = tuple(self._running.values())
        for task in tasks:
            task.cancel()
        return len(tasks)


def _about(facts: Facts) -> str:
    return f"{facts.kind.value}, {size_text(facts.size)}"
