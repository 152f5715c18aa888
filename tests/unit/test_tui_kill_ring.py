"""Cuts that follow each other are one; older ones can be had again."""

from codex_ssh.tui.kill_ring import MOST, KillRing


def test_cuts_in_a_row_grow_in_both_directions() -> None:
    ring = KillRing()
    ring.cut("b", before=True)
    ring.cut("a", before=True)
    ring.cut("c", before=False)
    ring.cut("", before=False)
    assert ring.last() == "abc"


def test_older_ones_come_one_after_the_other_and_around() -> None:
    ring = KillRing()
    assert (ring.last(), ring.one_before()) == ("", "")
    for text in ("one", "two", "three"):
        ring.cut(text, before=False)
        ring.other_key()
    assert [ring.last(), ring.one_before(), ring.one_before(), ring.one_before()] == [
        "three",
        "two",
        "one",
        "three",
    ]


def test_the_ring_has_an_end() -> None:
    ring = KillRing()
    for number in range(MOST + 5):
        ring.cut(str(number), before=False)
        ring.other_key()
    assert [ring.one_before() for _ in range(MOST)][-2:] == ["5", str(MOST + 4)]
