"""A dialog that says what is waited for, until it is there or the user gives it up."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, TypeVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Static
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from codex_ssh.tui import palette
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.screens.dialog import Dialog, frame

T = TypeVar("T")


class WaitingScreen(Dialog[None]):
    """Closes when it is dismissed, or by the user.

    Args:
        words: What is waited for.
    """

    DEFAULT_CSS = """
    WaitingScreen > .frame { width: auto; max-width: 90%; }
    WaitingScreen .frame Static { width: auto; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [bind("list.close", "close", priority=True)]

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with frame():
            yield Static(Text(f"{self._words} …", palette.BUSY), markup=False)
            yield Static(Text("Esc: leave it", palette.DIM), markup=False)

    def action_close(self) -> None:
        """Give it up."""
        self.dismiss(None)


async def wait_for(app: App[Any], words: str, do: Callable[[], Coroutine[None, None, T]]) -> T | None:
    """Wait for something, and say so; None when the user gives it up.

    Args:
        app: Where.
        words: What is waited for.
        do: Does it. What it raises is raised.
    """
    waiting = WaitingScreen(words)
    worker: Worker[T] = app.run_worker(do, exit_on_error=False)
    app.push_screen(waiting, lambda _: worker.cancel())
    try:
        return await worker.wait()
    except WorkerCancelled:
        return None
    except WorkerFailed as failed:
        raise failed.error from None
    finally:
        waiting.dismiss(None)
