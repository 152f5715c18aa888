"""Events of real servers add up to what a person should see."""

from collections.abc import Iterable

import pytest

from codex_ssh.core.ask import CommandAsk, decode_ask
from codex_ssh.core.entry import CheckList, Entry, Level, Notice, Progress, TurnEnd
from codex_ssh.core.events import Delta, DeltaKind, ItemStarted, decode_event
from codex_ssh.core.goal import Goal, GoalStatus
from codex_ssh.core.items import (
    AgentMessage,
    CommandExecution,
    FileChange,
    ItemId,
    ItemStatus,
    Reasoning,
    UserMessage,
)
from codex_ssh.core.methods import OpenThread, StoredItem, thread_start, thread_turns_list
from codex_ssh.core.rpc import Json, Notification, Request
from codex_ssh.core.thread import Thread, ThreadId, Turn, TurnId, TurnStatus, decode_turn
from codex_ssh.core.transcript import RunState, Transcript
from tests.support.captures import VERSIONS, Answer, Frame, frames


def opened(said: Iterable[Frame]) -> Transcript:
    start = next(f for f in said if isinstance(f, Answer) and f.method == "thread/start")
    return Transcript(thread_start().decode(start.result))


def feed(transcript: Transcript, frame: Frame) -> None:
    match frame:
        case Notification():
            transcript.apply(decode_event(frame))
        case Request():
            transcript.ask(decode_ask(frame))
        case Answer(method="turn/start"):
            transcript.started(decode_turn(frame.result["turn"]))
        case Answer():
            pass


def folded(version: str, name: str, conn: str = "A") -> Transcript:
    said = frames(version, name, conn)
    transcript = opened(said)
    for frame in said:
        feed(transcript, frame)
    return transcript


def shown(transcript: Transcript) -> list[str]:
    """Give one line per entry, without the notices."""
    return [line for entry in transcript.entries if (line := one_line(entry))]


def one_line(entry: Entry) -> str:
    cut = {Progress.CUT: " (cut)", Progress.OPEN: " …", Progress.SENDING: " ⇡"}.get(entry.progress, "")
    gap = "…" if entry.gap else ""
    match entry.content:
        case UserMessage(text=text):
            return f"> {text}{cut}"
        case AgentMessage(text=text):
            return f"< {gap}{text}{cut}"
        case Reasoning(summary=summary):
            return f"~ {'|'.join(summary)}{cut}"
        case CommandExecution(status=status, exit_code=code) as command:
            return f"$ {command.plain_command} {status.value} {code}{cut}"
        case FileChange(status=status, changes=changes):
            return f"± {' '.join(change.path for change in changes)} {status.value}{cut}"
        case CheckList(steps=steps):
            return f"# {len(steps)} steps{cut}"
        case TurnEnd(status=status):
            return f"= {status.value}"
        case _:
            return ""


@pytest.mark.parametrize("version", VERSIONS)
def test_two_answers_make_two_turns(version: str) -> None:
    transcript = folded(version, "answer")
    assert shown(transcript) == [
        "> say hello from the model",
        "< hello from the model",
        "= completed",
        "> say second answer",
        "< second answer",
        "= completed",
    ]
    assert transcript.state is RunState.IDLE
    assert transcript.usage.total == 240
    assert transcript.usage.context_window == 258400


@pytest.mark.parametrize("version", VERSIONS)
def test_an_approval_is_asked_runs_and_vanishes(version: str) -> None:
    said = frames(version, "command_accept", "A")
    transcript = opened(said)
    states: list[RunState] = []
    for frame in said:
        feed(transcript, frame)
        if not states or states[-1] is not transcript.state:
            states.append(transcript.state)
    assert states == [
        RunState.IDLE,
        RunState.RUNNING,
        RunState.WAITING_FOR_APPROVAL,
        RunState.RUNNING,
        RunState.IDLE,
    ]
    assert transcript.asks == ()
    assert "$ echo made > made.txt; cat made.txt completed 0" in shown(transcript)


def test_a_declined_command_says_so() -> None:
    assert "$ touch made.txt declined None" in shown(folded("0.169.0", "command_decline"))


def test_output_grows_while_the_command_runs_and_is_whole_at_its_end() -> None:
    said = frames("0.169.0", "command_output", "A")
    transcript = opened(said)
    grown = []
    for frame in said:
        feed(transcript, frame)
        grown += [
            entry.content.output for entry in transcript.entries if type(entry.content) is CommandExecution
        ]
    assert [output for at, output in enumerate(grown) if not at or grown[at - 1] != output][-1] == grown[-1]
    assert all(grown[-1].startswith(output) or output in grown[-1] for output in grown)
    assert "line 2" in grown[-1]


def test_an_edit_keeps_its_diff() -> None:
    transcript = folded("0.169.0", "file_accept")
    assert "± /home/dev/work/new.txt completed" in shown(transcript)
    assert "+first line" in transcript.diff


def test_reasoning_and_plan_are_shown() -> None:
    assert any(line.startswith("~ ") for line in shown(folded("0.169.0", "reasoning")))
    assert any(line == "# 3 steps" for line in shown(folded("0.169.0", "plan")))


@pytest.mark.parametrize("version", VERSIONS)
def test_steering_cuts_the_answer_that_was_streaming(version: str) -> None:
    lines = shown(folded(version, "steer"))
    cut = [line for line in lines if line.endswith("(cut)")]
    assert len(cut) == 1
    assert cut[0].startswith("< ")
    assert [line[0] for line in lines] == [">", "<", ">", "<", "="]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_interrupted_turn_leaves_nothing_open(version: str) -> None:
    transcript = folded(version, "interrupt")
    assert all(entry.progress in (Progress.DONE, Progress.CUT) for entry in transcript.entries)
    assert "= interrupted" in shown(transcript)


def test_an_interrupt_takes_its_approval_along() -> None:
    transcript = folded("0.169.0", "interrupt_pending")
    assert transcript.asks == ()
    assert transcript.state is RunState.INTERRUPTED
    assert next(line for line in shown(transcript) if line.startswith("$")).endswith("(cut)")


def test_a_failed_turn_says_why_once() -> None:
    transcript = folded("0.169.0", "model_error")
    ends = [entry.content for entry in transcript.entries if isinstance(entry.content, TurnEnd)]
    failed = [end for end in ends if end.status is TurnStatus.FAILED]
    assert failed
    assert all(end.error is not None and end.error.message for end in failed)
    errors = [e.content for e in transcript.entries if isinstance(e.content, Notice)]
    assert all(notice.level is not Level.ERROR for notice in errors)


def test_the_same_warning_is_shown_once() -> None:
    transcript = folded("0.169.0", "answer")
    notices = [entry.content for entry in transcript.entries if isinstance(entry.content, Notice)]
    assert len(notices) == 1
    assert "Model metadata" in notices[0].text


@pytest.mark.parametrize("version", VERSIONS)
def test_after_a_re_join_the_asked_command_is_there_and_a_decline_is_remembered(version: str) -> None:
    transcript = opened(frames(version, "drop_pending_full", "A"))
    for frame in frames(version, "drop_pending_full", "B"):
        feed(transcript, frame)
        for ask in transcript.asks:
            assert "$ touch made.txt inProgress None …" in shown(transcript)
            assert isinstance(ask, CommandAsk)
            transcript.answered(ask.request_id, declined=True)
    assert "$ touch made.txt declined None" in shown(transcript)
    assert transcript.state is RunState.IDLE


# ---------------------------------------------------------------- made by hand

THREAD, ONE, TWO = ThreadId("t"), TurnId("one"), TurnId("two")


def empty() -> Transcript:
    thread = Thread(id=THREAD)
    return Transcript(
        OpenThread(
            thread=thread, model="m", model_provider="", effort="", cwd="/w", approval_policy="", sandbox=""
        )
    )


def say(transcript: Transcript, method: str, **params: Json) -> None:
    transcript.apply(decode_event(Notification(method=method, params={"threadId": "t", **params})))


def item(
    transcript: Transcript, turn: str, what: str, number: str, kind: str = "agentMessage", **more: Json
) -> None:
    say(transcript, f"item/{what}", turnId=turn, item={"type": kind, "id": number, **more})


def delta(text: str, number: str = "i", kind: DeltaKind = DeltaKind.MESSAGE, index: int = 0) -> Delta:
    return Delta(kind, THREAD, ONE, ItemId(number), text, index)


def test_a_delta_of_an_unknown_item_makes_one_with_a_gap() -> None:
    transcript = empty()
    transcript.apply(delta("…the end"))
    assert shown(transcript) == ["< ……the end …"]
    assert transcript.state is RunState.RUNNING
    item(transcript, "one", "completed", "i", text="all of it to the end")
    assert shown(transcript) == ["< all of it to the end"]


def test_a_late_delta_does_not_change_a_finished_item() -> None:
    transcript = empty()
    item(transcript, "one", "completed", "i", text="done")
    transcript.apply(delta("more"))
    assert shown(transcript) == ["< done"]


def test_a_late_delta_does_not_wake_an_ended_turn() -> None:
    transcript = empty()
    say(transcript, "turn/started", turn={"id": "one", "status": "inProgress"})
    say(transcript, "turn/completed", turn={"id": "one", "status": "interrupted"})
    transcript.apply(delta("late"))
    assert transcript.state is RunState.INTERRUPTED
    transcript.started(Turn(id=ONE, status=TurnStatus.IN_PROGRESS))
    assert transcript.state is RunState.INTERRUPTED


def test_reasoning_parts_grow_by_index() -> None:
    transcript = empty()
    for text, index in (("a", 0), ("b", 0), ("c", 1), ("far", 7), ("neg", -1)):
        transcript.apply(delta(text, kind=DeltaKind.REASONING_SUMMARY, index=index))
    entry = transcript.entries[0].content
    assert isinstance(entry, Reasoning)
    assert entry.summary == ("abneg", "c", "far")


def test_events_of_other_threads_are_ignored() -> None:
    transcript = empty()
    transcript.take_changes()
    transcript.apply(Delta(DeltaKind.MESSAGE, ThreadId("other"), ONE, ItemId("i"), "x"))
    other = AgentMessage(id=ItemId("i"))
    transcript.apply(ItemStarted(thread_id=ThreadId("other"), turn_id=ONE, item=other))
    assert not transcript.take_changes()
    assert not transcript.ask(decode_ask(Request(id=1, method="x/y", params={"threadId": "t"})))


def test_only_what_changed_is_told() -> None:
    transcript = empty()
    item(transcript, "one", "started", "a", text="")
    item(transcript, "one", "completed", "b", text="b")
    changes = transcript.take_changes()
    assert (set(changes.entries), changes.order) == ({("one", "a"), ("one", "b")}, True)
    transcript.apply(delta("x", "a"))
    changes = transcript.take_changes()
    assert (set(changes.entries), changes.order, changes.facts) == ({("one", "a")}, False, False)
    assert not transcript.take_changes()


def test_what_we_say_is_shown_until_the_server_shows_it() -> None:
    transcript = empty()
    transcript.sent("c1", "hello")
    assert shown(transcript) == ["> hello ⇡"]
    text = [{"type": "text", "text": "hello"}]
    item(transcript, "one", "started", "u", "userMessage", clientId="c1", content=text)
    assert shown(transcript) == ["> hello …"]
    transcript.sent("c2", "again")
    transcript.unsent("c2")
    assert shown(transcript) == ["> hello …"]


def test_a_retry_is_shown_once_and_last() -> None:
    transcript = empty()
    for attempt in ("first", "second"):
        say(transcript, "error", turnId="one", error={"message": attempt}, willRetry=True)
    notices = [entry.content for entry in transcript.entries]
    assert notices == [Notice(level=Level.WARNING, text="second")]


def turn(number: str, status: TurnStatus = TurnStatus.COMPLETED) -> Turn:
    return Turn(id=TurnId(number), status=status, duration_ms=1)


def stored(number: str, text: str, turn_id: str) -> StoredItem:
    return StoredItem(turn_id=TurnId(turn_id), item=AgentMessage(id=ItemId(number), text=text))


def test_the_servers_account_replaces_what_was_remembered_of_an_ended_turn() -> None:
    transcript = empty()
    item(transcript, "one", "completed", "a", text="old")
    transcript.apply(delta("partial", "b"))
    transcript.note(Level.INFO, "kept")
    transcript.load([turn("one")], [stored("a", "new", "one")])
    assert shown(transcript) == ["< new", "= completed"]
    assert any(isinstance(entry.content, Notice) for entry in transcript.entries)
    assert transcript.turn_id is None


def test_a_running_turn_keeps_what_it_streamed() -> None:
    transcript = empty()
    transcript.apply(delta("streaming", "b"))
    transcript.load(
        [turn("zero"), turn("one", TurnStatus.IN_PROGRESS)],
        [stored("z", "before", "zero"), stored("a", "first", "one")],
    )
    assert shown(transcript) == ["< before", "= completed", "< first", "< …streaming …"]
    assert transcript.turn_id == "one"


def test_an_account_given_before_the_turn_ended_does_not_reopen_it() -> None:
    transcript = empty()
    item(transcript, "one", "completed", "a", text="a")
    item(transcript, "one", "completed", "b", text="b")
    say(transcript, "turn/completed", turn={"id": "one", "status": "completed"})
    transcript.load([turn("one", TurnStatus.IN_PROGRESS)], [stored("a", "a", "one")])
    assert shown(transcript) == ["< a", "< b", "= completed"]
    assert transcript.state is RunState.IDLE


def test_turns_the_account_does_not_cover_stay_where_they_were() -> None:
    transcript = empty()
    for number in ("one", "two", "three"):
        item(transcript, number, "completed", f"i-{number}", text=number)
        say(transcript, "turn/completed", turn={"id": number, "status": "completed"})
    transcript.load([turn("two")], [stored("i-two", "new two", "two")])
    assert [line for line in shown(transcript) if line[0] == "<"] == ["< one", "< new two", "< three"]


def test_a_turn_that_began_after_the_account_was_given_comes_last() -> None:
    transcript = empty()
    item(transcript, "two", "completed", "b", text="newer")
    transcript.sent("c", "newest")
    transcript.load([turn("one")], [stored("a", "older", "one")])
    assert shown(transcript) == ["< older", "= completed", "< newer", "> newest ⇡"]
    assert transcript.turn_id == "two"


def test_older_history_goes_in_front_and_a_split_turn_is_joined() -> None:
    transcript = empty()
    transcript.load([turn("two")], [stored("c", "c", "two")])
    transcript.load_older(
        [turn("one"), turn("two")],
        [stored("a", "a", "one"), stored("b", "b", "two"), stored("c", "c", "two")],
    )
    assert shown(transcript) == ["< a", "= completed", "< b", "< c", "= completed"]


def test_an_account_of_nothing_keeps_everything() -> None:
    transcript = empty()
    transcript.apply(delta("x"))
    transcript.load([], [])
    assert shown(transcript) == ["< …x …"]


def test_output_of_an_endless_command_is_bounded() -> None:
    transcript = empty()
    item(transcript, "one", "started", "i", "commandExecution", command="yes", status="inProgress")
    for _ in range(80):
        transcript.apply(delta("y" * 10_000, kind=DeltaKind.COMMAND_OUTPUT))
    content = transcript.entries[0].content
    assert isinstance(content, CommandExecution)
    assert len(content.output) <= 512 * 1024
    assert transcript.entries[0].gap
    assert content.status is ItemStatus.IN_PROGRESS


@pytest.mark.parametrize("heard", ["from its start", "from the middle", "at its end"])
def test_a_turn_that_was_not_heard_from_its_start_is_wanted_once_more_at_its_end(heard: str) -> None:
    transcript = opened(frames("0.169.0", "command_output", "A"))
    where: Json = {"threadId": transcript.thread_id, "turnId": "t"}

    def said(method: str, **more: Json) -> None:
        transcript.apply(decode_event(Notification(method=method, params={**where, **more})))

    if heard == "from its start":
        said("turn/started", turn={"id": "t", "status": "inProgress", "items": []})
    if heard != "at its end":
        said("item/completed", item={"type": "agentMessage", "id": "a", "text": "the second thing"})
    assert not transcript.is_patchy
    said("turn/completed", turn={"id": "t", "status": "completed", "items": []})
    assert transcript.is_patchy is (heard != "from its start")


def test_a_command_left_running_ends_after_its_turn() -> None:
    said = frames("0.169.0", "background")
    transcript = opened(said)
    over = next(n for n, f in enumerate(said) if isinstance(f, Notification) and f.method == "turn/completed")
    for frame in said[: over + 1]:
        feed(transcript, frame)
    command = next(e for e in transcript.entries if isinstance(e.content, CommandExecution))
    assert command.progress is Progress.BACKGROUND
    assert not transcript.state.is_running
    for frame in said[over + 1 :]:
        feed(transcript, frame)
    done = command.content
    assert isinstance(done, CommandExecution)
    assert (command.progress, done.output, done.exit_code) == (Progress.DONE, "late\n", 0)


def test_a_command_left_running_ends_with_its_app_server() -> None:
    said = frames("0.169.0", "background")
    transcript = opened(said)
    for frame in said:
        if isinstance(frame, Notification) and frame.method == "item/commandExecution/outputDelta":
            break
        feed(transcript, frame)
    transcript.take_changes()
    transcript.link_lost()
    command = next(e for e in transcript.entries if isinstance(e.content, CommandExecution))
    assert (command.progress, transcript.take_changes().entries) == (Progress.BACKGROUND, frozenset())
    transcript.server_restarted()
    assert (command.progress, transcript.take_changes().entries) == (Progress.CUT, frozenset({command.key}))


def test_a_stored_command_is_left_running_only_by_a_turn_that_ended_well() -> None:
    transcript = opened(frames("0.169.0", "answer"))
    command = CommandExecution(id=ItemId("c"), status=ItemStatus.IN_PROGRESS)
    edit = FileChange(id=ItemId("f"), status=ItemStatus.IN_PROGRESS)
    for status, expected in (
        (TurnStatus.COMPLETED, [Progress.BACKGROUND, Progress.CUT]),
        (TurnStatus.INTERRUPTED, [Progress.CUT, Progress.CUT]),
        (TurnStatus.IN_PROGRESS, [Progress.OPEN, Progress.OPEN]),
    ):
        turn = Turn(id=TurnId(status.value), status=status)
        transcript.load([turn], [StoredItem(turn_id=turn.id, item=item) for item in (command, edit)])
        found = [transcript.entry(turn.id, name) for name in "cf"]
        assert [entry.progress for entry in found if entry is not None] == expected


def test_what_is_typed_into_a_terminal_stays_with_its_command() -> None:
    transcript = folded("0.169.0", "terminal")
    command = next(e.content for e in transcript.entries if isinstance(e.content, CommandExecution))
    assert command.typed == ("hello\n", "\x04")
    assert (command.output, command.exit_code) == ("hello\r\nhello\r\n", 0)


def test_turns_that_were_taken_back_vanish_by_the_server_s_account() -> None:
    said = frames("0.169.0", "revert")
    transcript = folded("0.169.0", "revert")
    transcript.note(Level.INFO, "beside")
    transcript.sent("c", "on its way")
    is_reverted = transcript.is_reverted
    assert is_reverted
    assert [line for line in shown(transcript) if line.startswith("<")] == ["< first", "< second"]
    account = [f for f in said if isinstance(f, Answer) and f.method == "thread/turns/list"][-1]
    turns = thread_turns_list(transcript.thread_id).decode(account.result).data
    transcript.reload(
        turns, [StoredItem(turn_id=turn.id, item=item) for turn in turns for item in turn.items]
    )
    assert shown(transcript) == ["> say first", "< first", "= completed", "> on its way ⇡"]
    changes = transcript.take_changes()
    assert (transcript.is_reverted, changes.order) == (False, True)


def test_the_goal_is_a_fact() -> None:
    said = frames("0.169.0", "goal")
    transcript = opened(said)
    goals = []
    for frame in said:
        feed(transcript, frame)
        if isinstance(frame, Notification) and frame.method.startswith("thread/goal/updated"):
            goals.append(transcript.goal)
            assert transcript.take_changes().facts
    assert goals == [Goal(objective="ship it", status=GoalStatus.PAUSED)]
    assert transcript.goal is None


def test_the_diff_of_a_turn_is_a_fact() -> None:
    transcript = opened(frames("0.169.0", "answer"))
    transcript.take_changes()
    transcript.apply(
        decode_event(
            Notification(
                method="turn/diff/updated",
                params={"threadId": transcript.thread_id, "turnId": "t", "diff": "d"},
            )
        )
    )
    assert (transcript.diff, transcript.take_changes().facts) == ("d", True)
