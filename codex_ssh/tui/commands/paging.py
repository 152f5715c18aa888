"""Showing a page on the whole screen, over the conversation.

Lives here: what the screen is given of the application: the clipboard, the editor, and what waits meanwhile.
Not here: the screen (:mod:`codex_ssh.tui.screens.page_screen`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from codex_ssh.core.ask import ElicitationAsk, QuestionsAsk
from codex_ssh.errors import DeskFailed
from codex_ssh.tui.page import Page
from codex_ssh.tui.screens.page_screen import PageScreen

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


async def show_page(
    app: CodexApp, page: Page, *, find: bool = False, save: Callable[[], None] | None = None
) -> None:
    """Show a page until the user closes it.

    Args:
        app: The application.
        page: What to show.
        find: Begin with a search.
        save: Brings what is shown to this machine; None where it is no file.
    """

    async def copy(text: str) -> str:
        try:
            return f"copied to the {await app.desk.copy(text)}"
        except DeskFailed as failed:
            return str(failed)

    async def edit(text: str) -> str:
        try:
            with ExitStack() as lent:
                with suppress(SuspendNotSupported):  # then there is no terminal to lend
                    lent.enter_context(app.lend_terminal())
                await app.desk.edit(text)
        except DeskFailed as failed:
            return str(failed)
        return ""

    def waits() -> str:
        asks = app.chat.asks
        questions = sum(isinstance(ask, QuestionsAsk | ElicitationAsk) for ask in asks)
        approvals = len(asks) - questions
        parts = [
            "an approval waits" if approvals == 1 else f"{approvals} approvals wait" if approvals else "",
            "a question waits" if questions == 1 else f"{questions} questions wait" if questions else "",
        ]
        return ", ".join(part for part in parts if part)

    screen = PageScreen(page, app.keymap, copy=copy, edit=edit, save=save, waits=waits, find=find)
    await app.push_screen_wait(screen)
