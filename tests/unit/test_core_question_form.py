"""Fields of a form keep to what their schema says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.question_form import AnswerKind, Question, form_questions
from codex_ssh.core.rpc import Json


def field(required: bool = True, **member: Json) -> Question:
    schema = {"properties": {"x": member}, "required": ["x"] if required else []}
    questions = form_questions(schema)
    assert questions is not None
    (question,) = questions
    return question


@pytest.mark.parametrize(
    ("member", "given"),
    [
        ({"type": "string", "default": "a"}, ("a",)),
        ({"type": "integer", "default": 3}, ("3",)),
        ({"type": "number", "default": 3.0}, ("3",)),
        ({"type": "number", "default": 0.5}, ("0.5",)),
        ({"type": "boolean", "default": False}, ("false",)),
        ({"type": "string", "enum": ["s", "l"], "default": "l"}, ("l",)),
        ({"type": "string", "enum": ["s", "l"], "default": "xl"}, ()),
        ({"type": "array", "items": {"enum": ["a", "b"]}, "default": ["b", 5, "c"]}, ("b",)),
        ({"type": "string", "default": None}, ()),
        ({"type": "string", "default": {}}, ()),
    ],
)
def test_a_default_is_the_answer_it_begins_with(member: Json, given: tuple[str, ...]) -> None:
    assert field(**member).given == given


@pytest.mark.parametrize(
    ("member", "good", "bad", "hint"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 9}, "9", "10", "a whole number, 1 to 9"),
        ({"type": "integer"}, "-3", "3.5", "a whole number"),
        ({"type": "number", "minimum": 0.5}, ".75", "0.25", "a number, 0.5 or more"),
        ({"type": "number"}, "1e3", "1e999", "a number"),
        ({"type": "number"}, "1", "1_0", "a number"),
        ({"type": "string", "minLength": 2}, "ab", "a", "2 or more characters"),
        ({"type": "string", "maxLength": 2}, "ab", "abc", "at most 2 characters"),
        ({"type": "string", "format": "email"}, "a@b.c", "a b", "an e-mail address"),
        ({"type": "string", "format": "uri"}, "https://x", "x y", "a URI"),
        ({"type": "string", "format": "date"}, "2026-01-31", "2026-02-31", "a date like 2026-01-31"),
        (
            {"type": "string", "format": "date-time"},
            "2026-01-31T12:00:00+01:00",
            "2026-01-31",
            "a time like 2026-01-31T12:00:00Z",
        ),
    ],
)
def test_an_answer_keeps_to_its_bounds(member: Json, good: str, bad: str, hint: str) -> None:
    question = field(**member)
    assert question.hint == hint
    assert question.fault((good,)) == ""
    assert "expected" in question.fault((bad,))


def test_how_many_may_be_chosen_is_said_and_heeded() -> None:
    question = field(type="array", items={"enum": ["a", "b", "c"]}, minItems=1, maxItems=2)
    assert (question.kind, question.hint) == (AnswerKind.TEXTS, "choose 1 to 2")
    assert question.fault(("a", "b")) == ""
    assert "choose 1 to 2" in question.fault(("a", "b", "c"))


def test_what_is_not_needed_may_be_left_out() -> None:
    question = field(required=False, type="string", format="email")
    assert question.hint == "an e-mail address, may be left out"
    assert question.fault(()) == ""
    assert question.fault(("x",))


def test_titled_options_show_their_titles() -> None:
    titled = [{"const": "s", "title": "small"}, {"const": "l", "title": "large"}]
    assert [one.label for one in field(type="string", oneOf=titled).options] == ["small", "large"]
    several = field(type="array", items={"anyOf": titled})
    assert [(one.value, one.label) for one in several.options] == [("s", "small"), ("l", "large")]


@given(
    st.text(), st.sampled_from(["string", "number", "integer"]), st.sampled_from(["", "date", "date-time"])
)
def test_any_text_is_taken_or_told_why_not(text: str, kind: str, form: str) -> None:
    question = field(type=kind, format=form)
    assert question.fault((text,)) or question.value((text,)) is not None
