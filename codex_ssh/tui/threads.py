"""Getting a thread from the app server: a new one, one to go on with, a copy, or one only to look at.

Lives here: what is asked, and patience with a server that is not ready to give it. Not here: its history
(:mod:`codex_ssh.tui.account`) and showing it (:mod:`codex_ssh.tui.chat`).
"""

from __future__ import annotations

import asyncio
from typing import Final

from codex_ssh.core.methods import (
    OpenThread,
    look_on,
    thread_list,
    thread_read,
    thread_resume,
    thread_start,
)
from codex_ssh.core.value import dataclass
from codex_ssh.errors import RpcFailed
from codex_ssh.tui.bridge import Conversation, TuiOptions

BUSY_SECONDS: Final = 0.5
BUSY_TRIES: Final = 20
"""How far apart, and how often, a thread is asked for while the server unloads it or another still has it."""

_UNLOADING: Final = "is closing"
_HELD: Final = "active writer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """A thread as the server gave it.

    Attributes:
        is_read_only: Another codex process has it: nothing is heard of it, and nothing can be said in it.
    """

    thread: OpenThread
    is_read_only: bool = False


async def start(conversation: Conversation, options: TuiOptions, model: str, cwd: str = "") -> Got:
    """Start a thread; raises RpcFailed, LinkLost, as all of these."""
    call = thread_start(
        cwd=cwd or options.cwd,
        model=model or options.model,
        approval_policy=options.approval_policy,
        sandbox=options.sandbox,
    )
    return Got(thread=await conversation.call(call))


async def newest_id(conversation: Conversation, cwd: str) -> str:
    """Give the id of the thread that was updated last, in a directory where one is given; may be empty."""
    page = await conversation.call(thread_list(cwd=cwd, limit=1))
    return page.data[0].id if page.data else ""


async def resume(conversation: Conversation, thread_id: str, model: str) -> Got:
    """Go on with a thread, or look at it where another codex process has it."""
    try:
        return Got(thread=await _subscribe(conversation, thread_id, model, _UNLOADING))
    except RpcFailed as failed:
        if _HELD not in failed.said:
            raise
    return Got(thread=look_on(await conversation.call(thread_read(thread_id))), is_read_only=True)


async def rejoin(conversation: Conversation, thread_id: str, model: str) -> OpenThread:
    """Go on with a thread after a lost link; a server that was just replaced may hold it for a moment."""
    return await _subscribe(conversation, thread_id, model, _UNLOADING, _HELD)


async def _subscribe(conversation: Conversation, thread_id: str, model: str, *passing: str) -> OpenThread:
    """Resume a thread, with patience where the server refuses it with words of what passes by itself."""
    for _ in range(BUSY_TRIES):
        try:
            return await conversation.call(thread_resume(thread_id, model=model))
        except RpcFailed as failed:
            if not any(words in failed.said for words in passing):
                raise
        await asyncio.sleep(BUSY_SECONDS)
    return await conversation.call(thread_resume(thread_id, model=model))
