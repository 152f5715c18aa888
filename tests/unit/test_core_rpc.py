"""Frames of the app server's JSON-RPC."""

from __future__ import annotations

import json

import pytest

from codex_ssh.core.rpc import (
    ErrorResponse,
    FrameError,
    Message,
    Notification,
    Request,
    Response,
    decode,
    encode,
)


@pytest.mark.parametrize(
    "message",
    [
        Request(id=1, method="turn/start", params={"a": [1, None, "ü"]}),
        Request(id="initialize", method="initialize", params={}),
        Notification(method="initialized"),
        Notification(method="x", params={"y": 1}),
        Response(id=0, result={"ok": True}),
        Response(id=3, result=None),
        ErrorResponse(id=4, code=-32600, message="Not initialized"),
        ErrorResponse(id=5, code=-32001, message="busy", data={"reason": "x"}),
    ],
)
def test_what_is_written_is_read_back(message: Message) -> None:
    frame = encode(message)
    assert decode(frame) == message
    assert "jsonrpc" not in json.loads(frame)


def test_a_request_always_carries_params_since_the_server_insists() -> None:
    assert json.loads(encode(Request(id=1, method="m"))) == {"id": 1, "method": "m", "params": {}}


def test_members_nobody_knows_are_ignored() -> None:
    frame = '{"jsonrpc":"2.0","method":"m","params":{"a":1},"emittedAtMs":5}'
    assert decode(frame) == Notification(method="m", params={"a": 1})


@pytest.mark.parametrize(
    "frame", [' {"method":"m"}', '{"method":"m"}\n', b'{"method":"m"}', '\t{"method":"m"} ']
)
def test_white_space_and_bytes_make_no_difference(frame: str | bytes) -> None:
    assert decode(frame) == Notification(method="m")


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        "7",
        '"x"',
        "{}",
        '{"id":1}',
        '{"id":true,"method":"m"}',
        '{"id":[1],"result":1}',
        "[" * 99999,
        '{"a":' * 99999,
        '{"method":"m"} {"method":"m"}',
        '{"method":"m"}x',
    ],
)
def test_what_is_no_message_is_a_frame_error(frame: str) -> None:
    with pytest.raises(FrameError):
        decode(frame)
