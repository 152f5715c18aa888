"""What the user said in a thread, and going back to before it.

Lives here: the calls and the value. Not here: choosing (:mod:`codex_ssh.tui.past`).

Source: ``codex app-server generate-json-schema``, 0.163 and 0.169, and what those versions do: a turn that
runs is interrupted by :func:`thread_revert`, a turn that is not there is refused ("turn not found"), and
everybody who has the thread hears ``thread/reverted``. No file is changed back.
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.attachment import Attachment, read_attachment
from codex_ssh.core.call import Call, Order, Page, nothing, said
from codex_ssh.core.fields import list_at, text_at
from codex_ssh.core.methods import OpenThread, open_thread
from codex_ssh.core.rpc import Json
from codex_ssh.core.thread import TurnId
from codex_ssh.core.value import dataclass

REVERT: Final = "thread/revert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the user said at the beginning of a turn.

    Attributes:
        turn_id: The turn it began.
    """

    turn_id: TurnId
    text: str
    attachments: tuple[Attachment, ...] = ()


def thread_prompts(
    thread_id: str, *, limit: int | None = None, cursor: str | None = None
) -> Call[Page[Prompt]]:
    """List what the user said in a thread, the newest first; turns without a prompt are left out."""

    def decode(result: Json) -> Page[Prompt]:
        prompts = (_prompt(turn) for turn in list_at(result, "data"))
        return Page(
            data=tuple(one for one in prompts if one is not None),
            cursor=text_at(result, "nextCursor") or None,
        )

    asked = said(sortDirection=Order.NEWEST_FIRST.value, limit=limit, cursor=cursor, itemsView="summary")
    params = {"threadId": thread_id, **asked}
    return Call(method="thread/turns/list", params=params, decode=decode, is_repeatable=True)


def thread_revert(thread_id: str, turn_id: str) -> Call[None]:
    """Forget a turn of a thread and all behind it, for everybody."""
    params = {"threadId": thread_id, "beforeTurnId": turn_id}
    return Call(method=REVERT, params=params, decode=nothing)


def thread_fork_before(thread_id: str, turn_id: str) -> Call[OpenThread]:
    """Begin a new thread with what was before a turn of another one, and subscribe to it."""
    params = {"threadId": thread_id, "beforeTurnId": turn_id, "excludeTurns": True}
    return Call(method="thread/fork", params=params, decode=open_thread)


def _prompt(turn: Json) -> Prompt | None:
    for item in list_at(turn, "items"):
        if text_at(item, "type") == "userMessage":
            parts = list_at(item, "content")
            attachments = (read_attachment(part) for part in parts)
            return Prompt(
                turn_id=TurnId(text_at(turn, "id")),
                text="\n".join(text_at(part, "text") for part in parts if text_at(part, "type") == "text"),
                attachments=tuple(one for one in attachments if one is not None),
            )
    return None
