"""How each entry of the transcript looks: entries to rows, and what is folded away.

Lives here: one function per kind of content, and :class:`Cell`, which remembers rows until something changes.
Not here: which cells there are and which rows are visible (:mod:`codex_ssh.tui.widgets.transcript_view`).

Everything from the devbox goes through :mod:`codex_ssh.core.plain_text` here, and is never markup.

For a view that finds, copies and follows links: :meth:`Cell.copy_text` is all of an entry, folded parts
included, and a segment of a row that is part of a link has its address in ``style.meta["link"]``
(:mod:`codex_ssh.tui.links`: ``link_of(segment.style)``, ``links_in(rows)``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.style import Style
from textual.strip import Strip

from codex_ssh.core.entry import CheckList, Content, Entry, Level, Notice, Progress, TurnEnd
from codex_ssh.core.entry_text import entry_text
from codex_ssh.core.events import StepStatus
from codex_ssh.core.items import (
    AgentMessage,
    BriefItem,
    ChangeKind,
    CommandExecution,
    FileChange,
    ItemStatus,
    Plan,
    Reasoning,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from codex_ssh.core.plain_text import plain_line, plain_lines, plain_output
from codex_ssh.core.thread import TurnStatus
from codex_ssh.tui import palette
from codex_ssh.tui.diff import change_counts, diff_rows, short_path
from codex_ssh.tui.links import file_address, link_style, linked
from codex_ssh.tui.markdown import MarkdownRows
from codex_ssh.tui.wrap import Span, blank, rows_of, wrap

OUTPUT_ROWS: Final = 6
"""Of a folded command's output so many rows are shown."""

DIFF_ROWS: Final = 24
"""Of a folded edit so many rows are shown."""

THOUGHT_ROWS: Final = 6
COMMAND_ROWS: Final = 4

_WRAPPED_OUTPUT_CHARACTERS: Final = 64 * 1024
"""Of unfolded output the last so many characters are wrapped."""

UNFOLD_HINT: Final = "ctrl+o"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What rows depend on beside the entry.

    Attributes:
        width: In cells.
        cwd: The thread's; paths below it are shown short.
        unfolded: Show everything.
    """

    width: int
    cwd: str = ""
    unfolded: bool = False


class Cell:
    """One entry and its rows at one look."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._look: Look | None = None
        self._rows: list[Strip] = []
        front = ("▤ ", palette.AGENT) if isinstance(entry.content, Plan) else ("• ", palette.AGENT)
        self._markdown = MarkdownRows(front, ("  ", palette.PLAIN))
        self._stale = True

    def spoil(self) -> None:
        """Make the rows anew when they are wanted next."""
        self._stale = True

    def is_fresh(self, look: Look) -> bool:
        """Whether :meth:`rows` is cheap."""
        return not self._stale and look == self._look

    @property
    def height(self) -> int:
        """Rows when last made; 0 when never."""
        return len(self._rows)

    def guess(self, look: Look) -> int:
        """Guess the height at a look without making rows."""
        if self._look is None:
            return 3
        return max(1, len(self._rows) * self._look.width // max(1, look.width))

    def rows(self, look: Look) -> list[Strip]:
        """Give the rows, with a free one at the end."""
        if not self.is_fresh(look):
            rows = self._make(look)
            self._rows = [*rows, blank()] if rows else []
            self._look, self._stale = look, False
        return self._rows

    def _make(self, look: Look) -> list[Strip]:
        content = self.entry.content
        if isinstance(content, AgentMessage | Plan):
            text = ("…" if self.entry.gap else "") + content.text
            growing = self.entry.progress is Progress.OPEN
            rows = self._markdown.rows(text, look.width - 2, growing=growing)
            return rows + _cut_note(self.entry, look)
        if isinstance(content, Reasoning):
            return _reasoning(content, self.entry, look)
        return entry_rows(self.entry, content, look)

    def copy_text(self) -> str:
        """Give all of the entry as text, for the clipboard and for a search."""
        return entry_text(self.entry.content)


def entry_rows(entry: Entry, content: Content, look: Look) -> list[Strip]:
    """Give the rows of everything that is not markdown."""
    match content:
        case UserMessage():
            return _user_message(content, entry, look)
        case CommandExecution():
            return _command(content, entry, look)
        case FileChange():
            return _file_change(content, entry, look)
        case ToolCall():
            return _tool_call(content, entry, look)
        case CheckList():
            return _check_list(content, look)
        case TurnEnd():
            return _turn_end(content, look)
        case Notice():
            return _notice(content, look)
        case WebSearch():
            what = {"openPage": "opened", "findInPage": "looked for"}.get(
                content.action, "searched the web for"
            )
            about = " ".join(part for part in (content.query, content.target) if part)
            return _one_line([(f"{what} ", palette.PLAIN), *linked(plain_line(about), palette.CODE)], look)
        case BriefItem():
            return _one_line(
                [
                    (content.label, palette.PLAIN),
                    *linked(f" {plain_line(content.text)}".rstrip(), palette.DIM),
                ],
                look,
            )
        case UnknownItem():
            return _one_line([(f"({plain_line(content.type) or 'item'})", palette.DIM)], look)
        case _:
            return []


def _one_line(spans: Sequence[Span], look: Look) -> list[Strip]:
    return wrap(spans, look.width, first=[("• ", palette.DIM)])


def _user_message(message: UserMessage, entry: Entry, look: Look) -> list[Strip]:
    rows: list[Strip] = []
    style = palette.DIM if entry.progress is Progress.SENDING else palette.USER_TEXT
    for at, line in enumerate(plain_lines(message.text).split("\n")):
        front: Span = ("› ", palette.USER) if at == 0 else ("  ", palette.PLAIN)
        rows += wrap(linked(line, style), look.width, first=[front])
    for label in message.attachments:
        rows += wrap([(f"[{plain_line(label)}]", palette.DIM)], look.width, first=[("  ", palette.PLAIN)])
    return rows


def _reasoning(thought: Reasoning, entry: Entry, look: Look) -> list[Strip]:
    text = "\n\n".join(thought.summary or thought.content)
    if not text:
        return []
    made = MarkdownRows(base=palette.THOUGHT).rows(text, look.width - 2)
    if entry.progress is not Progress.OPEN:
        made = _folded(made, THOUGHT_ROWS, look, keep_end=False)
    else:
        made = _folded(made, THOUGHT_ROWS, look, keep_end=True)
    return rows_of(made, [("∴ ", palette.DIM)], [("  ", palette.PLAIN)])


def _command(command: CommandExecution, entry: Entry, look: Look) -> list[Strip]:
    running = entry.progress is Progress.OPEN and command.status in (
        ItemStatus.IN_PROGRESS,
        ItemStatus.UNKNOWN,
    )
    by_user = command.source == "userShell"
    verb = ("Run " if running else "You ran " if by_user else "Ran ") if command.command else "Output "
    if command.status is ItemStatus.DECLINED:
        verb = "Not run "
    lines = plain_lines(command.plain_command).split("\n")
    made: list[Strip] = []
    for at, line in enumerate(lines):
        front: Span = (
            (f"$ {verb}", _status_style(command.status, command.exit_code))
            if at == 0
            else ("  ", palette.PLAIN)
        )
        rest: Span = ("    ", palette.PLAIN)
        made += wrap([(line, palette.COMMAND)], look.width, first=[front], rest=[rest], anywhere=True)
    rows = _folded(made, COMMAND_ROWS, look, keep_end=False)
    rows += _output(command, entry, look)
    outcome = _outcome(command, entry)
    if outcome:
        rows += wrap(outcome, look.width, first=[("  ", palette.PLAIN)])
    return rows


def _output(command: CommandExecution, entry: Entry, look: Look) -> list[Strip]:
    text = plain_output(command.output[-_WRAPPED_OUTPUT_CHARACTERS:]).strip("\n")
    if not text:
        return []
    lines = text.split("\n")
    left_out = 0
    if not look.unfolded and len(lines) > 4 * OUTPUT_ROWS:
        left_out = len(lines) - 4 * OUTPUT_ROWS
        lines = lines[-4 * OUTPUT_ROWS :]
    made: list[Strip] = []
    for line in lines:
        made += wrap(
            linked(line, palette.DIM),
            look.width,
            first=[("  │ ", palette.DIM)],
            rest=[("  │ ", palette.DIM)],
            anywhere=True,
        )
    cut_off = entry.gap or len(command.output) > _WRAPPED_OUTPUT_CHARACTERS
    rows = _folded(made, OUTPUT_ROWS, look, keep_end=True, more=left_out)
    if cut_off and look.unfolded:
        rows[:0] = wrap(
            [("… the beginning is not kept", palette.DIM)], look.width, first=[("  │ ", palette.DIM)]
        )
    return rows


def _outcome(command: CommandExecution, entry: Entry) -> list[Span]:
    spans: list[Span] = []
    if command.exit_code is not None and command.exit_code != 0:
        spans.append((f"exit {command.exit_code}", palette.BAD))
    elif command.exit_code == 0 and not command.output:
        spans.append(("exit 0, no output", palette.DIM))
    elif command.status is ItemStatus.FAILED:
        spans.append(("failed", palette.BAD))
    elif command.status is ItemStatus.DECLINED:
        spans.append(("declined", palette.WARN))
    elif entry.progress is Progress.CUT:
        spans.append(("interrupted", palette.WARN))
    if command.duration_ms is not None and command.duration_ms >= 1000:
        spans.append((f"{' · ' if spans else ''}{seconds(command.duration_ms)}", palette.DIM))
    return spans


def _status_style(status: ItemStatus, exit_code: int | None = None) -> Style:
    if status is ItemStatus.FAILED or exit_code:
        return palette.BAD
    if status is ItemStatus.COMPLETED:
        return palette.GOOD
    return palette.WARN if status is ItemStatus.DECLINED else palette.BUSY


def _file_change(edit: FileChange, entry: Entry, look: Look) -> list[Strip]:
    rows: list[Strip] = []
    note = {ItemStatus.DECLINED: "not made, ", ItemStatus.FAILED: "failed, "}.get(edit.status, "")
    if entry.progress is Progress.CUT:
        note = "interrupted, "
    for change in edit.changes:
        added, removed = change_counts(change)
        verb = {ChangeKind.ADD: "Add", ChangeKind.DELETE: "Delete"}.get(change.kind, "Edit")
        path, moved = change.path, change.moved_to
        link = link_style(file_address(plain_line(moved or path)))
        head: list[Span] = [(short_path(path, look.cwd), palette.COMMAND + link)]
        if moved:
            head.append((f" → {short_path(moved, look.cwd)}", palette.COMMAND + link))
        head += [
            (f" ({note}", palette.DIM),
            (f"+{added}", palette.ADDED),
            (" ", palette.DIM),
            (f"-{removed}", palette.REMOVED),
            (")", palette.DIM),
        ]
        rows += wrap(head, look.width, first=[(f"± {verb} ", _status_style(edit.status))])
        rows += _folded(diff_rows(change, look.width), DIFF_ROWS, look, keep_end=False)
    return rows or wrap([("Edit", palette.PLAIN)], look.width, first=[("± ", palette.BUSY)])


def _tool_call(call: ToolCall, entry: Entry, look: Look) -> list[Strip]:
    name = ".".join(plain_line(part) for part in (call.server, call.tool) if part) or "tool"
    verb = "Call " if entry.progress is Progress.OPEN else "Called "
    head: list[Span] = [(name, palette.COMMAND), (f" {plain_line(call.arguments)}".rstrip(), palette.DIM)]
    rows = wrap(
        head, look.width, first=[(f"⚒ {verb}", _status_style(call.status))], rest=[("    ", palette.PLAIN)]
    )
    rows = _folded(rows, COMMAND_ROWS, look, keep_end=False)
    text = call.error or call.result or (call.progress if entry.progress is Progress.OPEN else "")
    style = palette.BAD if call.error else palette.DIM
    made: list[Strip] = []
    for line in plain_lines(text).split("\n") if text else []:
        bar: Span = ("  │ ", palette.DIM)
        made += wrap(linked(line, style), look.width, first=[bar], rest=[bar])
    return rows + _folded(made, OUTPUT_ROWS, look, keep_end=False)


_STEPS: Final = {
    StepStatus.PENDING: ("☐ ", palette.DIM),
    StepStatus.IN_PROGRESS: ("▶ ", palette.BUSY),
    StepStatus.COMPLETED: ("✔ ", palette.GOOD),
}


def _check_list(plan: CheckList, look: Look) -> list[Strip]:
    done = sum(step.status is StepStatus.COMPLETED for step in plan.steps)
    head = f"Plan, {done} of {len(plan.steps)} done"
    rows = wrap([(head, palette.BOLD)], look.width, first=[("▤ ", palette.AGENT)])
    if plan.explanation:
        for line in plain_lines(plan.explanation).split("\n"):
            rows += wrap([(line, palette.THOUGHT)], look.width, first=[("  ", palette.PLAIN)])
    for step in plan.steps:
        mark, style = _STEPS[step.status]
        look_of_text = palette.DIM if step.status is StepStatus.COMPLETED else palette.PLAIN
        text = (plain_line(step.text), look_of_text)
        rows += wrap([text], look.width, first=[("  ", palette.PLAIN), (mark, style)])
    return rows


def _turn_end(end: TurnEnd, look: Look) -> list[Strip]:
    took = f" after {seconds(end.duration_ms)}" if end.duration_ms is not None else ""
    match end.status:
        case TurnStatus.COMPLETED:
            if end.duration_ms is None or end.duration_ms < 1000:
                return []
            return wrap([(f"── worked for {seconds(end.duration_ms)} ──", palette.DIM)], look.width)
        case TurnStatus.INTERRUPTED:
            return wrap([(f"interrupted{took}", palette.WARN)], look.width, first=[("■ ", palette.WARN)])
        case _:
            message = plain_line(end.error.message) if end.error else "the turn failed"
            rows = wrap([(message, palette.BAD)], look.width, first=[("✗ ", palette.BAD_BOLD)])
            kind = end.error.kind if end.error and end.error.kind != "other" else ""
            details = [part for part in (kind, end.error.details) if part] if end.error else []
            for part in details:
                for line in plain_lines(part).split("\n"):
                    rows += wrap([(line, palette.DIM)], look.width, first=[("  ", palette.PLAIN)])
            return rows


_LEVELS: Final = {
    Level.INFO: ("· ", palette.DIM, palette.PLAIN),
    Level.WARNING: ("⚠ ", palette.WARN, palette.WARN),
    Level.ERROR: ("✗ ", palette.BAD_BOLD, palette.BAD),
}


def _notice(notice: Notice, look: Look) -> list[Strip]:
    mark, mark_style, style = _LEVELS[notice.level]
    rows: list[Strip] = []
    for at, line in enumerate(plain_lines(notice.text).split("\n")):
        front: Span = (mark, mark_style) if at == 0 else ("  ", palette.PLAIN)
        rows += wrap(linked(line, style), look.width, first=[front])
    for line in plain_lines(notice.details).split("\n") if notice.details else []:
        rows += wrap(linked(line, palette.DIM), look.width, first=[("  ", palette.PLAIN)])
    return rows


def _cut_note(entry: Entry, look: Look) -> list[Strip]:
    if entry.progress is not Progress.CUT:
        return []
    return wrap(
        [("(cut short; not kept by the server)", palette.DIM)], look.width, first=[("  ", palette.PLAIN)]
    )


def _folded(rows: list[Strip], limit: int, look: Look, *, keep_end: bool, more: int = 0) -> list[Strip]:
    """Keep the first or last rows and say how many are left out."""
    if look.unfolded or len(rows) + more <= limit + 1:
        return rows
    hidden = len(rows) - limit + more
    note = wrap(
        [(f"… {hidden} more {'lines' if hidden > 1 else 'line'} ({UNFOLD_HINT})", palette.DIM)],
        look.width,
        first=[("    ", palette.PLAIN)],
    )
    return [*note, *rows[-limit:]] if keep_end else [*rows[:limit], *note]


def seconds(milliseconds: int) -> str:
    """Give a duration in words: ``0.4 s``, ``12 s``, ``3 min 05 s``, ``2 h 03 min``."""
    if milliseconds < 10_000:
        return f"{milliseconds / 1000:.1f} s"
    whole = milliseconds // 1000
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
