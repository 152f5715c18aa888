"""Entries of the transcript as words, for whoever listens instead of looking.

Lives here: what is said of an entry, in plain lines without marks, frames or colours. Not here: when it is
said (:mod:`codex_ssh.tui.line_teller`) and how it looks on a screen (:mod:`codex_ssh.tui.cells`).

Everything from the devbox goes through :mod:`codex_ssh.core.plain_text` here.
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.ask import Ask, CommandAsk, ElicitationAsk, FileChangeAsk, PermissionsAsk, QuestionsAsk
from codex_ssh.core.entry import CheckList, Content, Entry, Level, Notice, Progress, TurnEnd
from codex_ssh.core.entry_text import change_text, entry_text
from codex_ssh.core.events import StepStatus
from codex_ssh.core.exact_text import exact_texts, warnings
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.items import (
    AgentMessage,
    Change,
    ChangeKind,
    CommandExecution,
    FileChange,
    ItemStatus,
    Reasoning,
    UserMessage,
)
from codex_ssh.core.plain_text import plain_line, plain_lines, plain_output
from codex_ssh.core.question_form import Question
from codex_ssh.core.thread import TurnStatus
from codex_ssh.tui.cells import seconds
from codex_ssh.tui.diff import change_counts, short_path

OUTPUT_LINES: Final = 20
"""Of a command's output the last so many lines are said."""

_LEVELS: Final = {Level.INFO: "note", Level.WARNING: "warning", Level.ERROR: "error"}
_STEPS: Final = {StepStatus.COMPLETED: "done", StepStatus.IN_PROGRESS: "now", StepStatus.PENDING: "to do"}
_VERBS: Final = {ChangeKind.ADD: "added file", ChangeKind.DELETE: "deleted file", ChangeKind.UPDATE: "edited"}


def begun(entry: Entry) -> list[str]:
    """Give what is said when something begins that takes a while; nothing for most entries."""
    if isinstance(command := entry.content, CommandExecution) and command.command:
        return [f"runs: {plain_lines(command.plain_command)}"]
    return []


def finished(entry: Entry, cwd: str, said: int = 0) -> list[str]:
    """Give what is said of an entry that does not change any more.

    Args:
        entry: The entry.
        cwd: The thread's directory: paths below it are said short.
        said: So many characters of an answer were said already.
    """
    if said and isinstance(answer := entry.content, AgentMessage):
        rest = plain_lines(answer.text[said:])
        lines = [rest] if rest else []
    else:
        lines = _words(entry.content, entry, cwd)
    if entry.progress is Progress.CUT and isinstance(entry.content, AgentMessage):
        lines.append("that answer was cut short")
    return lines


def _words(content: Content, entry: Entry, cwd: str) -> list[str]:
    match content:
        case UserMessage():
            attached = [f"with {plain_line(label)}" for label in content.attachments]
            return [f"you: {plain_lines(content.text)}", *attached]
        case AgentMessage():
            return [f"codex: {plain_lines(content.text)}"]
        case Reasoning():
            text = " ".join(content.summary).strip()
            return [f"thought: {plain_lines(text)}"] if text else []
        case CommandExecution():
            return _command(content, entry)
        case FileChange():
            return _edit(content, cwd)
        case CheckList():
            done = sum(step.status is StepStatus.COMPLETED for step in content.steps)
            head = f"plan, {done} of {len(content.steps)} done"
            return [head, *(f"{_STEPS[step.status]}: {plain_line(step.text)}" for step in content.steps)]
        case TurnEnd():
            return [_turn_end(content)]
        case Notice():
            text = f"{_LEVELS[content.level]}: {plain_lines(content.text)}"
            return [text, *([plain_lines(content.details)] if content.details else [])]
        case _:
            return [text] if (text := entry_text(content)) else []


def _command(command: CommandExecution, entry: Entry) -> list[str]:
    if command.status is ItemStatus.DECLINED:
        return [f"not run: {plain_lines(command.plain_command)}"]
    parts = [f"ran: {plain_lines(command.plain_command)}"]
    if entry.progress is Progress.CUT:
        parts.append("interrupted")
    elif command.exit_code is not None:
        parts.append(f"exit code {command.exit_code}")
    elif command.status is ItemStatus.FAILED:
        parts.append("failed")
    if command.duration_ms is not None and command.duration_ms >= 1000:
        parts.append(seconds(command.duration_ms))
    output = plain_output(command.output).strip("\n").split("\n") if command.output.strip() else []
    lines = [", ".join(parts)]
    if output:
        left_out = len(output) - OUTPUT_LINES
        lines.append(
            f"output, {len(output)} lines" + (f", the last {OUTPUT_LINES}:" if left_out > 0 else ":")
        )
        lines += output[-OUTPUT_LINES:]
    return lines


def _edit(edit: FileChange, cwd: str) -> list[str]:
    outcome = {ItemStatus.DECLINED: ", not made", ItemStatus.FAILED: ", failed"}.get(edit.status, "")
    lines = []
    for change in edit.changes:
        added, removed = change_counts(change)
        moved = f", now {short_path(change.moved_to, cwd)}" if change.moved_to else ""
        counts = f"{added} lines added, {removed} removed"
        lines.append(f"{_VERBS[change.kind]}: {short_path(change.path, cwd)}{moved}, {counts}{outcome}")
    return lines


def _turn_end(end: TurnEnd) -> str:
    after = f" after {seconds(end.duration_ms)}" if end.duration_ms is not None else ""
    match end.status:
        case TurnStatus.COMPLETED:
            return f"finished{after}"
        case TurnStatus.INTERRUPTED:
            return f"interrupted{after}"
        case _:
            return f"failed{after}: {plain_lines(end.error.message) if end.error else 'nobody said why'}"


def asked(ask: Ask, facts: ServerFacts, cwd: str, changes: tuple[Change, ...] = ()) -> list[str]:
    """Give what is said of an approval: all that would happen, where, and every decision there is.

    Args:
        ask: What waits.
        facts: Where it would happen.
        cwd: The thread's directory.
        changes: The edit it is about, where it is about one.
    """
    user = f"{plain_line(facts.user)} on " if facts.user else ""
    where = f"{user}{plain_line(facts.host)}, in {plain_line(getattr(ask, 'cwd', '') or cwd)}"
    lines = []
    match ask:
        case CommandAsk():
            what = "run this command" if ask.command else f"reach {plain_line(ask.network_host)}"
            lines += [f"approval wanted: {what}?"]
            lines += [f"command: {line}" for line in exact_texts(ask.plain_command) if ask.command]
            lines += [f"beware: {line}" for line in warnings(ask.plain_command)]
            if ask.command and ask.network_host:
                lines.append(f"it wants to reach {plain_line(ask.network_host)}")
            lines += [f"beyond the sandbox: {plain_line(line)}" for line in ask.permissions]
        case FileChangeAsk():
            lines.append("approval wanted: make these changes?")
            for change in ask.changes or changes:
                lines += change_text(change).split("\n")
            if not (ask.changes or changes):
                lines.append("the server did not tell the diff")
            if ask.grant_root:
                lines.append(f"and from now on let it write below {plain_line(ask.grant_root)}")
        case PermissionsAsk():
            lines.append("approval wanted: allow this beyond the sandbox?")
            lines += [plain_line(line) for line in ask.permissions]
        case ElicitationAsk(is_tool=True):
            lines.append(f"approval wanted: {plain_lines(ask.message)}")
            lines += [
                f"{plain_line(name)}: {line}" for name, value in ask.arguments for line in exact_texts(value)
            ]
        case ElicitationAsk():
            lines += [f"{plain_line(ask.server)} asks: {plain_lines(ask.message)}"]
            lines += [f"page: {plain_line(ask.url)}"] if ask.url else []
        case _:
            return []
    lines.append(where)
    if reason := getattr(ask, "reason", ""):
        lines.append(f"reason: {plain_lines(reason)}")
    return [*lines, "answer with one of these, and enter:", *decisions(ask)]


def decisions(ask: Ask) -> list[str]:
    """Give every decision, one a line, by what chooses it."""
    offered = getattr(ask, "decisions", ())
    return [f"{one.key or at + 1}: {plain_line(one.label)}" for at, one in enumerate(offered)]


def question(ask: QuestionsAsk | ElicitationAsk, at: int) -> list[str]:
    """Give what is said of one question of several; ``at`` counts from 0."""
    one: Question = ask.questions[at]
    who = plain_line(ask.server) if isinstance(ask, ElicitationAsk) else "codex"
    title = " ".join(part for part in (plain_line(one.header), plain_lines(one.text)) if part)
    lines = [f"{who} asks, question {at + 1} of {len(ask.questions)}: {title}"]
    for number, option in enumerate(one.options):
        about = f", {plain_line(option.description)}" if option.description else ""
        lines.append(f"{number + 1}: {plain_line(option.label)}{about}")
    if one.options:
        lines.append("answer with a number" + (", or in your own words" if one.takes_text else ""))
    lines.append("an empty line skips it" if not one.is_required else "/skip skips all questions")
    return lines
