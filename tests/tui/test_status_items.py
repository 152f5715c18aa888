"""The status line says what there is to say, in the user's order, and drops what matters least."""

from __future__ import annotations

import pytest
from rich.text import Text

from codex_ssh.core.limits import Limits, LimitWindow
from codex_ssh.core.tui_settings import StatusItem, TuiSettings
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.status_items import Moment, Part, cut, cut_front, fitted, limits_text, status_parts, tokens
from tests.tui.conversation import Script
from tests.tui.stage import Stage, open_stage

PARTS = [
    Part(text="● idle", rank=1),
    Part(text="devbox", rank=2),
    Part(text="ssh 12 ms", rank=4),
    Part(text="/w", rank=3),
]


def line(width: int) -> str:
    return fitted(PARTS, width).plain


def test_the_least_important_piece_goes_first() -> None:
    assert line(80) == "● idle · devbox · ssh 12 ms · /w"
    assert line(25) == "● idle · devbox · /w"
    assert line(16) == "● idle · devbox"
    assert line(8) == "● idle"


def test_the_last_piece_is_cut_rather_than_dropped() -> None:
    assert Text(line(4)).cell_len <= 4
    assert line(4)
    assert line(0) == ""


def test_tokens_are_said_in_few_characters() -> None:
    assert [tokens(count) for count in (7, 48_200, 2_500_000)] == ["7 tokens", "48.2k tokens", "2.5M tokens"]


def test_long_texts_are_cut_where_they_tell_least() -> None:
    assert (cut("topic/long-name", 8), cut("short", 8)) == ("topic/l…", "short")
    assert (cut_front("/home/alice/src", 8), cut_front("/w", 8)) == ("…ice/src", "/w")


def test_limits_are_said_by_what_is_left() -> None:
    limits = Limits(primary=LimitWindow(used=32, minutes=300), secondary=LimitWindow(used=90, minutes=10080))
    assert limits_text(limits) == "limits 5h 68 %, week 10 % left"
    assert limits_text(Limits()) == ""


def parts(stage: Stage, *items: StatusItem, width: int = 200) -> list[str]:
    moment = Moment(now=0, running=None, width=width)
    return [part.text for part in status_parts(stage.chat, items or tuple(StatusItem), moment)]


def played() -> Script:
    script = Script()
    script.replies["command/exec"] = lambda _: {"exitCode": 0, "stdout": "topic/x\n", "stderr": ""}
    script.replies["account/read"] = lambda _: {"account": {"type": "chatgpt", "email": "a@example.org"}}
    script.replies["account/rateLimits/read"] = lambda _: {
        "rateLimits": {"primary": {"usedPercent": 95, "windowDurationMins": 300}}
    }
    return script


async def test_every_item_says_its_fact() -> None:
    script = played()
    submission = {"id": "q", "clientUserMessageId": "c", "input": [{"type": "text", "text": "later"}]}
    script.replies["thread/queue/list"] = lambda _: {"data": [submission]}
    script.turn()
    plan = [{"step": "a", "status": "completed"}, {"step": "b", "status": "pending"}]
    script.say("turn/plan/updated", turnId="turn-1", plan=plan)
    script.say("thread/goal/updated", goal={"objective": "ship it", "status": "paused"})
    script.say("thread/settings/updated", threadSettings={"collaborationMode": {"mode": "plan"}})
    script.say("thread/name/updated", threadName="fix \x1b[31mthe\x07 tests")
    usage = {"total": {"totalTokens": 48_200}, "last": {"totalTokens": 90}, "modelContextWindow": 100}
    script.say("thread/tokenUsage/updated", tokenUsage=usage)
    async with open_stage(script, ready=False) as stage:
        await stage.wait(lambda: stage.chat.surroundings.limits.windows, "limits")
        await stage.wait(lambda: stage.chat.surroundings.branch, "the branch")
        script.say("thread/queue/changed")
        await stage.wait(lambda: stage.chat.queue.waiting, "the queue")
        await stage.wait(lambda: stage.chat.transcript and stage.chat.transcript.usage.total, "all of it")
        assert parts(stage) == [
            "▶ running",
            "1 queued",
            "devbox",
            "as alice",
            "fix ␛[31mthe␇ tests",
            "ssh",
            "12 ms",
            "gpt-test",
            "/w",
            "git topic/x",
            "plan mode",
            "plan 1/2",
            "goal paused: ship it",
            "context 10 % left",
            "limits 5h 5 % left",
            "asks on request",
            "48.2k tokens",
            "app server 0.169.0",
        ]


async def test_other_threads_that_wait_are_counted_and_ours_are_not() -> None:
    script = Script()
    waiting = {"type": "active", "activeFlags": ["waitingOnApproval"]}
    async with open_stage(script, size=(120, 24)) as stage:
        script.say("thread/status/changed", threadId="t-2", status=waiting)
        await stage.wait_text("1 other thread waits")
        script.say("thread/status/changed", threadId="t-3", status=waiting)
        await stage.wait_text("2 other threads wait")
        script.say("thread/status/changed", threadId="t-1", status=waiting)
        script.ask_command(9, threadId="t-3")  # of a thread that began here: it has a card
        await stage.wait_text("Run this command?")
        await stage.wait_text("1 other thread waits")
        script.say("thread/status/changed", threadId="t-2", status={"type": "idle"})
        await stage.wait_gone("other thread")


async def test_the_order_is_the_users_and_what_is_not_named_is_not_said() -> None:
    settings = TuiSettings(status=(StatusItem.SERVER, StatusItem.HOST))
    async with open_stage(options=TuiOptions(settings=settings), ready=False) as stage:
        await stage.wait_text("app server 0.169.0 · devbox")
        last = stage.screen().splitlines()[-1].strip()
        assert last == "app server 0.169.0 · devbox"


async def test_the_state_of_the_link_is_said_whatever_the_order() -> None:
    script = Script()
    options = TuiOptions(settings=TuiSettings(status=()), grace_seconds=0)
    async with open_stage(script, options=options, ready=False) as stage:
        await stage.wait(lambda: stage.chat.is_online and stage.chat.transcript, "the thread")
        assert parts(stage, StatusItem.HOST) == ["devbox"]
        script.drop()
        await stage.wait_text("✗ no link, last contact")
        await stage.wait_text("ctrl+r: now")


async def test_a_warning_outlives_what_is_more_important_otherwise() -> None:
    script = played()
    usage = {"total": {"totalTokens": 1}, "last": {"totalTokens": 90}, "modelContextWindow": 100}
    script.say("thread/tokenUsage/updated", tokenUsage=usage)
    async with open_stage(script) as stage:
        await stage.wait_text("context 10 % left")
        await stage.pilot.resize_terminal(40, 20)
        await stage.wait_text("● idle · devbox · context 10 % left")


@pytest.mark.parametrize("text", ["a\x1b]0;evil\x07b", "a\u202eb", "a\nb"])
async def test_remote_text_is_plain(text: str) -> None:
    script = Script()
    script.replies["command/exec"] = lambda _: {"exitCode": 0, "stdout": text, "stderr": ""}
    async with open_stage(script) as stage:
        await stage.wait(lambda: stage.chat.surroundings.branch, "the branch")
        (said,) = parts(stage, StatusItem.BRANCH)
        assert said.startswith("git a")
        assert said.isprintable()
