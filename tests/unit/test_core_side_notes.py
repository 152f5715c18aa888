"""What real servers say beside items becomes entries, each once."""

import pytest

from codex_ssh.core.approval_review import ApprovalReview, Review, decode_approval_review
from codex_ssh.core.entry import Entry, EntryKey, Level, Notice, Progress
from codex_ssh.core.entry_list import EntryList
from codex_ssh.core.events import decode_event
from codex_ssh.core.hook import HookRun, HookStatus, HookWord, decode_hook_run
from codex_ssh.core.items import CommandExecution, ContextCompaction, ItemId, ItemStatus
from codex_ssh.core.rpc import Json, Notification
from codex_ssh.core.transcript import Transcript
from tests.support.captures import frames
from tests.unit.test_core_transcript import folded, opened


def say(transcript: Transcript, method: str, **params: Json) -> None:
    told = {"threadId": transcript.thread_id, "turnId": "t", **params}
    transcript.apply(decode_event(Notification(method=method, params=told)))


def beside(transcript: Transcript) -> list[object]:
    return [
        entry.content
        for entry in transcript.entries
        if isinstance(entry.content, HookRun | ApprovalReview | Notice)
    ]


def empty() -> Transcript:
    return opened(frames("0.169.0", "answer"))


def test_every_run_of_a_hook_is_told_with_what_it_said() -> None:
    transcript = folded("0.169.0", "hooks")
    runs = [content for content in beside(transcript) if isinstance(content, HookRun)]
    assert [(run.event, run.status, [word.text for word in run.words]) for run in runs] == [
        ("userPromptSubmit", HookStatus.COMPLETED, ["remember the tests"]),
        ("preToolUse", HookStatus.BLOCKED, ["no such thing"]),
        ("stop", HookStatus.BLOCKED, ["run the tests first"]),
        ("stop", HookStatus.COMPLETED, []),
    ]
    assert runs[0].words == (HookWord(kind="context", text="remember the tests"),)
    assert (runs[0].source, runs[0].path, runs[0].message) == (
        "user",
        "/home/dev/.codex/config.toml",
        "checking",
    )
    assert runs[3].is_silent


def test_a_review_in_the_user_s_place_is_told_once() -> None:
    transcript = folded("0.169.0", "guardian")
    reviews = [content for content in beside(transcript) if isinstance(content, ApprovalReview)]
    assert [(review.status, review.kind, review.about) for review in reviews] == [
        (Review.APPROVED, "command", "touch x"),
        (Review.DENIED, "command", "rm -rf y"),
    ]
    assert (reviews[1].risk, reviews[1].authorization) == ("low", "high")
    assert reviews[1].rationale == "It only makes a file."
    notices = [content.text for content in beside(transcript) if isinstance(content, Notice)]
    assert not [text for text in notices if "approval review" in text]
    denied = [e.content for e in transcript.entries if isinstance(e.content, CommandExecution)][-1]
    assert denied.status is ItemStatus.DECLINED


def test_a_warning_of_a_reviewer_nobody_heard_of_is_shown() -> None:
    transcript = empty()
    say(transcript, "guardianWarning", message="denied")
    assert beside(transcript) == [Notice(level=Level.WARNING, text="denied")]


def test_a_tool_server_that_does_not_start_is_told_once() -> None:
    transcript = empty()
    for status in ("starting", "ready", "failed", "failed"):
        say(
            transcript, "mcpServer/startupStatus/updated", name="weather", status=status, error="no such file"
        )
    text = "the MCP server 'weather' did not start"
    assert beside(transcript) == [Notice(level=Level.WARNING, text=text, details="no such file")]


def test_renewed_credentials_are_a_remark() -> None:
    transcript = empty()
    say(transcript, "modelProvider/authRecoveryStarted", provider="p", message="renewing")
    assert beside(transcript) == [Notice(level=Level.INFO, text="renewing")]


@pytest.mark.parametrize(
    ("action", "about"),
    [
        ({"type": "command", "command": "bash -lc 'ls -l'"}, "ls -l"),
        ({"type": "execve", "program": "/bin/ls", "argv": ["ls", "-l"]}, "ls -l"),
        ({"type": "execve", "program": "/bin/ls"}, "/bin/ls"),
        ({"type": "writeStdin", "stdin": "yes"}, "yes"),
        ({"type": "applyPatch", "files": ["/a", "/b"]}, "/a, /b"),
        ({"type": "networkAccess", "host": "x.y", "target": "https://x.y:443"}, "https://x.y:443"),
        ({"type": "mcpToolCall", "server": "s", "toolName": "t", "toolTitle": None}, "s.t"),
        ({"type": "requestPermissions", "permissions": {"network": {"enabled": True}}}, None),
        ({"type": "requestPermissions", "reason": "to build"}, "to build"),
        ({"type": "teleport"}, ""),
    ],
)
def test_a_review_says_what_it_is_about(action: Json, about: str | None) -> None:
    found = decode_approval_review({"reviewId": "r", "action": action}).about
    assert found == (about if about is not None else '{"network":{"enabled":true}}')


def test_an_answer_that_is_held_back_is_said_while_it_is() -> None:
    transcript = empty()
    held = {"model": "m", "fasterModel": "f", "reasons": ["cyber"], "useCases": []}
    say(transcript, "model/safetyBuffering/updated", showBufferingUi=True, **held)
    assert beside(transcript) == [
        Notice(
            level=Level.INFO,
            text="the answer is looked at before it is shown: cyber",
            details="f would answer without that",
        )
    ]
    say(transcript, "model/safetyBuffering/updated", showBufferingUi=False, **held)
    assert beside(transcript) == []
    say(transcript, "model/safetyBuffering/updated", showBufferingUi=True, **held)
    say(transcript, "turn/completed", turn={"id": "t", "status": "completed"})
    assert beside(transcript) == []


def test_a_compaction_is_shown_once_however_it_is_said() -> None:
    transcript = empty()
    say(transcript, "item/completed", item={"type": "contextCompaction", "id": "c"})
    say(transcript, "thread/compacted")
    say(transcript, "thread/compacted", turnId="older")
    found = [(e.key, e.content) for e in transcript.entries if isinstance(e.content, ContextCompaction)]
    assert found == [
        (("t", "c"), ContextCompaction(id=ItemId("c"))),
        (("older", "#compacted"), ContextCompaction(id=ItemId("#compacted"))),
    ]


def test_a_hook_without_a_word_is_read() -> None:
    assert decode_hook_run({"id": "r", "status": "later"}) == HookRun(run_id="r")


def test_the_list_of_entries_remembers_what_changed() -> None:
    def entry(name: str) -> Entry:
        return Entry(("t", name), Notice(level=Level.INFO, text=name), Progress.DONE)

    def keys(*names: str) -> frozenset[EntryKey]:
        return frozenset(("t", name) for name in names)

    def told(entries: EntryList) -> tuple[frozenset[EntryKey], bool]:
        changes = entries.take_changes()
        return changes.entries, changes.order

    found = EntryList()
    first = found.add(entry("a"))
    assert told(found) == (keys("a"), True)
    assert told(found) == (keys(), False)
    found.touch(first)
    assert told(found) == (keys("a"), False)
    found.add(entry("b"))
    found.add(entry("a"))
    assert [one.key[1] for one in found] == ["b", "a"]
    found.remove(("t", "b"))
    found.remove(("t", "never there"))
    assert told(found) == (keys("a"), True)
    found.prepend([entry("z")])
    assert [one.key[1] for one in found.entries] == ["z", "a"]
    assert (("t", "z") in found, found.find(("t", "b"))) == (True, None)
    found.replace([entry("q")])
    assert told(found) == (keys("q"), True)
