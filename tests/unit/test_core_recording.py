"""The lines of a recording: written, read, and refused."""

from __future__ import annotations

import json

import pytest

from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.recording import (
    FORMAT,
    Event,
    Header,
    Heard,
    LinkStepped,
    Moment,
    NoRecording,
    Resized,
    Sent,
    SessionBegan,
    SessionLost,
    Stopped,
    TripMeasured,
    encode_header,
    encode_moment,
    read_recording,
)
from codex_ssh.core.rpc import ErrorResponse, Notification, Request, Response

FACTS = ServerFacts(
    host="devbox",
    user="alice",
    hostname="box-17",
    transport="ssh",
    server_version="0.169.0",
    codex_home="/home/alice/.codex",
    warnings=("it is old",),
    signed_out=True,
)
HEADER = Header(
    version="1.2", began="2026-01-02T03:04:05+00:00", facts=FACTS, columns=80, lines=24, left_out=("a",)
)

EVENTS: tuple[Event, ...] = (
    SessionBegan(FACTS),
    Sent(Request(id=1, method="thread/start", params={"cwd": "/w"})),
    Heard(Response(id=1, result={"thread": {"id": "t"}})),
    Heard(ErrorResponse(id=2, code=-32600, message="no", data={"x": 1})),
    Heard(Notification(method="turn/started", params={"text": "ä\n\u2028"})),
    Heard(Request(id="a", method="item/x/requestApproval", params={})),
    Sent(Response(id="a", result={"decision": "accept"})),
    LinkStepped(LinkState.LOST, 2, "reset", 1.5),
    LinkStepped(LinkState.UP),
    TripMeasured(0.0125),
    Resized(40, 20),
    SessionLost("the link is gone", "reset"),
    Stopped("the disk is full"),
)


def lines(*events: Event) -> list[str]:
    written = [encode_moment(Moment(number / 4, event)) for number, event in enumerate(events)]
    return [f"{line}\n" for line in (encode_header(HEADER), *written)]


def test_everything_written_is_read_again() -> None:
    recording = read_recording(lines(*EVENTS))

    assert recording.header == HEADER
    assert tuple(moment.event for moment in recording.moments) == EVENTS
    assert [moment.at for moment in recording.moments] == [number / 4 for number in range(len(EVENTS))]
    assert recording.seconds == (len(EVENTS) - 1) / 4
    assert not recording.is_cut


def test_every_line_is_one_line_of_json() -> None:
    for line in lines(*EVENTS):
        assert line.count("\n") == 1
        json.loads(line)


def test_a_message_is_written_as_the_frame_it_was() -> None:
    frame = Notification(method="x", params={"a": [1]})

    assert json.loads(encode_moment(Moment(1.5, Heard(frame)))) == {
        "at": 1.5,
        "in": {"method": "x", "params": {"a": [1]}},
    }


@pytest.mark.parametrize("kept", [1, 20, 60])
def test_a_last_line_that_is_cut_is_left_out_and_told(kept: int) -> None:
    written = lines(*EVENTS[:4])
    written[-1] = written[-1][:kept]

    recording = read_recording(written)

    assert tuple(moment.event for moment in recording.moments) == EVENTS[:3]
    assert recording.is_cut


def test_a_header_alone_is_a_recording_of_nothing() -> None:
    recording = read_recording(lines())

    assert (recording.moments, recording.seconds) == ((), 0.0)


@pytest.mark.parametrize(
    "first",
    ["", "\n", "hello\n", "[]\n", "{}\n", '{"codex-ssh-recording":"1"}\n', "[" * 100_000, '{"at":1}\n'],
)
def test_what_is_no_recording_is_refused(first: str) -> None:
    with pytest.raises(NoRecording, match="no recording of codex-ssh"):
        read_recording([first])


def test_a_newer_form_is_refused_and_told() -> None:
    first = lines()[0].replace(f'"codex-ssh-recording":{FORMAT}', f'"codex-ssh-recording":{FORMAT + 1}')

    with pytest.raises(NoRecording, match=f"it has form {FORMAT + 1}"):
        read_recording([first])


@pytest.mark.parametrize(
    "line",
    [
        "no json\n",
        "{}\n",
        "[]\n",
        '{"at":"x","trip":1}\n',
        '{"at":NaN,"trip":1}\n',
        '{"at":-1,"trip":1}\n',
        '{"at":1,"in":{}}\n',
        '{"at":1,"in":[]}\n',
        '{"at":1,"link":"NOWHERE"}\n',
        '{"at":1,"size":[1]}\n',
        '{"at":1,"trip":null}\n',
    ],
)
def test_a_broken_line_in_the_middle_is_refused_with_its_number(line: str) -> None:
    written = lines(*EVENTS[:2])
    written.insert(2, line)

    with pytest.raises(NoRecording, match="line 3 cannot be read"):
        read_recording(written)


def test_a_kind_of_line_nobody_knows_is_passed_over() -> None:
    written = lines(*EVENTS[:2])
    written.insert(2, '{"at":0.1,"weather":"fine"}\n')

    assert tuple(moment.event for moment in read_recording(written).moments) == EVENTS[:2]


def test_a_header_with_less_and_with_more_is_read() -> None:
    recording = read_recording(['{"codex-ssh-recording":1,"server":{"host":"h","colour":"red","user":3}}\n'])

    assert recording.header.facts.host == "h"
    assert recording.header.facts.user == ""
    assert (recording.header.columns, recording.header.version) == (0, "")
