"""The frame all dialogs share: where it stands, how wide it is, and how lists and lines look in it.

Lives here: the base class and its style sheet. Not here: any dialog.

A dialog puts its widgets into one :func:`frame`; what it adds to the style sheet is its own only.
"""

from __future__ import annotations

from typing import TypeVar

from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """Stands in the middle of the screen, over the conversation, and gives a ``T``.

    On a narrow screen it takes all of the width.
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


def frame(*, asks: bool = False) -> Vertical:
    """Give what a dialog's widgets stand in; ``asks`` marks what waits for a decision by its colour."""
    return Vertical(classes="frame -asks" if asks else "frame")


def scrolling_frame(*, asks: bool = False) -> VerticalScroll:
    """Give the same, for a dialog that may be taller than the screen; it never takes the keyboard."""
    return VerticalScroll(classes="frame -asks" if asks else "frame", can_focus=False)
