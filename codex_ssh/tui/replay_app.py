"""The TUI on a recording: the same screen, to look at and not to talk in.

Lives here: what differs from the application it is, and running it. Not here: what is played
(:mod:`codex_ssh.tui.player`).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Input, TextArea

from codex_ssh.core.keymap import Keymap, shown
from codex_ssh.core.tui_settings import TuiSettings
from codex_ssh.tui.app import CodexApp
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.chat import Chat, open_chat
from codex_ssh.tui.garbage import rare_collections
from codex_ssh.tui.player import Player
from codex_ssh.tui.widgets.composer import Composer


class ReplayApp(CodexApp):
    """Shows a chat that a player plays to."""

    AUTO_FOCUS = None
    """Nothing has the keyboard: else the first field that takes text would, as the composer does not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("replay.pause", "pause", priority=True),
        bind("replay.step", "step", priority=True),
        bind("replay.end", "to_end", priority=True),
    ]

    def __init__(self, chat: Chat, player: Player) -> None:
        super().__init__(chat)
        self._player = player
        self.composer.placeholder = _placeholder(self.keymap)
        self.composer.disabled = True
        self._asks.only_show()

    def _hint(self) -> str:
        leaving = super()._hint()
        return leaving if leaving.startswith("ctrl+c") else self._player.describe()

    # ---------------------------------------------------------------- nothing is said

    def on_composer_submitted(self, message: Composer.Submitted) -> None:
        """Send nothing."""
        message.prevent_default()

    def action_swap_focus(self) -> None:
        """There is nothing to go to."""

    def action_reconnect(self) -> None:
        """There is nothing to reconnect."""

    def action_interrupt(self) -> None:
        """There is nothing to interrupt, and nowhere to go back to."""

    def action_next_mode(self) -> None:
        """No turn follows."""

    async def action_step_effort(self, step: int) -> None:  # type: ignore[override]
        """No turn follows."""

    # ---------------------------------------------------------------- keys of a replay

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys to whatever takes text and to pages; they count over the model's questions."""
        is_taken = isinstance(self.focused, Input | TextArea) or not (
            len(self.screen_stack) == 1 or self.screen.disabled
        )
        if action in ("pause", "step", "to_end") and is_taken:
            return False
        return super().check_action(action, parameters)

    def action_pause(self) -> None:
        """Pause, or go on."""
        self._player.pause()

    def action_step(self) -> None:
        """Go on to the next message."""
        self._player.step()

    def action_to_end(self) -> None:
        """Play the rest at once."""
        self._player.to_end()


def _placeholder(keymap: Keymap) -> str:
    does = {
        "replay.pause": "pauses",
        "replay.step": "steps",
        "replay.end": "goes to the end",
        "app.leave": "leaves",
    }
    words = [f"{shown(keys[0])} {what}" for name, what in does.items() if (keys := keymap.keys(name))]
    return f"a replay: {', '.join(words)}"


async def run_replay(player: Player, settings: TuiSettings) -> None:
    """Show a recording until the user leaves.

    Raises:
        Exception: Whatever crashed it, our bug; the terminal is back.
    """
    crash: Exception | None = None
    try:
        async with (
            open_chat(player, replace(player.options, settings=settings)) as chat,
            asyncio.TaskGroup() as tasks,
        ):
            app = ReplayApp(chat, player)
            playing = tasks.create_task(player.play(chat))
            try:
                with rare_collections():
                    await app.run_async(mouse=settings.mouse)
            finally:
                playing.cancel()
            crash = app.crash
    except* Exception as group:  # noqa: BLE001 - unwrapped, not swallowed: the caller knows what to do with it
        raise _first(group) from None
    if crash is not None:
        raise crash


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
