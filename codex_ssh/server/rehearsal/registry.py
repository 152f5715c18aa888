"""What the rehearsal knows: who is connected and which threads there are.

Lives here: the state the methods share, and finding a thread in it. Not here: the methods
(:mod:`codex_ssh.server.rehearsal.thread_methods`, :mod:`codex_ssh.server.rehearsal.turn_methods`).
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path

from codex_ssh.server.rehearsal import catalog
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal.account import Account
from codex_ssh.server.rehearsal.hub import Hub
from codex_ssh.server.rehearsal.params import Params
from codex_ssh.server.rehearsal.thread import Thread
from codex_ssh.server.rehearsal.wire import Refused


@dataclass(slots=True, kw_only=True)
class Registry:
    """The whole state of an engine.

    Attributes:
        codex_home: What clients are told; nothing is written there.
        cwd: Where threads work that name no directory.
        group: Where turns live: they outlive the client that started them.
        originator: The name of the first client; the real server keeps it, too.
        draining: Whether new work is refused.
        calm: Set whenever a turn ended.
        account: Who is signed in.
    """

    codex_home: Path
    cwd: Path
    group: asyncio.TaskGroup
    hub: Hub = field(default_factory=Hub)
    threads: dict[str, Thread] = field(default_factory=dict)
    originator: str = ""
    draining: bool = False
    calm: asyncio.Event = field(default_factory=asyncio.Event)
    account: Account = field(default_factory=Account)

    def find(self, params: Params, missing: str = "thread not found: {}") -> Thread:
        """Give the thread of ``threadId``.

        Args:
            params: The request's.
            missing: The error's words for a thread nobody knows; methods differ.

        Raises:
            Refused: There is none.
        """
        wanted = read.thread_id(params)
        if (thread := self.threads.get(wanted)) is None:
            raise Refused(missing.format(wanted))
        return thread

    def refuse_while_draining(self) -> None:
        """Refuse new work once the end has been announced.

        Raises:
            Refused: It has.
        """
        if self.draining:
            raise Refused(
                "Server is draining; retry after reconnecting", data={"reason": "serverShuttingDown"}
            )

    def apply_settings(self, thread: Thread, params: Params, *, tell: bool) -> None:
        """Take over the settings a request carries; the subscribers hear of a change if told so."""
        before = (thread.cwd, dict(thread.settings))
        if model := read.optional_text(params, "model"):
            thread.settings["model"] = model
        if policy := params.get("approvalPolicy"):
            thread.settings["approvalPolicy"] = policy
        if sandbox := catalog.sandbox(params.get("sandboxPolicy") or params.get("sandbox")):
            thread.settings["sandbox"] = sandbox
        if cwd := read.optional_text(params, "cwd"):
            thread.cwd = os.path.join(self.cwd, cwd)
        if tell and before != (thread.cwd, thread.settings):
            thread.notify("thread/settings/updated", threadSettings=thread.settings_shape())
