"""What ``selftest`` prints, for people and for programs."""

from __future__ import annotations

import json

import pytest

from codex_ssh.cli.card import JsonCard, Outcome, Result, TextCard
from codex_ssh.core.facts import ServerFacts

FACTS = ServerFacts(
    host="box", user="me", hostname="vm", transport="ssh", server_version="0.169.0", codex_home="/x"
)
RESULTS = [
    Result(check="stream", outcome=Outcome.OK, words="all of it", figures={"bytes": 5}, seconds=0.12345),
    Result(check="half-open", outcome=Outcome.FAILED, words="not seen\x1b[2J within 5 s: " + "why " * 30),
    Result(check="drop", outcome=Outcome.SKIPPED, words="no SSH"),
]


def test_the_text_card_is_aligned_narrow_and_plain(capsys: pytest.CaptureFixture[str]) -> None:
    card = TextCard()
    card.connected(FACTS)
    for result in RESULTS:
        card.checked(result)
    card.ended("box", RESULTS, "deleted")
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0] == "selftest of box: me@vm by ssh, app server 0.169.0"
    assert lines[1] == "stream         ok       all of it"
    assert lines[2].startswith("half-open      failed   not seen")
    assert lines[3].startswith(" " * 24 + "why")
    assert lines[-1] == "3 checks: 1 ok, 1 failed, 1 skipped"
    assert max(map(len, lines)) < 80
    assert "\x1b" not in out


def test_the_json_card_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    card = JsonCard()
    card.connected(FACTS)
    for result in RESULTS:
        card.checked(result)
    card.ended("box", RESULTS, "deleted")
    first, stream, *_, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["type"], first["host"], first["startedServer"]) == ("host", "box", False)
    assert stream == {
        "type": "check",
        "check": "stream",
        "outcome": "ok",
        "seconds": 0.123,
        "words": "all of it",
        "figures": {"bytes": 5},
    }
    assert last == {
        "type": "result",
        "host": "box",
        "outcome": "failed",
        "ok": 1,
        "failed": 1,
        "skipped": 1,
        "thread": "deleted",
    }
