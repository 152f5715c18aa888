"""One of everything: what the app server can say in a turn, as codex 0.169 says it.

Lives here: exhibits by name. Not here: their frames (the modules beside this one), telling them
(:mod:`codex_ssh.server.rehearsal.actor`), and the word ``show`` (:mod:`codex_ssh.server.rehearsal.script`).

Nothing really happens: no command is run, no file written, no agent started. What really happens has words
of its own. The names are the app server's: of an item type, or of a notification.

Source: recordings of codex 0.169 where it could be made to say it, else ``codex app-server
generate-json-schema --experimental``; ``tests/integration/test_app_server_exhibits.py`` holds all of it
against the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from codex_ssh.server.rehearsal import exhibit_beside as beside
from codex_ssh.server.rehearsal import exhibit_items as items
from codex_ssh.server.rehearsal.exhibit_frame import Exhibit


def exhibit_names() -> tuple[str, ...]:
    """Give the names of all exhibits, in the order ``show all`` has them."""
    return tuple(_EXHIBITS)


def find_exhibit(name: str) -> Exhibit | None:
    """Give an exhibit by its name, whatever its case."""
    return next((make for known, make in _EXHIBITS.items() if known.lower() == name.lower()), None)


_EXHIBITS: Final[Mapping[str, Exhibit]] = {
    "reasoning": items.reasoning,
    "turn/plan/updated": beside.check_list,
    "plan": items.plan,
    "explored": items.explored,
    "commandExecution": items.command_execution,
    "fileChange": items.file_change,
    "mcpToolCall": items.mcp_tool_call,
    "dynamicToolCall": items.dynamic_tool_call,
    "functionCallOutput": items.function_call_output,
    "webSearch": items.web_search,
    "imageView": items.image_view,
    "imageGeneration": items.image_generation,
    "reviewMode": items.review,
    "contextCompaction": items.context_compaction,
    "collabAgentToolCall": items.agents,
    "subAgentActivity": items.sub_agent_activity,
    "hook": beside.hooks,
    "hookPrompt": items.hook_prompt,
    "sleep": items.sleep,
    "autoApprovalReview": beside.approval_review,
    "model/safetyBuffering/updated": beside.safety_buffering,
    "thread/compacted": beside.compacted,
    "thread/goal/updated": beside.goal,
    "thread/goal/cleared": beside.goal_cleared,
    "warning": beside.warning,
    "model/rerouted": beside.rerouted,
    "error": beside.error,
    "mcpServer/startupStatus/updated": beside.tool_server,
    "modelProvider/authRecovery": beside.auth_recovery,
    "unknown": items.unknown,
    "agentMessage": items.agent_message,
}
