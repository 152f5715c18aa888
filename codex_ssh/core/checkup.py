"""What a check of a host came to: one value for each rung of the ladder, and how it is written as JSON.

Lives here: the values and their JSON form, which ``docs/reference/command-line.md`` describes. Not here:
climbing (:mod:`codex_ssh.link.checkup`), this machine (:mod:`codex_ssh.local.machine`), and printing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import field
from typing import Final

from codex_ssh.core.redact import redact
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass
from codex_ssh.errors import CodexSshError, ExitCode

RUNGS: Final = (
    "resolve",
    "tcp",
    "host key",
    "login",
    "exec",
    "probe",
    "codex",
    "app server",
    "owner",
    "token",
    "upgrade",
    "initialize",
    "account",
    "sandbox",
    "threads",
)
"""The ladder from here to a first answer, in order."""


class State(enum.Enum):
    """How a rung was."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a rung could not be climbed.

    Attributes:
        kind: The error's class, as ``docs/reference/errors.md`` has them.
        message: What happened, in our words.
        said: What the other side said, verbatim; may be empty.
        fix: Something to do; may be empty.
        code: The exit code that goes with it.
    """

    kind: str
    message: str
    said: str
    fix: str
    code: ExitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step, and what was found there.

    Attributes:
        name: One of :data:`RUNGS`, or of this machine's own checks.
        state: How it was.
        ms: How long it took, in milliseconds; None when it cannot be told apart from its neighbours.
        found: What was found, a line each; for a skipped one why.
        warnings: What is not as it should be, though it did not stop us.
        cause: Why it failed; None unless it did.
    """

    name: str
    state: State
    ms: float | None = None
    found: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    cause: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """A whole check.

    Attributes:
        host: As typed; empty for this machine.
        rungs: In order.
        here: Facts about this machine.
        there: Facts about the devbox, as far as we came.
    """

    host: str
    rungs: tuple[Rung, ...]
    here: Mapping[str, Json] = field(default_factory=dict)
    there: Mapping[str, Json] = field(default_factory=dict)

    @property
    def failed(self) -> Rung | None:
        """The rung that could not be climbed."""
        return next((rung for rung in self.rungs if rung.cause is not None), None)

    @property
    def reached_top(self) -> bool:
        """Whether the last rung was climbed."""
        return self.rungs[-1].state in (State.OK, State.WARNING)

    @property
    def exit_code(self) -> ExitCode:
        """What the process exits with: that of the rung that failed, else 0."""
        failed = self.failed
        return ExitCode.DONE if failed is None or failed.cause is None else failed.cause.code


def cause_of(error: CodexSshError, *, host: str = "") -> Cause:
    """Give an error as a cause; a hop's name stays in the message, the host's own does not."""
    where = str(getattr(error, "host", ""))
    hop = f"{where}: " if where and where != host else ""
    return Cause(
        kind=type(error).__name__,
        message=f"{hop}{error.message}",
        said=str(getattr(error, "said", "")).strip(),
        fix=error.hint,
        code=error.exit_code,
    )


def checkup_shape(checkup: Checkup) -> dict[str, Json]:
    """Give a check as JSON, credentials masked wherever text may hold one."""
    shape: dict[str, Json] = {
        "host": checkup.host or None,
        "ok": checkup.failed is None,
        "reachedTop": checkup.reached_top,
        "exitCode": int(checkup.exit_code),
        "rungs": [rung_shape(rung) for rung in checkup.rungs],
        "here": dict(checkup.here),
        "there": dict(checkup.there),
    }
    masked = mask(shape)
    assert isinstance(masked, dict)
    return masked


def rung_shape(rung: Rung) -> Json:
    """Give one rung as JSON."""
    cause = rung.cause
    return {
        "name": rung.name,
        "state": rung.state.value,
        "ms": None if rung.ms is None else round(rung.ms, 1),
        "found": list(rung.found),
        "warnings": list(rung.warnings),
        "cause": None
        if cause is None
        else {"kind": cause.kind, "message": cause.message, "said": cause.said, "fix": cause.fix},
    }


def mask(value: Json) -> Json:
    """Give a JSON value with everything in its texts that looks like a credential masked."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [mask(one) for one in value]
    if isinstance(value, dict):
        return {key: mask(one) for key, one in value.items()}
    return value
