"""Exhibits are found by their names, and all of them are documented."""

import re
from pathlib import Path

from codex_ssh.server.rehearsal.exhibit import exhibit_names, find_exhibit
from codex_ssh.server.rehearsal.exhibit_frame import Began, Ended, Scene, Told

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rehearsal.md"


def test_every_exhibit_is_documented_and_no_other() -> None:
    rows = PAGE.read_text().partition("### show")[2].partition("\n\n`thread")[0]
    cells = re.findall(r"^\| (`.*?`) \|", rows, re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(.+?)`", cell)} == set(exhibit_names())


def test_an_exhibit_is_found_in_any_case() -> None:
    assert find_exhibit("WEBSEARCH") is find_exhibit("webSearch")
    assert find_exhibit("nothing") is None


def test_every_item_that_begins_is_ended() -> None:
    scene = Scene(cwd="/w", thread_id="t")
    for name in exhibit_names():
        exhibit = find_exhibit(name)
        assert exhibit is not None
        is_open = False
        for frame in exhibit(scene):
            match frame:
                case Began():
                    assert not is_open, name
                    is_open = True
                case Told(of_item=True):
                    assert is_open, name
                case Ended():
                    assert is_open, name
                    is_open = False
                case Told():
                    pass
        assert not is_open, name
