"""Items that are words: what the user, the model and hooks said.

Source: ``ThreadItem`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.fields import list_at, number_at, shape_at, text_at, texts_at, truth_at
from codex_ssh.core.items.base import ItemId
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """What a person said, from this client or another.

    Attributes:
        client_id: The ``clientUserMessageId`` it was sent with; empty when it had none.
        text: Its text parts, joined by line ends.
        attachments: One label for each part that is not text, such as ``image`` or ``@calc.py``.
    """

    id: ItemId
    client_id: str = ""
    text: str = ""
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where something the model remembered is written down.

    Attributes:
        first, last: Lines.
    """

    path: str
    first: int
    last: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMessage:
    """What the model said, as markdown.

    Attributes:
        phase: ``commentary``, ``partial_answer`` or ``final_answer``; empty when the server does not tell.
        citations: What of it comes from memories.
        questions: Titles of questions that may be answered later, without blocking the turn.
        moderated: The service took something out of it.
    """

    id: ItemId
    text: str = ""
    phase: str = ""
    citations: tuple[Citation, ...] = ()
    questions: tuple[str, ...] = ()
    moderated: bool = False

    @property
    def is_commentary(self) -> bool:
        """Whether it is said on the way, and no answer."""
        return self.phase == "commentary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """What the model thought.

    Attributes:
        summary: Its parts, as markdown.
        content: Raw parts; empty for most models.
    """

    id: ItemId
    summary: tuple[str, ...] = ()
    content: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan the model proposes, as markdown (plan mode). The check list is no item."""

    id: ItemId
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookPrompt:
    """What hooks told the model, as if the user had said it.

    Attributes:
        fragments: Their texts.
    """

    id: ItemId
    fragments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewMode:
    """A review begins or is over.

    Attributes:
        entered: It begins.
        review: What is reviewed, in a few words, when it begins; what was found, as markdown, at its end.
    """

    id: ItemId
    entered: bool
    review: str = ""


def decode_user_message(number: ItemId, shape: Json) -> UserMessage:
    """Read a ``userMessage``."""
    texts, attachments = [], []
    for part in list_at(shape, "content"):
        if text_at(part, "type") == "text":
            texts.append(text_at(part, "text"))
        else:
            attachments.append(_attachment(part))
    return UserMessage(
        id=number,
        client_id=text_at(shape, "clientId"),
        text="\n".join(texts),
        attachments=tuple(attachments),
    )


def decode_agent_message(number: ItemId, shape: Json) -> AgentMessage:
    """Read an ``agentMessage``."""
    return AgentMessage(
        id=number,
        text=text_at(shape, "text"),
        phase=text_at(shape, "phase"),
        citations=tuple(
            Citation(
                path=text_at(entry, "path"),
                first=number_at(entry, "lineStart") or 0,
                last=number_at(entry, "lineEnd") or 0,
                note=text_at(entry, "note"),
            )
            for entry in list_at(shape_at(shape, "memoryCitation"), "entries")
        ),
        questions=tuple(text_at(question, "title") for question in list_at(shape, "questions")),
        moderated=truth_at(shape_at(shape, "moderation"), "moderated"),
    )


def decode_reasoning(number: ItemId, shape: Json) -> Reasoning:
    """Read a ``reasoning``."""
    return Reasoning(id=number, summary=texts_at(shape, "summary"), content=texts_at(shape, "content"))


def decode_plan(number: ItemId, shape: Json) -> Plan:
    """Read a ``plan``."""
    return Plan(id=number, text=text_at(shape, "text"))


def decode_hook_prompt(number: ItemId, shape: Json) -> HookPrompt:
    """Read a ``hookPrompt``."""
    texts = (text_at(fragment, "text") for fragment in list_at(shape, "fragments"))
    return HookPrompt(id=number, fragments=tuple(text for text in texts if text))


def decode_review_mode(number: ItemId, shape: Json) -> ReviewMode:
    """Read an ``enteredReviewMode`` or an ``exitedReviewMode``."""
    entered = text_at(shape, "type") == "enteredReviewMode"
    return ReviewMode(id=number, entered=entered, review=text_at(shape, "review"))


_MARKS: Final = {"mention": "@", "skill": "$"}


def _attachment(part: Json) -> str:
    kind, name, path = text_at(part, "type"), text_at(part, "name"), text_at(part, "path")
    if kind in _MARKS:
        return f"{_MARKS[kind]}{name or path}"
    word = {"localImage": "image", "localAudio": "audio", "": "unknown"}.get(kind, kind)
    size = _size(text_at(part, "url"))
    return " ".join(piece for piece in (word, name or path or size) if piece)


def _size(url: str) -> str:
    """Say how much a ``data:`` URL carries; empty for other addresses."""
    head, _, data = url.partition(",")
    if not head.startswith("data:") or not data:
        return ""
    count = len(data) * 3 // 4 - data[-2:].count("=") if head.endswith(";base64") else len(data)
    media = head.removeprefix("data:").partition(";")[0].rpartition("/")[2]
    amount = f"{count} bytes" if count < 1000 else f"{count / 1000:.0f} kB"
    return f"{media}, {amount}" if media else amount
