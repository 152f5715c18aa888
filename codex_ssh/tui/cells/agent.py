"""Sub-agents: who is asked for what, and what each of them is at."""

from __future__ import annotations

from typing import Final

from textual.strip import Strip

from codex_ssh.core.entry import Entry, Progress
from codex_ssh.core.items import AgentActivity, AgentsCall, AgentState
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui import palette
from codex_ssh.tui.cells.look import TEXT_ROWS, Look, one_line, status_style, text_rows
from codex_ssh.tui.wrap import Span, wrap

_DOING: Final = {
    "spawnAgent": ("Start an agent", "Started an agent"),
    "sendInput": ("Tell {who} more", "Told {who} more"),
    "sendMessage": ("Send {who} a message", "Sent {who} a message"),
    "followupTask": ("Give {who} more to do", "Gave {who} more to do"),
    "resumeAgent": ("Resume {who}", "Resumed {who}"),
    "wait": ("Wait for {who}", "Waited for {who}"),
    "closeAgent": ("Close {who}", "Closed {who}"),
    "interruptAgent": ("Interrupt {who}", "Interrupted {who}"),
    "listAgents": ("List agents", "Listed agents"),
}
"""What a call does, while it goes on and after."""

_STATES: Final = {
    "pendingInit": ("begins", palette.DIM),
    "running": ("runs", palette.BUSY),
    "interrupted": ("interrupted", palette.WARN),
    "completed": ("done", palette.GOOD),
    "errored": ("failed", palette.BAD),
    "shutdown": ("closed", palette.DIM),
    "notFound": ("not found", palette.BAD),
}

_ACTIVITIES: Final = {
    "started": ("began", palette.GOOD),
    "interacted": ("was told something", palette.DIM),
    "interrupted": ("was interrupted", palette.WARN),
    "completed": ("is done", palette.GOOD),
}

_NAME_CHARACTERS: Final = 8
"""So much of the end of an agent's thread id tells it from the others: the beginning is a time."""


def agents_call_rows(call: AgentsCall, entry: Entry, look: Look) -> list[Strip]:
    """Give the rows of a call about agents, and the state of each."""
    now, then = _DOING.get(call.tool, (plain_line(call.tool) or "agents",) * 2)
    who = _who(call)
    verb = (now if entry.progress is Progress.OPEN else then).replace("{who}", who)
    head: list[Span] = [(verb, palette.PLAIN)]
    if call.tool == "spawnAgent" and call.receivers:
        head.append((f" {agent_name(call.receivers[0])}", palette.COMMAND))
    if call.model:
        effort = f" {plain_line(call.effort)}" if call.effort else ""
        head.append((f" ({plain_line(call.model)}{effort})", palette.DIM))
    if entry.progress is Progress.CUT:
        head.append((" · interrupted", palette.WARN))
    rows = one_line(("⑂ ", status_style(call.status)), head, look)
    rows += text_rows(call.prompt, palette.DIM, look, limit=TEXT_ROWS)
    for state in call.agents:
        rows += _state_rows(state, look)
    return rows


def activity_rows(activity: AgentActivity, look: Look) -> list[Strip]:
    """Give the row of what an agent did."""
    what, style = _ACTIVITIES.get(activity.kind, (plain_line(activity.kind), palette.DIM))
    name = plain_line(activity.path) or agent_name(activity.thread_id)
    head: list[Span] = [("Agent ", palette.PLAIN), (name, palette.COMMAND), (f" {what}", style)]
    if activity.model:
        head.append((f" ({plain_line(activity.model)})", palette.DIM))
    return one_line(("⑂ ", style), head, look)


def agent_name(thread_id: str) -> str:
    """Give a short name of an agent that has none: the end of its thread's id."""
    return plain_line(thread_id)[-_NAME_CHARACTERS:]


def _who(call: AgentsCall) -> str:
    if len(call.receivers) == 1:
        return f"agent {agent_name(call.receivers[0])}"
    return f"{len(call.receivers)} agents" if call.receivers else "agents"


def _state_rows(state: AgentState, look: Look) -> list[Strip]:
    word, style = _STATES.get(state.status, (plain_line(state.status), palette.DIM))
    spans: list[Span] = [(agent_name(state.thread_id), palette.COMMAND), (f" {word}", style)]
    rows = wrap(spans, look.width, first=[("  └ ", palette.DIM)])
    front: Span = ("    ", palette.PLAIN)
    return rows + text_rows(state.message, palette.DIM, look, limit=TEXT_ROWS, front=front)
