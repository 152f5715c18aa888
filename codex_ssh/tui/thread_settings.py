"""Changing the settings of the thread shown: for every client and after a resume, where the server can.

Lives here: what is asked of the server, and what the next key press counts from. Not here: choosing
(:mod:`codex_ssh.tui.commands.settings_commands`). Nothing here imports Textual.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from codex_ssh.core.call import Call
from codex_ssh.core.entry import Level
from codex_ssh.core.events import SettingsUpdated
from codex_ssh.core.methods import Model
from codex_ssh.core.settings_methods import (
    DEFAULT_MODE,
    Mode,
    Permissions,
    collaboration_mode_list,
    thread_settings_update,
)
from codex_ssh.core.transcript import Transcript

T = TypeVar("T")

UPDATE = "thread/settings/update"


class Settled(Protocol):
    """Whose thread it is."""

    model: str
    effort: str

    @property
    def transcript(self) -> Transcript | None:
        """The thread shown."""

    def knows(self, method: str) -> bool | None:
        """Whether the app server has a method; None while nobody knows."""

    async def call(self, call: Call[T]) -> T:
        """Ask the server; raises RpcFailed, LinkLost."""

    async def models(self) -> tuple[Model, ...]:
        """Give models to choose from; raises RpcFailed, LinkLost."""

    def choose_model(self, model: str, effort: str = "") -> None:
        """Use a model, and maybe an effort, from the next turn on."""

    def note(self, level: Level, text: str, details: str = "") -> None:
        """Say something in the transcript."""


class ThreadSettings:
    """The settings of one client's thread.

    Args:
        chat: Whose.
    """

    def __init__(self, chat: Settled) -> None:
        self._chat = chat
        self._efforts: dict[str, tuple[str, ...]] = {}
        self._wanted_effort = ""

    async def choose_model(self, model: str, effort: str = "") -> None:
        """Use a model, and maybe an effort, from the next turn on; raises RpcFailed, LinkLost."""
        transcript = self._chat.transcript
        if transcript is None or self._chat.knows(UPDATE) is False:
            self._chat.choose_model(model, effort)
            return
        await self._update(transcript, model=model, effort=effort)
        self._chat.choose_model("")

    async def step_effort(self, step: int) -> None:
        """Think harder or less from the next turn on; raises RpcFailed, LinkLost."""
        transcript = self._chat.transcript
        if transcript is None:
            return
        model = self._chat.model or transcript.model
        efforts = await self._efforts_of(model)
        if not efforts:
            self._chat.note(Level.INFO, f"the app server names no efforts for {model}")
            return
        effort = self._wanted_effort or self._chat.effort or transcript.effort
        at = efforts.index(effort) + step if effort in efforts else 0 if step > 0 else len(efforts) - 1
        self._wanted_effort = wanted = efforts[min(max(at, 0), len(efforts) - 1)]
        try:
            await self.choose_model("" if self._chat.knows(UPDATE) is not False else model, wanted)
        finally:
            if self._wanted_effort == wanted:
                self._wanted_effort = ""

    async def change_directory(self, cwd: str) -> None:
        """Work in another directory from the next turn on; raises RpcFailed, LinkLost."""
        if (transcript := self._chat.transcript) is not None:
            await self._update(transcript, cwd=cwd)

    async def permit(self, permissions: Permissions) -> None:
        """Change what the thread may do from the next turn on; raises RpcFailed, LinkLost."""
        if (transcript := self._chat.transcript) is not None:
            await self._update(transcript, permissions=permissions)

    async def modes(self) -> tuple[Mode, ...]:
        """Give the ways of working there are; raises RpcFailed, LinkLost."""
        return await self._chat.call(collaboration_mode_list())

    async def work(self, mode: Mode) -> None:
        """Work in another way from the next turn on; raises RpcFailed, LinkLost."""
        if (transcript := self._chat.transcript) is not None:
            await self._update(transcript, mode=mode)

    async def next_mode(self) -> Mode | None:
        """Go to the next way of working, and give it; None where there is only one."""
        transcript = self._chat.transcript
        modes = await self.modes()
        if transcript is None or len(modes) < 2:
            return None
        kinds = [mode.kind for mode in modes]
        now = transcript.mode or DEFAULT_MODE
        mode = modes[(kinds.index(now) + 1) % len(modes) if now in kinds else 0]
        await self.work(mode)
        return mode

    async def _efforts_of(self, model: str) -> tuple[str, ...]:
        if model not in self._efforts:
            self._efforts |= {one.id: one.efforts for one in await self._chat.models()}
        return self._efforts.get(model, ())

    async def _update(
        self,
        transcript: Transcript,
        *,
        cwd: str = "",
        model: str = "",
        effort: str = "",
        permissions: Permissions | None = None,
        mode: Mode | None = None,
    ) -> None:
        if mode is not None:
            # A mode carries model and effort: those of the thread shall stay.
            model, effort = model or transcript.model, effort or transcript.effort
        await self._chat.call(
            thread_settings_update(
                transcript.thread_id,
                cwd=cwd,
                model=model,
                effort=effort,
                permissions=permissions,
                mode=mode,
            )
        )
        # The server tells all of it to everybody in a moment; the screen need not wait for that.
        rights = permissions or Permissions()
        transcript.apply(
            SettingsUpdated(
                thread_id=transcript.thread_id,
                model=model,
                effort=effort,
                cwd=cwd,
                approval_policy=rights.approvals,
                profile=rights.profile or None,
                reviewer=rights.reviewer,
                mode=mode.kind if mode is not None else "",
            )
        )
