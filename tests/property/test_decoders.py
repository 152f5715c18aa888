"""Nothing the app server could ever say makes a decoder, a cell or a copy raise."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.entry import Entry, Progress
from codex_ssh.core.entry_text import entry_text
from codex_ssh.core.events import decode_event
from codex_ssh.core.items import decode_item, known_types
from codex_ssh.core.methods import OpenThread
from codex_ssh.core.rpc import Json, Notification
from codex_ssh.core.thread import Thread, ThreadId
from codex_ssh.core.transcript import Transcript
from codex_ssh.tui.cells import Cell, Look, place_of
from tests.support.captures import VERSIONS, recorded

SAID = [
    frame
    for version in VERSIONS
    for _, said in recorded(version)
    for frame in said
    if isinstance(frame, Notification)
]
ITEMS: list[Any] = [
    frame.params["item"] for frame in SAID if frame.method.startswith("item/") and "item" in frame.params
]
METHODS = sorted(
    {frame.method for frame in SAID}
    | {"item/mcpToolCall/progress", "thread/compacted", "model/safetyBuffering/updated"}
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(value: Json, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give every place in a value."""
    inside: list[tuple[Any, Json]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    return [path, *(place for key, member in inside for place in places(member, (*path, key)))]


@st.composite
def broken(draw: st.DrawFn, values: list[Any]) -> Any:
    """Give a real value with something else at up to three places in it, or something missing."""
    value = json.loads(json.dumps(draw(st.sampled_from(values))))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(value)))
        if not path:
            continue
        inside = value
        for key in path[:-1]:
            inside = inside[key]
        if isinstance(inside, dict) and draw(st.booleans()):
            del inside[path[-1]]
        else:
            inside[path[-1]] = draw(ANYTHING)
    return value


def shown(entries: list[Entry], look: Look) -> None:
    for at, entry in enumerate(entries):
        cell = Cell(entry)
        cell.place = place_of(entries, at)
        for strip in cell.rows(look):
            assert "\n" not in strip.text
            assert "\x1b" not in strip.text
            assert strip.cell_length <= max(look.width, 20)
        assert "\x1b" not in cell.copy_text()


LOOKS = st.builds(
    Look, width=st.integers(8, 140), cwd=st.just("/w"), unfolded=st.booleans(), side_by_side=st.booleans()
)


@given(broken(ITEMS), st.sampled_from(sorted(known_types())), st.booleans(), LOOKS, st.sampled_from(Progress))
def test_broken_items_are_read_and_shown(
    shape: Any, kind: str, other_kind: bool, look: Look, progress: Progress
) -> None:
    if other_kind and isinstance(shape, dict):
        shape["type"] = kind
    item = decode_item(shape)
    entry_text(item)
    shown([Entry(("t", "i"), item, progress, gap=other_kind)], look)


@given(ANYTHING, st.sampled_from(sorted(known_types())))
def test_anything_is_an_item(value: Json, kind: str) -> None:
    decode_item(value)
    shown(
        [Entry(("t", "i"), decode_item({"type": kind, "id": value, "output": value}), Progress.DONE)],
        Look(width=40),
    )


@given(st.lists(broken([(f.method, f.params) for f in SAID]), max_size=12), st.sampled_from(METHODS), LOOKS)
def test_broken_notifications_are_folded_and_shown(said: list[Any], method: str, look: Look) -> None:
    transcript = Transcript(
        OpenThread(
            thread=Thread(id=ThreadId("t")),
            model="",
            model_provider="",
            effort="",
            cwd="",
            approval_policy="",
            sandbox="",
        )
    )
    for name, told in said:
        params = {**told, "threadId": "t"} if isinstance(told, dict) else {}
        for one in (name, method):
            transcript.apply(decode_event(Notification(method=str(one), params=params)))
    shown(list(transcript.entries), look)
