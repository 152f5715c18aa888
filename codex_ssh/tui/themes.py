"""Themes: whose colours stand for the sixteen the palette names, and putting one on.

Lives here: the colours of every theme, and the filter that paints a line with them. Not here: which of the
sixteen a thing has (:mod:`codex_ssh.tui.palette`), and choosing a theme
(:mod:`codex_ssh.tui.commands.look_commands`).

Everything is drawn in the terminal's own colours, and a theme replaces them at the very end, line by line. So
there is one style sheet, and a theme can be tried on without anything being built anew. ``black`` is what is
written on a coloured ground.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.filter import LineFilter, NoColor

from codex_ssh.core.tui_settings import ThemeName
from codex_ssh.core.value import dataclass

Triple = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """One theme.

    Attributes:
        about: What it is, for a list.
        paint: Replaces the terminal's colours; None leaves them.
    """

    name: ThemeName
    about: str
    paint: LineFilter | None = None


class Paint(LineFilter):
    """Paints with colours of its own, also what has none: the ground, and text that names no colour.

    Args:
        colours: The sixteen, and text and ground.
        dim: How much of a dim text is text, the rest being ground; 1 is not dim at all.
    """

    def __init__(self, colours: TerminalTheme, *, dim: float) -> None:
        super().__init__()
        self.colours = colours
        self.dim = dim
        self._painted = lru_cache(4096)(self._paint)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Paint a line."""
        painted = self._painted
        return [
            segment if segment.control else Segment(segment.text, painted(segment.style or _PLAIN))
            for segment in segments
        ]

    def _paint(self, style: Style) -> Style:
        text = self._colour(style.color, self.colours.foreground_color)
        ground = self._colour(style.bgcolor, self.colours.background_color)
        if style.dim:
            text = blend(text, ground, self.dim)
        colours = Style.from_color(RichColor.from_rgb(*text), RichColor.from_rgb(*ground))
        return style + colours + _NOT_DIM

    def _colour(self, colour: RichColor | None, default: Triple) -> Triple:
        if colour is None or colour.is_default:
            return default
        red, green, blue = colour.get_truecolor(self.colours)
        return red, green, blue


_PLAIN: Final = Style()
_NOT_DIM: Final = Style(dim=False)


def blend(text: Triple, ground: Triple, share: float) -> Triple:
    """Give the colour between text and ground; ``share`` of it is text."""
    red, green, blue = (
        round(under + (over - under) * share) for over, under in zip(text, ground, strict=True)
    )
    return red, green, blue


def _colours(ground: str, text: str, normal: str, bright: str) -> TerminalTheme:
    """Read colours written as six hex digits, black first, white last."""

    def read(digits: str) -> Triple:
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)

    return TerminalTheme(
        read(ground), read(text), list(map(read, normal.split())), list(map(read, bright.split()))
    )


# In the order of the terminal: black, red, green, yellow, blue, magenta, cyan, white.
_DARK: Final = _colours(
    "16181d",
    "d7dae0",
    "16181d ff7b85 98c379 e5c07b 6cb6ff d19aff 56c8d8 d7dae0",
    "8b93a5 ff9aa2 b5d99c f0d399 94cbff dfb8ff 84dbe7 ffffff",
)
_LIGHT: Final = _colours(
    "fbfbfa",
    "24292f",
    "fbfbfa b3261e 1a6b2f 7a4f01 0550ae 7d3bb8 0a6371 24292f",
    "6a737d 8f1d17 14532d 633f00 04408b 64309a 084c57 000000",
)
_HIGH_CONTRAST: Final = _colours(
    "000000",
    "ffffff",
    "000000 ff8a8a 66ff66 ffff66 9cc4ff ffa6ff 66ffff ffffff",
    "c8c8c8 ffb0b0 99ff99 ffff99 c0daff ffc8ff 99ffff ffffff",
)

THEMES: Final = {
    theme.name: theme
    for theme in (
        Theme(name=ThemeName.TERMINAL, about="the terminal's own sixteen colours"),
        Theme(name=ThemeName.DARK, about="on a dark ground", paint=Paint(_DARK, dim=0.7)),
        Theme(name=ThemeName.LIGHT, about="on a light ground", paint=Paint(_LIGHT, dim=0.78)),
        Theme(
            name=ThemeName.HIGH_CONTRAST,
            about="on black, nothing dim",
            paint=Paint(_HIGH_CONTRAST, dim=1),
        ),
        Theme(name=ThemeName.MONO, about="no colours: bold, underlined, reversed", paint=NoColor()),
    )
}
"""Every theme, in the order of the list."""
