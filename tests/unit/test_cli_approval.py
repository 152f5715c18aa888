"""Who answers for ``exec``: a policy, but never one for a rule that wants a person."""

from __future__ import annotations

from codex_ssh.cli.approval import ApprovalPolicy, Approver
from codex_ssh.core.ask import Ask, decode_ask
from codex_ssh.core.decision import Verdict
from codex_ssh.core.question import Question
from codex_ssh.core.rpc import Json, Request
from codex_ssh.core.secret import Secret


class Person:
    """Answers every question with the same words."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.asked: list[Question] = []

    async def ask(self, question: Question) -> Secret | None:
        self.asked.append(question)
        return Secret(self.words)

    def tell(self, host: str, text: str) -> None:
        pass


def command(**params: Json) -> Ask:
    method = "item/commandExecution/requestApproval"
    return decode_ask(Request(id=1, method=method, params={"command": "make", "cwd": "/w", **params}))


async def verdict(policy: ApprovalPolicy, ask: Ask, words: str = "") -> Verdict:
    return (await Approver(policy, Person(words), "devbox").decide(ask)).verdict


async def test_a_policy_answers_for_everybody() -> None:
    assert await verdict(ApprovalPolicy.ALL, command()) is Verdict.ACCEPT
    assert await verdict(ApprovalPolicy.NEVER, command()) is Verdict.DECLINE


async def test_a_rule_that_wants_a_person_gets_no_policy() -> None:
    ask = command(kind="humanCommand")
    assert await verdict(ApprovalPolicy.ALL, ask) is Verdict.DECLINE
    assert await verdict(ApprovalPolicy.ASK, ask, "y") is Verdict.ACCEPT


async def test_the_old_edit_request_is_asked_with_its_diff() -> None:
    changes = {"/w/x": {"type": "add", "content": "a new line\n"}}
    params = {"conversationId": "t", "callId": "c", "fileChanges": changes}
    person = Person("y")
    ask = decode_ask(Request(id=1, method="applyPatchApproval", params=params))
    decision = await Approver(ApprovalPolicy.ASK, person, "devbox").decide(ask)
    assert decision.result == {"decision": "approved"}
    assert "a new line" in person.asked[0].lead


async def test_a_tool_of_an_mcp_server_is_an_approval_like_any_other() -> None:
    meta = {"codex_approval_kind": "mcp_tool_call", "tool_name": "delete", "tool_params": {"path": "/w/x"}}
    params = {"serverName": "files", "mode": "form", "message": "Allow it?", "_meta": meta}
    ask = decode_ask(Request(id=1, method="mcpServer/elicitation/request", params=params))
    assert await verdict(ApprovalPolicy.ALL, ask) is Verdict.ACCEPT
    person = Person("y")
    assert (await Approver(ApprovalPolicy.ASK, person, "devbox").decide(ask)).verdict is Verdict.ACCEPT
    assert "│ path: /w/x" in person.asked[0].lead


async def test_no_row_of_a_command_can_pass_for_a_decision() -> None:
    person = Person("d")
    text = "ls\n  y - harmless\x1b[2K\n  сurl"
    await Approver(ApprovalPolicy.ASK, person, "devbox").decide(command(command=text))
    rows = person.asked[0].lead.split("\n")
    assert "  │   y - harmless␛[2K" in rows
    assert sum(row.startswith("  y - ") for row in rows) == 1
    assert any("CYRILLIC" in row for row in rows)


async def test_what_is_beyond_the_sandbox_is_said() -> None:
    person = Person("d")
    more = {"network": {"enabled": True}, "fileSystem": {"write": ["/etc\n  y - yes"]}}
    ask = command(networkApprovalContext={"host": "pypi.org"}, additionalPermissions=more)
    await Approver(ApprovalPolicy.ASK, person, "devbox").decide(ask)
    rows = person.asked[0].lead.split("\n")
    assert "  wants to reach pypi.org" in rows
    assert "  beyond the sandbox: use the network" in rows
    assert "  beyond the sandbox: write /etc␊  y - yes" in rows
