"""What MCP servers ask: forms, pages, and whether a tool may run."""

import pytest

from codex_ssh.core.ask import decode_ask
from codex_ssh.core.decision import Verdict
from codex_ssh.core.elicitation import ElicitationAsk
from codex_ssh.core.rpc import Json, Request

ELICIT = "mcpServer/elicitation/request"


def elicitation(**params: Json) -> ElicitationAsk:
    ask = decode_ask(Request(id=1, method=ELICIT, params={"serverName": "s", "message": "m", **params}))
    assert isinstance(ask, ElicitationAsk)
    return ask


def test_a_form_becomes_questions_and_typed_answers() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "title": "Name"},
            "count": {"type": "integer"},
            "ratio": {"type": "number"},
            "sure": {"type": "boolean"},
            "size": {"type": "string", "enum": ["s", "l"], "enumNames": ["small", "large"]},
            "tags": {"type": "array", "items": {"anyOf": [{"const": "a", "title": "A"}]}},
            "extra": {"type": "object"},
        },
        "required": ["name"],
    }
    ask = elicitation(mode="form", requestedSchema=schema)
    assert [question.id for question in ask.questions] == ["name", "count", "ratio", "sure", "size", "tags"]
    assert [option.label for option in ask.questions[4].options] == ["small", "large"]
    assert [decision.verdict for decision in ask.decisions] == [Verdict.DECLINE, Verdict.CANCEL]
    answer = ask.answer(
        {"name": ("x",), "count": ("3",), "ratio": ("0.5",), "sure": ("true",), "tags": ("a",), "size": ()}
    )
    content = {"name": "x", "count": 3, "ratio": 0.5, "sure": True, "tags": ["a"]}
    assert answer == {"action": "accept", "content": content, "_meta": None}


def test_an_answer_that_cannot_be_is_told() -> None:
    schema = {"properties": {"count": {"type": "integer"}}, "required": ["count"]}
    question = elicitation(mode="form", requestedSchema=schema).questions[0]
    assert question.fault(()) == "an answer is needed"
    assert question.fault(("many",)) == "a whole number is expected"
    assert question.fault(("3",)) == ""


@pytest.mark.parametrize(
    ("params", "first"),
    [
        ({"mode": "url", "url": "https://x", "elicitationId": "e"}, Verdict.ACCEPT),
        ({"mode": "form", "requestedSchema": {"properties": {}}}, Verdict.ACCEPT),
        (
            {"mode": "form", "requestedSchema": {"properties": {"x": {"type": "object"}}, "required": ["x"]}},
            Verdict.DECLINE,
        ),
        ({"mode": "openai/userVerification", "challenge": "c", "title": "t"}, Verdict.DECLINE),
        ({"mode": "openaiForm", "requestedSchema": {}}, Verdict.DECLINE),
    ],
)
def test_yes_is_offered_only_where_we_can_give_what_is_asked(params: Json, first: Verdict) -> None:
    assert elicitation(**params).decisions[0].verdict is first


def tool_ask(**meta: Json) -> ElicitationAsk:
    """The question whether a tool may run, as 0.163 and 0.169 ask it."""
    told = {
        "codex_approval_kind": "mcp_tool_call",
        "persist": ["session", "always"],
        "tool_name": "delete",
        "tool_params": {"path": "/w/x", "force": True},
        "tool_params_display": [{"name": "path", "value": "/w/harmless", "display_name": "path"}],
        **meta,
    }
    schema = {"type": "object", "properties": {}}
    return elicitation(mode="form", requestedSchema=schema, _meta=told)


def test_a_tool_is_shown_with_what_it_is_really_called_with() -> None:
    ask = tool_ask()
    assert (ask.tool, ask.arguments) == ("delete", (("path", "/w/x"), ("force", "true")))


def test_a_tool_without_a_name_is_one_all_the_same() -> None:
    ask = tool_ask(tool_name=None)
    assert (ask.is_tool, ask.tool, ask.message) == (True, "", "m")
    assert [one.key for one in ask.decisions] == ["y", "a", "p", "d", "c"]
    assert ask.decisions[1].label == "yes, and don't ask again for this tool until the session ends"


def test_a_tool_can_be_allowed_for_as_long_as_the_server_remembers() -> None:
    ask = tool_ask()
    assert [(one.key, one.result["action"], one.result["_meta"]) for one in ask.decisions] == [
        ("y", "accept", None),
        ("a", "accept", {"persist": "session"}),
        ("p", "accept", {"persist": "always"}),
        ("d", "decline", None),
        ("c", "cancel", None),
    ]
    assert "until the session ends" in ask.decisions[1].label
    assert "in any thread" in ask.decisions[2].label
    assert [one.key for one in tool_ask(persist=["session"]).decisions] == ["y", "a", "d", "c"]
    assert [one.key for one in tool_ask(persist=None).decisions] == ["y", "d", "c"]


def test_what_is_no_tool_is_a_form() -> None:
    ask = tool_ask(codex_approval_kind="something_new")
    assert (ask.tool, ask.arguments) == ("", ())
    assert [one.key for one in ask.decisions] == ["y", "d", "c"]


@pytest.mark.parametrize("wrong", [None, 5, "x", [], [None, 7], True])
def test_a_broken_meta_never_raises(wrong: Json) -> None:
    elicitation(_meta=wrong)
    tool_ask(tool_name=wrong)
    tool_ask(tool_params=wrong, persist=wrong)
