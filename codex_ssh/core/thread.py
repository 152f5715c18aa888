"""Threads and turns as the app server describes them, and their tolerant decoders.

Lives here: the values in answers and notifications that are not items. Not here: items
(:mod:`codex_ssh.core.items`) and how a running thread changes (:mod:`codex_ssh.core.transcript`).
"""

from __future__ import annotations

import enum
from typing import Final, NewType

from codex_ssh.core.fields import list_at, number_at, shape_at, text_at, texts_at, truth_at
from codex_ssh.core.items import Item, decode_item
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass

ThreadId = NewType("ThreadId", str)
TurnId = NewType("TurnId", str)

UNAUTHORIZED: Final = 401
"""RFC 9110, section 15.5.2."""


class TurnStatus(enum.Enum):
    """How far a turn is; the value is the app server's word."""

    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    UNKNOWN = ""

    @classmethod
    def read(cls, word: str) -> TurnStatus:
        """Give the status a word stands for; UNKNOWN for words of newer servers."""
        return _TURN_STATUSES.get(word, cls.UNKNOWN)

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens in the turn."""
        return self not in (TurnStatus.IN_PROGRESS, TurnStatus.UNKNOWN)


_TURN_STATUSES = {status.value: status for status in TurnStatus}


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnError:
    """Why a turn failed.

    Attributes:
        message: The app server's words, verbatim.
        kind: ``codexErrorInfo``: a word such as ``usageLimitExceeded``, or the name of its one member.
        details: ``additionalDetails``; may be empty.
        http_status: What the model server answered with, where the kind says that; None otherwise.
    """

    message: str
    kind: str = ""
    details: str = ""
    http_status: int | None = None

    @property
    def is_unauthorized(self) -> bool:
        """Whether the model server took the credentials for none.

        codex says ``unauthorized`` when it could not renew them, and tells the status of other refusals.
        """
        return self.kind == "unauthorized" or self.http_status == UNAUTHORIZED


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn.

    Attributes:
        items: What the answer carried of it, which may be none, some or all: see ``items_view``.
        items_view: ``notLoaded``, ``summary`` or ``full``.
        started_at: Seconds since 1970; None when not told.
        duration_ms: Milliseconds; None while it runs.
    """

    id: TurnId
    status: TurnStatus
    items: tuple[Item, ...] = ()
    items_view: str = ""
    error: TurnError | None = None
    started_at: int | None = None
    duration_ms: int | None = None


class ThreadState(enum.Enum):
    """What a thread is doing; the value is the app server's word."""

    NOT_LOADED = "notLoaded"
    IDLE = "idle"
    ACTIVE = "active"
    SYSTEM_ERROR = "systemError"
    UNKNOWN = ""


_THREAD_STATES = {state.value: state for state in ThreadState}


class Need(enum.IntEnum):
    """What a thread does, in the order of lists."""

    RUNNING = 0
    WAITING = 1
    """For an approval or an answer."""
    NONE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadStatus:
    """``thread.status``.

    Attributes:
        flags: What an active thread waits for: ``waitingOnApproval``, ``waitingOnUserInput``.
    """

    state: ThreadState = ThreadState.UNKNOWN
    flags: tuple[str, ...] = ()

    @property
    def need(self) -> Need:
        """How much a person is wanted there."""
        if self.state is not ThreadState.ACTIVE:
            return Need.NONE
        return Need.WAITING if self.flags else Need.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One thread.

    Attributes:
        name: The name somebody gave it; empty mostly.
        preview: The first user message.
        cwd: Its working directory on the devbox.
        model: Empty where the server does not tell (0.163 tells it only beside the thread).
        created_at, updated_at: Seconds since 1970; 0 when not told.
        branch: The git branch when it was begun; empty where there is none.
    """

    id: ThreadId
    name: str = ""
    preview: str = ""
    cwd: str = ""
    branch: str = ""
    model: str = ""
    cli_version: str = ""
    ephemeral: bool = False
    created_at: int = 0
    updated_at: int = 0
    status: ThreadStatus = ThreadStatus()
    turns: tuple[Turn, ...] = ()

    @property
    def title(self) -> str:
        """The name, else the first line of the preview, else the id; remote text."""
        return self.name or self.preview.strip().partition("\n")[0] or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """Tokens used by a thread.

    Attributes:
        total: All tokens of all requests so far.
        context: Tokens of the last request, which is how full the context window is.
        context_window: Size of the model's window; None when not known.
    """

    total: int = 0
    input: int = 0
    output: int = 0
    context: int = 0
    context_window: int | None = None


def decode_turn_error(shape: Json) -> TurnError | None:
    """Read a turn's error; None when there is none."""
    if not isinstance(shape, dict):
        return None
    info = shape.get("codexErrorInfo")
    kind = info if isinstance(info, str) else next(iter(info), "") if isinstance(info, dict) else ""
    return TurnError(
        message=text_at(shape, "message"),
        kind=kind,
        details=text_at(shape, "additionalDetails"),
        http_status=number_at(shape_at(info, kind), "httpStatusCode"),
    )


def decode_turn(shape: Json) -> Turn:
    """Read a turn; missing fields become defaults."""
    return Turn(
        id=TurnId(text_at(shape, "id")),
        status=TurnStatus.read(text_at(shape, "status")),
        items=tuple(decode_item(item) for item in list_at(shape, "items")),
        items_view=text_at(shape, "itemsView"),
        error=decode_turn_error(shape_at(shape, "error") or None),
        started_at=number_at(shape, "startedAt"),
        duration_ms=number_at(shape, "durationMs"),
    )


def decode_thread_status(shape: Json) -> ThreadStatus:
    """Read ``thread.status``."""
    state = _THREAD_STATES.get(text_at(shape, "type"), ThreadState.UNKNOWN)
    return ThreadStatus(state=state, flags=texts_at(shape, "activeFlags"))


def decode_thread(shape: Json) -> Thread:
    """Read a thread; missing fields become defaults."""
    return Thread(
        id=ThreadId(text_at(shape, "id")),
        name=text_at(shape, "name"),
        preview=text_at(shape, "preview"),
        cwd=text_at(shape, "cwd"),
        branch=text_at(shape_at(shape, "gitInfo"), "branch"),
        model=text_at(shape, "model"),
        cli_version=text_at(shape, "cliVersion"),
        ephemeral=truth_at(shape, "ephemeral"),
        created_at=number_at(shape, "createdAt") or 0,
        updated_at=number_at(shape, "updatedAt") or 0,
        status=decode_thread_status(shape_at(shape, "status")),
        turns=tuple(decode_turn(turn) for turn in list_at(shape, "turns")),
    )


def decode_token_usage(shape: Json) -> TokenUsage:
    """Read ``tokenUsage``."""
    total, last = shape_at(shape, "total"), shape_at(shape, "last")
    return TokenUsage(
        total=number_at(total, "totalTokens") or 0,
        input=number_at(total, "inputTokens") or 0,
        output=number_at(total, "outputTokens") or 0,
        context=number_at(last, "totalTokens") or 0,
        context_window=number_at(shape, "modelContextWindow"),
    )
