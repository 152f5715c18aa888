"""What the app server asks a person: approvals and questions, with the answers it takes.

Lives here: one class per kind of request, the decisions it offers, and their wire form. Not here: who
answers (a dialog, ``exec --approve``), and deciding anything by itself: nothing here has a default.

All text in here comes from the devbox: whoever prints it makes it harmless first
(:mod:`codex_ssh.core.plain_text`).

Source: ``ServerRequest`` of ``codex app-server generate-json-schema``, 0.163 and 0.169. Real servers fail
closed: a decision they cannot read, or an error, fails the item and the turn goes on. ``decline`` is
taken even where ``availableDecisions`` leaves it out, so it is always offered: there must be a way to say no
without stopping the turn.
"""

from __future__ import annotations

import enum
import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from codex_ssh.core.fields import list_at, shape_at, text_at, texts_at
from codex_ssh.core.items import ItemId, unwrap_shell
from codex_ssh.core.question_form import Question, decode_question, form_questions
from codex_ssh.core.rpc import Json, Request, RequestId
from codex_ssh.core.thread import ThreadId, TurnId


class Verdict(enum.Enum):
    """What a decision amounts to; the value is the app server's word where it has one."""

    ACCEPT = "accept"
    ACCEPT_FOR_SESSION = "acceptForSession"
    ACCEPT_PREFIX = "acceptWithExecpolicyAmendment"
    NETWORK_RULE = "applyNetworkPolicyAmendment"
    DECLINE = "decline"
    CANCEL = "cancel"
    OTHER = ""

    @property
    def lets_it_happen(self) -> bool:
        """Whether what was asked for goes ahead."""
        return self not in (Verdict.DECLINE, Verdict.CANCEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One answer that may be given.

    Attributes:
        key: The key that chooses it; empty when only the list does.
        label: What it does, in our words, with remote text in it where that matters.
        result: The whole answer as the wire wants it.
    """

    verdict: Verdict
    key: str
    label: str
    result: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAsk:
    """May this command run?

    Attributes:
        command: As it would be executed, with the shell around it.
        reason: Why it is asked; may be empty.
        network_host: The host it wants to reach, when it is about that.
        permissions: Extra permissions it would get, one line each.
    """

    request_id: RequestId
    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    command: str
    cwd: str
    reason: str
    network_host: str
    permissions: tuple[str, ...]
    decisions: tuple[Decision, ...]

    @property
    def plain_command(self) -> str:
        """The command without the shell around it."""
        return unwrap_shell(self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChangeAsk:
    """May these files be changed? The diff is in the file change item of the same id.

    Attributes:
        grant_root: A directory whose files may be written from now on, when that is asked for too.
    """

    request_id: RequestId
    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    reason: str
    grant_root: str
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionsAsk:
    """May the sandbox be opened?

    Attributes:
        permissions: What would be allowed, one line each; nothing is left out.
    """

    request_id: RequestId
    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    cwd: str
    reason: str
    permissions: tuple[str, ...]
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsAsk:
    """The model wants to know something.

    Attributes:
        decisions: Only the one that skips all questions.
    """

    request_id: RequestId
    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    questions: tuple[Question, ...]
    decisions: tuple[Decision, ...]

    def answer(self, answers: Mapping[str, tuple[str, ...]]) -> Json:
        """Give the wire form of answers by question id; questions left out count as skipped."""
        return {"answers": {number: {"answers": list(said)} for number, said in answers.items() if said}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ElicitationAsk:
    """An MCP server wants to know something, or wants a page opened.

    Attributes:
        server: The MCP server's name.
        url: The page to open; empty for forms.
        questions: The form's fields; empty when there is nothing to fill in.
        decisions: ``accept`` is among them only where we can give what is asked.
    """

    request_id: RequestId
    thread_id: ThreadId
    turn_id: TurnId
    server: str
    message: str
    url: str
    questions: tuple[Question, ...]
    decisions: tuple[Decision, ...]

    def answer(self, answers: Mapping[str, tuple[str, ...]]) -> Json:
        """Give the wire form of a filled-in form; fields left out are not sent."""
        content = {
            question.id: value
            for question in self.questions
            if (value := question.value(answers.get(question.id, ()))) is not None
        }
        return {"action": "accept", "content": content, "_meta": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownAsk:
    """A request we do not know; the caller refuses it with -32601, as the official client does."""

    request_id: RequestId
    thread_id: ThreadId
    method: str


Ask = CommandAsk | FileChangeAsk | PermissionsAsk | QuestionsAsk | ElicitationAsk | UnknownAsk


def decode_ask(request: Request) -> Ask:
    """Read a request of the server's. Never raises; what is not known becomes :class:`UnknownAsk`."""
    decoder = _DECODERS.get(request.method)
    if decoder is None:
        return UnknownAsk(
            request_id=request.id,
            thread_id=ThreadId(text_at(request.params, "threadId")),
            method=request.method,
        )
    return decoder(request.id, request.params)


def _command_ask(number: RequestId, params: Json) -> CommandAsk:
    offered = list_at(params, "availableDecisions") or ["accept", "decline", "cancel"]
    command = text_at(params, "command")
    decisions = [_command_decision(wire, command) for wire in offered]
    if all(decision.verdict is not Verdict.DECLINE for decision in decisions):
        before_cancel = next(
            (at for at, decision in enumerate(decisions) if decision.verdict is Verdict.CANCEL),
            len(decisions),
        )
        decisions.insert(before_cancel, _command_decision("decline", command))
    return CommandAsk(
        request_id=number,
        thread_id=ThreadId(text_at(params, "threadId")),
        turn_id=TurnId(text_at(params, "turnId")),
        item_id=ItemId(text_at(params, "itemId")),
        command=command,
        cwd=text_at(params, "cwd"),
        reason=text_at(params, "reason"),
        network_host=text_at(shape_at(params, "networkApprovalContext"), "host"),
        permissions=_permission_lines(shape_at(params, "additionalPermissions")),
        decisions=tuple(decisions),
    )


def _command_decision(wire: Json, command: str) -> Decision:
    result = {"decision": wire}
    if isinstance(wire, str) and wire in _COMMAND_WORDS:
        verdict = Verdict(wire)
        key, label = _COMMAND_WORDS[wire]
        return Decision(verdict=verdict, key=key, label=label, result=result)
    if prefix := texts_at(shape_at(wire, Verdict.ACCEPT_PREFIX.value), "execpolicy_amendment"):
        words = unwrap_shell(shlex.join(prefix))
        label = (
            "yes, and don't ask again for this command"
            if words == unwrap_shell(command)
            else f"yes, and don't ask again for commands that start with `{words}`"
        )
        return Decision(verdict=Verdict.ACCEPT_PREFIX, key="p", label=label, result=result)
    rule = shape_at(shape_at(wire, Verdict.NETWORK_RULE.value), "network_policy_amendment")
    if host := text_at(rule, "host"):
        action = text_at(rule, "action", "allow")
        label = f"from now on always {action} `{host}`"
        return Decision(verdict=Verdict.NETWORK_RULE, key="h", label=label, result=result)
    label = wire if isinstance(wire, str) else _as_json(wire)
    return Decision(verdict=Verdict.OTHER, key="", label=label, result=result)


_COMMAND_WORDS: Final = {
    "accept": ("y", "yes, run it"),
    "acceptForSession": ("a", "yes, and don't ask again for this in this session"),
    "decline": ("d", "no, and let the turn go on without it"),
    "cancel": ("c", "no, and stop the turn"),
}


def _file_change_ask(number: RequestId, params: Json) -> FileChangeAsk:
    return FileChangeAsk(
        request_id=number,
        thread_id=ThreadId(text_at(params, "threadId")),
        turn_id=TurnId(text_at(params, "turnId")),
        item_id=ItemId(text_at(params, "itemId")),
        reason=text_at(params, "reason"),
        grant_root=text_at(params, "grantRoot"),
        decisions=tuple(
            Decision(verdict=Verdict(word), key=key, label=label, result={"decision": word})
            for word, key, label in (
                ("accept", "y", "yes, make these changes"),
                ("acceptForSession", "a", "yes, and don't ask again for these files in this session"),
                ("decline", "d", "no, and let the turn go on without them"),
                ("cancel", "c", "no, and stop the turn"),
            )
        ),
    )


def _permissions_ask(number: RequestId, params: Json) -> PermissionsAsk:
    wanted = {name: value for name, value in shape_at(params, "permissions").items() if value is not None}
    return PermissionsAsk(
        request_id=number,
        thread_id=ThreadId(text_at(params, "threadId")),
        turn_id=TurnId(text_at(params, "turnId")),
        item_id=ItemId(text_at(params, "itemId")),
        cwd=text_at(params, "cwd"),
        reason=text_at(params, "reason"),
        permissions=_permission_lines(wanted),
        decisions=(
            Decision(
                verdict=Verdict.ACCEPT,
                key="y",
                label="yes, for this turn",
                result={"permissions": wanted, "scope": "turn"},
            ),
            Decision(
                verdict=Verdict.ACCEPT_FOR_SESSION,
                key="a",
                label="yes, for this session",
                result={"permissions": wanted, "scope": "session"},
            ),
            Decision(
                verdict=Verdict.DECLINE,
                key="d",
                label="no, grant nothing",
                result={"permissions": {}, "scope": "turn"},
            ),
        ),
    )


def _permission_lines(profile: Mapping[str, Json]) -> tuple[str, ...]:
    """Say what a profile allows; a member we do not understand is given as JSON, never left out."""
    lines: list[str] = []
    for name, value in profile.items():
        if value is None:
            continue
        if name == "network" and isinstance(value, dict) and set(value) <= {"enabled"}:
            lines.append("network access" if value.get("enabled") else "no network access")
        elif name == "fileSystem" and isinstance(value, dict):
            lines.extend(_file_lines(value))
        else:
            lines.append(f"{name}: {_as_json(value)}")
    return tuple(lines)


def _file_lines(files: Mapping[str, Json]) -> list[str]:
    lines = [f"{access} {path}" for access in ("read", "write") for path in texts_at(files, access)]
    for entry in list_at(files, "entries"):
        where = shape_at(entry, "path")
        path = text_at(where, "path") or text_at(where, "pattern") or _as_json(where)
        lines.append(f"{text_at(entry, 'access', '?')} {path}")
    return lines or [_as_json(files)]


def _questions_ask(number: RequestId, params: Json) -> QuestionsAsk:
    return QuestionsAsk(
        request_id=number,
        thread_id=ThreadId(text_at(params, "threadId")),
        turn_id=TurnId(text_at(params, "turnId")),
        item_id=ItemId(text_at(params, "itemId")),
        questions=tuple(decode_question(question) for question in list_at(params, "questions")),
        decisions=(
            Decision(verdict=Verdict.DECLINE, key="", label="skip the questions", result={"answers": {}}),
        ),
    )


def _elicitation_ask(number: RequestId, params: Json) -> ElicitationAsk:
    mode, url = text_at(params, "mode", "form"), text_at(params, "url")
    questions = form_questions(shape_at(params, "requestedSchema")) if mode == "form" else ()
    decisions = [
        Decision(
            verdict=verdict,
            key=key,
            label=label,
            result={"action": verdict.value, "content": None, "_meta": None},
        )
        for verdict, key, label in (
            (Verdict.DECLINE, "d", "no"),
            (Verdict.CANCEL, "c", "dismiss the question"),
        )
    ]
    if url or (mode == "form" and questions == ()):
        content: Json = None if url else {}
        accept = {"action": "accept", "content": content, "_meta": None}
        label = "yes, I have opened the page" if url else "yes"
        decisions.insert(0, Decision(verdict=Verdict.ACCEPT, key="y", label=label, result=accept))
    return ElicitationAsk(
        request_id=number,
        thread_id=ThreadId(text_at(params, "threadId")),
        turn_id=TurnId(text_at(params, "turnId")),
        server=text_at(params, "serverName"),
        message=text_at(params, "message") or text_at(params, "description") or text_at(params, "title"),
        url=url,
        questions=questions or (),
        decisions=tuple(decisions),
    )


_DECODERS: Final[Mapping[str, Callable[[RequestId, Json], Ask]]] = {
    "item/commandExecution/requestApproval": _command_ask,
    "item/fileChange/requestApproval": _file_change_ask,
    "item/permissions/requestApproval": _permissions_ask,
    "item/tool/requestUserInput": _questions_ask,
    "mcpServer/elicitation/request": _elicitation_ask,
}


def _as_json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
