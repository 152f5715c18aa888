"""Whatever is not understood is no "yes"."""

from __future__ import annotations

import json

import pytest

from codex_ssh.core.rpc import ErrorResponse, Response
from codex_ssh.server.rehearsal.answers import Decision, fit_schema, read_answers, read_decision


@pytest.mark.parametrize(
    ("result", "decision"),
    [
        ({"decision": "accept"}, Decision.ACCEPT),
        ({"decision": "acceptForSession"}, Decision.ACCEPT_FOR_SESSION),
        ({"decision": {"acceptWithExecpolicyAmendment": {}}}, Decision.ACCEPT_FOR_SESSION),
        ({"decision": "decline"}, Decision.DECLINE),
        ({"decision": "cancel"}, Decision.CANCEL),
        ({"decision": "perhaps"}, Decision.UNREADABLE),
        ({"decision": ["accept"]}, Decision.UNREADABLE),
        ({"decision": None}, Decision.UNREADABLE),
        ({}, Decision.UNREADABLE),
        ("accept", Decision.UNREADABLE),
        (None, Decision.UNREADABLE),
    ],
)
def test_a_decision_is_read(result: object, decision: Decision) -> None:
    assert read_decision(Response(id=0, result=result)) is decision


def test_an_error_is_no_decision() -> None:
    assert read_decision(ErrorResponse(id=0, code=-32601, message="no")) is Decision.UNREADABLE


def test_answers_are_read() -> None:
    result = {"answers": {"answer": {"answers": ["tea", "and milk"]}}}
    assert read_answers(Response(id=0, result=result)) == "tea, and milk"
    odds: list[object] = [{}, {"answers": []}, {"answers": {"answer": {"answers": []}}}, None]
    for odd in odds:
        assert read_answers(Response(id=0, result=odd)) == "nothing"
    assert read_answers(ErrorResponse(id=0, code=1, message="")) == "nothing"


def test_an_answer_fits_a_flat_schema() -> None:
    schema = {"properties": {"title": {"type": "string", "maxLength": 3}, "n": {"type": "integer"}}}
    assert json.loads(fit_schema(schema)) == {"title": "Reh", "n": 0}
    assert json.loads(fit_schema({})) == {}
