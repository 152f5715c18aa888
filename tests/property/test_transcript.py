"""The fold never fails, loses nothing that was finished, and tells every change."""

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.ask import decode_ask
from codex_ssh.core.entry import EntryKey, Progress
from codex_ssh.core.events import decode_event
from codex_ssh.core.items import AgentMessage
from codex_ssh.core.methods import OpenThread, StoredItem
from codex_ssh.core.rpc import Json, Notification, Request
from codex_ssh.core.thread import Thread, ThreadId, Turn, TurnId, TurnStatus
from codex_ssh.core.transcript import Transcript
from tests.support.captures import VERSIONS, Answer, recorded

SAID = [
    frame
    for version in VERSIONS
    for _, said in recorded(version)
    for frame in said
    if not isinstance(frame, Answer)
]


def renamed(frame: Notification | Request, turn: str) -> Notification | Request:
    """Move a recorded frame to one thread and one of a few turns."""
    params: dict[str, Json] = {**frame.params, "threadId": "t"}
    if "turnId" in params:
        params["turnId"] = turn
    if isinstance(params.get("turn"), dict):
        params["turn"] = {**params["turn"], "id": turn}
    if isinstance(frame, Request):
        return Request(id=frame.id, method=frame.method, params=params)
    return Notification(method=frame.method, params=params)


FRAMES = st.lists(
    st.builds(renamed, st.sampled_from(SAID), st.sampled_from(["one", "two", "three"])), max_size=60
)


def fold(frames: list[Notification | Request]) -> Transcript:
    transcript = Transcript(
        OpenThread(
            thread=Thread(id=ThreadId("t")),
            model="",
            model_provider="",
            effort="",
            cwd="",
            approval_policy="",
            sandbox="",
        )
    )
    for frame in frames:
        feed(transcript, frame)
    return transcript


def feed(transcript: Transcript, frame: Notification | Request) -> None:
    if isinstance(frame, Request):
        transcript.ask(decode_ask(frame))
    else:
        transcript.apply(decode_event(frame))


@given(FRAMES)
def test_any_order_of_real_frames_folds(frames: list[Notification | Request]) -> None:
    transcript = fold(frames)
    keys = [entry.key for entry in transcript.entries]
    assert len(keys) == len(set(keys))
    assert all(transcript.entry(*key) is not None for key in keys)
    assert transcript.state is not None


@given(FRAMES)
def test_every_visible_change_is_told(frames: list[Notification | Request]) -> None:
    transcript = fold([])
    seen: dict[EntryKey, object] = {}
    order: list[EntryKey] = []
    facts: object = None
    for frame in frames:
        feed(transcript, frame)
        changes = transcript.take_changes()
        now: dict[EntryKey, object] = {
            entry.key: (entry.content, entry.progress, entry.gap) for entry in transcript.entries
        }
        assert {key for key in now if seen.get(key) != now[key]} <= changes.entries
        assert changes.order or list(now) == order
        facts_now = (transcript.state, transcript.asks, transcript.usage, transcript.name, transcript.model)
        assert changes.facts or facts is None or facts_now == facts
        seen, order, facts = now, list(now), facts_now


@given(FRAMES, st.lists(st.sampled_from(["one", "two", "three"]), unique=True), st.booleans())
def test_an_account_may_come_at_any_time(
    frames: list[Notification | Request], told: list[str], running: bool
) -> None:
    transcript = fold(frames)
    turns = [Turn(id=TurnId(number), status=TurnStatus.COMPLETED) for number in told]
    if turns and running:
        turns[-1] = Turn(id=turns[-1].id, status=TurnStatus.IN_PROGRESS)
    items = [
        StoredItem(turn_id=turn.id, item=AgentMessage(id="stored", text=turn.id))  # type: ignore[arg-type]
        for turn in turns
    ]
    outside = {entry.key for entry in transcript.entries if entry.turn_id not in told}
    transcript.load(turns, items)
    keys = [entry.key for entry in transcript.entries]
    assert len(keys) == len(set(keys))
    assert {key for key in keys if key[0] not in told} == outside
    for turn in turns:
        entry = transcript.entry(turn.id, "stored")
        assert entry is not None
        assert entry.progress is Progress.DONE
    again = list(transcript.entries)
    transcript.load(turns, items)
    assert [entry.key for entry in transcript.entries] == [entry.key for entry in again]
