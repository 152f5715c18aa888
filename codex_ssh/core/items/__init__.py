"""Thread items: what a turn is made of, as values, and their tolerant decoder.

Lives here: one class per item type of the app server, in modules by what they are about, and
:class:`UnknownItem` for types of newer servers. Not here: deltas and how items grow
(:mod:`codex_ssh.core.transcript`), and how an item looks on a screen.

All text in here comes from the devbox: whoever prints it makes it harmless first
(:mod:`codex_ssh.core.plain_text`).

Source: ``ThreadItem`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from codex_ssh.core.fields import text_at
from codex_ssh.core.items.agent import (
    AgentActivity,
    AgentsCall,
    AgentState,
    decode_agent_activity,
    decode_agents_call,
)
from codex_ssh.core.items.base import ItemId, ItemStatus, compact_json, spread_json
from codex_ssh.core.items.change import Change, ChangeKind, FileChange, decode_changes, decode_file_change
from codex_ssh.core.items.command import (
    CommandAction,
    CommandExecution,
    decode_actions,
    decode_command,
    unwrap_shell,
)
from codex_ssh.core.items.message import (
    AgentMessage,
    Citation,
    HookPrompt,
    Plan,
    Reasoning,
    ReviewMode,
    UserMessage,
    decode_agent_message,
    decode_hook_prompt,
    decode_plan,
    decode_reasoning,
    decode_review_mode,
    decode_user_message,
)
from codex_ssh.core.items.other import (
    ContextCompaction,
    Sleep,
    UnknownItem,
    decode_context_compaction,
    decode_sleep,
    decode_unknown,
)
from codex_ssh.core.items.tool import (
    Found,
    ImageGeneration,
    ImageView,
    ToolCall,
    ToolOutput,
    WebSearch,
    decode_dynamic_tool_call,
    decode_image_generation,
    decode_image_view,
    decode_mcp_tool_call,
    decode_tool_output,
    decode_web_search,
)
from codex_ssh.core.rpc import Json

__all__ = [
    "AgentActivity",
    "AgentMessage",
    "AgentState",
    "AgentsCall",
    "Change",
    "ChangeKind",
    "Citation",
    "CommandAction",
    "CommandExecution",
    "ContextCompaction",
    "FileChange",
    "Found",
    "HookPrompt",
    "ImageGeneration",
    "ImageView",
    "Item",
    "ItemId",
    "ItemStatus",
    "Plan",
    "Reasoning",
    "ReviewMode",
    "Sleep",
    "ToolCall",
    "ToolOutput",
    "UnknownItem",
    "UserMessage",
    "WebSearch",
    "compact_json",
    "decode_actions",
    "decode_changes",
    "decode_item",
    "known_types",
    "spread_json",
    "unwrap_shell",
]

Item = (
    UserMessage
    | AgentMessage
    | Reasoning
    | CommandExecution
    | FileChange
    | Plan
    | ToolCall
    | ToolOutput
    | WebSearch
    | ImageView
    | ImageGeneration
    | ReviewMode
    | ContextCompaction
    | AgentsCall
    | AgentActivity
    | HookPrompt
    | Sleep
    | UnknownItem
)


def decode_item(shape: Json) -> Item:
    """Read an item of any type and shape. Never raises; a missing field is its default."""
    decoder = _DECODERS.get(text_at(shape, "type"), decode_unknown)
    return decoder(ItemId(text_at(shape, "id")), shape)


def known_types() -> frozenset[str]:
    """Give the app server's names of the item types that are read."""
    return frozenset(_DECODERS)


_DECODERS: Final[dict[str, Callable[[ItemId, Json], Item]]] = {
    "userMessage": decode_user_message,
    "agentMessage": decode_agent_message,
    "reasoning": decode_reasoning,
    "commandExecution": decode_command,
    "fileChange": decode_file_change,
    "plan": decode_plan,
    "mcpToolCall": decode_mcp_tool_call,
    "dynamicToolCall": decode_dynamic_tool_call,
    "functionCallOutput": decode_tool_output,
    "webSearch": decode_web_search,
    "imageView": decode_image_view,
    "imageGeneration": decode_image_generation,
    "enteredReviewMode": decode_review_mode,
    "exitedReviewMode": decode_review_mode,
    "contextCompaction": decode_context_compaction,
    "collabAgentToolCall": decode_agents_call,
    "subAgentActivity": decode_agent_activity,
    "hookPrompt": decode_hook_prompt,
    "sleep": decode_sleep,
}
