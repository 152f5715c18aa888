"""A recording in memory, and a TUI that plays one."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual.pilot import Pilot

from codex_ssh.core.discreet import Discreet
from codex_ssh.core.recording import Event, Recording, read_recording
from codex_ssh.tui.app import CodexApp
from codex_ssh.tui.bridge import TuiOutcome
from codex_ssh.tui.chat import Chat, open_chat
from codex_ssh.tui.player import Player
from codex_ssh.tui.recorder import Recorder
from codex_ssh.tui.replay_app import ReplayApp
from tests.support.waiting import until
from tests.tui.conversation import Script


class Roll:
    """Keeps lines; can be full after some."""

    def __init__(self, *, room: int = 10_000) -> None:
        self.written: list[str] = []
        self.room = room

    def write(self, line: str) -> None:
        if len(self.written) >= self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.written.append(f"{line}\n")

    @property
    def text(self) -> str:
        return "".join(self.written)

    def recording(self) -> Recording:
        return read_recording(self.written)

    def events(self) -> list[Event]:
        return [moment.event for moment in self.recording().moments]


class Clock:
    """Gives each moment a time of its own."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        self.seconds += 0.25
        return self.seconds


def recorder_of(
    script: Script, roll: Roll, discreet: Discreet | None = None, size: list[int] | None = None
) -> Recorder:
    shown = size or [80, 24]
    return Recorder(
        script,
        roll,
        discreet or Discreet(),
        version="1.2",
        began="2026-01-02T03:04:05+00:00",
        now=Clock(),
        size=lambda: (shown[0], shown[1]),
    )


def transcript_of(app: CodexApp) -> list[str]:
    """Give what the transcript shows, without the empty lines at its end and without the scroll bar.

    How long that is depends on guesses about what was never on the screen.
    """
    height = app.view.size.height
    lines = [
        strip.text[: app.size.width - 2].rstrip() for strip in app.screen._compositor.render_strips()[:height]
    ]
    while lines and not lines[-1]:
        lines.pop()
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A TUI that plays a recording."""

    player: Player
    chat: Chat
    app: ReplayApp
    pilot: Pilot[TuiOutcome]

    def screen(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def wait(self, condition: Callable[[], object], what: str) -> None:
        await until(condition, what, show=self.screen)

    async def wait_text(self, text: str) -> None:
        await self.wait(lambda: text in self.screen(), f"{text!r} on the screen")

    async def wait_over(self) -> None:
        await self.wait(lambda: self.player.is_over, "the end of the recording")
        await self.wait_text("■ replay")


@asynccontextmanager
async def open_replay(
    recording: Recording, *, speed: float = 0.0, size: tuple[int, int] = (80, 24), paused: bool = False
) -> AsyncGenerator[Replay, None]:
    """Play a recording until the block ends."""
    player = Player(recording, speed=speed)
    player.is_paused = paused
    async with open_chat(player, player.options) as chat, asyncio.TaskGroup() as tasks:
        app = ReplayApp(chat, player)
        async with app.run_test(size=size) as pilot:
            playing = tasks.create_task(player.play(chat))
            try:
                yield Replay(player=player, chat=chat, app=app, pilot=pilot)
            finally:
                playing.cancel()
