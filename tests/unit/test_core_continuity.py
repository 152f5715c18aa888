"""A conversation carried over a loss: what each side hears, in which order, and nothing twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_ssh.core.continuity import LINK_LOST, Continuity, Phase, Said
from codex_ssh.errors import RpcFailed

Json = dict[str, Any]

INITIALIZE = {"id": 0, "method": "initialize", "params": {"capabilities": {"experimentalApi": True}}}
INITIALIZED = {"method": "initialized"}
RUNNING = {"method": "turn/started", "params": {"threadId": "t", "turn": {"id": "u"}}}


def read(lines: tuple[str, ...]) -> list[Json]:
    return [json.loads(line) for line in lines]


def up(said: Said) -> list[Json]:
    return read(said.up)


def down(said: Said) -> list[Json]:
    return read(said.down)


class Talk:
    """A conversation with both sides played by the test."""

    def __init__(self) -> None:
        self.it = Continuity("devbox")

    def client(self, **message: Any) -> Said:
        return self.it.from_client(json.dumps(message))

    def server(self, **message: Any) -> Said:
        return self.it.from_server(json.dumps(message))

    def begin(self, *, thread: bool = True) -> None:
        """Come as far as a thread that is followed."""
        self.it.opened()
        self.client(**INITIALIZE)
        self.server(id=0, result={})
        self.client(**INITIALIZED)
        if thread:
            self.client(id=1, method="thread/start", params={})
            self.server(id=1, result={"thread": {"id": "t"}})

    def come_back(self) -> list[Json]:
        """Lose the link, open the next session up to the answer to our ``initialize``."""
        self.it.lost("gone")
        (again,) = up(self.it.opened())
        assert again["method"] == "initialize"
        assert again["params"] == INITIALIZE["params"]
        return up(self.server(id=again["id"], result={}))


def test_everything_goes_through_while_there_is_a_session() -> None:
    talk = Talk()
    talk.it.opened()
    for line in ('{"id":1,"method":"initialize","params":{}}', "no message at all", '{"method":"x"}'):
        assert talk.it.from_client(line) == Said(up=(line,))
        assert talk.it.from_server(line) == Said(down=(line,))


def test_what_is_said_before_there_is_a_session_waits_for_it() -> None:
    talk = Talk()
    assert talk.client(**INITIALIZE) == Said()
    assert talk.client(**INITIALIZED) == Said()
    assert talk.it.waits
    assert up(talk.it.opened()) == [INITIALIZE, INITIALIZED]
    assert not talk.it.waits


def test_a_client_that_spoke_early_is_carried_over_as_well() -> None:
    talk = Talk()
    talk.client(**INITIALIZE)
    talk.it.opened()
    talk.server(id=0, result={})
    talk.client(**INITIALIZED)
    assert talk.come_back() == [INITIALIZED]


def test_without_any_session_the_first_request_gets_the_reason() -> None:
    talk = Talk()
    talk.client(**INITIALIZE)
    talk.it.lost("never mind")
    (answer,) = down(talk.it.give_up_waiting("no such host"))
    assert answer["id"] == 0
    assert answer["error"]["code"] == LINK_LOST
    assert answer["error"]["message"] == "initialize: no link to devbox: no such host"
    assert answer["error"]["data"] == {"reason": "linkLost", "host": "devbox", "uncertain": False}


def test_requests_in_flight_fail_and_say_that_they_may_have_been_done() -> None:
    talk = Talk()
    talk.begin()
    talk.client(id="x", method="turn/start", params={"threadId": "t"})
    (failed,) = down(talk.it.lost("connection reset"))
    assert failed["id"] == "x"
    assert failed["error"]["data"]["uncertain"] is True
    assert "connection reset; the app server may have done it" in failed["error"]["message"]


def test_the_next_session_begins_as_the_first_and_joins_the_threads_again() -> None:
    talk = Talk()
    talk.begin()
    talk.it.lost("gone")
    talk.client(id=2, method="model/list", params={})
    (again,) = up(talk.it.opened())
    told = talk.server(id=again["id"], result={})
    initialized, joined = up(told)
    assert initialized == INITIALIZED
    assert (joined["method"], joined["params"]) == ("thread/resume", {"threadId": "t", "excludeTurns": True})
    assert told.down == ()
    after = talk.server(id=joined["id"], result={"thread": {"id": "t"}})
    assert up(after) == [{"id": 2, "method": "model/list", "params": {}}]
    assert after.down == ()
    assert talk.it.phase is Phase.UP
    assert down(talk.server(id=2, result={})) == [{"id": 2, "result": {}}]


def test_an_initialize_that_was_lost_is_said_again_as_the_clients_own() -> None:
    talk = Talk()
    talk.it.opened()
    talk.client(**INITIALIZE)
    assert talk.it.lost("gone") == Said()
    assert up(talk.it.opened()) == [INITIALIZE]
    assert down(talk.server(id=0, result={"userAgent": "x"})) == [{"id": 0, "result": {"userAgent": "x"}}]


def test_a_server_that_will_not_have_the_client_again_says_why() -> None:
    talk = Talk()
    talk.begin()
    talk.it.lost("gone")
    (again,) = up(talk.it.opened())
    with pytest.raises(RpcFailed, match="not you"):
        talk.server(id=again["id"], error={"code": -32600, "message": "not you"})


def test_threads_that_were_left_are_not_joined_again() -> None:
    talk = Talk()
    talk.begin()
    talk.client(id=2, method="thread/unsubscribe", params={"threadId": "t"})
    talk.server(id=2, result={})
    assert talk.come_back() == [INITIALIZED]


def test_a_thread_that_cannot_be_joined_again_is_closed_for_the_client() -> None:
    talk = Talk()
    talk.begin()
    _, joined = talk.come_back()
    told = talk.server(id=joined["id"], error={"code": -32600, "message": "no rollout found"})
    assert down(told) == [{"method": "thread/closed", "params": {"threadId": "t"}}]


def test_the_end_of_a_turn_that_nobody_heard_is_told_by_the_servers_account() -> None:
    talk = Talk()
    talk.begin()
    talk.server(**RUNNING)
    done = {"id": "a", "type": "agentMessage", "text": "one"}
    talk.server(method="item/completed", params={"threadId": "t", "turnId": "u", "item": done})
    _, joined = talk.come_back()
    (looked,) = up(talk.server(id=joined["id"], result={"thread": {"id": "t"}}))
    assert (looked["method"], looked["params"]["itemsView"]) == ("thread/turns/list", "full")
    new = {"id": "b", "type": "agentMessage", "text": "two"}
    turn = {"id": "u", "status": "completed", "items": [done, new]}
    told = talk.server(id=looked["id"], result={"data": [turn]})
    assert down(told) == [
        {"method": "item/completed", "params": {"threadId": "t", "turnId": "u", "item": new}},
        {"method": "turn/completed", "params": {"threadId": "t", "turn": turn}},
    ]
    assert [one["method"] for one in talk.come_back()] == ["initialized", "thread/resume"]


def test_a_turn_that_still_runs_is_not_ended_and_one_nobody_knows_was_interrupted() -> None:
    talk = Talk()
    talk.begin()
    talk.server(**RUNNING)
    _, joined = talk.come_back()
    (looked,) = up(talk.server(id=joined["id"], result={}))
    assert talk.server(id=looked["id"], result={"data": [{"id": "u", "status": "inProgress"}]}) == Said()
    _, joined = talk.come_back()
    (looked,) = up(talk.server(id=joined["id"], result={}))
    (told,) = down(talk.server(id=looked["id"], result={"data": []}))
    assert told["method"] == "turn/completed"
    assert (told["params"]["turn"]["id"], told["params"]["turn"]["status"]) == ("u", "interrupted")


def test_without_experimental_methods_the_history_comes_with_the_thread() -> None:
    talk = Talk()
    talk.it.opened()
    talk.client(id=0, method="initialize", params={})
    talk.server(id=0, result={})
    talk.client(id=1, method="thread/resume", params={"threadId": "t"})
    talk.server(id=1, result={"thread": {"id": "t"}})
    talk.server(**RUNNING)
    talk.it.lost("gone")
    (again,) = up(talk.it.opened())
    (joined,) = up(talk.server(id=again["id"], result={}))
    assert joined["params"] == {"threadId": "t"}
    turn = {"id": "u", "status": "failed", "items": []}
    told = talk.server(id=joined["id"], result={"thread": {"id": "t", "turns": [turn]}})
    assert [one["method"] for one in down(told)] == ["turn/completed"]


ASK = {"id": 7, "method": "item/commandExecution/requestApproval", "params": {"threadId": "t", "itemId": "i"}}


def test_a_request_the_client_still_thinks_about_is_not_shown_twice() -> None:
    talk = Talk()
    talk.begin()
    assert down(talk.server(**ASK)) == [ASK]
    talk.come_back()
    assert talk.server(**ASK) == Said()
    talk.it._ours.clear()
    talk.it._release()
    answer = {"id": 7, "result": {"decision": "accept"}}
    assert up(talk.client(**answer)) == [answer]


def test_an_answer_that_may_be_lost_is_given_again_to_the_very_same_request_only() -> None:
    talk = Talk()
    talk.begin()
    talk.server(**ASK)
    answer = {"id": 7, "result": {"decision": "accept"}}
    talk.it.lost("gone")
    assert talk.client(**answer) == Said()
    talk.it.opened()
    assert up(talk.server(**ASK)) == [answer]
    other = {**ASK, "params": {"threadId": "t", "itemId": "another"}}
    assert down(talk.server(**other)) == [other]


def test_another_run_of_the_server_counts_anew_and_the_old_request_is_void() -> None:
    talk = Talk()
    talk.begin()
    talk.server(**ASK)
    talk.come_back()
    other = {**ASK, "params": {"threadId": "t2", "itemId": "another"}}
    void, shown = down(talk.server(**other))
    assert void == {"method": "serverRequest/resolved", "params": {"threadId": "t", "requestId": 7}}
    assert shown == other


def test_a_request_that_was_resolved_is_forgotten() -> None:
    talk = Talk()
    talk.begin()
    talk.server(**ASK)
    talk.client(id=7, result={})
    talk.server(method="serverRequest/resolved", params={"threadId": "t", "requestId": 7})
    assert down(talk.server(**ASK)) == [ASK]
