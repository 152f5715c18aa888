"""What all dialogs share: where they stand, how lists and lines look in them, and from when on keys count.

Lives here: the base class and its style sheet. Not here: any dialog.

A dialog puts its widgets into one :func:`frame`; what it adds to the style sheet is its own only.
"""

from __future__ import annotations

import math
import time
from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """Stands in the middle of the screen, over the conversation, and gives a ``T``.

    On a narrow screen it takes all of the width.

    Args:
        grace_seconds: So long after it appeared nothing is answered by it: the key was meant for what stood
            there before. Only where it appears by itself.
    """

    DEFAULT_CSS = """
    Dialog { align: center middle; background: transparent; }
    Dialog > .frame {
        width: 90%; max-width: 100; height: auto; max-height: 90%;
        border: round ansi_cyan; padding: 0 1; background: ansi_default;
        scrollbar-size-vertical: 1;
    }
    Dialog.-narrow > .frame { width: 100%; max-height: 100%; }
    Dialog > .frame.-asks { border: round ansi_yellow; }
    Dialog .frame Static { height: auto; }
    Dialog .frame Input, Dialog .frame Input:focus {
        border: none; height: 1; padding: 0; background: ansi_default; color: ansi_default;
        & .input--cursor { text-style: reverse; background: ansi_default; color: ansi_default; }
        & .input--placeholder { text-style: dim; color: ansi_default; background: ansi_default; }
    }
    Dialog .frame OptionList, Dialog .frame OptionList:focus {
        border: none; height: auto; padding: 0; background: ansi_default;
        scrollbar-size-vertical: 1;
        & > .option-list--option { color: ansi_default; background: ansi_default; }
        & > .option-list--option-highlighted {
            text-style: bold underline; color: ansi_black; background: ansi_cyan;
        }
    }
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-wide")]  # noqa: RUF012 - typed by Textual

    def __init__(self, *, grace_seconds: float = 0.0) -> None:
        super().__init__()
        self._grace = grace_seconds
        self._since = math.inf
        self._late: tuple[()] | tuple[T | None] = ()

    @property
    def is_built(self) -> bool:
        """Whether its widgets are there.

        Textual puts a screen on top before it is built, and takes its widgets away before its tasks end. Keys
        and news of the server may come all the time.
        """
        return bool(self.children) and all(child.is_mounted for child in self.children)

    @property
    def is_settled(self) -> bool:
        """Whether a key may answer by now."""
        return time.monotonic() - self._since >= self._grace

    def on_mount(self) -> None:
        """Count from now on. Textual calls it after the dialog's own."""
        self._since = time.monotonic()

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Leave the screen with a result, as soon as it is built and nothing lies over it.

        Textual would take away whatever is on top instead.
        """
        if self.is_active and self.is_mounted:
            return super().dismiss(result)
        if self.is_active:
            self.call_later(self._dismiss_now, result)
        else:
            self._late = (result,)
        return AwaitComplete()

    def _dismiss_now(self, result: T | None) -> None:
        self.dismiss(result)  # not given on: Textual would await it, which a screen may not do itself

    def on_screen_resume(self) -> None:
        """Leave, where that was wanted while another screen lay over this one."""
        if self._late:
            super().dismiss(self._late[0])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Do nothing by a key while nothing is to be seen."""
        return self.is_built and super().check_action(action, parameters)


def frame(*, asks: bool = False) -> Vertical:
    """Give what a dialog's widgets stand in; ``asks`` marks what waits for a decision by its colour."""
    return Vertical(classes="frame -asks" if asks else "frame")


def scrolling_frame(*, asks: bool = False) -> VerticalScroll:
    """Give the same, for a dialog that may be taller than the screen; it never takes the keyboard."""
    return VerticalScroll(classes="frame -asks" if asks else "frame", can_focus=False)


def move_highlight(options: OptionList, step: int) -> None:
    """Highlight the next entry of a list, or the one before, whatever has the keyboard."""
    if step > 0:
        options.action_cursor_down()
    else:
        options.action_cursor_up()
