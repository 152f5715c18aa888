"""Thread items: what a turn is made of, as values, and their tolerant decoder.

Lives here: one class per item type we show in a way of its own, :class:`BriefItem` for the types one line
is enough for, and :class:`UnknownItem` for types of newer servers. Not here: deltas and how items grow
(:mod:`codex_ssh.core.transcript`), and how an item looks on a screen.

All text in here comes from the devbox: whoever prints it makes it harmless first
(:mod:`codex_ssh.core.plain_text`).

Source: ``ThreadItem`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

import enum
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NewType

from codex_ssh.core.fields import list_at, number_at, shape_at, text_at, texts_at
from codex_ssh.core.rpc import Json

ItemId = NewType("ItemId", str)


class ItemStatus(enum.Enum):
    """How far a command, an edit or a tool call is; the value is the app server's word."""

    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"
    FAILED = "failed"
    DECLINED = "declined"
    UNKNOWN = ""

    @classmethod
    def read(cls, word: str) -> ItemStatus:
        """Give the status a word stands for; UNKNOWN for words of newer servers."""
        return _ITEM_STATUSES.get(word, cls.UNKNOWN)


_ITEM_STATUSES = {status.value: status for status in ItemStatus}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """What a person said, from this client or another.

    Attributes:
        client_id: The ``clientUserMessageId`` it was sent with; empty when it had none.
        text: Its text parts, joined by line ends.
        attachments: One label for each part that is not text, such as ``image``.
    """

    id: ItemId
    client_id: str = ""
    text: str = ""
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMessage:
    """What the model said, as markdown.

    Attributes:
        phase: ``commentary`` or ``final_answer``; empty when the server does not tell.
    """

    id: ItemId
    text: str = ""
    phase: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """What the model thought.

    Attributes:
        summary: Its parts, as markdown.
        content: Raw parts; empty for most models.
    """

    id: ItemId
    summary: tuple[str, ...] = ()
    content: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAction:
    """What a command is for, as codex understood it.

    Attributes:
        kind: ``read``, ``listFiles``, ``search`` or ``unknown``.
        command: The plain command, without the shell around it.
        target: The file name or path it is about; may be empty.
        query: What is searched for; may be empty.
    """

    kind: str
    command: str = ""
    target: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandExecution:
    """A command run on the devbox.

    Attributes:
        command: As executed, with the login shell around it: ``/bin/bash -lc 'touch x'``.
        output: Standard output and error as they came; empty when there was none.
        exit_code: None while it runs or when it never ran.
        source: ``agent``, ``userShell``, ``unifiedExecStartup`` …
    """

    id: ItemId
    command: str = ""
    cwd: str = ""
    status: ItemStatus = ItemStatus.UNKNOWN
    actions: tuple[CommandAction, ...] = ()
    output: str = ""
    exit_code: int | None = None
    duration_ms: int | None = None
    source: str = ""

    @property
    def plain_command(self) -> str:
        """The command without the shell around it."""
        return unwrap_shell(self.command)


class ChangeKind(enum.Enum):
    """What happens to a file; the value is the app server's word."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file of an edit.

    Attributes:
        diff: For ``update`` a unified diff; for ``add`` and ``delete`` the bare content of the file.
        moved_to: The new path when the file moves; empty otherwise.
    """

    path: str
    kind: ChangeKind = ChangeKind.UPDATE
    diff: str = ""
    moved_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """An edit of files on the devbox."""

    id: ItemId
    status: ItemStatus = ItemStatus.UNKNOWN
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan the model proposes, as markdown (plan mode). The check list is no item."""

    id: ItemId
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of an MCP tool, or of a tool a client brought along.

    Attributes:
        server: The MCP server, or the namespace of a client's tool; may be empty.
        arguments: As compact JSON.
        result: The text the tool gave; parts that are not text as ``[image]``.
        error: The tool's error message.
        progress: The last progress message.
    """

    id: ItemId
    server: str = ""
    tool: str = ""
    status: ItemStatus = ItemStatus.UNKNOWN
    arguments: str = ""
    result: str = ""
    error: str = ""
    progress: str = ""
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSearch:
    """A search or a page the model looked at.

    Attributes:
        action: ``search``, ``openPage``, ``findInPage`` or ``other``; may be empty.
        target: The page's address, for the page actions.
    """

    id: ItemId
    query: str = ""
    action: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefItem:
    """Something one line is enough for: an image looked at, a pause, a review, a sub-agent.

    Attributes:
        type: The app server's name of the item type.
        label: What it is, in our words.
        text: About what; remote text, may be empty and may have several lines.
    """

    id: ItemId
    type: str
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownItem:
    """An item of a type we do not know; shown by its name."""

    id: ItemId
    type: str


Item = (
    UserMessage
    | AgentMessage
    | Reasoning
    | CommandExecution
    | FileChange
    | Plan
    | ToolCall
    | WebSearch
    | BriefItem
    | UnknownItem
)


def decode_item(shape: Json) -> Item:
    """Read an item of any type and shape. Never raises; a missing field is its default."""
    kind, number = text_at(shape, "type"), ItemId(text_at(shape, "id"))
    if decoder := _DECODERS.get(kind):
        return decoder(number, shape)
    if label := _BRIEF.get(kind):
        return BriefItem(id=number, type=kind, label=label, text=_brief_text(shape))
    return UnknownItem(id=number, type=kind)


def decode_actions(shape: Json) -> tuple[CommandAction, ...]:
    """Read the ``commandActions`` of a command or of a request to run one."""
    return tuple(
        CommandAction(
            kind=text_at(action, "type", "unknown"),
            command=text_at(action, "command"),
            target=text_at(action, "name") or text_at(action, "path"),
            query=text_at(action, "query"),
        )
        for action in list_at(shape, "commandActions")
    )


def unwrap_shell(command: str) -> str:
    """Give the script of ``/bin/bash -lc 'SCRIPT'``, and any other command as it is.

    Only what is exactly a shell, ``-c`` or ``-lc`` and one script is unwrapped, so that what is shown is all
    that runs. The ``commandActions`` beside a command say less than that, and are not used for it.
    """
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    if len(words) == 3 and words[0].rpartition("/")[2] in _SHELLS and words[1] in ("-c", "-lc"):
        return words[2]
    return command


_SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish"})


def _user_message(number: ItemId, shape: Json) -> UserMessage:
    texts, attachments = [], []
    for part in list_at(shape, "content"):
        kind = text_at(part, "type")
        if kind == "text":
            texts.append(text_at(part, "text"))
        else:
            name = text_at(part, "name") or text_at(part, "path")
            attachments.append(f"{kind or 'unknown'} {name}".rstrip())
    return UserMessage(
        id=number,
        client_id=text_at(shape, "clientId"),
        text="\n".join(texts),
        attachments=tuple(attachments),
    )


def _agent_message(number: ItemId, shape: Json) -> AgentMessage:
    return AgentMessage(id=number, text=text_at(shape, "text"), phase=text_at(shape, "phase"))


def _reasoning(number: ItemId, shape: Json) -> Reasoning:
    return Reasoning(id=number, summary=texts_at(shape, "summary"), content=texts_at(shape, "content"))


def _command(number: ItemId, shape: Json) -> CommandExecution:
    return CommandExecution(
        id=number,
        command=text_at(shape, "command"),
        cwd=text_at(shape, "cwd"),
        status=ItemStatus.read(text_at(shape, "status")),
        actions=decode_actions(shape),
        output=text_at(shape, "aggregatedOutput"),
        exit_code=number_at(shape, "exitCode"),
        duration_ms=number_at(shape, "durationMs"),
        source=text_at(shape, "source"),
    )


def decode_changes(shape: Json) -> tuple[Change, ...]:
    """Read the ``changes`` of a file change."""
    return tuple(
        Change(
            path=text_at(change, "path"),
            kind=_CHANGE_KINDS.get(text_at(shape_at(change, "kind"), "type"), ChangeKind.UPDATE),
            diff=text_at(change, "diff"),
            moved_to=text_at(shape_at(change, "kind"), "move_path"),
        )
        for change in list_at(shape, "changes")
    )


_CHANGE_KINDS = {kind.value: kind for kind in ChangeKind}


def _file_change(number: ItemId, shape: Json) -> FileChange:
    status = ItemStatus.read(text_at(shape, "status"))
    return FileChange(id=number, status=status, changes=decode_changes(shape))


def _plan(number: ItemId, shape: Json) -> Plan:
    return Plan(id=number, text=text_at(shape, "text"))


def _mcp_tool_call(number: ItemId, shape: Json) -> ToolCall:
    return ToolCall(
        id=number,
        server=text_at(shape, "server"),
        tool=text_at(shape, "tool"),
        status=ItemStatus.read(text_at(shape, "status")),
        arguments=_compact(shape.get("arguments")),
        result=_content_text(list_at(shape_at(shape, "result"), "content")),
        error=text_at(shape_at(shape, "error"), "message"),
        duration_ms=number_at(shape, "durationMs"),
    )


def _dynamic_tool_call(number: ItemId, shape: Json) -> ToolCall:
    return ToolCall(
        id=number,
        server=text_at(shape, "namespace"),
        tool=text_at(shape, "tool"),
        status=ItemStatus.read(text_at(shape, "status")),
        arguments=_compact(shape.get("arguments")),
        result=_content_text(list_at(shape, "contentItems")),
        duration_ms=number_at(shape, "durationMs"),
    )


def _web_search(number: ItemId, shape: Json) -> WebSearch:
    action = shape_at(shape, "action")
    query = text_at(shape, "query") or text_at(action, "query") or text_at(action, "pattern")
    return WebSearch(id=number, query=query, action=text_at(action, "type"), target=text_at(action, "url"))


_DECODERS: Final[dict[str, Callable[[ItemId, Json], Item]]] = {
    "userMessage": _user_message,
    "agentMessage": _agent_message,
    "reasoning": _reasoning,
    "commandExecution": _command,
    "fileChange": _file_change,
    "plan": _plan,
    "mcpToolCall": _mcp_tool_call,
    "dynamicToolCall": _dynamic_tool_call,
    "webSearch": _web_search,
}

_BRIEF: Final = {
    "hookPrompt": "hook",
    "functionCallOutput": "tool output",
    "collabAgentToolCall": "agents",
    "subAgentActivity": "agent",
    "imageView": "looked at image",
    "imageGeneration": "made image",
    "sleep": "waited",
    "enteredReviewMode": "review started",
    "exitedReviewMode": "review finished",
    "contextCompaction": "context compacted",
}
"""Item types one line is enough for, and what we call them."""


def _brief_text(shape: Json) -> str:
    if isinstance(milliseconds := number_at(shape, "durationMs"), int) and text_at(shape, "type") == "sleep":
        return f"{milliseconds / 1000:.1f} s"
    for name in ("path", "savedPath", "review", "prompt", "output", "agentPath", "tool", "name"):
        if found := text_at(shape, name):
            return found
    return "\n".join(text_at(fragment, "text") for fragment in list_at(shape, "fragments"))


def _compact(value: Json) -> str:
    if value is None:
        return ""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return "…"


def _content_text(parts: list[Json]) -> str:
    return "\n".join(text_at(part, "text") or f"[{text_at(part, 'type', 'unknown')}]" for part in parts)
