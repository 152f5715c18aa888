"""The pictures in the documentation are what the TUI draws; ``make pictures`` draws them anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tui.pictures import PICTURES, PLACE

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", PICTURES)
async def test_a_picture_is_what_is_drawn_now(name: str) -> None:
    # Not compared with ==: how two texts of 50 KiB differ tells nobody anything.
    is_current = (PLACE / name).read_text(encoding="utf-8") == await PICTURES[name]()

    assert is_current, f"docs/reference/{name} is not what the TUI draws now: make pictures, then look at it"


def test_every_picture_is_shown_somewhere_and_every_one_that_is_shown_is_drawn() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = {
        Path(link).name
        for page in pages
        for link in re.findall(r"!\[[^]]*\]\(([^)]+\.svg)\)", page.read_text(encoding="utf-8"))
        if not Path(link).name.startswith("cost-")  # the benchmark draws those
    }

    assert shown == set(PICTURES)
