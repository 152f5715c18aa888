"""The app server methods that set a thread to work without a message: review, compaction, goal, terminals.

Lives here: one small function each, giving a :class:`Call`. Not here: turns by message
(:mod:`codex_ssh.core.methods`).

Source: ``codex app-server generate-json-schema --experimental``, 0.163 and 0.169, and what those do: a review
or a compaction begun while a turn runs ends that turn.
"""

from __future__ import annotations

from codex_ssh.core.call import Call, Page, nothing, page_of, said
from codex_ssh.core.fields import number_at, shape_at, text_at, truth_at
from codex_ssh.core.goal import Goal, GoalStatus, decode_goal
from codex_ssh.core.rpc import Json
from codex_ssh.core.thread import Turn, decode_turn
from codex_ssh.core.value import dataclass


def thread_compact_start(thread_id: str) -> Call[None]:
    """Summarise the thread, so that it takes less of the model's context; a turn of its own."""
    return Call(method="thread/compact/start", params={"threadId": thread_id}, decode=nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTarget:
    """What a review looks at: one of ``branch``, ``sha`` and ``instructions``, or else what is uncommitted.

    Attributes:
        branch: The difference to this branch.
        sha: This commit.
        title: The commit's first line.
        instructions: Whatever these words say.
    """

    branch: str = ""
    sha: str = ""
    title: str = ""
    instructions: str = ""

    @property
    def shape(self) -> dict[str, Json]:
        """The same as the wire has it."""
        if self.branch:
            return {"type": "baseBranch", "branch": self.branch}
        if self.sha:
            return {"type": "commit", "sha": self.sha, **said(title=self.title)}
        if self.instructions:
            return {"type": "custom", "instructions": self.instructions}
        return {"type": "uncommittedChanges"}


def review_start(thread_id: str, target: ReviewTarget) -> Call[Turn]:
    """Review changes, as a turn in the thread itself; gives that turn."""
    params = {"threadId": thread_id, "target": target.shape, "delivery": "inline"}
    return Call(
        method="review/start", params=params, decode=lambda result: decode_turn(shape_at(result, "turn"))
    )


# ---------------------------------------------------------------- goals


def thread_goal_get(thread_id: str) -> Call[Goal | None]:
    """Ask for a thread's goal; None when it has none."""
    params = {"threadId": thread_id}
    return Call(method="thread/goal/get", params=params, decode=_goal, is_repeatable=True)


def thread_goal_set(
    thread_id: str, *, objective: str = "", status: GoalStatus = GoalStatus.UNKNOWN
) -> Call[Goal | None]:
    """Give a thread a goal, or change it; a thread that is idle begins to work at once."""
    params = {"threadId": thread_id, **said(objective=objective, status=status.value)}
    return Call(method="thread/goal/set", params=params, decode=_goal, is_repeatable=True)


def thread_goal_clear(thread_id: str) -> Call[bool]:
    """Forget a thread's goal; gives whether there was one."""
    return Call(
        method="thread/goal/clear",
        params={"threadId": thread_id},
        decode=lambda result: truth_at(result, "cleared"),
    )


def _goal(result: Json) -> Goal | None:
    shape = shape_at(result, "goal")
    return decode_goal(shape) if shape else None


# ---------------------------------------------------------------- terminals


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundTerminal:
    """A command the model left running.

    Attributes:
        id: The server's ``processId``; no process id of the system.
        pid: The system's; None where it is not told.
        memory_kb: Resident memory; None where it is not told.
    """

    id: str
    command: str
    cwd: str
    pid: int | None = None
    memory_kb: int | None = None


def background_terminals_list(thread_id: str, *, cursor: str | None = None) -> Call[Page[BackgroundTerminal]]:
    """Ask which commands of a thread run in the background."""

    def decode(shape: Json) -> BackgroundTerminal:
        return BackgroundTerminal(
            id=text_at(shape, "processId"),
            command=text_at(shape, "command"),
            cwd=text_at(shape, "cwd"),
            pid=number_at(shape, "osPid"),
            memory_kb=number_at(shape, "rssKb"),
        )

    return Call(
        method="thread/backgroundTerminals/list",
        params={"threadId": thread_id, **said(cursor=cursor)},
        decode=page_of(decode),
        is_repeatable=True,
    )


def background_terminals_terminate(thread_id: str, process_id: str) -> Call[bool]:
    """Stop one of them; gives whether it was there."""
    return Call(
        method="thread/backgroundTerminals/terminate",
        params={"threadId": thread_id, "processId": process_id},
        decode=lambda result: truth_at(result, "terminated"),
    )


def background_terminals_clean(thread_id: str) -> Call[None]:
    """Stop all of them."""
    params = {"threadId": thread_id}
    return Call(method="thread/backgroundTerminals/clean", params=params, decode=nothing)
