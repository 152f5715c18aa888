"""What the rehearsal knows: who is connected and which threads there are.

Lives here: the state the methods share, and finding a thread in it. Not here: the methods
(:mod:`codex_ssh.server.rehearsal.thread_methods`, :mod:`codex_ssh.server.rehearsal.turn_methods`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
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
        commands: Commands of users' own that run beside a turn.
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
    commands: set[asyncio.Task[None]] = field(default_factory=set)
    _jobs: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, job: Coroutine[None, None, None]) -> None:
        """Do something that takes longer than a request may."""
        task = self.group.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    def stop(self) -> None:
        """End what was started so."""
        for task in self._jobs:
            task.cancel()

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
            thread.settings["profile"] = None
        if profile := read.optional_text(params, "permissions"):
            thread.settings["profile"] = {"id": profile, "extends": None}
            thread.settings["sandbox"] = catalog.sandbox(catalog.PROFILES.get(profile, "read-only"))
        if effort := read.optional_text(params, "effort"):
            thread.settings["effort"] = effort
        if reviewer := read.optional_text(params, "approvalsReviewer"):
            thread.settings["reviewer"] = reviewer
        if isinstance(mode := params.get("collaborationMode"), dict):
            self._apply_mode(thread, mode)
        if cwd := read.optional_text(params, "cwd"):
            thread.cwd = os.path.join(self.cwd, cwd)
        if tell and before != (thread.cwd, thread.settings):
            thread.notify("thread/settings/updated", threadSettings=thread.settings_shape())

    def _apply_mode(self, thread: Thread, mode: Params) -> None:
        kind = read.text(mode, "mode")
        if kind not in ("plan", "default"):
            known = "`plan`, `code`, `custom`, `default`, `execute`, `pair_programming`"
            raise Refused(f"Invalid request: unknown variant `{kind}`, expected one of {known}")
        settings = mode.get("settings")
        chosen: Params = settings if isinstance(settings, dict) else {}
        thread.settings["mode"] = kind
        thread.settings["instructions"] = "Plan only." if kind == "plan" else "Do it."
        thread.settings["model"] = read.text(chosen, "model")
        thread.settings["effort"] = read.optional_text(chosen, "reasoning_effort")
