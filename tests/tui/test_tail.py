"""The end of a transcript in a few rows: the same rows as in the transcript, at the cost of what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from codex_ssh.core.entry import Entry, Progress
from codex_ssh.core.events import Delta, DeltaKind
from codex_ssh.core.items import AgentMessage, ItemId, Reasoning
from codex_ssh.core.thread import ThreadId, TurnId
from codex_ssh.tui.cells import Look
from codex_ssh.tui.tail import LOOKED_AT, Tail

LOOK = Look(width=40, cwd="/w")


class Watched(Sequence[Entry]):
    """Entries, and which of them were looked at."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.seen: set[int] = set()

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, at: int) -> Entry: ...

    @overload
    def __getitem__(self, at: slice) -> list[Entry]: ...

    def __getitem__(self, at: int | slice) -> Entry | list[Entry]:
        assert isinstance(at, int)
        self.seen.add(at)
        return self.entries[at]


def said(number: int, text: str, progress: Progress = Progress.DONE) -> Entry:
    return Entry(("turn", f"m{number}"), AgentMessage(id=ItemId(f"m{number}"), text=text), progress)


def texts(tail: Tail, entries: Sequence[Entry], height: int, look: Look = LOOK) -> list[str]:
    return [row.text.rstrip() for row in tail.rows(entries, look, height)]


def test_the_last_rows_end_with_the_last_text() -> None:
    entries = [said(number, f"answer {number}\n\nand more") for number in range(9)]
    tail = Tail()
    assert texts(tail, entries, 4) == ["", "• answer 8", "", "  and more"]
    assert texts(tail, entries, 100)[0] == "• answer 0"
    assert texts(tail, entries, 1) == ["  and more"]
    assert texts(tail, entries, 0) == texts(tail, [], 5) == []


def test_of_a_long_thread_only_the_end_is_looked_at() -> None:
    entries = Watched([said(number, f"answer {number}") for number in range(20_000)])
    assert texts(Tail(), entries, 10)[-1] == "• answer 19999"
    assert len(entries.seen) < 20
    silent = Reasoning(id=ItemId("r"))
    nothing = Watched([Entry(("turn", f"r{n}"), silent, Progress.DONE) for n in range(20_000)])
    assert texts(Tail(), nothing, 10) == []
    assert len(nothing.seen) <= LOOKED_AT


def test_what_stays_is_not_made_again_and_what_streams_is() -> None:
    entry = said(1, "", Progress.OPEN)
    entries = [said(0, "before"), entry]
    tail = Tail()
    assert texts(tail, entries, 9) == ["• before"]
    first = tail.rows(entries, LOOK, 9)[0]
    for text in ("one ", "two"):
        entry.grow(
            Delta(
                thread_id=ThreadId("t"),
                turn_id=TurnId("turn"),
                item_id=ItemId("m1"),
                kind=DeltaKind.MESSAGE,
                text=text,
            )
        )
        assert texts(tail, entries, 9)[-1].endswith(text.strip())
    assert texts(tail, entries, 9)[-1] == "• one two"
    assert tail.rows(entries, LOOK, 9)[0] is first
    # Another entry in its place, another end, another width.
    entries[1] = said(1, "it was replaced")
    assert texts(tail, entries, 9)[-1] == "• it was replaced"
    entries[1].progress = Progress.CUT
    assert "cut short" in "".join(texts(tail, entries, 9))
    assert len(texts(tail, entries, 9, Look(width=12, cwd="/w"))) > 3
