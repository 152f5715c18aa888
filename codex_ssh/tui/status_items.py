"""The pieces of the status line: what each says, how important it is, and which are kept where room is short.

Lives here: text and rank of every item of the ``status`` key, and the state of the link, which is always
said. Not here: the widget (:mod:`codex_ssh.tui.widgets.status_bar`). Nothing here imports Textual.

Colour is never the only carrier of a meaning: every mark comes with a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from codex_ssh.core.entry import CheckList
from codex_ssh.core.events import StepStatus
from codex_ssh.core.goal import Goal, GoalStatus
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.limits import Limits
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.settings_methods import DEFAULT_MODE
from codex_ssh.core.transcript import RunState, Transcript
from codex_ssh.core.tui_settings import StatusItem
from codex_ssh.core.value import dataclass
from codex_ssh.tui import palette
from codex_ssh.tui.cells import seconds
from codex_ssh.tui.chat import Chat

STATES: Final = {
    RunState.IDLE: ("●", palette.GOOD),
    RunState.RUNNING: ("▶", palette.BUSY),
    RunState.WAITING_FOR_APPROVAL: ("?", palette.WARN),
    RunState.WAITING_FOR_ANSWER: ("?", palette.WARN),
    RunState.INTERRUPTED: ("■", palette.WARN),
    RunState.FAILED: ("✗", palette.BAD),
}
"""The mark of a state and its style."""

LITTLE_CONTEXT: Final = 15
LITTLE_ALLOWANCE: Final = 10
"""Percent left from which on a piece is a warning, and stays when others are left out."""

_SANDBOXES: Final = {
    "dangerFullAccess": "full access",
    "readOnly": "read only",
    "workspaceWrite": "workspace write",
    "externalSandbox": "external sandbox",
}
_POLICIES: Final = {
    "untrusted": "asks unless trusted",
    "on-request": "asks on request",
    "on-failure": "asks on failure",
    "never": "never asks",
    "granular": "asks by rule",
}

_GOALS: Final = {
    GoalStatus.PAUSED: "paused",
    GoalStatus.BLOCKED: "blocked",
    GoalStatus.USAGE_LIMITED: "out of allowance",
    GoalStatus.BUDGET_LIMITED: "out of budget",
    GoalStatus.COMPLETE: "reached",
}

_WARNING_RANK: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of the line.

    Attributes:
        rank: The lowest stays longest.
    """

    text: str
    rank: int
    style: Style = palette.DIM


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the pieces are made for.

    Attributes:
        now: The monotonic clock, in seconds.
        running: Seconds the turn runs; None when none does.
        width: Of the line, in columns.
    """

    now: float
    running: float | None
    width: int

    @property
    def longest(self) -> int:
        """How long a text of any length may become."""
        return max(12, self.width // 4)


def status_parts(chat: Chat, items: Sequence[StatusItem], moment: Moment) -> list[Part]:
    """Give all pieces of the line, from left to right; the state of the link goes before them."""
    parts = link_parts(chat, moment.now)
    for item in items:
        part = _ITEMS[item](chat, moment)
        if part is not None and part.text:
            parts.append(replace(part, text=plain_line(part.text)))
    return parts


def fitted(parts: Sequence[Part], width: int) -> Text:
    """Give the line, with the least important pieces left out until it fits."""
    if width < 1:  # a widget without a size yet: rich would cut the last letter only
        return Text()
    kept = list(parts)
    while len(kept) > 1 and sum(cell_len(part.text) + 3 for part in kept) - 3 > width:
        kept.remove(max(kept, key=lambda part: part.rank))
    line = Text(no_wrap=True, overflow="ellipsis")
    for part in kept:
        if line:
            line.append(" · ", palette.DIM)
        line.append(part.text, part.style)
    line.truncate(width, overflow="ellipsis")
    return line


def link_parts(chat: Chat, now: float) -> list[Part]:
    """Say what is the matter with the link; nothing when all is well.

    Args:
        chat: The conversation.
        now: The monotonic clock, in seconds.
    """
    status = chat.status
    contact = f"last contact {whole(int(chat.silent_for))} ago"
    match status.state:
        case LinkState.UP:
            return []
        case LinkState.SILENT:
            text, key = f"no answer, {contact}", ""
        case LinkState.CONNECTING:
            text, key = f"reconnecting, {contact}", ""
        case LinkState.LOST:
            due = max(0, int((status.next_try or now) - now))
            again = f", next try in {whole(due)}" if due else ""
            text, key = f"no link, {contact}{again}", "ctrl+r: now"
        case LinkState.PAUSED:
            text, key = f"no link, {contact}", "ctrl+r: reconnect"
        case LinkState.STOPPED:
            text, key = "the link is closed", ""
    waiting = len(chat.outbox.messages)
    parts = [Part(text=f"✗ {text}", rank=0, style=palette.BAD)]
    if key:
        parts.append(Part(text=key, rank=1, style=palette.WARN))
    if waiting:
        parts.append(Part(text=f"{waiting} waiting to be sent", rank=2, style=palette.WARN))
    return parts


# ---------------------------------------------------------------- the items


def _state(chat: Chat, moment: Moment) -> Part:
    transcript = chat.transcript
    if chat.doing:
        return Part(text=f"… {chat.doing}", rank=1, style=palette.BUSY)
    if transcript is None:
        return Part(text="no thread", rank=1, style=palette.WARN)
    if chat.is_read_only:
        return Part(text="read only, /fork goes on", rank=1, style=palette.WARN)
    mark, style = STATES[transcript.state]
    ran = f" {whole(int(moment.running))}" if moment.running is not None and chat.is_online else ""
    # Without a link nobody knows what goes on there now.
    was = "" if chat.is_online else "was "
    return Part(text=f"{mark} {was}{transcript.state.value}{ran}", rank=1, style=style)


def _queue(chat: Chat, _: Moment) -> Part | None:
    count = len(chat.queue.waiting)
    paused = " and resting" if chat.queue.is_paused else ""
    return Part(text=f"{count} queued{paused}", rank=3) if count else None


def _elsewhere(chat: Chat, _: Moment) -> Part | None:
    # What a thread we see asks has its card: those that began here are seen too.
    seen = {ask.thread_id for ask in chat.asks} | ({chat.transcript.thread_id} if chat.transcript else set())
    count = len(chat.surroundings.waiting - seen)
    if not count:
        return None
    return Part(
        text=f"{count} other thread{' waits' if count == 1 else 's wait'}", rank=3, style=palette.WARN
    )


def _host(chat: Chat, _: Moment) -> Part:
    return Part(text=chat.facts.host, rank=2, style=palette.BOLD)


def _user(chat: Chat, _: Moment) -> Part | None:
    return Part(text=f"as {chat.facts.user}", rank=13) if chat.facts.user else None


def _thread(chat: Chat, moment: Moment) -> Part | None:
    name = chat.transcript.name if chat.transcript is not None else ""
    return Part(text=cut(plain_line(name), moment.longest), rank=10) if name else None


def _transport(chat: Chat, _: Moment) -> Part:
    return Part(text=chat.facts.transport, rank=8)


def _round_trip(chat: Chat, _: Moment) -> Part:
    trip = f"{chat.round_trip * 1000:.0f}" if chat.round_trip is not None else "–"
    return Part(text=f"{trip} ms", rank=4)


def _model(chat: Chat, _: Moment) -> Part:
    return Part(text=model_text(chat), rank=5)


def _directory(chat: Chat, moment: Moment) -> Part | None:
    cwd = chat.transcript.cwd if chat.transcript is not None else ""
    return Part(text=cut_front(plain_line(cwd), moment.longest), rank=3)


def _branch(chat: Chat, moment: Moment) -> Part | None:
    branch = chat.surroundings.branch
    return Part(text=f"git {cut(plain_line(branch), moment.longest)}", rank=7) if branch else None


def _mode(chat: Chat, _: Moment) -> Part | None:
    mode = chat.transcript.mode if chat.transcript is not None else ""
    return Part(text=f"{mode} mode", rank=4, style=palette.BUSY) if mode not in ("", DEFAULT_MODE) else None


def _goal(chat: Chat, moment: Moment) -> Part | None:
    goal = chat.transcript.goal if chat.transcript is not None else None
    text = goal_text(goal, "goal ", longest=moment.longest)
    return Part(text=text, rank=10) if text else None


def _plan(chat: Chat, _: Moment) -> Part | None:
    done, all_steps = plan_progress(chat.transcript)
    return Part(text=f"plan {done}/{all_steps}", rank=6) if all_steps else None


def _context(chat: Chat, _: Moment) -> Part | None:
    left = context_left(chat.transcript)
    if left is None:
        return None
    part = Part(text=f"context {left} % left", rank=6)
    return part if left > LITTLE_CONTEXT else replace(part, rank=_WARNING_RANK, style=palette.WARN)


def _limits(chat: Chat, _: Moment) -> Part | None:
    limits = chat.surroundings.limits
    text = limits_text(limits)
    if not text:
        return None
    is_little = limits.reached or any(window.left <= LITTLE_ALLOWANCE for window in limits.windows)
    return (
        Part(text=text, rank=_WARNING_RANK + 1, style=palette.WARN) if is_little else Part(text=text, rank=9)
    )


def _permissions(chat: Chat, _: Moment) -> Part | None:
    return Part(text=permissions_text(chat.transcript), rank=11)


def _tokens(chat: Chat, _: Moment) -> Part | None:
    total = chat.transcript.usage.total if chat.transcript is not None else 0
    return Part(text=tokens(total), rank=12) if total else None


def _server(chat: Chat, _: Moment) -> Part | None:
    version = chat.facts.server_version
    return Part(text=f"app server {version}", rank=14) if version else None


_ITEMS: Final[dict[StatusItem, Callable[[Chat, Moment], Part | None]]] = {
    StatusItem.STATE: _state,
    StatusItem.QUEUE: _queue,
    StatusItem.ELSEWHERE: _elsewhere,
    StatusItem.HOST: _host,
    StatusItem.USER: _user,
    StatusItem.THREAD: _thread,
    StatusItem.TRANSPORT: _transport,
    StatusItem.ROUND_TRIP: _round_trip,
    StatusItem.MODEL: _model,
    StatusItem.DIRECTORY: _directory,
    StatusItem.BRANCH: _branch,
    StatusItem.MODE: _mode,
    StatusItem.PLAN: _plan,
    StatusItem.GOAL: _goal,
    StatusItem.CONTEXT: _context,
    StatusItem.LIMITS: _limits,
    StatusItem.PERMISSIONS: _permissions,
    StatusItem.TOKENS: _tokens,
    StatusItem.SERVER: _server,
}


# ---------------------------------------------------------------- words, for other surfaces too


def model_text(chat: Chat) -> str:
    """Give model and effort of the next turn; remote text."""
    transcript = chat.transcript
    model = chat.model or (transcript.model if transcript is not None else "")
    effort = chat.effort or (transcript.effort if transcript is not None else "")
    return f"{model} {effort}".strip()


def plan_progress(transcript: Transcript | None) -> tuple[int, int]:
    """Give how many steps of the running turn's plan are done, and how many there are; 0 without one."""
    if transcript is None or transcript.turn_id is None:
        return 0, 0
    entry = transcript.entry(transcript.turn_id, "#plan")
    steps = entry.content.steps if entry is not None and isinstance(entry.content, CheckList) else ()
    return sum(step.status is StepStatus.COMPLETED for step in steps), len(steps)


def context_left(transcript: Transcript | None) -> int | None:
    """Give how much of the context window is left, in percent; None while that is not known."""
    if transcript is None or not transcript.usage.context_window:
        return None
    return max(0, round(100 - 100 * transcript.usage.context / transcript.usage.context_window))


def limits_text(limits: Limits) -> str:
    """Give what is left of every allowance; empty when nothing was told."""
    windows = ", ".join(f"{window.name} {window.left} %" for window in limits.windows)
    return f"limits {windows} left" if windows else ""


def goal_text(goal: Goal | None, front: str, *, longest: int = 400) -> str:
    """Say what a thread works towards, and why it does not where it rests; remote text, empty without one."""
    if goal is None or not goal.objective:
        return ""
    status = f"{_GOALS[goal.status]}: " if goal.status in _GOALS else ""
    return f"{front}{status}{cut(plain_line(goal.objective), longest)}"


def permissions_text(transcript: Transcript | None) -> str:
    """Say what codex may do there and when it asks; remote text where the words are not known."""
    if transcript is None:
        return ""
    sandbox = _SANDBOXES.get(transcript.sandbox, transcript.sandbox)
    asks = _POLICIES.get(transcript.approval_policy, transcript.approval_policy)
    return ", ".join(part for part in (sandbox, asks) if part)


def tokens(count: int) -> str:
    """Give a number of tokens in few characters."""
    if count < 1000:
        return f"{count} tokens"
    if count < 1_000_000:
        return f"{count / 1000:.1f}k tokens"
    return f"{count / 1_000_000:.1f}M tokens"


def whole(count: int) -> str:
    """Give whole seconds in words."""
    return f"{count} s" if count < 60 else seconds(count * 1000)


def cut(text: str, longest: int) -> str:
    """Cut the end of a long text."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def cut_front(path: str, longest: int) -> str:
    """Cut the beginning of a long path: its end tells more."""
    return path if len(path) <= longest else f"…{path[-longest + 1 :]}"
