"""The server's account of some turns, merged with what was shown of them.

Lives here: the merge, as a function of entries. Not here: asking for the account, and everything that comes
as events (:mod:`codex_ssh.core.transcript`).
"""

from __future__ import annotations

from collections.abc import Sequence

from codex_ssh.core.entry import Entry, EntryKey, Progress, TurnEnd
from codex_ssh.core.items import CommandExecution, Item
from codex_ssh.core.methods import StoredItem
from codex_ssh.core.thread import Turn, TurnId, TurnStatus


def merge_history(
    entries: Sequence[Entry], turns: Sequence[Turn], items: Sequence[StoredItem]
) -> list[Entry]:
    """Give the entries as they are by the server's account of some turns, oldest first.

    What was streamed of an ended turn and is not in the account goes away; what was completed stays, since it
    may not be stored yet. A running turn keeps what it
    streamed, and so does one whose end came after the account was given. Other turns stay, before
    or after it as they were. What belongs to no turn stays behind the turn it came after.
    """
    account = _Account(turns, items)
    known = {entry.key: entry for entry in entries}
    first = next((at for at, entry in enumerate(entries) if entry.turn_id in account.order), None)
    if first is None:
        # An account of later turns only: what ended before stays in front of it.
        first = next((at for at in range(len(entries), 0, -1) if entries[at - 1].key[1] == "#end"), 0)
    anchor = account.order[-1] if account.order else TurnId("")
    own: dict[TurnId, list[Entry]] = {}
    anchored: dict[TurnId, list[Entry]] = {}
    for entry in entries[first:]:
        if entry.turn_id in account.order:
            anchor = entry.turn_id
            own.setdefault(anchor, []).append(entry)
        else:
            anchored.setdefault(anchor, []).append(entry)
    merged = list(entries[:first])
    for turn_id in account.order or [anchor]:
        merged += account.block(turn_id, own.get(turn_id, []), known) + anchored.get(turn_id, [])
    merged.sort(key=lambda entry: entry.progress is Progress.SENDING)
    return merged


def older_history(
    entries: Sequence[Entry], turns: Sequence[Turn], items: Sequence[StoredItem]
) -> list[Entry]:
    """Give the entries to put in front of the others, by an account of older turns, oldest first."""
    account = _Account(turns, items)
    known = {entry.key: entry for entry in entries}
    there = {entry.turn_id for entry in entries}
    older: list[Entry] = []
    for turn_id in account.order:
        found = account.entries(turn_id) if turn_id in there else account.block(turn_id, [], known)
        older += [entry for entry in found if entry.key not in known]
    return older


class _Account:
    """What the server told about some turns, by turn, oldest first."""

    def __init__(self, turns: Sequence[Turn], items: Sequence[StoredItem]) -> None:
        self._turns = {turn.id: turn for turn in turns}
        self._items: dict[TurnId, list[Item]] = {}
        for stored in items:
            self._items.setdefault(stored.turn_id, []).append(stored.item)
        told = [turn.id for turn in turns if turn.id in self._items or not turn.status.is_over]
        listed = list(self._items)
        first = next((at for at, turn_id in enumerate(listed) if turn_id in self._turns), len(listed))
        late = [turn_id for turn_id in listed[first:] if turn_id not in self._turns]
        self.order = [*listed[:first], *told, *late]

    def entries(self, turn_id: TurnId) -> list[Entry]:
        """Give a turn's items as entries."""
        found = [Entry((turn_id, item.id), item, Progress.DONE) for item in self._items.get(turn_id, [])]
        turn = self._turns.get(turn_id)
        for entry in found:
            if entry.is_in_progress:
                entry.progress = left_open(entry, turn.status) if turn is not None else Progress.OPEN
        return found

    def block(self, turn_id: TurnId, shown: Sequence[Entry], known: dict[EntryKey, Entry]) -> list[Entry]:
        """Give a turn's entries: the account's, then what is kept of what was shown, then its end."""
        listed = self.entries(turn_id)
        for at, entry in enumerate(listed):
            ours = known.get(entry.key)
            if ours is not None and ours.progress is entry.progress and entry.is_in_progress:
                listed[at] = ours
        told = {entry.key for entry in listed}
        kept = [entry for entry in shown if entry.key not in told and entry.key[1] != "#end"]
        end = known.get((turn_id, "#end"))
        turn = self._turns.get(turn_id)
        if end is None and turn is not None and turn.status.is_over:
            end = turn_end(turn)
            kept = [entry for entry in kept if entry.key[1].startswith("#") or entry.is_heard]
        return listed + kept + ([end] if end is not None else [])


def left_open(entry: Entry, status: TurnStatus) -> Progress:
    """Give how far an entry is that was not finished when its turn came to this status.

    A turn may end well with a command still running, and the command's end is told later.
    """
    if not status.is_over:
        return Progress.OPEN
    runs_on = status is TurnStatus.COMPLETED and isinstance(entry.content, CommandExecution)
    return Progress.BACKGROUND if runs_on and entry.is_in_progress else Progress.CUT


def turn_end(turn: Turn) -> Entry:
    """Give the entry that says how a turn ended."""
    content = TurnEnd(status=turn.status, error=turn.error, duration_ms=turn.duration_ms)
    return Entry((turn.id, "#end"), content, Progress.DONE)
