"""All of an entry as plain text: for copying, for finding, for an export.

Lives here: one function a kind of content. Not here: what is shown of it (:mod:`codex_ssh.tui.cells`), which
folds and colours. Nothing is left out here, and markdown stays markdown.

The text is harmless for a terminal (:mod:`codex_ssh.core.plain_text`), but tabs stay tabs: what is copied
may be a Makefile.
"""

from __future__ import annotations

from codex_ssh.core.entry import CheckList, Content, Notice, TurnEnd
from codex_ssh.core.events import StepStatus
from codex_ssh.core.items import (
    AgentMessage,
    BriefItem,
    Change,
    ChangeKind,
    CommandExecution,
    FileChange,
    Plan,
    Reasoning,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from codex_ssh.core.plain_text import plain_lines, plain_output


def entry_text(content: Content) -> str:
    """Give all of an entry's text, without a line end at its end; empty when it has none."""
    return "\n".join(part for part in _parts(content) if part).rstrip("\n")


def _parts(content: Content) -> list[str]:
    match content:
        case UserMessage():
            return [_plain(content.text), *(f"[{_plain(label)}]" for label in content.attachments)]
        case AgentMessage() | Plan():
            return [_plain(content.text)]
        case Reasoning():
            return [_plain("\n\n".join(content.summary or content.content))]
        case CommandExecution():
            return [f"$ {_plain(content.plain_command)}", _output(content.output)]
        case FileChange():
            return [change_text(change) for change in content.changes]
        case ToolCall():
            name = ".".join(part for part in (content.server, content.tool) if part)
            return [_plain(f"{name} {content.arguments}"), _plain(content.error or content.result)]
        case WebSearch():
            return [_plain(" ".join(part for part in (content.query, content.target) if part))]
        case BriefItem():
            return [_plain(f"{content.label} {content.text}".rstrip())]
        case UnknownItem():
            return [_plain(content.type)]
        case _:
            return _beside(content)


def _beside(content: CheckList | Notice | TurnEnd) -> list[str]:
    """Give the text of what is no item."""
    match content:
        case CheckList():
            marks = {StepStatus.COMPLETED: "[x]", StepStatus.IN_PROGRESS: "[~]"}
            steps = [f"- {marks.get(step.status, '[ ]')} {_plain(step.text)}" for step in content.steps]
            return [_plain(content.explanation), *steps]
        case Notice():
            return [_plain(content.text), _plain(content.details)]
        case TurnEnd():
            return [_plain(content.error.message), _plain(content.error.details)] if content.error else []


def change_text(change: Change) -> str:
    """Give one file of an edit as a unified diff with a heading."""
    old = "/dev/null" if change.kind is ChangeKind.ADD else change.path
    new = "/dev/null" if change.kind is ChangeKind.DELETE else change.moved_to or change.path
    body = change.diff.removesuffix("\n")
    if change.kind is not ChangeKind.UPDATE:
        sign = "+" if change.kind is ChangeKind.ADD else "-"
        body = "\n".join(sign + line for line in body.split("\n")) if body else ""
    return _plain("\n".join(part for part in (f"--- {old}", f"+++ {new}", body) if part))


def _plain(text: str) -> str:
    """Make text harmless, its tabs kept."""
    return "\t".join(plain_lines(part) for part in text.split("\t"))


def _output(text: str) -> str:
    return "\t".join(plain_output(part) for part in text.split("\t"))
