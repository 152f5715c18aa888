"""How each type of item looks, as SVG: what the rehearsal shows of it.

After a change that is meant: ``pytest --snapshot-update tests/tui/test_item_snapshots.py``.
"""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from codex_ssh.server.rehearsal.exhibit import exhibit_names
from tests.tui.gallery import Gallery, exhibited, hung
from tests.tui.test_snapshots import Snap

SILENT = {"thread/goal/updated", "thread/goal/cleared"}
"""Facts for other places on the screen: no entry shows them."""

SHOWN = [name for name in exhibit_names() if name not in SILENT]


def snapped(snap_compare: Snap, name: str, size: tuple[int, int], *, unfolded: bool = False) -> bool:
    gallery = Gallery(exhibited(name))

    async def shown(pilot: Pilot[object]) -> None:
        await hung(pilot)
        if unfolded:
            gallery.view.toggle_all()
            await hung(pilot)

    return snap_compare(gallery, terminal_size=size, run_before=shown)


@pytest.mark.parametrize("name", SHOWN, ids=[name.replace("/", "-") for name in SHOWN])
def test_each_type_of_item(snap_compare: Snap, name: str) -> None:
    assert snapped(snap_compare, name, (80, 24))


@pytest.mark.parametrize("name", ["agentMessage", "explored", "fileChange", "mcpToolCall"])
def test_in_little_room(snap_compare: Snap, name: str) -> None:
    assert snapped(snap_compare, name, (40, 20))


@pytest.mark.parametrize("name", ["agentMessage", "fileChange", "collabAgentToolCall"])
def test_in_much_room(snap_compare: Snap, name: str) -> None:
    assert snapped(snap_compare, name, (140, 45))


@pytest.mark.parametrize("name", ["reasoning", "explored", "mcpToolCall", "hook", "unknown"])
def test_unfolded(snap_compare: Snap, name: str) -> None:
    assert snapped(snap_compare, name, (80, 24), unfolded=True)


@pytest.mark.parametrize("name", sorted(SILENT))
def test_facts_are_no_entries(name: str) -> None:
    assert list(exhibited(name).entries) == []
