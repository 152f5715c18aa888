"""Lessons: what is kept of one, and when it is good."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.core.lesson import Lesson, format_lesson, parse_last_endpoint, parse_lesson

LESSON = Lesson(kex="curve25519-sha256", key="ab" * 32, signature="ssh-ed25519", server="SSH-2.0-x")


def test_its_text_is_read_as_it_was_written() -> None:
    lesson = replace(LESSON, channel=3).struck("it refused")
    assert parse_lesson(format_lesson(lesson)) == lesson


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", "1", '{"kex": 1}', format_lesson(LESSON).replace('"strikes": 0', '"strikes": "0"')],
)
def test_what_is_damaged_or_of_another_version_is_no_lesson(text: str) -> None:
    assert parse_lesson(text) is None


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    parse_lesson(text)
    parse_last_endpoint(text)


def test_two_surprises_in_a_row_are_enough() -> None:
    once = LESSON.struck("it refused")
    assert once.is_good
    twice = once.struck("it refused again")
    assert not twice.is_good
    assert twice.why == "it refused again"


def test_surprises_count_on_while_the_host_stays_what_it_was() -> None:
    struck = LESSON.struck("it refused").struck("again")
    assert LESSON.after(struck) == struck
    assert LESSON.after(None) == LESSON
    # What we said ourselves is nothing about the host.
    assert LESSON.after(replace(struck, client="SSH-2.0-us", offer="AAAA")).strikes == 2
    other = replace(LESSON, server="SSH-2.0-y")
    assert other.after(struck) == other


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("ws://127.0.0.1:4500\n", WsEndpoint(host="127.0.0.1", port=4500)),
        ("unix:///run/x.sock", UnixEndpoint(path="/run/x.sock")),
        ("wss://example.org:1", None),
        ("stdio", None),
        ("", None),
    ],
)
def test_a_place_is_one_a_channel_can_be_opened_to(text: str, endpoint: object) -> None:
    assert parse_last_endpoint(text) == endpoint
