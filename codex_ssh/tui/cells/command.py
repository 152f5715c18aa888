"""Commands, and runs of commands that only look at files.

A command that only reads, lists or searches says less by its words than by what it is for, so it is shown by
that; those that follow each other stand below one heading (:func:`explored_rows`).
"""

from __future__ import annotations

from typing import Final

from textual.strip import Strip

from codex_ssh.core.entry import Entry, Progress
from codex_ssh.core.items import CommandAction, CommandExecution, ItemStatus
from codex_ssh.core.plain_text import plain_line, plain_lines, plain_output
from codex_ssh.tui import palette
from codex_ssh.tui.cells.look import (
    BAR,
    INDENT,
    OUTPUT_ROWS,
    TEXT_ROWS,
    Look,
    folded,
    status_style,
    took,
)
from codex_ssh.tui.diff import short_path
from codex_ssh.tui.links import file_address, link_style, linked
from codex_ssh.tui.wrap import Span, wrap

_WRAPPED_CHARACTERS: Final = 64 * 1024
"""Of unfolded output the last so many characters are wrapped."""

_FOLDED_CHARACTERS: Final = 4 * 1024
"""Of folded output so many are looked at."""

_DEEPER: Final[Span] = ("    ", palette.PLAIN)


def command_rows(command: CommandExecution, entry: Entry, look: Look) -> list[Strip]:
    """Give the rows of a command: what runs, what it printed, how it ended."""
    rows = _words(command, entry, look)
    rows += _typed(command, look)
    rows += _output(command, entry, look)
    outcome = _outcome(command, entry)
    if outcome:
        rows += wrap(outcome, look.width, first=[INDENT])
    return rows


def explored_rows(command: CommandExecution, entry: Entry, look: Look, *, is_first: bool) -> list[Strip]:
    """Give the rows of a command that only looks at files.

    Args:
        command: What ran.
        entry: Where it stands.
        look: Unfolded, the command itself and what it printed are shown, too.
        is_first: The heading of the run stands above it.
    """
    rows: list[Strip] = []
    if is_first:
        verb = "Exploring" if entry.progress is Progress.OPEN else "Explored"
        rows += wrap([(verb, palette.COMMAND)], look.width, first=[("• ", palette.DIM)])
    outcome = _outcome(command, entry, quiet=True)
    for at, action in enumerate(command.actions):
        front: Span = ("  └ " if is_first and at == 0 else "    ", palette.DIM)
        spans = _action(action, look.cwd)
        if outcome and at == len(command.actions) - 1:
            spans += [(" · ", palette.DIM), *outcome]
        rows += wrap(spans, look.width, first=[front], rest=[("      ", palette.PLAIN)])
    if look.unfolded:
        rows += _words(command, entry, look, front="    $ ")
        rows += _output(command, entry, look)
    return rows


def _action(action: CommandAction, cwd: str) -> list[Span]:
    target = plain_line(action.target)
    match action.kind:
        case "read":
            link = link_style(file_address(plain_line(action.path or action.target)))
            shown = short_path(action.path, cwd) if action.path else target
            return [("Read ", palette.GOOD), (shown or plain_line(action.command), palette.PLAIN + link)]
        case "listFiles":
            return [("List ", palette.GOOD), *linked(target or plain_line(action.command), palette.PLAIN)]
        case _:
            query = plain_line(action.query) or plain_line(action.command)
            where: list[Span] = [(" in ", palette.DIM), *linked(target, palette.PLAIN)] if target else []
            return [("Search ", palette.GOOD), (query, palette.CODE), *where]


def _words(command: CommandExecution, entry: Entry, look: Look, *, front: str = "") -> list[Strip]:
    verb = ("Run " if is_running(command, entry) else _past(command)) if command.command else "Output "
    if command.status is ItemStatus.DECLINED:
        verb = "Not run "
    style = status_style(command.status, command.exit_code)
    mark: Span = (front, palette.DIM) if front else (f"$ {verb}", style)
    made: list[Strip] = []
    for at, line in enumerate(plain_lines(command.plain_command).split("\n")):
        first = mark if at == 0 else _DEEPER
        made += wrap([(line, palette.COMMAND)], look.width, first=[first], rest=[_DEEPER], anywhere=True)
    return folded(made, TEXT_ROWS, look)


def _past(command: CommandExecution) -> str:
    return "You ran " if command.source == "userShell" else "Ran "


def is_running(command: CommandExecution, entry: Entry) -> bool:
    """Whether a command goes on, in its turn or after it."""
    return entry.progress in (Progress.OPEN, Progress.BACKGROUND) and command.status in (
        ItemStatus.IN_PROGRESS,
        ItemStatus.UNKNOWN,
    )


def _typed(command: CommandExecution, look: Look) -> list[Strip]:
    rows: list[Strip] = []
    for text in command.typed:
        line = plain_line(text.removesuffix("\n"))
        spans: list[Span] = [("typed ", palette.DIM), (line, palette.COMMAND)]
        rows += wrap(spans, look.width, first=[("  ⌨ ", palette.DIM)], anywhere=True)
    return folded(rows, TEXT_ROWS, look, keep_end=True)


def _output(command: CommandExecution, entry: Entry, look: Look) -> list[Strip]:
    most = _WRAPPED_CHARACTERS if look.unfolded else max(_FOLDED_CHARACTERS, OUTPUT_ROWS * look.width)
    tail = command.output[-most:]
    left_out = command.output.count("\n", 0, len(command.output) - len(tail)) if len(tail) == most else 0
    text = plain_output(tail).strip("\n")
    if not text:
        return []
    lines = text.split("\n")
    if not look.unfolded and len(lines) > 4 * OUTPUT_ROWS:
        left_out += len(lines) - 4 * OUTPUT_ROWS
        lines = lines[-4 * OUTPUT_ROWS :]
    made: list[Strip] = []
    for line in lines:
        made += wrap(linked(line, palette.DIM), look.width, first=[BAR], rest=[BAR], anywhere=True)
    rows = folded(made, OUTPUT_ROWS, look, keep_end=True, more=left_out)
    if look.unfolded and (entry.gap or len(command.output) > _WRAPPED_CHARACTERS):
        rows[:0] = wrap([("… the beginning is not kept", palette.DIM)], look.width, first=[BAR])
    return rows


def _outcome(command: CommandExecution, entry: Entry, *, quiet: bool = False) -> list[Span]:
    spans: list[Span] = []
    if entry.progress is Progress.BACKGROUND and is_running(command, entry):
        spans.append(("still running in the background", palette.BUSY))
    elif command.exit_code is not None and command.exit_code != 0:
        spans.append((f"exit {command.exit_code}", palette.BAD))
    elif command.exit_code == 0 and not command.output and not quiet:
        spans.append(("exit 0, no output", palette.DIM))
    elif command.status is ItemStatus.FAILED:
        spans.append(("failed", palette.BAD))
    elif command.status is ItemStatus.DECLINED:
        spans.append(("declined", palette.WARN))
    elif entry.progress is Progress.CUT:
        spans.append(("interrupted", palette.WARN))
    return spans + took(command.duration_ms, spans)
