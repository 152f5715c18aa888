"""Requests of the server offer what it takes, and the answers have its wire form."""

import pytest

from codex_ssh.core.ask import (
    CommandAsk,
    FileChangeAsk,
    PermissionsAsk,
    QuestionsAsk,
    UnknownAsk,
    decode_ask,
)
from codex_ssh.core.decision import Act, Verdict
from codex_ssh.core.items import Change, ChangeKind
from codex_ssh.core.rpc import Json, Request
from tests.support.captures import VERSIONS, frames

COMMAND = "item/commandExecution/requestApproval"
ELICIT = "mcpServer/elicitation/request"


def real_ask(version: str, name: str) -> Request:
    return next(frame for frame in frames(version, name) if isinstance(frame, Request))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_command_approval_offers_the_servers_decisions_and_decline(version: str) -> None:
    ask = decode_ask(real_ask(version, "command_accept"))
    assert isinstance(ask, CommandAsk)
    assert ask.plain_command == "echo made > made.txt; cat made.txt"
    assert ask.cwd == "/home/dev/work"
    assert [(decision.key, decision.verdict) for decision in ask.decisions] == [
        ("y", Verdict.ACCEPT),
        ("p", Verdict.ACCEPT_PREFIX),
        ("d", Verdict.DECLINE),
        ("c", Verdict.CANCEL),
    ]
    amendment = ["/bin/bash", "-lc", "echo made > made.txt; cat made.txt"]
    assert ask.decisions[1].result == {
        "decision": {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": amendment}}
    }
    assert ask.decisions[2].result == {"decision": "decline"}


def command_ask(**params: Json) -> CommandAsk:
    ask = decode_ask(Request(id="r", method=COMMAND, params=params))
    assert isinstance(ask, CommandAsk)
    return ask


def test_no_list_of_decisions_means_yes_no_and_cancel() -> None:
    verdicts = [decision.verdict for decision in command_ask().decisions]
    assert verdicts == [Verdict.ACCEPT, Verdict.DECLINE, Verdict.CANCEL]


def test_what_is_proposed_is_offered_when_the_server_lists_nothing() -> None:
    ask = command_ask(proposedExecpolicyAmendment=["git", "commit"])
    assert [one.key for one in ask.decisions] == ["y", "p", "d", "c"]
    rule = {"action": "allow", "host": "pypi.org"}
    ask = command_ask(
        networkApprovalContext={"host": "pypi.org"}, proposedNetworkPolicyAmendments=[rule, 5, None]
    )
    assert [one.key for one in ask.decisions][:3] == ["y", "a", "h"]
    assert ask.decisions[2].result == {
        "decision": {"applyNetworkPolicyAmendment": {"network_policy_amendment": rule}}
    }


def test_what_a_command_approval_is_about_decides_its_words() -> None:
    assert command_ask(command="ls").act is Act.RUN
    sent = command_ask(command="y\n", kind="writeStdin")
    assert (sent.act, sent.decisions[0].label) == (Act.SEND, "yes, send it this once")
    reach = command_ask(networkApprovalContext={"host": "pypi.org", "protocol": "https"})
    assert (reach.act, reach.network_host) == (Act.REACH, "pypi.org")
    assert reach.decisions[0].label == "yes, let it reach pypi.org this once"


def test_a_rule_that_wants_a_person_is_told_apart() -> None:
    assert command_ask(command="ls", kind="humanCommand").needs_person
    assert not command_ask(command="ls", kind="command").needs_person


def test_a_shell_from_a_strange_place_stays_in_sight() -> None:
    assert command_ask(command="/bin/bash -lc 'make test'").plain_command == "make test"
    strange = "/w/.bin/bash -lc 'make test'"
    assert command_ask(command=strange).plain_command == strange
    more = "bash -lc 'make test' evil"
    assert command_ask(command=more).plain_command == more
    assert command_ask(command="bash -lc 'open").plain_command == "bash -lc 'open"


def test_the_old_command_request_is_answered_in_its_own_words() -> None:
    params = {
        "conversationId": "t",
        "callId": "c",
        "command": ["bash", "-lc", "echo 'a b'"],
        "cwd": "/w",
        "reason": "why",
        "parsedCmd": [],
    }
    ask = decode_ask(Request(id=1, method="execCommandApproval", params=params))
    assert isinstance(ask, CommandAsk)
    assert (ask.thread_id, ask.item_id, ask.plain_command, ask.cwd) == ("t", "c", "echo 'a b'", "/w")
    assert [decision.result["decision"] for decision in ask.decisions] == [
        "approved",
        "approved_for_session",
        {"denied": {"rejection": "the user said no"}},
        "abort",
    ]


def test_the_old_edit_request_brings_its_diff() -> None:
    changes = {
        "/w/new": {"type": "add", "content": "x\n"},
        "/w/old": {"type": "delete", "content": "y\n"},
        "/w/a": {"type": "update", "unified_diff": "@@ -1 +1 @@\n-a\n+b\n", "move_path": "/w/b"},
    }
    params = {"conversationId": "t", "callId": "c", "fileChanges": changes, "grantRoot": "/w"}
    ask = decode_ask(Request(id=1, method="applyPatchApproval", params=params))
    assert isinstance(ask, FileChangeAsk)
    assert ask.changes == (
        Change(path="/w/new", kind=ChangeKind.ADD, diff="x\n"),
        Change(path="/w/old", kind=ChangeKind.DELETE, diff="y\n"),
        Change(path="/w/a", diff="@@ -1 +1 @@\n-a\n+b\n", moved_to="/w/b"),
    )
    assert ask.decisions[0].result == {"decision": "approved"}
    assert "below /w until the session ends" in ask.decisions[0].label


def test_a_file_change_approval_offers_four_decisions() -> None:
    ask = decode_ask(real_ask("0.169.0", "file_accept"))
    assert isinstance(ask, FileChangeAsk)
    assert [decision.result["decision"] for decision in ask.decisions] == [
        "accept",
        "acceptForSession",
        "decline",
        "cancel",
    ]


def test_permissions_are_all_said_and_granted_as_asked() -> None:
    profile = {
        "network": {"enabled": True},
        "fileSystem": {
            "write": ["/var/data"],
            "entries": [
                {"access": "read", "path": {"type": "path", "path": "/etc"}},
                {"access": "write", "path": {"type": "special", "value": {"kind": "root"}}},
            ],
        },
        "telepathy": {"range": 3},
        "nothing": None,
    }
    params = {"permissions": profile, "reason": "install", "cwd": "/w"}
    ask = decode_ask(Request(id=1, method="item/permissions/requestApproval", params=params))
    assert isinstance(ask, PermissionsAsk)
    assert ask.permissions == (
        "use the network",
        "write /var/data",
        "read /etc",
        "write the whole file system",
        'telepathy: {"range": 3}',
    )
    granted = {name: value for name, value in profile.items() if value is not None}
    assert [decision.result for decision in ask.decisions] == [
        {"permissions": granted, "scope": "turn"},
        {"permissions": granted, "scope": "session"},
        {"permissions": {}, "scope": "turn"},
    ]
    which, scope = ask.questions
    assert [option.label for option in which.options] == list(ask.permissions)
    assert [option.value for option in scope.options] == ["turn", "session"]
    assert ask.answer({"which": ("0", "3"), "scope": ("session",)}) == {
        "permissions": {
            "network": {"enabled": True},
            "fileSystem": {
                "entries": [{"access": "write", "path": {"type": "special", "value": {"kind": "root"}}}]
            },
        },
        "scope": "session",
    }
    assert ask.answer({}) == {"permissions": {}, "scope": "turn"}


def test_questions_are_answered_by_id() -> None:
    params = {
        "questions": [
            {
                "id": "q1",
                "header": "Colour",
                "question": "Which?",
                "options": [{"label": "red", "description": "warm"}],
            },
            {"id": "q2", "header": "", "question": "Why?", "isSecret": True},
        ]
    }
    ask = decode_ask(Request(id=1, method="item/tool/requestUserInput", params=params))
    assert isinstance(ask, QuestionsAsk)
    first, second = ask.questions
    assert ([option.label for option in first.options], first.takes_text) == (["red"], False)
    assert (second.takes_text, second.is_secret) == (True, True)
    assert ask.answer({"q1": ("red",), "q2": ()}) == {"answers": {"q1": {"answers": ["red"]}}}
    assert ask.decisions[0].result == {"answers": {}}
    assert (ask.is_blocking, ask.auto_seconds) == (True, 0)
    timed: Json = {"isBlocking": False, "autoResolutionMs": 60_000}
    soon = decode_ask(Request(id=1, method="item/tool/requestUserInput", params=timed))
    assert isinstance(soon, QuestionsAsk)
    assert (soon.is_blocking, soon.auto_seconds) == (False, 60)


def test_requests_nobody_knows_are_unknown() -> None:
    ask = decode_ask(Request(id=9, method="item/think", params={"threadId": "t"}))
    assert isinstance(ask, UnknownAsk)
    assert (ask.request_id, ask.thread_id, ask.method) == (9, "t", "item/think")


@pytest.mark.parametrize("wrong", [None, 5, "x", [], {}, [None, 7], True])
def test_broken_requests_never_raise(wrong: Json) -> None:
    fields = (
        "availableDecisions",
        "command",
        "permissions",
        "questions",
        "requestedSchema",
        "additionalPermissions",
        "fileChanges",
        "isBlocking",
        "networkApprovalContext",
    )
    for method in (
        COMMAND,
        ELICIT,
        "applyPatchApproval",
        "execCommandApproval",
        "item/fileChange/requestApproval",
        "item/permissions/requestApproval",
        "item/tool/requestUserInput",
    ):
        decode_ask(Request(id=1, method=method, params=dict.fromkeys(fields, wrong)))
        decode_ask(Request(id=1, method=method, params={}))
