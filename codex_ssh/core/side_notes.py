"""What is said beside the items of a turn: notices, hooks, reviews in the user's place.

Lives here: folding those events into entries. Not here: items and turns
(:mod:`codex_ssh.core.transcript`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from codex_ssh.core.approval_review import ApprovalReview, Review
from codex_ssh.core.entry import Entry, EntryKey, Level, Notice, Progress
from codex_ssh.core.entry_list import EntryList
from codex_ssh.core.events import (
    ApprovalReviewed,
    ContextCompacted,
    ErrorSaid,
    HookRan,
    McpSignedIn,
    SafetyBuffered,
    ToolServerStarted,
    Warned,
)
from codex_ssh.core.hook import HookStatus
from codex_ssh.core.items import ContextCompaction, ItemId


class SideNotes:
    """Writes into a transcript's entries.

    Args:
        entries: The transcript's.
        turn: Gives the id of the running turn; empty for none.
    """

    def __init__(self, entries: EntryList, turn: Callable[[], str]) -> None:
        self._list = entries
        self._turn = turn
        self._notes = 0
        self._hooks: dict[str, EntryKey] = {}
        self._said: set[str] = set()

    @property
    def folds(self) -> Mapping[type, Callable[[Any], None]]:
        """What each kind of event does."""
        return {
            HookRan: self._hook_ran,
            ApprovalReviewed: self._reviewed,
            SafetyBuffered: self._safety_buffered,
            ContextCompacted: self._compacted,
            ErrorSaid: self._error_said,
            ToolServerStarted: self._tool_server_started,
            Warned: self._warned,
            McpSignedIn: self._mcp_signed_in,
        }

    def note(self, turn_id: str, level: Level, text: str, details: str = "") -> None:
        """Say something, in a turn or in none."""
        self._notes += 1
        notice = Notice(level=level, text=text, details=details)
        self._list.add(Entry((turn_id, f"#note {self._notes}"), notice, Progress.DONE))

    def turn_over(self, turn_id: str) -> None:
        """Take away what was true only while a turn went on."""
        self._list.remove((turn_id, "#safety"))

    def _hook_ran(self, event: HookRan) -> None:
        """A hook at the same place runs again under the same id: each run is an entry of its own."""
        key = self._hooks.get(event.run.run_id)
        entry = self._list.find(key) if key is not None else None
        over = event.run.status is not HookStatus.RUNNING
        if entry is None or entry.progress is Progress.DONE:
            self._notes += 1
            key = (event.turn_id, f"#hook {self._notes}")
            self._hooks[event.run.run_id] = key
            self._list.add(Entry(key, event.run, Progress.DONE if over else Progress.OPEN))
            return
        entry.put(event.run)
        entry.progress = Progress.DONE if over else Progress.OPEN
        self._list.touch(entry)

    def _reviewed(self, event: ApprovalReviewed) -> None:
        key = (event.turn_id, f"#review {event.review.review_id}")
        over = event.review.status is not Review.IN_PROGRESS
        progress = Progress.DONE if over else Progress.OPEN
        if (entry := self._list.find(key)) is None:
            self._list.add(Entry(key, event.review, progress))
        else:
            entry.put(event.review)
            entry.progress = progress
            self._list.touch(entry)

    def _safety_buffered(self, event: SafetyBuffered) -> None:
        key = (event.turn_id, "#safety")
        if not event.is_shown:
            self._list.remove(key)
            return
        why = f": {', '.join(event.reasons)}" if event.reasons else ""
        other = f"{event.faster_model} would answer without that" if event.faster_model else ""
        text = f"the answer is looked at before it is shown{why}"
        self._list.add(Entry(key, Notice(level=Level.INFO, text=text, details=other), Progress.DONE))

    def _compacted(self, event: ContextCompacted) -> None:
        """Older servers say it this way, newer ones by an item, some by both."""
        turn = (entry for entry in self._list if entry.turn_id == event.turn_id)
        if not any(isinstance(entry.content, ContextCompaction) for entry in turn):
            item = ContextCompaction(id=ItemId("#compacted"))
            self._list.add(Entry((event.turn_id, "#compacted"), item, Progress.DONE))

    def _error_said(self, event: ErrorSaid) -> None:
        text, details = event.error.message, event.error.details
        if event.will_retry:
            notice = Notice(level=Level.WARNING, text=text, details=details)
            self._list.add(Entry((event.turn_id, "#retry"), notice, Progress.DONE))
        elif not event.turn_id:
            self.note(event.turn_id, Level.ERROR, text, details)

    def _warned(self, event: Warned) -> None:
        if event.kind == "deprecationNotice" or event.message in self._said:
            return
        if event.kind == "guardianWarning" and self._is_reviewed():
            return  # the review itself says it, and more
        self._said.add(event.message)
        level = Level.INFO if event.kind == "authRecovery" else Level.WARNING
        self.note(self._turn(), level, event.message, event.details)

    def _tool_server_started(self, event: ToolServerStarted) -> None:
        """Only a server that does not work is worth a word: its tools are missing."""
        text = f"the MCP server {event.name!r} did not start"
        if event.status == "failed" and text not in self._said:
            self._said.add(text)
            self.note(self._turn(), Level.WARNING, text, event.error)

    def _mcp_signed_in(self, event: McpSignedIn) -> None:
        if event.success:
            self.note(self._turn(), Level.INFO, f"signed in to the MCP server {event.name}")
        else:
            text = f"the sign-in to the MCP server {event.name} failed"
            self.note(self._turn(), Level.ERROR, text, event.error)

    def _is_reviewed(self) -> bool:
        return any(
            isinstance(entry.content, ApprovalReview) and entry.progress is Progress.OPEN
            for entry in self._list
        )
