"""An application as it is seen from outside: its theme, the terminal's title, and asking for attention.

Lives here: when these reach the terminal, and whether anybody looks at it. Not here: the words
(:mod:`codex_ssh.tui.title`, :mod:`codex_ssh.tui.attention`), the colours (:mod:`codex_ssh.tui.themes`), and
how a notification is shown (:meth:`codex_ssh.tui.desk.Desk.notify`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TypeVar

from textual import work
from textual.filter import LineFilter
from textual.widget import Widget

from codex_ssh.core.terminal_codes import POP_TITLE, PUSH_TITLE, title_sequence
from codex_ssh.core.tui_settings import ThemeName
from codex_ssh.tui.attention import Notice
from codex_ssh.tui.desk import Desk, write_nothing
from codex_ssh.tui.lending import LendingApp
from codex_ssh.tui.themes import THEMES

R = TypeVar("R")


class OutwardApp(LendingApp[R]):
    """An application with a theme and a title.

    Attributes:
        look: The theme that is on.
    """

    look: ThemeName

    # Until the terminal says so, and can know it, nobody is known to look at it.
    _has_focus = False
    _tells_focus = False
    _title = ""

    @property
    def desk(self) -> Desk:
        """The machine in front of the user."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Begin."""
        self.desk.write_terminal = self.write_terminal
        self._learn_focus()

    def on_unmount(self) -> None:
        """The screen is not ours any more."""
        self.put_title("")
        self.desk.write_terminal = write_nothing

    # ---------------------------------------------------------------- theme

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Paint every line as the theme has it; with ``NO_COLOR`` no theme has colours."""
        own, paint = super().get_line_filters(), THEMES[self.look].paint
        return own if paint is None or self.no_color else [*own, paint]

    def wear(self, theme: ThemeName) -> None:
        """Put on another theme."""
        self.look = theme
        for screen in self.screen_stack:
            for widget in screen.walk_children(Widget, with_self=True):
                widget.refresh()

    # ---------------------------------------------------------------- title

    def put_title(self, title: str) -> None:
        """Give the terminal a title; an empty one gives it its own back."""
        if title == self._title or self.is_lent:
            return
        if not self._title:
            self.write_terminal(PUSH_TITLE)
        # A terminal that remembers no title gets none, which is nearer to its own than ours.
        self.write_terminal(title_sequence(title) + ("" if title else POP_TITLE))
        self._title = title

    @contextmanager
    def lend_terminal(self) -> Generator[None, None, None]:
        """Give the terminal away until the block ends; what had it may have left another title."""
        with super().lend_terminal():
            yield
        if self._title:
            self.write_terminal(title_sequence(self._title))

    # ---------------------------------------------------------------- attention

    @property
    def is_watched(self) -> bool:
        """Whether somebody is known to look at the terminal."""
        return self._has_focus and self._tells_focus

    def tell(self, notices: Iterable[Notice]) -> None:
        """Draw the user's attention."""
        for notice in notices:
            self.desk.notify(notice.title, notice.body)

    def on_app_focus(self) -> None:
        """Somebody looks at the terminal."""
        self._has_focus = True

    def on_app_blur(self) -> None:
        """Nobody looks at it any more."""
        self._has_focus = False

    @work
    async def _learn_focus(self) -> None:
        """Find out whether the terminal knows that somebody looks at it."""
        self._tells_focus = await self.desk.tells_focus()
