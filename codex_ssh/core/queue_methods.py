"""Messages the app server keeps for a thread until its turn is over.

Lives here: the calls and the value. Not here: when they are asked (:mod:`codex_ssh.tui.queue`).

Source: ``codex app-server generate-json-schema``, 0.163 and 0.169, and what those versions do: the first one
is started when a turn is over, or at once when none runs; after an interrupted turn the queue waits for
another turn, or for :func:`queue_start`. It goes on without any client, and outlives them all.
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.attachment import Attachment, read_attachment, wire_inputs
from codex_ssh.core.call import Call, Page, nothing, page_of
from codex_ssh.core.fields import list_at, text_at, truth_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass

QUEUE_ADD: Final = "thread/queue/add"
QUEUE_CHANGED: Final = "thread/queue/changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A message that waits on the server.

    Attributes:
        id: The server's name for it.
        client_id: What the client that queued it calls it; its user message has it later.
    """

    id: str
    client_id: str
    text: str
    attachments: tuple[Attachment, ...] = ()


def queue_add(
    thread_id: str, text: str, *, attachments: tuple[Attachment, ...] = (), client_message_id: str
) -> Call[None]:
    """Keep a message for when the turn is over; it is started at once when none runs."""
    return Call(
        method=QUEUE_ADD,
        params={
            "threadId": thread_id,
            "clientUserMessageId": client_message_id,
            "input": wire_inputs(text, attachments),
        },
        decode=nothing,
    )


def queue_list(thread_id: str) -> Call[Page[Queued]]:
    """List what waits, in the order it will be started."""
    return Call(
        method="thread/queue/list",
        params={"threadId": thread_id},
        decode=page_of(_queued),
        is_repeatable=True,
    )


def queue_delete(thread_id: str, queued_id: str) -> Call[bool]:
    """Take a message out of the queue; False when it was not in it any more."""
    return Call(
        method="thread/queue/delete",
        params={"threadId": thread_id, "queuedSubmissionId": queued_id},
        decode=lambda result: truth_at(result, "deleted"),
    )


def queue_start(thread_id: str) -> Call[None]:
    """Start what waits first; refused while a turn runs ("already has an active or pending turn")."""
    return Call(method="thread/queue/start", params={"threadId": thread_id}, decode=nothing)


def _queued(shape: Json) -> Queued:
    parts = list_at(shape, "input")
    attachments = (read_attachment(part) for part in parts)
    return Queued(
        id=text_at(shape, "id"),
        client_id=text_at(shape, "clientUserMessageId"),
        text="\n".join(text_at(part, "text") for part in parts if text_at(part, "type") == "text"),
        attachments=tuple(one for one in attachments if one is not None),
    )
