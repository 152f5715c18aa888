"""Who answers what the app server asks while a turn runs without a TUI, and how.

Lives here: the policies and the question on the terminal. Not here: the turn (:mod:`codex_ssh.cli.turn`).
"""

from __future__ import annotations

import enum

from codex_ssh.core.ask import (
    Ask,
    CommandAsk,
    ElicitationAsk,
    FileChangeAsk,
    PermissionsAsk,
    QuestionsAsk,
    UnknownAsk,
)
from codex_ssh.core.decision import Decision, Verdict
from codex_ssh.core.exact_text import exact_line, exact_texts, warnings
from codex_ssh.core.items import Change, FileChange
from codex_ssh.core.plain_text import plain_lines
from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.errors import StageError

_Approval = CommandAsk | FileChangeAsk | PermissionsAsk | ElicitationAsk


class ApprovalPolicy(enum.Enum):
    """Who answers when the app server asks for an approval."""

    ASK = "ask"
    NEVER = "never"
    ALL = "all"


class Approver:
    """Answers approvals as the user said they are to be answered.

    Args:
        policy: How.
        prompter: Asks a person, where the policy wants that.
        host: For the question.
    """

    def __init__(self, policy: ApprovalPolicy, prompter: Prompter, host: str) -> None:
        self._policy = policy
        self._prompter = prompter
        self._host = host
        self._edits: dict[str, FileChange] = {}

    def saw(self, edit: FileChange) -> None:
        """Remember an edit: a question about it does not repeat its diff."""
        self._edits[edit.id] = edit

    async def decide(self, ask: Ask) -> Decision:
        """Give the decision; as long as a person takes, where one is asked."""
        assert not isinstance(ask, UnknownAsk)
        refusal = next(
            (one for one in ask.decisions if one.verdict is Verdict.DECLINE),
            ask.decisions[-1],
        )
        if isinstance(ask, QuestionsAsk) or (isinstance(ask, ElicitationAsk) and not ask.is_tool):
            return refusal  # nobody is here to fill in forms
        match self._policy:
            case ApprovalPolicy.ALL if isinstance(ask, CommandAsk) and ask.needs_person:
                return refusal
            case ApprovalPolicy.ALL:
                return next((one for one in ask.decisions if one.verdict is Verdict.ACCEPT), refusal)
            case ApprovalPolicy.NEVER:
                return refusal
            case ApprovalPolicy.ASK:
                return await self._ask_person(ask, refusal)

    async def _ask_person(self, ask: _Approval, refusal: Decision) -> Decision:
        lead = [f"{self._host} asks:", *self._lines_about(ask)]
        lead += [f"  {one.key} - {one.label}" for one in ask.decisions if one.key]
        keys = "/".join(one.key for one in ask.decisions if one.key)
        question = Question(
            kind=QuestionKind.CONFIRM,
            host=self._host,
            lead="\n".join(lead),
            text=f"[{keys}]? ",
            echo=True,
        )
        try:
            answer = await self._prompter.ask(question)
        except StageError:
            return refusal
        key = answer.reveal().strip().lower() if answer else ""
        return next((one for one in ask.decisions if one.key == key), refusal)

    def _lines_about(self, ask: _Approval) -> list[str]:
        """Say what would happen; rows of the devbox's begin with a mark, so none can pass for a decision."""
        reason = [f"  reason: {line}" for line in exact_texts(getattr(ask, "reason", "")) if line]
        match ask:
            case ElicitationAsk():
                called = [f"  │ {name}: {line}" for name, text in ask.arguments for line in exact_texts(text)]
                return [f"  {_in_a_row(ask.message)}", *called]
            case CommandAsk():
                first, *more = exact_texts(ask.plain_command)
                return [
                    *([f"  $ {first}"] if ask.command else []),
                    *(f"  │ {line}" for line in more),
                    *(f"  ! {line}" for line in warnings(f"{ask.plain_command} {ask.network_host}")),
                    *([f"  wants to reach {_in_a_row(ask.network_host)}"] if ask.network_host else []),
                    *(f"  beyond the sandbox: {_in_a_row(line)}" for line in ask.permissions),
                    f"  in {_in_a_row(ask.cwd)}",
                    *reason,
                ]
            case FileChangeAsk():
                edit = self._edits.get(ask.item_id)
                changes = ask.changes or (edit.changes if edit else ())
                return [
                    *(line for change in changes for line in _lines_of(change)),
                    *reason,
                ]
            case PermissionsAsk():
                return [f"  │ {_in_a_row(line)}" for line in ask.permissions] + reason


def _in_a_row(text: str) -> str:
    return "".join(piece.text for piece in exact_line(text))


def _lines_of(change: Change) -> list[str]:
    path = _in_a_row(change.path)
    to = f" → {_in_a_row(change.moved_to)}" if change.moved_to else ""
    return [
        f"  {change.kind.value} {path}{to}",
        *(f"  │ {line}" for line in plain_lines(change.diff).split("\n")),
    ]
