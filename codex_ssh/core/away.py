"""What happened in a thread while nobody listened, in a few lines.

Lives here: the comparison and its words. Not here: what is compared (:mod:`codex_ssh.core.transcript`) and
who shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from codex_ssh.core.entry import Entry, EntryKey, Progress, TurnEnd
from codex_ssh.core.items import FileChange
from codex_ssh.core.thread import TurnStatus
from codex_ssh.core.value import dataclass

FILES_NAMED: Final = 5

_ENDED: Final = {
    TurnStatus.COMPLETED: "finished",
    TurnStatus.FAILED: "failed",
    TurnStatus.INTERRUPTED: "interrupted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was on the screen when the link was lost.

    Attributes:
        done: The entries nothing could change any more.
        asks: How many approvals and questions waited.
        generation: Which run of the app server it was.
        at: When that was, on the caller's monotonic clock, in seconds.
    """

    done: frozenset[EntryKey]
    asks: int
    generation: str
    at: float


def look(entries: Sequence[Entry], *, asks: int, generation: str, at: float) -> Seen:
    """Remember what is there."""
    done = frozenset(entry.key for entry in entries if entry.progress is not Progress.OPEN)
    return Seen(done=done, asks=asks, generation=generation, at=at)


def was_restarted(seen: Seen, generation: str) -> bool:
    """Whether this run of the app server is another one than was seen; False when that is not known."""
    return bool(seen.generation and generation) and seen.generation != generation


def what_happened(
    seen: Seen, entries: Sequence[Entry], *, asks: int, answered: int, generation: str
) -> tuple[str, ...]:
    """Give what a person should know, one thing a line; nothing when nothing happened.

    Args:
        seen: What was there.
        entries: What is there now.
        asks: How many approvals and questions wait now.
        answered: How many of those that waited do not any more.
        generation: Which run of the app server this is.
    """
    lines: list[str] = []
    if was_restarted(seen, generation):
        lines.append("the app server was restarted")
    new = [entry.content for entry in entries if entry.key not in seen.done]
    for status, word in _ENDED.items():
        count = sum(isinstance(content, TurnEnd) and content.status is status for content in new)
        if count:
            lines.append(f"{_count(count, 'turn')} {word}")
    paths = list(
        dict.fromkeys(
            change.path for content in new if isinstance(content, FileChange) for change in content.changes
        )
    )
    if paths:
        more = f" and {len(paths) - FILES_NAMED} more" if len(paths) > FILES_NAMED else ""
        lines.append(f"{_count(len(paths), 'file')} changed: {', '.join(paths[:FILES_NAMED])}{more}")
    if answered:
        lines.append(f"{_count(answered, 'request')} answered elsewhere")
    if asks:
        since = ", since before the link was lost" if asks <= seen.asks - answered else ""
        lines.append(f"{_count(asks, 'request')} waiting for your answer{since}")
    return tuple(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
