"""The answers an approval takes: what each one does, in words, and its wire form.

Lives here: the decisions of commands, edits and permissions, of today's protocol and of the old one. Not
here: the requests they answer (:mod:`codex_ssh.core.ask`).

Whatever lasts longer than this once, or opens the sandbox or the network, says so in its label. A rule about
commands or hosts is written to a file on the devbox and holds for every thread there.

Source: ``CommandExecutionApprovalDecision``, ``FileChangeApprovalDecision`` and ``ReviewDecision`` of ``codex
app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from codex_ssh.core.fields import shape_at, text_at, texts_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.shell_words import without_shell
from codex_ssh.core.value import dataclass


class Verdict(enum.Enum):
    """What a decision amounts to; the value is the app server's word where it has one."""

    ACCEPT = "accept"
    ACCEPT_FOR_SESSION = "acceptForSession"
    ACCEPT_PREFIX = "acceptWithExecpolicyAmendment"
    NETWORK_ALLOW = "allow the host"
    NETWORK_DENY = "deny the host"
    DECLINE = "decline"
    CANCEL = "cancel"
    OTHER = ""

    @property
    def lets_it_happen(self) -> bool:
        """Whether what was asked for goes ahead."""
        return self not in (Verdict.DECLINE, Verdict.CANCEL, Verdict.NETWORK_DENY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One answer that may be given.

    Attributes:
        key: The key that chooses it; empty when only the list does.
        label: What it does, in our words, with remote text in it where that matters.
        result: The whole answer as the wire wants it.
    """

    verdict: Verdict
    key: str
    label: str
    result: Json


class Act(enum.Enum):
    """What a command approval is about; it decides the words."""

    RUN = "run"
    SEND = "send"
    REACH = "reach"


_YES: Final = {
    Act.RUN: "yes, run it this once",
    Act.SEND: "yes, send it this once",
    Act.REACH: "yes, let it reach {host} this once",
}
_SESSION: Final = {
    Act.RUN: "yes, and don't ask again for this until the session ends",
    Act.SEND: "yes, and don't ask again for this until the session ends",
    Act.REACH: "yes, and let everything reach {host} until the session ends",
}


def command_decisions(offered: Iterable[Json], *, command: str, act: Act, host: str) -> tuple[Decision, ...]:
    """Give what the server offers, in its order.

    ``decline`` is added where it is missing: real servers take it always, and there must be a way to say no
    without stopping the turn.

    Args:
        offered: ``availableDecisions``.
        command: What would run, without the shell around it.
        act: What it is about.
        host: Where it wants to reach; for the words only.
    """
    found = [_command_decision(wire, command, act, host) for wire in offered]
    if all(decision.verdict is not Verdict.DECLINE for decision in found):
        before_cancel = next(
            (at for at, one in enumerate(found) if one.verdict is Verdict.CANCEL), len(found)
        )
        found.insert(before_cancel, _command_decision("decline", command, act, host))
    return tuple(_unique_keys(found))


def _command_decision(wire: Json, command: str, act: Act, host: str) -> Decision:
    result = {"decision": wire}

    def decision(verdict: Verdict, key: str, label: str) -> Decision:
        return Decision(verdict=verdict, key=key, label=label, result=result)

    match wire:
        case "accept":
            return decision(Verdict.ACCEPT, "y", _YES[act].format(host=host))
        case "acceptForSession":
            return decision(Verdict.ACCEPT_FOR_SESSION, "a", _SESSION[act].format(host=host))
        case "decline":
            return decision(Verdict.DECLINE, "d", "no, and go on without it")
        case "cancel":
            return decision(Verdict.CANCEL, "c", "no, and stop the turn")
    prefix = texts_at(shape_at(wire, Verdict.ACCEPT_PREFIX.value), "execpolicy_amendment")
    if prefix:
        return decision(Verdict.ACCEPT_PREFIX, "p", _prefix_label(prefix, command))
    rule = shape_at(shape_at(wire, "applyNetworkPolicyAmendment"), "network_policy_amendment")
    if text_at(rule, "host"):
        return _network_rule(rule, result)
    return decision(Verdict.OTHER, "", wire if isinstance(wire, str) else as_json(wire))


def _prefix_label(prefix: Iterable[str], command: str) -> str:
    words = without_shell(tuple(prefix))
    what = "this command" if words == command else f"what starts with `{words}`"
    return f"yes, and never ask again for {what}, in any thread"


def _network_rule(rule: Json, result: Json) -> Decision:
    host, action = text_at(rule, "host"), text_at(rule, "action", "allow")
    if action == "allow":
        verdict, key = Verdict.NETWORK_ALLOW, "h"
        label = f"yes, and never ask again before {host} is reached, in any thread"
    elif action == "deny":
        verdict, key = Verdict.NETWORK_DENY, ""
        label = f"no, and never let {host} be reached, in any thread"
    else:
        verdict, key, label = Verdict.OTHER, "", f"from now on {action} {host}"
    return Decision(verdict=verdict, key=key, label=label, result=result)


def edit_decisions(grant_root: str) -> tuple[Decision, ...]:
    """Give the decisions on an edit; ``grant_root`` is a directory that is asked for with it."""
    below = f", and whatever is below {grant_root} until the session ends" if grant_root else ""
    return tuple(
        Decision(verdict=Verdict(word), key=key, label=label, result={"decision": word})
        for word, key, label in (
            ("accept", "y", f"yes, make these changes{below or ' this once'}"),
            ("acceptForSession", "a", "yes, and don't ask again for these files until the session ends"),
            ("decline", "d", "no, and go on without them"),
            ("cancel", "c", "no, and stop the turn"),
        )
    )


_OLD_WORDS: Final[dict[Verdict, Json]] = {
    Verdict.ACCEPT: "approved",
    Verdict.ACCEPT_FOR_SESSION: "approved_for_session",
    Verdict.DECLINE: {"denied": {"rejection": "the user said no"}},
    Verdict.CANCEL: "abort",
}


def in_old_words(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Give the same decisions in the wire form of ``execCommandApproval`` and ``applyPatchApproval``."""
    return tuple(replace(one, result={"decision": _OLD_WORDS[one.verdict]}) for one in decisions)


def permission_decisions(wanted: Json) -> tuple[Decision, ...]:
    """Give the decisions on a request for permissions; ``wanted`` is granted whole or not at all."""
    return (
        Decision(
            verdict=Verdict.ACCEPT,
            key="y",
            label="yes, allow all of it until this turn ends",
            result={"permissions": wanted, "scope": "turn"},
        ),
        Decision(
            verdict=Verdict.ACCEPT_FOR_SESSION,
            key="a",
            label="yes, allow all of it until the session ends",
            result={"permissions": wanted, "scope": "session"},
        ),
        Decision(
            verdict=Verdict.DECLINE,
            key="d",
            label="no, allow nothing, and go on",
            result={"permissions": {}, "scope": "turn"},
        ),
    )


def _unique_keys(decisions: Iterable[Decision]) -> Iterable[Decision]:
    """Leave each key to the first that has it; the others are chosen by their number."""
    taken: set[str] = set()
    for decision in decisions:
        yield replace(decision, key="") if decision.key in taken else decision
        taken.add(decision.key)


def as_json(value: Json) -> str:
    """Give JSON for a person."""
    return json.dumps(value, ensure_ascii=False, default=str)
