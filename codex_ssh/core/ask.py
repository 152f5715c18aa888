"""What the app server asks a person: approvals and questions, with the answers it takes.

Lives here: one class per kind of request, but for those of MCP servers (:mod:`codex_ssh.core.elicitation`).
Not here: the decisions an approval takes (:mod:`codex_ssh.core.decision`), requests no person needs to see
(:mod:`codex_ssh.core.chore`), who answers (a dialog, ``exec --approve``), and deciding anything by itself:
nothing here has a default.

All text in here comes from the devbox: whoever prints it makes it harmless first
(:mod:`codex_ssh.core.plain_text`).

Source: ``ServerRequest`` of ``codex app-server generate-json-schema``, 0.163 and 0.169. Real servers fail
closed: a decision they cannot read, or an error, fails the item and the turn goes on.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Final

from codex_ssh.core.decision import (
    Act,
    Decision,
    Verdict,
    command_decisions,
    edit_decisions,
    in_old_words,
    permission_decisions,
)
from codex_ssh.core.elicitation import ElicitationAsk, decode_elicitation
from codex_ssh.core.fields import list_at, number_at, shape_at, text_at, texts_at
from codex_ssh.core.items import Change, ChangeKind, ItemId
from codex_ssh.core.permission import Permission, decode_permissions, grant
from codex_ssh.core.question_form import AnswerKind, Option, Question, decode_question
from codex_ssh.core.rpc import Json, Request, RequestId
from codex_ssh.core.shell_words import line_without_shell
from codex_ssh.core.thread import ThreadId, TurnId
from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAsk:
    """May this command run?

    Attributes:
        command: As it would be executed, with the shell around it.
        act: What the question is about.
        reason: Why it is asked; may be empty.
        network_host: The host it wants to reach, when it is about that.
        permissions: Extra permissions it would get, one line each.
        environment: Where it would run when that is not the server's own machine.
        needs_person: A rule of the devbox wants a person's decision, every time.
        started_ms: When the devbox began to ask, by its clock, in Unix milliseconds; 0 when it does not say.
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
    act: Act = Act.RUN
    environment: str = ""
    needs_person: bool = False
    started_ms: int = 0

    @property
    def plain_command(self) -> str:
        """The command without the shell around it; all that runs is in it."""
        return line_without_shell(self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChangeAsk:
    """May these files be changed? The diff is in the file change item of the same id.

    Attributes:
        grant_root: A directory whose files may be written from now on, when that is asked for too.
        changes: The edit itself, where the request tells it (the old one does).
    """

    request_id: RequestId
    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    reason: str
    grant_root: str
    decisions: tuple[Decision, ...]
    changes: tuple[Change, ...] = ()
    started_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionsAsk:
    """May the sandbox be opened?

    Attributes:
        wanted: What would be allowed; nothing is left out.
    """

    request_id: RequestId
    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    cwd: str
    reason: str
    wanted: tuple[Permission, ...]
    decisions: tuple[Decision, ...]
    environment: str = ""
    started_ms: int = 0

    @property
    def permissions(self) -> tuple[str, ...]:
        """What would be allowed, one line each."""
        return tuple(one.label for one in self.wanted)

    @property
    def questions(self) -> tuple[Question, ...]:
        """Which of them, and for how long: for whoever wants to grant a part."""
        which = tuple(Option(value=str(at), label=one.label) for at, one in enumerate(self.wanted))
        return (
            Question(
                id="which",
                header="Allow which of these beyond the sandbox?",
                text="",
                options=which,
                takes_text=False,
                kind=AnswerKind.TEXTS,
            ),
            Question(id="scope", header="For how long?", text="", options=_SCOPES, takes_text=False),
        )

    def answer(self, answers: Mapping[str, tuple[str, ...]]) -> Json:
        """Give the wire form of a grant of what was chosen, and of nothing else."""
        chosen = {int(at) for at in answers.get("which", ())}
        granted = grant(one for at, one in enumerate(self.wanted) if at in chosen)
        scope = next(iter(answers.get("scope", ())), _SCOPES[0].value)
        return {"permissions": granted, "scope": scope}


_SCOPES: Final = (
    Option(value="turn", label="until this turn ends"),
    Option(value="session", label="until the session ends"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsAsk:
    """The model wants to know something.

    Attributes:
        decisions: Only the one that skips all questions.
        is_blocking: The turn waits for the answer; else the model goes on without one after a while.
        auto_seconds: After so long it goes on; 0 where the server does not say.
    """

    request_id: RequestId
    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    questions: tuple[Question, ...]
    decisions: tuple[Decision, ...]
    is_blocking: bool = True
    auto_seconds: int = 0

    def answer(self, answers: Mapping[str, tuple[str, ...]]) -> Json:
        """Give the wire form of answers by question id; questions left out count as skipped."""
        return {"answers": {number: {"answers": list(said)} for number, said in answers.items() if said}}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownAsk:
    """A request we do not know; the caller refuses it with -32601, as the official client does."""

    request_id: RequestId
    thread_id: ThreadId
    method: str


__all__ = [
    "Ask",
    "CommandAsk",
    "ElicitationAsk",
    "FileChangeAsk",
    "PermissionsAsk",
    "QuestionsAsk",
    "UnknownAsk",
    "decode_ask",
]

Ask = CommandAsk | FileChangeAsk | PermissionsAsk | QuestionsAsk | ElicitationAsk | UnknownAsk


def decode_ask(request: Request) -> Ask:
    """Read a request of the server's. Never raises; what is not known becomes :class:`UnknownAsk`."""
    if request.method == "mcpServer/elicitation/request":
        return decode_elicitation(request)
    decoder = _DECODERS.get(request.method)
    if decoder is None:
        return UnknownAsk(
            request_id=request.id,
            thread_id=ThreadId(text_at(request.params, "threadId")),
            method=request.method,
        )
    return decoder(request.id, request.params)


def _command_ask(number: RequestId, params: Json) -> CommandAsk:
    command = text_at(params, "command")
    host = text_at(shape_at(params, "networkApprovalContext"), "host")
    kind = text_at(params, "kind", "command")
    act = Act.SEND if kind == "writeStdin" else Act.REACH if host else Act.RUN
    offered = list_at(params, "availableDecisions") or _usually_offered(params)
    return CommandAsk(
        request_id=number,
        thread_id=ThreadId(text_at(params, "threadId")),
        turn_id=TurnId(text_at(params, "turnId")),
        item_id=ItemId(text_at(params, "itemId")),
        command=command,
        cwd=text_at(params, "cwd"),
        reason=text_at(params, "reason"),
        network_host=host,
        permissions=tuple(one.label for one in decode_permissions(shape_at(params, "additionalPermissions"))),
        decisions=command_decisions(offered, command=line_without_shell(command), act=act, host=host),
        act=act,
        environment=text_at(params, "environmentId"),
        needs_person=kind == "humanCommand",
        started_ms=number_at(params, "startedAtMs") or 0,
    )


def _usually_offered(params: Json) -> list[Json]:
    """Give what the official client offers when the server does not say: it has to be proposed at least."""
    offered: list[Json] = ["accept"]
    if prefix := texts_at(params, "proposedExecpolicyAmendment"):
        offered.append({Verdict.ACCEPT_PREFIX.value: {"execpolicy_amendment": list(prefix)}})
    if shape_at(params, "networkApprovalContext"):
        offered.append("acceptForSession")
        rules = list_at(params, "proposedNetworkPolicyAmendments")
        offered += [{"applyNetworkPolicyAmendment": {"network_policy_amendment": rule}} for rule in rules]
    return [*offered, "decline", "cancel"]


def _old_command_ask(number: RequestId, params: Json) -> CommandAsk:
    command = shlex.join(texts_at(params, "command"))
    decisions = command_decisions(
        ("accept", "acceptForSession", "decline", "cancel"),
        command=line_without_shell(command),
        act=Act.RUN,
        host="",
    )
    return CommandAsk(
        request_id=number,
        thread_id=ThreadId(text_at(params, "conversationId")),
        turn_id=TurnId(""),
        item_id=ItemId(text_at(params, "callId")),
        command=command,
        cwd=text_at(params, "cwd"),
        reason=text_at(params, "reason"),
        network_host="",
        permissions=(),
        decisions=in_old_words(decisions),
    )


def _file_change_ask(number: RequestId, params: Json) -> FileChangeAsk:
    grant_root = text_at(params, "grantRoot")
    return FileChangeAsk(
        request_id=number,
        thread_id=ThreadId(text_at(params, "threadId")),
        turn_id=TurnId(text_at(params, "turnId")),
        item_id=ItemId(text_at(params, "itemId")),
        reason=text_at(params, "reason"),
        grant_root=grant_root,
        decisions=edit_decisions(grant_root),
        started_ms=number_at(params, "startedAtMs") or 0,
    )


def _old_file_change_ask(number: RequestId, params: Json) -> FileChangeAsk:
    grant_root = text_at(params, "grantRoot")
    return FileChangeAsk(
        request_id=number,
        thread_id=ThreadId(text_at(params, "conversationId")),
        turn_id=TurnId(""),
        item_id=ItemId(text_at(params, "callId")),
        reason=text_at(params, "reason"),
        grant_root=grant_root,
        decisions=in_old_words(edit_decisions(grant_root)),
        changes=tuple(_old_change(path, one) for path, one in shape_at(params, "fileChanges").items()),
    )


def _old_change(path: str, shape: Json) -> Change:
    kind = {"add": ChangeKind.ADD, "delete": ChangeKind.DELETE}.get(text_at(shape, "type"), ChangeKind.UPDATE)
    diff = text_at(shape, "unified_diff" if kind is ChangeKind.UPDATE else "content")
    return Change(path=path, kind=kind, diff=diff, moved_to=text_at(shape, "move_path"))


def _permissions_ask(number: RequestId, params: Json) -> PermissionsAsk:
    profile = {name: value for name, value in shape_at(params, "permissions").items() if value is not None}
    return PermissionsAsk(
        request_id=number,
        thread_id=ThreadId(text_at(params, "threadId")),
        turn_id=TurnId(text_at(params, "turnId")),
        item_id=ItemId(text_at(params, "itemId")),
        cwd=text_at(params, "cwd"),
        reason=text_at(params, "reason"),
        wanted=decode_permissions(profile),
        decisions=permission_decisions(profile),
        environment=text_at(params, "environmentId"),
        started_ms=number_at(params, "startedAtMs") or 0,
    )


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
        is_blocking=not isinstance(params, dict) or params.get("isBlocking") is not False,
        auto_seconds=(number_at(params, "autoResolutionMs") or 0) // 1000,
    )


_DECODERS: Final[Mapping[str, Callable[[RequestId, Json], Ask]]] = {
    "applyPatchApproval": _old_file_change_ask,
    "execCommandApproval": _old_command_ask,
    "item/commandExecution/requestApproval": _command_ask,
    "item/fileChange/requestApproval": _file_change_ask,
    "item/permissions/requestApproval": _permissions_ask,
    "item/tool/requestUserInput": _questions_ask,
}
