"""The cursor: on which entry it stands, and what comes into view with it. No application is needed."""

from __future__ import annotations

from itertools import pairwise

from codex_ssh.core.entry import Content, Entry, Level, Notice, Progress, TurnEnd
from codex_ssh.core.items import AgentMessage, ItemId, UserMessage
from codex_ssh.core.thread import TurnStatus
from codex_ssh.tui.reading import Cursor
from codex_ssh.tui.window import Window

HEIGHT = 10


def notice(lines: int, name: str = "n") -> Notice:
    return Notice(level=Level.INFO, text="\n".join(f"{name}.{line}" for line in range(lines)))


SILENT = TurnEnd(status=TurnStatus.COMPLETED, error=None, duration_ms=None)


def cursor(*contents: Content) -> tuple[Cursor, Window]:
    window = Window()
    window.resize(40, HEIGHT)
    window.show([Entry(("t", str(at)), one, Progress.DONE) for at, one in enumerate(contents)], "/w")
    return Cursor(window), window


def seen(window: Window) -> list[tuple[int, int]]:
    return [(placed.at, placed.row) for placed in window.rows]


def test_it_begins_on_the_last_entry_in_view_and_what_comes_moves_nothing() -> None:
    made, window = cursor(notice(3), notice(3), SILENT)
    assert made.begin()
    assert made.at == 1
    assert not window.following
    assert not Cursor(Window()).begin()
    assert made.entry is window.entries[1]


def test_what_shows_nothing_is_passed_over() -> None:
    made, _ = cursor(notice(1), SILENT, SILENT, notice(1), SILENT)
    made.begin()
    assert made.move(-1)
    assert made.at == 0
    assert not made.move(-1)
    assert made.move(1)
    assert made.at == 3
    assert not made.move(1)
    assert made.at == 3


def test_an_entry_comes_into_view_whole() -> None:
    made, window = cursor(*(notice(4) for _ in range(9)))
    made.begin()
    for at in (7, 6, 5):
        made.move(-1)
        assert made.at == at
        assert {row for place, row in seen(window) if place == at} >= {0, 1, 2, 3}
    for at in (6, 7, 8):
        made.move(1)
        assert made.at == at
        assert {row for place, row in seen(window) if place == at} >= {0, 1, 2, 3}


def test_a_tall_entry_is_read_half_a_view_at_a_time_in_both_directions() -> None:
    made, window = cursor(notice(2), notice(25), notice(2))
    made.move_to_end(first=True)
    made.move(1)
    tops = []
    while made.at == 1:
        tops.append(seen(window)[0])
        made.move(1)
    assert tops[0] == (1, 0)
    assert all(0 < after[1] - before[1] <= HEIGHT // 2 for before, after in pairwise(tops))
    assert made.at == 2
    made.move(-1)
    assert made.at == 1
    assert (1, 24) in seen(window)
    while made.at == 1:
        made.move(-1)
    assert made.at == 0


def test_it_goes_from_prompt_to_prompt() -> None:
    prompt = UserMessage(id=ItemId("u"), client_id="", text="do")
    made, window = cursor(prompt, notice(9), prompt, notice(9), notice(9))
    made.begin()
    assert made.move_to_prompt(-1)
    assert (made.at, seen(window)[1]) == (2, (2, 0))
    assert made.move_to_prompt(-1)
    assert (made.at, seen(window)[0]) == (0, (0, 0))
    assert not made.move_to_prompt(-1)
    assert made.move_to_prompt(1)
    assert made.at == 2


def test_it_goes_to_both_ends() -> None:
    made, window = cursor(SILENT, *(notice(4) for _ in range(9)), SILENT)
    made.move_to_end(first=True)
    assert (made.at, seen(window)[0][0]) == (1, 1)
    made.move_to_end(first=False)
    assert (made.at, seen(window)[-1]) == (9, (9, 4))


def test_it_stays_in_view_when_the_view_is_scrolled() -> None:
    made, window = cursor(*(notice(4) for _ in range(20)))
    made.begin()
    window.scroll(-50)
    made.follow_scroll()
    assert made.at == window.rows[-1].at
    window.scroll(30)
    made.follow_scroll()
    assert made.at == window.rows[0].at


def test_its_links_are_gone_through_round_and_round() -> None:
    text = "see https://a.example/x and src/main.py:3\n" + "words\n" * 30 + "[there](https://b.example/)"
    made, window = cursor(AgentMessage(id=ItemId("a"), text=text))
    made.begin()
    assert made.target is not None
    assert made.target.address == "https://a.example/x"
    addresses = []
    for _ in range(5):
        made.next_link()
        assert made.target is not None
        addresses.append(made.target.address)
        assert made.links()[made.link or 0][1][0].row in {row for _, row in seen(window)}
    once = ["https://a.example/x", "file:src/main.py:3", "https://b.example/"]
    assert addresses == [*once, *once[:2]]


def test_an_entry_without_links_has_no_target() -> None:
    made, _ = cursor(notice(1))
    made.next_link()
    assert made.target is None
    made.begin()
    made.next_link()
    assert (made.link, made.target) == (None, None)
