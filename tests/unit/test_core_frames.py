"""Frames in a stream, however it is cut."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.frames import FrameWalker, close_frame


def frame(payload: bytes, *, opcode: int = 1, fin: bool = True, mask: bytes = b"abcd") -> bytes:
    """A client's frame, built as RFC 6455 section 5.2 draws it."""
    size = len(payload)
    if size < 126:
        length = struct.pack("!B", 0x80 | size)
    elif size < 65_536:
        length = struct.pack("!BH", 0x80 | 126, size)
    else:
        length = struct.pack("!BQ", 0x80 | 127, size)
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes((fin << 7 | opcode,)) + length + mask + masked


def walk(data: bytes, cuts: list[int], peek: int) -> tuple[list[bytes], FrameWalker]:
    walker = FrameWalker(peek_bytes=peek)
    found, begin = list[bytes](), 0
    for end in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]:
        found += walker.feed(data[begin:end])
        begin = end
    return found, walker


@given(
    st.lists(st.binary(max_size=300), max_size=4),
    st.lists(st.integers(0, 5000), max_size=10),
    st.integers(0, 200),
)
def test_beginnings_are_found_wherever_the_stream_is_cut(
    messages: list[bytes], cuts: list[int], peek: int
) -> None:
    data = b"".join(map(frame, messages))
    found, walker = walk(data, cuts, peek)
    assert found == [message[:peek] for message in messages]
    assert walker.at_boundary


def test_fragments_are_one_message_with_a_ping_between_them() -> None:
    data = (
        frame(b"one ", fin=False) + frame(b"!", opcode=9) + frame(b"two ", opcode=0, fin=False)
        + frame(b"three", opcode=0)
    )  # fmt: skip
    assert walk(data, [7, 20], 100)[0] == [b"one two three"]


def test_binary_messages_are_not_looked_at() -> None:
    assert walk(frame(b"x", opcode=2) + frame(b"y"), [], 100)[0] == [b"y"]


def test_a_long_frame_is_followed_to_its_end() -> None:
    data = frame(b"x" * 70_000) + frame(b"y")
    assert walk(data, [3, 9, 40_000], 5)[0] == [b"xxxxx", b"y"]


def test_the_last_boundary_lies_behind_the_last_whole_frame() -> None:
    walker = FrameWalker()
    first = frame(b"first")
    walker.feed(first + frame(b"second")[:-1])
    assert walker.last_boundary == len(first)
    assert not walker.at_boundary
    walker.feed(b"")
    assert walker.last_boundary == -1


def test_a_close_is_noticed() -> None:
    walker = FrameWalker()
    walker.feed(close_frame(1001, "x" * 200))
    assert walker.saw_close
    assert walker.at_boundary


def test_a_reason_is_cut_between_characters() -> None:
    found = close_frame(1001, "é" * 100)
    assert found[:4] == b"\x88\x7c\x03\xe9"
    assert found[4:].decode() == "é" * 61
