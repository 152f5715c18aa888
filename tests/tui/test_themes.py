"""Themes: legible, and painted to the last cell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import NoColor

from codex_ssh.core.tui_settings import ThemeName, TuiSettings
from codex_ssh.tui import palette
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.themes import THEMES, Paint, blend
from tests.tui.conversation import Script
from tests.tui.program import fill
from tests.tui.stage import Stage, open_stage

GROUND = Color(0, 0, 0)

PAINTED = [theme for theme in THEMES.values() if isinstance(theme.paint, Paint)]


def contrast(style: Style) -> float:
    """The contrast ratio of text and ground (WCAG 2.2, "contrast ratio")."""
    assert style.color is not None
    assert style.bgcolor is not None
    text, ground = style.color.triplet, style.bgcolor.triplet
    assert text is not None
    assert ground is not None
    lighter, darker = sorted((_luminance(text), _luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def styles() -> Iterator[tuple[str, Style]]:
    for name, style in vars(palette).items():
        if isinstance(style, Style):
            yield name, style


def painted(theme: ThemeName, style: Style | None) -> Style:
    paint = THEMES[theme].paint
    assert paint is not None
    (segment,) = paint.apply([Segment("x", style)], GROUND)
    assert segment.style is not None
    return segment.style


@pytest.mark.parametrize("theme", [theme.name for theme in PAINTED], ids=lambda theme: theme.value)
@pytest.mark.parametrize(("name", "style"), list(styles()))
def test_every_style_is_legible(theme: ThemeName, name: str, style: Style) -> None:
    # WCAG AA is 4.5, AAA 7; for a high contrast nothing less will do.
    least = 7 if theme is ThemeName.HIGH_CONTRAST else 3.5 if style.dim and style.color else 4.5
    assert contrast(painted(theme, style)) >= least, name


@pytest.mark.parametrize("theme", PAINTED, ids=lambda theme: theme.name.value)
def test_what_stands_on_a_coloured_ground_is_legible(theme: object) -> None:
    paint = getattr(theme, "paint", None)
    assert isinstance(paint, Paint)
    for ground in ("cyan", "yellow", "bright_blue"):
        (segment,) = paint.apply([Segment("x", Style(color="black", bgcolor=ground))], GROUND)
        assert segment.style is not None
        assert contrast(segment.style) >= 4.5, ground


def test_what_names_no_colour_is_painted_too() -> None:
    paint = THEMES[ThemeName.LIGHT].paint
    assert isinstance(paint, Paint)
    for style in (None, Style(), Style(bold=True), Style(color="default", bgcolor="default")):
        found = painted(ThemeName.LIGHT, style)
        assert found.color is not None
        assert found.bgcolor is not None
        assert found.color.triplet == paint.colours.foreground_color
        assert found.bgcolor.triplet == paint.colours.background_color
    assert painted(ThemeName.LIGHT, Style(bold=True)).bold
    assert painted(ThemeName.LIGHT, Style(dim=True)).dim is False


def test_a_dim_colour_lies_between_text_and_ground() -> None:
    assert blend((200, 100, 0), (0, 0, 100), 0.5) == (100, 50, 50)
    assert blend((200, 100, 0), (0, 0, 100), 1) == (200, 100, 0)


def test_no_style_has_its_meaning_by_colour_alone_in_mono() -> None:
    assert isinstance(THEMES[ThemeName.MONO].paint, NoColor)
    bad, added = painted(ThemeName.MONO, palette.BAD_BOLD), painted(ThemeName.MONO, palette.ADDED)
    assert bad.bold
    assert added.color is not None
    assert added.color.is_default


def colours(stage: Stage) -> set[str]:
    """Every colour on the screen, text and ground."""
    found: set[str] = set()
    for strip in stage.app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style or Style()
            found |= {colour.name for colour in (style.color, style.bgcolor) if colour is not None}
    return found


def with_theme(theme: ThemeName) -> TuiOptions:
    return TuiOptions(grace_seconds=0, settings=TuiSettings(theme=theme))


@pytest.mark.parametrize("theme", PAINTED, ids=lambda theme: theme.name.value)
async def test_every_cell_has_colours_of_the_theme(theme: object) -> None:
    name, paint = getattr(theme, "name", None), getattr(theme, "paint", None)
    assert isinstance(name, ThemeName)
    assert isinstance(paint, Paint)
    script = Script()
    fill(script)
    script.ask_command()
    async with open_stage(script, options=with_theme(name), ready=False) as stage:
        await stage.wait_text("Run this command?")
        # Every cell has a colour of its own, none is the terminal's.
        assert all(colour.startswith("#") for colour in colours(stage))
        ground = "#{:02x}{:02x}{:02x}".format(*paint.colours.background_color)
        assert ground in colours(stage)


@pytest.mark.parametrize("theme", list(ThemeName), ids=lambda theme: theme.value)
async def test_with_no_color_no_theme_has_colours(theme: ThemeName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    script = Script()
    fill(script)
    async with open_stage(script, options=with_theme(theme), ready=False) as stage:
        await stage.wait_text("add")
        assert colours(stage) <= {"default"}
