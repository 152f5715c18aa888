"""Reviews of requests by a model in the user's place ("approve for me"; codex calls it guardian).

Lives here: one review and its tolerant decoder. Not here: requests a person answers
(:mod:`codex_ssh.core.ask`).

Source: ``item/autoApprovalReview/*`` of ``codex app-server generate-json-schema``, 0.169.
"""

from __future__ import annotations

import enum

from codex_ssh.core.fields import shape_at, text_at, texts_at
from codex_ssh.core.items import compact_json, unwrap_shell
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass


class Review(enum.Enum):
    """How a review ended; the value is the app server's word."""

    IN_PROGRESS = "inProgress"
    APPROVED = "approved"
    DENIED = "denied"
    TIMED_OUT = "timedOut"
    ABORTED = "aborted"
    UNKNOWN = ""


_REVIEWS = {review.value: review for review in Review}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalReview:
    """One review.

    Attributes:
        kind: What is asked for: ``command``, ``applyPatch``, ``networkAccess`` …
        about: It in one line: the command, the files, the host.
        risk: ``low``, ``medium``, ``high`` or ``critical``; empty while it goes on.
        authorization: How clearly the user wanted it: ``unknown``, ``low``, ``medium`` or ``high``.
        rationale: Why it was decided so.
    """

    review_id: str
    status: Review = Review.UNKNOWN
    kind: str = ""
    about: str = ""
    risk: str = ""
    authorization: str = ""
    rationale: str = ""


def decode_approval_review(params: Json) -> ApprovalReview:
    """Read a review's beginning or end. Never raises."""
    action, review = shape_at(params, "action"), shape_at(params, "review")
    return ApprovalReview(
        review_id=text_at(params, "reviewId"),
        status=_REVIEWS.get(text_at(review, "status"), Review.UNKNOWN),
        kind=text_at(action, "type"),
        about=_about(action),
        risk=text_at(review, "riskLevel"),
        authorization=text_at(review, "userAuthorization"),
        rationale=text_at(review, "rationale"),
    )


def _about(action: Json) -> str:
    match text_at(action, "type"):
        case "command":
            return unwrap_shell(text_at(action, "command"))
        case "execve":
            return " ".join(texts_at(action, "argv")) or text_at(action, "program")
        case "writeStdin":
            return text_at(action, "stdin")
        case "applyPatch":
            return ", ".join(texts_at(action, "files"))
        case "networkAccess":
            return text_at(action, "target") or text_at(action, "host")
        case "mcpToolCall":
            name = text_at(action, "toolTitle") or text_at(action, "toolName")
            return ".".join(part for part in (text_at(action, "server"), name) if part)
        case "requestPermissions":
            return text_at(action, "reason") or compact_json(action.get("permissions"))
        case _:
            return ""
