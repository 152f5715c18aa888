"""What waits, for how long, and what is known of threads that are not shown."""

from __future__ import annotations

from codex_ssh.core.ask import Ask, decode_ask
from codex_ssh.core.events import decode_event
from codex_ssh.core.rpc import Json, Notification, Request
from codex_ssh.core.thread import ThreadId
from codex_ssh.tui.pending import Pending


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def edit_ask(number: int = 1, **params: Json) -> Ask:
    place = {"threadId": "t-2", "turnId": "u", "itemId": "i", **params}
    return decode_ask(Request(id=number, method="item/fileChange/requestApproval", params=place))


def hear(pending: Pending, method: str, **params: Json) -> None:
    pending.hear(decode_event(Notification(method=method, params=params)))


def test_it_waits_since_it_was_heard_or_as_long_as_the_devbox_says() -> None:
    here, unix = Clock(100.0), Clock(1_000_000.0)
    pending = Pending(here, unix)
    quiet, told, wrong = edit_ask(1), edit_ask(2, startedAtMs=999_400_000), edit_ask(3, startedAtMs=5)
    for ask in (quiet, told, wrong):
        pending.take(ask, None)
    here.now, unix.now = 130.0, 1_000_030.0
    assert pending.waited(quiet) == 30
    assert pending.waited(told) == 630
    assert pending.waited(wrong) == 30, "a clock that is off by years is not believed"


def test_a_request_made_again_goes_on_waiting_and_another_of_its_number_begins() -> None:
    here = Clock(100.0)
    pending = Pending(here, Clock(0.0))
    pending.take(edit_ask(1), None)
    pending.link_lost()
    here.now = 160.0
    pending.take(edit_ask(1), None)
    assert pending.waited(edit_ask(1)) == 60
    other = edit_ask(1, reason="another run of the server")
    pending.take(other, None)
    assert pending.waited(other) == 0


def test_another_thread_is_called_by_its_name_and_its_edits_are_known() -> None:
    pending = Pending()
    assert pending.thread_name(ThreadId("t-2")) == "t-2"
    hear(pending, "thread/started", thread={"id": "t-2", "preview": "look around\nthen more", "turns": []})
    assert pending.thread_name(ThreadId("t-2")) == "look around"
    hear(pending, "thread/name/updated", threadId="t-2", threadName="helper")
    assert pending.thread_name(ThreadId("t-2")) == "helper"
    assert pending.edit_of(edit_ask(), None) is None
    change = {"path": "/w/a", "kind": {"type": "add"}, "diff": "x\n"}
    item = {"type": "fileChange", "id": "i", "changes": [change]}
    hear(pending, "item/started", threadId="t-2", turnId="u", item=item)
    edit = pending.edit_of(edit_ask(), None)
    assert edit is not None
    assert edit.changes[0].path == "/w/a"
    for number in range(60):
        hear(pending, "item/started", threadId="t-3", turnId="u", item={**item, "id": f"i{number}"})
    assert pending.edit_of(edit_ask(), None) is None, "not all of them are kept"
