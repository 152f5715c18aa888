"""The request for a review: a turn that only looks, and says what it found.

Lives here: ``review/start``. Not here: playing it (:mod:`codex_ssh.server.rehearsal.turn`).

Nothing is looked at: what is found is always the same. Source: what codex 0.169 does, inline; the
rehearsal starts no thread of its own for it.
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.rpc import Request
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal import wire
from codex_ssh.server.rehearsal.hub import Session
from codex_ssh.server.rehearsal.params import Params
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.start import begin, prepare
from codex_ssh.server.rehearsal.wire import Refused

_TARGETS: Final = ("uncommittedChanges", "baseBranch", "commit", "custom")


def review_start(registry: Registry, session: Session, request: Request) -> None:
    """Play a review, as a turn."""
    about = _about(request.params)
    thread = registry.find(request.params)
    if not about:
        raise Refused("instructions must not be empty")
    registry.refuse_while_draining()
    if thread.running is not None:
        raise Refused("the rehearsal reviews nothing beside a turn")
    running = prepare(registry, thread, review=about)
    said = wire.user_message(
        running.id,
        [{"type": "text", "text": about, "text_elements": []}],
        client_id=None,
        at_ms=None,
    )
    shape = {**running.narrator.record.shape(items=[said]), "rootTurnId": None}
    session.reply(request.id, {"turn": shape, "reviewThreadId": thread.id})
    begin(registry, running)


def _about(params: Params) -> str:
    """Say what is to be reviewed, in the words of codex; empty when that is not said."""
    read.text(params, "threadId")  # the first that is read
    target = params.get("target")
    if target is None:
        raise Refused("Invalid request: missing field `target`")
    kind = read.text(target, "type") if isinstance(target, dict) else ""
    match kind:
        case "uncommittedChanges":
            return "current changes"
        case "baseBranch":
            return f"changes against '{read.text(target, 'branch')}'"
        case "commit":
            title = read.optional_text(target, "title")
            return f"commit {read.text(target, 'sha')[:7]}" + (f": {title}" if title else "")
        case "custom":
            return read.text(target, "instructions").strip()
        case _:
            known = ", ".join(f"`{name}`" for name in _TARGETS)
            raise Refused(f"Invalid request: unknown variant `{kind}`, expected one of {known}")
