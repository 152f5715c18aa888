"""Questions with options or free text: what the model asks, and the fields of an MCP server's form.

Lives here: the question value, its two decoders, and how an answer becomes JSON. Not here: the requests they
come in (:mod:`codex_ssh.core.ask`).

Source: ``ToolRequestUserInputQuestion`` and ``McpElicitationSchema`` of ``codex app-server
generate-json-schema``; MCP specification, "Elicitation" (flat objects of primitive fields only).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from codex_ssh.core.fields import list_at, shape_at, text_at, texts_at, truth_at
from codex_ssh.core.rpc import Json


class AnswerKind(enum.Enum):
    """What JSON an answer becomes."""

    TEXT = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TEXTS = "array"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of the answers to choose from.

    Attributes:
        value: What is sent.
        label: What is shown.
    """

    value: str
    label: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    Attributes:
        header: A short title; may be empty.
        options: Answers to choose from; empty for free text.
        takes_text: Free text is taken, beside the options or instead of them.
        is_secret: What is typed must not be shown.
    """

    id: str
    header: str
    text: str
    options: tuple[Option, ...] = ()
    takes_text: bool = True
    is_secret: bool = False
    kind: AnswerKind = AnswerKind.TEXT
    is_required: bool = True

    def fault(self, answer: tuple[str, ...]) -> str:
        """Say why this cannot be the answer, in our words; empty when it can."""
        if not any(answer):
            return "an answer is needed" if self.is_required else ""
        if self.kind in (AnswerKind.NUMBER, AnswerKind.INTEGER) and self.value(answer) is None:
            return f"{self.kind.value} expected"
        return ""

    def value(self, answer: tuple[str, ...]) -> Json:
        """Give an answer as JSON of the question's kind; None when it is empty or cannot be read."""
        if not any(answer):
            return None
        match self.kind:
            case AnswerKind.TEXTS:
                return list(answer)
            case AnswerKind.BOOLEAN:
                return answer[0] == "true"
            case AnswerKind.NUMBER | AnswerKind.INTEGER:
                try:
                    return int(answer[0]) if self.kind is AnswerKind.INTEGER else float(answer[0])
                except ValueError:
                    return None
            case AnswerKind.TEXT:
                return answer[0]


def decode_question(shape: Json) -> Question:
    """Read a question of the model's."""
    options = tuple(
        Option(
            value=text_at(option, "label"),
            label=text_at(option, "label"),
            description=text_at(option, "description"),
        )
        for option in list_at(shape, "options")
    )
    return Question(
        id=text_at(shape, "id"),
        header=text_at(shape, "header"),
        text=text_at(shape, "question"),
        options=options,
        takes_text=not options or truth_at(shape, "isOther"),
        is_secret=truth_at(shape, "isSecret"),
    )


def form_questions(schema: Json) -> tuple[Question, ...] | None:
    """Read the fields of a form; None when a required one is of a kind we cannot ask for."""
    required = texts_at(schema, "required")
    questions = []
    for name, field in shape_at(schema, "properties").items():
        question = _form_question(name, field, is_required=name in required)
        if question is not None:
            questions.append(question)
        elif name in required:
            return None
    return tuple(questions)


def _form_question(name: str, field: Json, *, is_required: bool) -> Question | None:
    try:
        kind = AnswerKind(text_at(field, "type"))
    except ValueError:
        return None
    if kind is AnswerKind.BOOLEAN:
        options: tuple[Option, ...] = (
            Option(value="true", label="yes"),
            Option(value="false", label="no"),
        )
    else:
        options = _choices(shape_at(field, "items") if kind is AnswerKind.TEXTS else field)
    if kind is AnswerKind.TEXTS and not options:
        return None
    return Question(
        id=name,
        header=text_at(field, "title") or name,
        text=text_at(field, "description"),
        options=options,
        takes_text=not options,
        kind=kind,
        is_required=is_required,
    )


def _choices(field: Json) -> tuple[Option, ...]:
    if titled := list_at(field, "oneOf") or list_at(field, "anyOf"):
        return tuple(
            Option(value=text_at(one, "const"), label=text_at(one, "title") or text_at(one, "const"))
            for one in titled
        )
    values, names = texts_at(field, "enum"), texts_at(field, "enumNames")
    labels = names if len(names) == len(values) else values
    return tuple(Option(value=value, label=label) for value, label in zip(values, labels, strict=True))
