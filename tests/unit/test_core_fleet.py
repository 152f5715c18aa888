"""Reports about hosts: what a thread does, what is recalled, and the JSON form."""

import json
from dataclasses import replace

import pytest

from codex_ssh.core.fleet import (
    Doing,
    FleetThread,
    HostReport,
    Reach,
    ago,
    decode_report,
    encode_report,
    in_order,
    recall,
    thread_of_fleet,
)
from codex_ssh.core.rpc import Json
from codex_ssh.core.thread import Thread, ThreadId, ThreadState, ThreadStatus, TurnStatus

ACTIVE = ThreadStatus(state=ThreadState.ACTIVE)
ASKING = ThreadStatus(state=ThreadState.ACTIVE, flags=("waitingOnApproval",))
BROKEN = ThreadStatus(state=ThreadState.SYSTEM_ERROR)
IDLE = ThreadStatus(state=ThreadState.IDLE)


def thread(number: str, doing: Doing = Doing.IDLE, updated_at: int = 0) -> FleetThread:
    return FleetThread(id=ThreadId(number), title=f"about {number}", doing=doing, updated_at=updated_at)


UP = HostReport(
    host="me@box:22",
    reach=Reach.UP,
    at=1_000,
    ms=312,
    user="me",
    hostname="box",
    endpoint="unix:///tmp/s",
    chosen="started by us earlier",
    version="0.163.0",
    on_disk="0.169.0",
    clients=2,
    threads=(thread("a", Doing.WAITING, 5), thread("b", Doing.RUNNING)),
    more=3,
)
OFF = HostReport(host="me@box:22", reach=Reach.OFF, at=2_000, why="no answer within 3 s", hint="wake it")


@pytest.mark.parametrize(
    ("status", "last", "doing"),
    [
        (ASKING, TurnStatus.FAILED, Doing.WAITING),
        (ACTIVE, TurnStatus.FAILED, Doing.RUNNING),
        (IDLE, TurnStatus.FAILED, Doing.FAILED),
        (BROKEN, TurnStatus.UNKNOWN, Doing.FAILED),
        (IDLE, TurnStatus.INTERRUPTED, Doing.IDLE),
        (IDLE, TurnStatus.COMPLETED, Doing.IDLE),
        (ThreadStatus(), TurnStatus.UNKNOWN, Doing.IDLE),
    ],
)
def test_what_a_thread_does(status: ThreadStatus, last: TurnStatus, doing: Doing) -> None:
    found = thread_of_fleet(Thread(id=ThreadId("a"), name="n", cwd="/w", updated_at=7, status=status), last)
    assert found == FleetThread(id=ThreadId("a"), title="n", doing=doing, cwd="/w", updated_at=7)


def test_what_wants_a_person_stands_first() -> None:
    threads = [
        thread("idle", updated_at=9),
        thread("runs", Doing.RUNNING),
        thread("failed", Doing.FAILED),
        thread("waits", Doing.WAITING, 1),
        thread("waits later", Doing.WAITING, 2),
    ]
    assert [one.id for one in in_order(threads)] == ["waits later", "waits", "failed", "runs", "idle"]


def test_a_host_that_is_off_shows_what_was_seen_last() -> None:
    found = recall(OFF, UP)
    assert (found.reach, found.shown) == (Reach.OFF, UP)
    assert recall(OFF, None).shown == OFF
    assert recall(replace(UP, at=3_000), UP).shown.at == 3_000
    assert recall(OFF, OFF).last is None


@pytest.mark.parametrize("report", [UP, OFF, recall(OFF, UP)], ids=["up", "off", "recalled"])
def test_json_has_all_of_it(report: HostReport) -> None:
    assert decode_report(json.loads(json.dumps(encode_report(report)))) == report


def test_counts_are_in_the_json() -> None:
    shape = encode_report(UP)
    assert [shape[doing.value] for doing in Doing] == [1, 0, 1, 0]
    assert (UP.is_stale, OFF.is_stale) == (True, False)


@pytest.mark.parametrize(
    "shape", [None, [], "up", {}, {"host": "box"}, {"state": "up"}, {"host": "box", "state": "gone"}]
)
def test_what_is_no_report_is_none(shape: Json) -> None:
    assert decode_report(shape) is None


def test_missing_and_wrong_fields_are_defaults() -> None:
    found = decode_report({"host": "box", "state": "up", "threads": [{"state": "dreaming"}, 7], "ms": "x"})
    assert found is not None
    assert [one.doing for one in found.threads] == [Doing.IDLE, Doing.IDLE]
    assert (found.ms, found.clients, found.last) == (0, None, None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (7199, "119 min ago"),
        (7200, "2 h ago"),
        (172_799, "47 h ago"),
        (172_800, "2 days ago"),
    ],
)
def test_ages(seconds: float, words: str) -> None:
    assert ago(seconds) == words
