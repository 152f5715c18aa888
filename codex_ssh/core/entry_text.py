"""All of an entry as plain text: for copying, for finding, for an export.

Lives here: one function a kind of content. Not here: what is shown of it (:mod:`codex_ssh.tui.cells`), which
folds and colours. Nothing is left out here, and markdown stays markdown.

The text is harmless for a terminal (:mod:`codex_ssh.core.plain_text`), but tabs stay tabs: what is copied
may be a Makefile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from codex_ssh.core.approval_review import ApprovalReview
from codex_ssh.core.entry import CheckList, Content, Notice, TurnEnd
from codex_ssh.core.events import StepStatus
from codex_ssh.core.hook import HookRun
from codex_ssh.core.items import (
    AgentActivity,
    AgentMessage,
    AgentsCall,
    Change,
    ChangeKind,
    CommandExecution,
    ContextCompaction,
    FileChange,
    HookPrompt,
    ImageGeneration,
    ImageView,
    Plan,
    Reasoning,
    ReviewMode,
    Sleep,
    ToolCall,
    ToolOutput,
    UnknownItem,
    UserMessage,
    WebSearch,
    spread_json,
)
from codex_ssh.core.plain_text import plain_lines, plain_output


def entry_text(content: Content) -> str:
    """Give all of an entry's text, without a line end at its end; empty when it has none."""
    return "\n".join(part for part in _PARTS[type(content)](content) if part).rstrip("\n")


def _user_message(message: UserMessage) -> list[str]:
    return [_plain(message.text), *(f"[{_plain(label)}]" for label in message.attachments)]


def _agent_message(message: AgentMessage) -> list[str]:
    cited = [f"- {one.path}:{one.first}-{one.last} {one.note}".rstrip() for one in message.citations]
    return [_plain(message.text), *map(_plain, cited)]


def _reasoning(thought: Reasoning) -> list[str]:
    return [_plain("\n\n".join(thought.summary)), _plain("\n\n".join(thought.content))]


def _command(command: CommandExecution) -> list[str]:
    typed = "".join(command.typed)
    return [
        f"$ {_plain(command.plain_command)}",
        f"[typed] {_plain(typed)}" if typed else "",
        _output(command.output),
        f"[exit {command.exit_code}]" if command.exit_code else "",
    ]


def _tool_call(call: ToolCall) -> list[str]:
    name = ".".join(part for part in (call.server, call.tool) if part)
    result = (call.error, call.result, spread_json(call.structured) if call.structured else "")
    return [_plain(f"{name} {call.arguments}"), *map(_plain, result)]


def _web_search(search: WebSearch) -> list[str]:
    asked = search.queries or (search.query,)
    pages = (f"{found.title} {found.address}".strip() for found in search.results)
    return _distinct(*asked, search.target, search.pattern, *pages)


def _image(picture: ImageGeneration) -> list[str]:
    return _distinct(picture.prompt, *picture.inputs, picture.path, picture.failure)


def _agents_call(call: AgentsCall) -> list[str]:
    states = (f"{state.thread_id}: {state.status} {state.message}".rstrip() for state in call.agents)
    return _distinct(call.tool, call.prompt, *states)


def _unknown(item: UnknownItem) -> list[str]:
    return [_plain(item.type), _plain(spread_json(item.json))]


def _check_list(plan: CheckList) -> list[str]:
    marks = {StepStatus.COMPLETED: "[x]", StepStatus.IN_PROGRESS: "[~]"}
    steps = (f"- {marks.get(step.status, '[ ]')} {_plain(step.text)}" for step in plan.steps)
    return [_plain(plan.explanation), *steps]


def _hook(run: HookRun) -> list[str]:
    return [_plain(f"{run.event} hook, {run.status.value}"), *(_plain(word.text) for word in run.words)]


def _review(review: ApprovalReview) -> list[str]:
    risk = f", risk {review.risk}" if review.risk else ""
    return [_plain(f"{review.status.value}{risk}: {review.about}"), _plain(review.rationale)]


_PARTS: Final[Mapping[type, Callable[[Any], Iterable[str]]]] = {
    UserMessage: _user_message,
    AgentMessage: _agent_message,
    Plan: lambda plan: [_plain(plan.text)],
    Reasoning: _reasoning,
    CommandExecution: _command,
    FileChange: lambda edit: [change_text(change) for change in edit.changes],
    ToolCall: _tool_call,
    ToolOutput: lambda output: [_plain(output.name), _plain(output.output)],
    WebSearch: _web_search,
    ImageView: lambda view: [_plain(view.path)],
    ImageGeneration: _image,
    ReviewMode: lambda review: [_plain(review.review)],
    ContextCompaction: lambda _: ["context compacted"],
    AgentsCall: _agents_call,
    AgentActivity: lambda activity: _distinct(f"{activity.path} {activity.kind}"),
    HookPrompt: lambda prompt: [_plain(fragment) for fragment in prompt.fragments],
    Sleep: lambda sleep: [f"waited {sleep.duration_ms or 0} ms"],
    UnknownItem: _unknown,
    Notice: lambda notice: [_plain(notice.text), _plain(notice.details)],
    CheckList: _check_list,
    TurnEnd: lambda end: [_plain(end.error.message), _plain(end.error.details)] if end.error else [],
    HookRun: _hook,
    ApprovalReview: _review,
}


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
    return "\t".join(plain_output(part) for part in text.split("\t")).rstrip("\n")


def _distinct(*texts: str) -> list[str]:
    return list(dict.fromkeys(_plain(text) for text in texts))
