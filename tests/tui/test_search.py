"""A search: the match in view, what is unfolded for it, going back, and going on into older history."""

from __future__ import annotations

from codex_ssh.core.entry import Entry, Level, Notice, Progress
from codex_ssh.core.items import CommandExecution, ItemId, ItemStatus
from codex_ssh.core.transcript import Changes
from codex_ssh.tui import palette
from codex_ssh.tui.search import OLDER_PAGES, Search
from codex_ssh.tui.window import Window

HEIGHT = 8


def notice(name: str, text: str = "") -> Entry:
    return Entry(("t", name), Notice(level=Level.INFO, text=text or name), Progress.DONE)


class Pages:
    """Older history, a page at a time, that comes when the test says so."""

    def __init__(self, *pages: list[Entry]) -> None:
        self._pages = list(pages)
        self.is_loading = False
        self.asked = 0

    @property
    def has_older(self) -> bool:
        return bool(self._pages)

    def load_older(self) -> None:
        self.asked += 1
        self.is_loading = True

    def come(self, window: Window, search: Search) -> None:
        page = self._pages.pop(0)
        self.is_loading = False
        changes = Changes(
            entries=frozenset(one.key for one in page),
            order=True,
            facts=False,
            front=len(page),
            kept=len(window.entries),
        )
        window.update([*page, *window.entries], changes)
        search.take(changes)


def opened(entries: list[Entry], *pages: list[Entry]) -> tuple[Search, Window, Pages]:
    window = Window()
    window.resize(40, HEIGHT)
    window.show(entries, "/w")
    history = Pages(*pages)
    return Search(window, history), window, history


def look(search: Search) -> bool:
    return search.look(lambda: True)


def find(search: Search, text: str) -> None:
    search.remember_place()
    search.begin(text)
    look(search)


def in_view(window: Window) -> str:
    return "\n".join(placed.strip.text for placed in window.rows)


def test_the_match_is_in_view_and_drawn_unlike_the_others() -> None:
    search, window, _ = opened([notice(f"word {at} word") for at in range(30)])
    find(search, "word 3 word")
    assert "word 3 word" in in_view(window)
    assert search.words("up") == "1 of 1"
    search.begin("word 3")
    look(search)
    assert search.at == 3
    marks = [(span.start, style) for span, style in search.marks(3, 0, 0)]
    assert marks == [(2, palette.FOUND), (2, palette.FOUND_HERE)]
    assert not list(search.marks(29, 0, 0))


def test_it_goes_on_in_both_directions_and_ends_at_the_ends() -> None:
    search, _, _ = opened([notice(str(at), "x x") for at in range(3)])
    find(search, "x")
    assert search.words("up") == "6 of 6"
    for number in (5, 4, 3):
        search.go_on(-1)
        assert search.words("up") == f"{number} of 6"
    search.go_on(1)
    assert search.words("up") == "4 of 6"
    for _ in range(9):
        search.go_on(1)
    assert search.words("up") == "6 of 6"


def folded(name: str) -> Entry:
    output = "".join(f"line {at}\n" for at in range(60))
    command = CommandExecution(id=ItemId(name), command="seq", status=ItemStatus.COMPLETED, output=output)
    return Entry(("t", name), command, Progress.DONE)


def test_what_is_folded_is_unfolded_for_as_long_as_it_is_looked_at() -> None:
    search, window, _ = opened([folded("a"), folded("b"), notice("line 7 too")])
    find(search, "line 7")
    assert "line 7 too" in in_view(window)
    for at, unfolded in ((1, [False, True]), (0, [True, False])):
        search.go_on(-1)
        assert search.at == at
        assert [window.is_unfolded(place) for place in (0, 1)] == unfolded
        assert "line 7" in in_view(window)
    search.go_back()
    assert [window.is_unfolded(place) for place in (0, 1)] == [False, False]


def test_what_is_shown_anyway_stays_folded() -> None:
    search, window, _ = opened([folded("a")])
    find(search, "line 59")
    assert not window.is_unfolded(0)


def test_giving_up_leads_back_and_to_the_end_when_it_was_followed() -> None:
    search, window, _ = opened([notice(str(at)) for at in range(50)])
    window.bring(20, 1, 0)
    before = [placed[:2] for placed in window.rows]
    find(search, "5")
    assert [placed[:2] for placed in window.rows] != before
    search.go_back()
    assert [placed[:2] for placed in window.rows] == before
    assert search.text == ""
    window.follow()
    find(search, "7")
    search.go_back()
    assert window.following


def test_it_stays_on_its_match_while_entries_come_on_both_sides() -> None:
    search, window, pages = opened([notice("x 1"), notice("y"), notice("x 2")], [notice("x 0")])
    find(search, "x")
    search.go_on(-1)
    pages.come(window, search)
    look(search)
    assert (search.at, search.words("up")) == (1, "2 of 3")
    gone = Changes(entries=frozenset(), order=True, facts=False)
    window.update([one for one in window.entries if one.key[1] != "x 1"], gone)
    search.take(gone)
    look(search)
    assert search.at is not None
    assert search.words("up") == "2 of 2"


def test_it_may_be_interrupted_after_any_entry() -> None:
    search, _, _ = opened([notice(f"x {at}") for at in range(5)])
    search.begin("x")
    for count in range(1, 5):
        turns = iter([True, False])
        assert search.look(lambda turns=turns: next(turns))  # type: ignore[misc]
        assert search.words("up") == f"{count} so far"
    assert not look(search)
    assert search.words("up") == "5 of 5"


def test_older_history_is_looked_through_until_there_is_a_match() -> None:
    pages = [[notice("a"), notice("b")], [notice("here")], [notice("not asked for")]]
    search, window, history = opened([notice("new")], *pages)
    find(search, "here")
    assert search.words("up") == "not found · up: older history"
    assert history.asked == 0
    search.go_on(-1)
    assert look(search)
    assert (history.asked, search.words("up")) == (1, "looking in older history, 1 entries so far")
    assert look(search)
    history.come(window, search)
    assert look(search)
    assert history.asked == 2
    history.come(window, search)
    assert not look(search)
    assert (search.words("up"), history.asked) == ("1 of 1 · up: older history", 2)
    assert "here" in in_view(window)


def test_looking_through_older_history_has_an_end() -> None:
    pages = ([notice(f"page {at}")] for at in range(OLDER_PAGES + 5))
    search, window, history = opened([notice("new")], *pages)
    find(search, "nowhere")
    search.go_on(-1)
    while look(search):
        if history.is_loading:
            history.come(window, search)
    assert history.asked == OLDER_PAGES
    assert search.words("up") == "not found · up: older history"
    search.go_on(-1)
    while look(search):
        if history.is_loading:
            history.come(window, search)
    assert search.words("up") == "not found"


def test_history_that_does_not_come_is_not_waited_for_without_end() -> None:
    search, _, history = opened([notice("new")], [notice("never")])
    find(search, "nowhere")
    search.go_on(-1)
    look(search)
    history.is_loading = False  # there is no link
    looks = 0
    while look(search):
        looks += 1
    assert looks < 1000
    assert history.asked == 1


def test_giving_up_ends_looking_in_older_history() -> None:
    search, window, history = opened([notice("new")], [notice("a")], [notice("b")])
    find(search, "nowhere")
    search.go_on(-1)
    look(search)
    search.go_back()
    history.come(window, search)
    assert not look(search)
    assert history.asked == 1


def test_nothing_to_look_for_finds_nothing() -> None:
    search, _, _ = opened([notice("x")])
    assert not look(search)
    search.go_on(-1)
    find(search, "x")
    search.begin("")
    assert (search.at, search.words("up")) == (None, "a capital makes case count")
    search.reveal()
