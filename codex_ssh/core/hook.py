"""Hooks: programs of the user's that codex runs at certain moments, and what they said.

Lives here: one run of one hook, and its tolerant decoder. Not here: what hooks tell the model, which is an
item (:class:`codex_ssh.core.items.HookPrompt`).

Source: ``HookRunSummary`` of ``codex app-server generate-json-schema``, 0.169.
"""

from __future__ import annotations

import enum

from codex_ssh.core.fields import list_at, number_at, text_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass


class HookStatus(enum.Enum):
    """How a hook ended; the value is the app server's word."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    BLOCKED = "blocked"
    STOPPED = "stopped"
    UNKNOWN = ""


_STATUSES = {status.value: status for status in HookStatus}


@dataclass(frozen=True, slots=True, kw_only=True)
class HookWord:
    """Something a hook said.

    Attributes:
        kind: ``warning``, ``stop``, ``feedback``, ``context`` or ``error``.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRun:
    """One run of one hook.

    Attributes:
        run_id: The same for every run of a hook at the same place.
        event: When it is run: ``preToolUse``, ``stop`` …
        source: Where it is set up, such as ``user`` or ``project``.
        path: The file it is set up in, on the devbox.
        message: What its author wants shown while it runs; may be empty.
        words: What it said, in order.
        duration_ms: None while it runs.
    """

    run_id: str
    event: str = ""
    status: HookStatus = HookStatus.UNKNOWN
    source: str = ""
    path: str = ""
    message: str = ""
    words: tuple[HookWord, ...] = ()
    duration_ms: int | None = None

    @property
    def is_silent(self) -> bool:
        """Whether it did its work and had nothing to say."""
        return self.status is HookStatus.COMPLETED and not self.words


def decode_hook_run(shape: Json) -> HookRun:
    """Read the ``run`` of ``hook/started`` and ``hook/completed``. Never raises."""
    return HookRun(
        run_id=text_at(shape, "id"),
        event=text_at(shape, "eventName"),
        status=_STATUSES.get(text_at(shape, "status"), HookStatus.UNKNOWN),
        source=text_at(shape, "source"),
        path=text_at(shape, "sourcePath"),
        message=text_at(shape, "statusMessage"),
        words=tuple(
            HookWord(kind=text_at(entry, "kind"), text=text_at(entry, "text"))
            for entry in list_at(shape, "entries")
        ),
        duration_ms=number_at(shape, "durationMs"),
    )
