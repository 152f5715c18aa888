"""Walking and searching what was said never loses what is being written."""

from codex_ssh.core.draft import Draft, harmless
from codex_ssh.tui.prompt_history import PromptHistory

SAID = ["make tests", "fix the bug", "make docs", "make docs"]


def seen(draft: Draft | None) -> str | None:
    return None if draft is None else draft.text


def test_walking_back_and_forth() -> None:
    past = PromptHistory(lambda: SAID[:3])
    assert seen(past.turn(1, harmless("unsent"))) == "make docs"
    assert seen(past.turn(1, harmless("make docs"))) == "fix the bug"
    assert seen(past.turn(1, harmless(""))) == "make tests"
    assert past.turn(1, harmless("")) is None
    past.turn(-1, harmless(""))
    past.turn(-1, harmless(""))
    assert seen(past.turn(-1, harmless(""))) == "unsent"
    assert past.turn(-1, harmless("")) is None


def test_a_search_goes_from_the_newest_to_the_oldest_and_back() -> None:
    past = PromptHistory(lambda: SAID)
    past.begin(harmless("unsent"))
    assert past.is_searching
    assert seen(past.look_for("M")) == "make docs"
    assert seen(past.look_for("mak")) == "make docs"
    assert seen(past.again(1)) == "make tests", "the same text twice is one match"
    assert past.again(1) is None
    assert seen(past.again(-1)) == "make docs"
    assert past.look_for("nothing like it") is None
    assert seen(past.give_up()) == "unsent"
    assert not past.is_searching


def test_what_was_found_is_where_walking_goes_on() -> None:
    past = PromptHistory(lambda: SAID)
    past.begin(harmless("unsent"))
    past.look_for("bug")
    past.take()
    assert seen(past.turn(1, harmless("fix the bug"))) == "make tests"


def test_a_longer_query_looks_from_where_the_search_is() -> None:
    past = PromptHistory(lambda: SAID)
    past.begin(harmless(""))
    past.look_for("make")
    past.again(1)
    assert seen(past.look_for("make t")) == "make tests"
