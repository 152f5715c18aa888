"""A list of entries tells what came, went and stayed, so that nobody has to look at all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.entry import Entry, Level, Notice, Progress
from codex_ssh.core.entry_list import EntryList


def entry(name: str) -> Entry:
    return Entry(("t", name), Notice(level=Level.INFO, text=name), Progress.DONE)


ACTIONS = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 30)),
    st.tuples(st.just("remove"), st.integers(0, 30)),
    st.tuples(st.just("prepend"), st.integers(0, 4)),
    st.tuples(st.just("replace"), st.integers(0, 30)),
    st.tuples(st.just("look"), st.just(0)),
)


@given(st.lists(ACTIONS, max_size=30))
def test_what_stayed_where_it_was_is_told(actions: list[tuple[str, int]]) -> None:
    there, older = EntryList(), 0
    seen: list[Entry] = []
    for action, value in [*actions, ("look", 0)]:
        match action:
            case "add":
                there.add(entry(str(value)))
            case "remove":
                there.remove(("t", str(value)))
            case "prepend":
                there.prepend([entry(f"old {older + at}") for at in range(value)])
                older += value
            case "replace":
                there.replace([one for one in there if one.key[1] != str(value)])
            case _:
                changes = there.take_changes()
                now = list(there.entries)
                assert changes.kept <= len(seen)
                assert now[changes.front : changes.front + changes.kept] == seen[: changes.kept]
                assert changes.order or now == seen
                assert {one.key for one in now if one not in seen} <= changes.entries
                seen = now


def test_what_is_added_at_the_end_leaves_all_others_where_they_are() -> None:
    there = EntryList()
    for name in "abc":
        there.add(entry(name))
    there.take_changes()
    there.add(entry("d"))
    there.prepend([entry("x"), entry("y")])
    changes = there.take_changes()
    assert (changes.order, changes.front, changes.kept) == (True, 2, 3)
    assert (there.take_changes().order, there.take_changes().kept) == (False, 6)


def test_one_with_the_same_key_goes_to_the_end() -> None:
    there = EntryList()
    for name in "abca":
        there.add(entry(name))
    assert [one.key[1] for one in there] == ["b", "c", "a"]
    assert ("t", "a") in there
    assert there.find(("t", "z")) is None
