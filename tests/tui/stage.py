"""Runs the TUI on a written conversation, without a terminal."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from codex_ssh.tui.app import CodexApp
from codex_ssh.tui.bridge import Drafts, Lifeline, TuiOptions, TuiOutcome
from codex_ssh.tui.carrier import Carrier
from codex_ssh.tui.chat import Chat, open_chat
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.fleet import Fleet
from codex_ssh.tui.port_watch import PortKeeper
from codex_ssh.tui.visits import open_visits
from codex_ssh.tui.widgets.composer import Composer
from tests.support.waiting import until
from tests.tui.conversation import Script

S = TypeVar("S", bound=Screen[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A running TUI."""

    script: Script
    chat: Chat
    app: CodexApp
    pilot: Pilot[TuiOutcome]

    def screen(self) -> str:
        """Give what is on the screen, as text."""
        return text_of(self.app.screen)

    def row(self, number: int) -> str:
        """Give a row of the screen; empty while there is none."""
        return next(iter(self.screen().splitlines()[number : number + 1]), "")

    async def wait(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something is so."""
        await until(condition, what, show=self.screen)

    async def wait_text(self, text: str) -> None:
        """Wait until a text is on the screen."""
        await self.wait(lambda: text in self.screen(), f"{text!r} on the screen")

    async def wait_gone(self, text: str) -> None:
        """Wait until a text is not on the screen."""
        await self.wait(lambda: text not in self.screen(), f"{text!r} gone")

    async def on_top(self, kind: type[S]) -> S:
        """Wait until a dialog is there to be used, and give it."""
        return await on_top(self.app, kind)

    async def wait_call(self, method: str) -> None:
        """Wait until a method was called."""
        await self.wait(lambda: self.script.asked(method), f"a call of {method}")

    async def type(self, text: str, *, then: str = "enter") -> None:
        """Type a text and press a key."""
        for character in text:
            await self.pilot.press({" ": "space", "/": "slash", "\n": "ctrl+j"}.get(character, character))
        if then:
            await self.pilot.press(then)

    @property
    def composer(self) -> Composer:
        return self.app.composer


def text_of(screen: Screen[Any]) -> str:
    """Give what is on a screen, as text."""
    strips = screen._compositor.render_strips()
    return "\n".join(strip.text[: screen.app.size.width].rstrip() for strip in strips)


def is_drawn(screen: Screen[Any]) -> bool:
    """Whether all of a screen is there and has been laid out.

    Its text is not looked at: drawing one that lies below another takes away what the upper one has to draw.
    """
    widgets = list(screen.walk_children(Widget))
    is_built = screen.is_mounted and all(widget.is_mounted for widget in widgets)
    return is_built and (not widgets or any(widget.size for widget in widgets))


async def on_top(app: App[Any], kind: type[S]) -> S:
    """Wait until a dialog is on top and to be seen, and give it; Textual puts it there before it builds it.

    Its cursor does not blink from then on: no two pictures of it would be alike.
    """

    def seen() -> S | None:
        screen = app.screen
        return screen if isinstance(screen, kind) and all(map(is_drawn, app.screen_stack)) else None

    screen = await until(seen, f"a {kind.__name__}", show=lambda: app.screen)
    assert screen is not None
    for field in screen.query(Input):
        field.cursor_blink = False
    return screen


@asynccontextmanager
async def open_stage(
    script: Script | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    options: TuiOptions | None = None,
    ready: bool = True,
    drafts: Drafts | None = None,
    desk: Desk | None = None,
    through: Lifeline | None = None,
    keeper: PortKeeper | None = None,
    carrier: Carrier | None = None,
    fleet: Fleet | None = None,
) -> AsyncGenerator[Stage, None]:
    """Run the TUI until the block ends; waits for the thread unless told not to.

    With ``through`` the TUI has that lifeline, which stands before the script.
    """
    script = script or Script()
    options = options or TuiOptions(grace_seconds=0, patience=0)
    async with AsyncExitStack() as stack:
        chat = await stack.enter_async_context(open_chat(through or script, options, drafts, keeper, carrier))
        visits = await stack.enter_async_context(open_visits(fleet)) if fleet is not None else None
        app = CodexApp(chat, desk, visits)
        async with app.run_test(size=size) as pilot:
            stage = Stage(script=script, chat=chat, app=app, pilot=pilot)
            if ready:
                await stage.wait_text("idle")
            yield stage
