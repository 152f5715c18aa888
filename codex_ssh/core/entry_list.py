"""The entries of a transcript in the order they are shown, and which of them changed.

Lives here: order, keys, and remembering changes until somebody looks. Not here: what changes them
(:mod:`codex_ssh.core.transcript`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codex_ssh.core.entry import Entry, EntryKey
from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChanges:
    """What changed since the last look.

    Attributes:
        entries: Keys of entries that are new or look different now.
        order: Entries were added, removed or moved.
        front: So many entries were put in front of all others.
        kept: So many entries after those, or more, are the same, in the same order, as the first ones were.
    """

    entries: frozenset[EntryKey]
    order: bool
    front: int
    kept: int


class EntryList:
    """Entries with distinct keys."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._by_key: dict[EntryKey, Entry] = {}
        self._changed: set[EntryKey] = set()
        self._reordered = False
        self._front = self._kept = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __contains__(self, key: EntryKey) -> bool:
        return key in self._by_key

    @property
    def entries(self) -> Sequence[Entry]:
        """All of them; not to be changed or kept."""
        return self._entries

    def find(self, key: EntryKey) -> Entry | None:
        """Give the entry with a key."""
        return self._by_key.get(key)

    def add(self, entry: Entry) -> Entry:
        """Put an entry at the end; one with the same key goes away."""
        if entry.key in self._by_key:
            self.remove(entry.key)
        self._entries.append(entry)
        self._by_key[entry.key] = entry
        self._changed.add(entry.key)
        self._reordered = True
        return entry

    def remove(self, key: EntryKey) -> None:
        """Take an entry out, if it is there."""
        entry = self._by_key.pop(key, None)
        if entry is not None:
            # What is removed is nearly always near the end, and there may be many.
            at = next(at for at in reversed(range(len(self._entries))) if self._entries[at] is entry)
            del self._entries[at]
            if at < self._front:
                self._front -= 1
            else:
                self._kept = min(self._kept, at - self._front)
            self._changed.discard(key)
            self._reordered = True

    def touch(self, entry: Entry) -> None:
        """Note that an entry looks different now."""
        self._changed.add(entry.key)

    def replace(self, entries: list[Entry]) -> None:
        """Have these entries instead, all of which may look different."""
        self._entries = entries
        self._by_key = {entry.key: entry for entry in entries}
        self._changed = set(self._by_key)
        self._reordered = True
        self._front = self._kept = 0

    def prepend(self, entries: Sequence[Entry]) -> None:
        """Put entries in front of the others."""
        self._entries[:0] = entries
        self._by_key.update({entry.key: entry for entry in entries})
        self._changed.update(entry.key for entry in entries)
        self._reordered = True
        self._front += len(entries)

    def take_changes(self) -> ListChanges:
        """Give what changed since the last call."""
        found = ListChanges(
            entries=frozenset(self._changed), order=self._reordered, front=self._front, kept=self._kept
        )
        self._changed.clear()
        self._reordered = False
        self._front, self._kept = 0, len(self._entries)
        return found
