"""Questions with options or free text: what the model asks, and the fields of an MCP server's form.

Lives here: the question value, its two decoders, what an answer has to keep to, and how it becomes JSON. Not
here: the requests they come in (:mod:`codex_ssh.core.ask`).

Source: ``ToolRequestUserInputQuestion`` and ``McpElicitationSchema`` of ``codex app-server
generate-json-schema``; MCP specification, "Elicitation" (flat objects of primitive fields only); RFC 3339 for
dates and times, RFC 3986 for URIs.
"""

from __future__ import annotations

import enum
import math
import re
from dataclasses import field
from datetime import date, datetime
from typing import Final

from codex_ssh.core.fields import list_at, shape_at, text_at, texts_at, truth_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass


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
class Bounds:
    """What an answer has to keep to.

    Attributes:
        least, most: Of a number itself, of a text's characters, or of how many are chosen; None for no bound.
        form: ``email``, ``uri``, ``date`` or ``date-time``; empty for any.
    """

    least: float | None = None
    most: float | None = None
    form: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    Attributes:
        header: A short title; may be empty.
        options: Answers to choose from; empty for free text.
        takes_text: Free text is taken, beside the options or instead of them.
        is_secret: What is typed must not be shown.
        given: The answer it has before anybody answers.
    """

    id: str
    header: str
    text: str
    options: tuple[Option, ...] = ()
    takes_text: bool = True
    is_secret: bool = False
    kind: AnswerKind = AnswerKind.TEXT
    is_required: bool = True
    bounds: Bounds = field(default_factory=Bounds)
    given: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """What an answer has to be like, in our words; empty when it may be anything."""
        bounds = self.bounds
        least, most = _plain(bounds.least), _plain(bounds.most)
        reach = f"{least} to {most}" if least and most else least and f"{least} or more"
        reach = reach or (most and f"at most {most}")
        match self.kind:
            case AnswerKind.TEXT if not self.options:
                words = [_FORMS.get(bounds.form, bounds.form), reach and f"{reach} characters"]
            case AnswerKind.NUMBER | AnswerKind.INTEGER:
                words = ["a whole number" if self.kind is AnswerKind.INTEGER else "a number", reach]
            case AnswerKind.TEXTS:
                words = [reach and f"choose {reach}"]
            case _:
                words = []
        words.append("" if self.is_required else "may be left out")
        return ", ".join(word for word in words if word)

    def fault(self, answer: tuple[str, ...]) -> str:
        """Say why this cannot be the answer, in our words; empty when it can."""
        if not any(answer):
            return "an answer is needed" if self.is_required else ""
        value = self.value(answer)
        if value is None:
            return f"{'a whole number' if self.kind is AnswerKind.INTEGER else 'a number'} is expected"
        if self.kind is AnswerKind.TEXT and not self.options:
            form = self.bounds.form
            if form in _FORMS and not _has_form(form, value):
                return f"{_FORMS[form]} is expected"
        size = value if isinstance(value, int | float) else len(value)
        least, most = self.bounds.least, self.bounds.most
        if (least is not None and size < least) or (most is not None and size > most):
            return f"{self.hint} expected"
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
                return _number(answer[0], whole=self.kind is AnswerKind.INTEGER)
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
        is_required=False,
    )


def form_questions(schema: Json) -> tuple[Question, ...] | None:
    """Read the fields of a form; None when a required one is of a kind we cannot ask for."""
    required = texts_at(schema, "required")
    questions = []
    for name, member in shape_at(schema, "properties").items():
        question = _form_question(name, member, is_required=name in required)
        if question is not None:
            questions.append(question)
        elif name in required:
            return None
    return tuple(questions)


_BOUNDS: Final = {
    AnswerKind.TEXT: ("minLength", "maxLength"),
    AnswerKind.NUMBER: ("minimum", "maximum"),
    AnswerKind.INTEGER: ("minimum", "maximum"),
    AnswerKind.TEXTS: ("minItems", "maxItems"),
}


def _form_question(name: str, member: Json, *, is_required: bool) -> Question | None:
    try:
        kind = AnswerKind(text_at(member, "type"))
    except ValueError:
        return None
    if kind is AnswerKind.BOOLEAN:
        options: tuple[Option, ...] = (
            Option(value="true", label="yes"),
            Option(value="false", label="no"),
        )
    else:
        options = _choices(shape_at(member, "items") if kind is AnswerKind.TEXTS else member)
    if kind is AnswerKind.TEXTS and not options:
        return None
    least, most = (_bound(member, one) for one in _BOUNDS.get(kind, ("", "")))
    return Question(
        id=name,
        header=text_at(member, "title") or name,
        text=text_at(member, "description"),
        options=options,
        takes_text=not options,
        kind=kind,
        is_required=is_required,
        bounds=Bounds(least=least, most=most, form=text_at(member, "format")),
        given=_given(member.get("default"), options),
    )


def _choices(member: Json) -> tuple[Option, ...]:
    if titled := list_at(member, "oneOf") or list_at(member, "anyOf"):
        return tuple(
            Option(value=text_at(one, "const"), label=text_at(one, "title") or text_at(one, "const"))
            for one in titled
        )
    values, names = texts_at(member, "enum"), texts_at(member, "enumNames")
    labels = names if len(names) == len(values) else values
    return tuple(Option(value=value, label=label) for value, label in zip(values, labels, strict=True))


def _given(default: Json, options: tuple[Option, ...]) -> tuple[str, ...]:
    """Read a default; one that is none of the options is no default."""
    if isinstance(default, bool):
        texts: tuple[str, ...] = ("true" if default else "false",)
    elif isinstance(default, int | float):
        texts = (_plain(default),)
    elif isinstance(default, str):
        texts = (default,) if default else ()
    else:
        texts = tuple(one for one in default if isinstance(one, str)) if isinstance(default, list) else ()
    values = {option.value for option in options}
    return tuple(one for one in texts if not options or one in values)


def _bound(member: Json, name: str) -> float | None:
    value = member.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _plain(number: float | None) -> str:
    if number is None:
        return ""
    return str(int(number)) if math.isfinite(number) and number == int(number) else str(number)


def _number(text: str, *, whole: bool) -> int | float | None:
    """Read a number as JSON writes it: no blanks, no underscores, nothing infinite."""
    if not re.fullmatch(r"[+-]?\d+" if whole else r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
        return None
    try:
        number = int(text) if whole else float(text)
    except ValueError:  # Python reads no integer of thousands of digits
        return None
    return number if math.isfinite(number) else None


_FORMS: Final = {
    "email": "an e-mail address",
    "uri": "a URI",
    "date": "a date like 2026-01-31",
    "date-time": "a time like 2026-01-31T12:00:00Z",
}
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _has_form(form: str, text: str) -> bool:
    match form:
        case "email":
            return _EMAIL.fullmatch(text) is not None
        case "uri":
            return _URI.fullmatch(text) is not None
        case "date":
            return _DATE.fullmatch(text) is not None and _is_iso(date, text)
        case _:
            stem = text[:19].upper().replace(" ", "T")
            return _TIME.fullmatch(text) is not None and _is_iso(datetime, stem)


def _is_iso(kind: type[date], text: str) -> bool:
    try:
        kind.fromisoformat(text)
    except ValueError:
        return False
    return True
