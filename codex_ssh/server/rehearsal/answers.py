"""Answers of people, and answers to forms: read with care, for whatever is not understood is no "yes".

Lives here: decisions on approvals, answers to questions, and JSON that fits a schema. Not here: asking
(:mod:`codex_ssh.server.rehearsal.actor`).
"""

from __future__ import annotations

import enum
import json

from codex_ssh.core.rpc import Response
from codex_ssh.server.rehearsal.hub import Answer
from codex_ssh.server.rehearsal.wire import Shape


class Decision(enum.Enum):
    """What was answered to an approval request."""

    ACCEPT = "accept"
    ACCEPT_FOR_SESSION = "acceptForSession"
    DECLINE = "decline"
    CANCEL = "cancel"
    UNREADABLE = "unreadable"


def read_decision(answer: Answer) -> Decision:
    """Read a decision; whatever is not understood is no acceptance."""
    if not isinstance(answer, Response) or not isinstance(answer.result, dict):
        return Decision.UNREADABLE
    decision = answer.result.get("decision")
    if isinstance(decision, dict) and "acceptWithExecpolicyAmendment" in decision:
        return Decision.ACCEPT_FOR_SESSION
    try:
        return Decision(decision)
    except ValueError:
        return Decision.UNREADABLE


def read_answers(answer: Answer) -> str:
    """Give the words of an answer to a question, or that there were none."""
    if not isinstance(answer, Response) or not isinstance(answer.result, dict):
        return "nothing"
    answers = answer.result.get("answers")
    given = answers.get("answer") if isinstance(answers, dict) else None
    words = given.get("answers") if isinstance(given, dict) else None
    return ", ".join(str(word) for word in words) if isinstance(words, list) and words else "nothing"


def fit_schema(schema: Shape) -> str:
    """Give JSON that fits a flat schema of strings, as far as that goes."""
    properties = schema.get("properties")
    members = properties if isinstance(properties, dict) else {}
    found: Shape = {}
    for name, member in members.items():
        kind = member.get("type") if isinstance(member, dict) else None
        longest = member.get("maxLength") if isinstance(member, dict) else None
        text = "Rehearsal"[: longest if isinstance(longest, int) else None]
        found[name] = {"string": text, "boolean": False, "integer": 0, "number": 0, "array": []}.get(
            kind or ""
        )
    return json.dumps(found)
