"""The small popup above the composer: what the word being typed may become.

Lives here: the choice, and drawing it. Not here: what is offered (:mod:`codex_ssh.tui.completion`) and the
keys (:mod:`codex_ssh.tui.widgets.composer`).
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Static

from codex_ssh.tui import palette
from codex_ssh.tui.completion import Offer

_ROWS: Final = 8
_LABEL_CELLS: Final = 24


class Popup(Static, can_focus=False):
    """Lists offers, as many as there is room for; the composer moves the choice."""

    DEFAULT_CSS = """
    Popup { height: auto; padding: 0 2; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._offers: tuple[Offer, ...] = ()
        self._said = ""
        self._chosen = 0
        self._top = 0

    @property
    def chosen(self) -> Offer | None:
        """What the word becomes with tab or enter; None while nothing is shown that it could become."""
        return self._offers[self._chosen] if self.display and self._offers else None

    def offer(self, offers: tuple[Offer, ...], said: str = "") -> None:
        """Show offers.

        Args:
            offers: The likeliest first.
            said: Shown when there are none; without it nothing is shown then.
        """
        if (offers, said) == (self._offers, self._said) and self.display == bool(offers or said):
            return
        if offers != self._offers:
            self._chosen = self._top = 0
        self._offers, self._said = offers, said
        self.display = bool(offers or said)
        self._draw()

    def close(self) -> None:
        """Show nothing."""
        self.offer(())

    def move(self, step: int) -> None:
        """Choose another one."""
        if self._offers:
            self._chosen = (self._chosen + step) % len(self._offers)
            self._draw()

    def on_resize(self) -> None:
        """Use the room there is."""
        self._draw()

    def _draw(self) -> None:
        offers = self._offers
        if not offers:
            self.update(Text(self._said, style=palette.DIM, no_wrap=True, overflow="ellipsis"))
            return
        rows = max(3, min(_ROWS, self.app.size.height // 3, len(offers)))
        self._top = min(max(self._top, self._chosen - rows + 1), self._chosen)
        shown = offers[self._top : self._top + rows]
        room = max(_LABEL_CELLS, self.app.size.width - 6)
        has_about = any(one.about for one in shown)
        cells = max(cell_len(one.label) for one in shown)
        cells = min(max(cells, _LABEL_CELLS), room // 2) if has_about else room
        lines = []
        for at, one in enumerate(shown, self._top):
            # The end of a path says more than its beginning.
            words = one.label if has_about else _end(one.label, cells)
            label = Text(words, palette.CHOSEN if at == self._chosen else palette.KEY)
            label.truncate(cells, overflow="ellipsis", pad=has_about)
            line = Text.assemble(label, (f" {one.about}" if one.about else "", palette.DIM))
            line.no_wrap, line.overflow = True, "ellipsis"
            lines.append(line)
        if len(offers) > len(shown):
            lines.append(Text(f"{self._chosen + 1} of {len(offers)}", style=palette.DIM))
        self.update(Text("\n").join(lines))


def _end(text: str, cells: int) -> str:
    """Give as much of the end of a text as there is room for."""
    if cell_len(text) <= cells:
        return text
    while text and cell_len(text) >= cells:
        text = text[1:]
    return f"…{text}"
