"""One thread as a person sees it: events folded into an ordered list of entries, and what the thread does.

Lives here: merging by item id, growing text, what is running, who waits for an answer, and which entries
changed since somebody last looked. Not here: how an entry looks, and who reads events off the wire.

The server's own account is the truth: :meth:`Transcript.load` after every (re)connect replaces what was
remembered of the turns it covers. What a running turn streamed before we listened is not told again, so such
an item is marked as having a gap until ``item/completed`` brings all of it.

Facts of codex 0.163 and 0.169 this rests on: interrupted and steered-away items never get ``item/completed``
and are not stored; a turn's check list is no item; ``turn/start`` may be answered before ``turn/started``
comes; warnings repeat with every turn.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from codex_ssh.core.ask import Ask, CommandAsk, FileChangeAsk, PermissionsAsk, UnknownAsk
from codex_ssh.core.attachment import Attachment, label
from codex_ssh.core.entry import CheckList, Entry, EntryKey, Level, Progress, partial_item
from codex_ssh.core.entry_list import EntryList
from codex_ssh.core.events import (
    AskResolved,
    Delta,
    DiffUpdated,
    Event,
    GoalUpdated,
    ItemCompleted,
    ItemStarted,
    ModelRerouted,
    PatchUpdated,
    PlanUpdated,
    SettingsUpdated,
    TerminalTyped,
    ThreadClosed,
    ThreadNamed,
    ThreadReverted,
    ThreadStarted,
    ThreadStatusChanged,
    TokenUsageUpdated,
    ToolProgressed,
    TurnCompleted,
    TurnStarted,
)
from codex_ssh.core.goal import Goal
from codex_ssh.core.history import left_open, merge_history, older_history, turn_end
from codex_ssh.core.items import (
    AgentMessage,
    CommandExecution,
    FileChange,
    Item,
    ItemId,
    ItemStatus,
    Plan,
    Reasoning,
    ToolCall,
    UserMessage,
)
from codex_ssh.core.methods import OpenThread, StoredItem
from codex_ssh.core.rpc import RequestId
from codex_ssh.core.side_notes import SideNotes
from codex_ssh.core.thread import (
    ThreadId,
    ThreadState,
    TokenUsage,
    Turn,
    TurnId,
    TurnStatus,
)
from codex_ssh.core.value import dataclass

_APPROVALS: Final = (CommandAsk, FileChangeAsk, PermissionsAsk)


class RunState(enum.Enum):
    """What the thread is doing; the value is the word for status lines."""

    IDLE = "idle"
    RUNNING = "running"
    WAITING_FOR_APPROVAL = "waiting for approval"
    WAITING_FOR_ANSWER = "waiting for an answer"
    INTERRUPTED = "interrupted"
    FAILED = "failed"

    @property
    def is_running(self) -> bool:
        """Whether a turn is going on."""
        return self in (RunState.RUNNING, RunState.WAITING_FOR_APPROVAL, RunState.WAITING_FOR_ANSWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changed since the last look.

    Attributes:
        entries: Keys of entries that are new or look different now.
        order: Entries were added, removed or moved.
        facts: The run state, an ask, tokens, name or settings changed.
        front: So many entries were put in front of all others.
        kept: So many entries after those, or more, are the same, in the same order, as the first ones were.
    """

    entries: frozenset[EntryKey]
    order: bool
    facts: bool
    front: int = 0
    kept: int = 0

    def __bool__(self) -> bool:
        return bool(self.entries) or self.order or self.facts


class Transcript:
    """One thread, folded. Events of other threads are ignored.

    Args:
        opened: The answer to ``thread/start`` or ``thread/resume``.
    """

    def __init__(self, opened: OpenThread) -> None:
        self.thread_id: ThreadId = opened.thread.id
        self.name = opened.thread.name
        self.model = opened.model or opened.thread.model
        self.effort = opened.effort
        self.cwd = opened.cwd or opened.thread.cwd
        self.approval_policy = opened.approval_policy
        self.sandbox = opened.sandbox
        self.provider = opened.model_provider
        self.instructions = opened.instructions
        self.profile = opened.profile
        self.reviewer = opened.reviewer
        self.mode = opened.mode
        self.usage = TokenUsage()
        self.diff = ""
        """What the running turn, or the last one, changed: one unified diff, as git writes it."""
        self.goal: Goal | None = None
        self.is_reverted = False
        """Turns were taken back, and :meth:`reload` has not said which."""
        self.closed = ""
        """``closed``, ``archived`` or ``deleted`` once the server let go of the thread."""
        self.last_ended: TurnId | None = None
        """The turn whose end was heard of last; None before the first. A turn of the past has no such end."""
        self._status = opened.thread.status
        self._list = EntryList()
        self._beside = SideNotes(self._list, lambda: self._turn or "")
        self._asks: dict[RequestId, Ask] = {}
        self._unsure: set[RequestId] = set()
        self._turns_told: dict[TurnId, Turn] = {}
        self._patchy: set[TurnId] = set()
        self._turn: TurnId | None = None
        self._outcome: TurnStatus = TurnStatus.COMPLETED
        self._facts_changed = True
        self._folds: dict[type, Callable[[Any], None]] = {
            ItemStarted: self._item_started,
            ItemCompleted: self._item_completed,
            PatchUpdated: self._patch_updated,
            ToolProgressed: self._tool_progressed,
            TerminalTyped: self._typed,
            ThreadReverted: self._reverted,
            GoalUpdated: self._goal_updated,
            TurnStarted: self._turn_started,
            TurnCompleted: self._turn_completed,
            PlanUpdated: self._plan_updated,
            DiffUpdated: self._diff_updated,
            TokenUsageUpdated: self._token_usage_updated,
            ThreadStarted: self._thread_started,
            ThreadStatusChanged: self._status_changed,
            ThreadNamed: self._named,
            ThreadClosed: self._closed,
            SettingsUpdated: self._settings_updated,
            AskResolved: self._ask_resolved,
            ModelRerouted: self._rerouted,
            **self._beside.folds,
        }

    # ---------------------------------------------------------------- looking

    @property
    def entries(self) -> Sequence[Entry]:
        """All entries in the order they are shown; not to be changed or kept."""
        return self._list.entries

    @property
    def asks(self) -> tuple[Ask, ...]:
        """What waits for an answer, the oldest first."""
        return tuple(self._asks.values())

    @property
    def turn_id(self) -> TurnId | None:
        """The running turn."""
        return self._turn

    @property
    def state(self) -> RunState:
        """What the thread is doing."""
        flags = self._status.flags if self._status.state is ThreadState.ACTIVE else ()
        if any(isinstance(ask, _APPROVALS) for ask in self._asks.values()):
            return RunState.WAITING_FOR_APPROVAL
        if self._asks:
            return RunState.WAITING_FOR_ANSWER
        if self._turn is not None:
            if "waitingOnApproval" in flags:
                return RunState.WAITING_FOR_APPROVAL
            return RunState.WAITING_FOR_ANSWER if "waitingOnUserInput" in flags else RunState.RUNNING
        match self._outcome:
            case TurnStatus.FAILED:
                return RunState.FAILED
            case TurnStatus.INTERRUPTED:
                return RunState.INTERRUPTED
            case _:
                return RunState.IDLE

    def entry(self, turn_id: str, item_id: str) -> Entry | None:
        """Give the entry of an item."""
        return self._list.find((turn_id, item_id))

    def edit_of(self, ask: Ask | None) -> FileChange | None:
        """Give the edit a request is about, as far as it is known here; None for other requests."""
        entry = self.entry(ask.turn_id, ask.item_id) if isinstance(ask, FileChangeAsk) else None
        return entry.content if entry is not None and isinstance(entry.content, FileChange) else None

    def take_changes(self) -> Changes:
        """Give what changed since the last call; for one view."""
        listed = self._list.take_changes()
        changes = Changes(
            entries=listed.entries,
            order=listed.order,
            facts=self._facts_changed,
            front=listed.front,
            kept=listed.kept,
        )
        self._facts_changed = False
        return changes

    # ---------------------------------------------------------------- what the server says

    def apply(self, event: Event) -> None:
        """Fold one event in."""
        if type(event) is Delta:
            if event.thread_id == self.thread_id:
                self._grow(event)
            return
        fold = self._folds.get(type(event))
        if fold is not None and getattr(event, "thread_id", self.thread_id) in (self.thread_id, ""):
            fold(event)

    def ask(self, ask: Ask) -> bool:
        """Take a request of the server's; False when it is for another thread or of an unknown kind.

        After a re-join the request is all the server tells of its item, so the item is made from it.
        """
        if isinstance(ask, UnknownAsk) or ask.thread_id != self.thread_id:
            return False
        self._asks[ask.request_id] = ask
        self._unsure.discard(ask.request_id)
        self._facts_changed = True
        self._note_running(ask.turn_id)
        if isinstance(ask, CommandAsk) and (ask.turn_id, ask.item_id) not in self._list:
            command = CommandExecution(
                id=ask.item_id, command=ask.command, cwd=ask.cwd, status=ItemStatus.IN_PROGRESS
            )
            self._list.add(Entry((ask.turn_id, ask.item_id), command, Progress.OPEN))
        elif isinstance(ask, FileChangeAsk) and (ask.turn_id, ask.item_id) not in self._list:
            change = FileChange(id=ask.item_id, status=ItemStatus.IN_PROGRESS)
            self._list.add(Entry((ask.turn_id, ask.item_id), change, Progress.OPEN, gap=True))
        return True

    def load(self, turns: Sequence[Turn], items: Sequence[StoredItem]) -> None:
        """Take the server's account of some turns, oldest first, as the truth about them.

        The rules are :func:`codex_ssh.core.history.merge_history`'s.
        """
        self._list.replace(merge_history(self._list.entries, turns, items))
        self._facts_changed = True
        # Pages of turns and of items do not end at the same turn: the ends of older ones are used later.
        self._turns_told |= {turn.id: turn for turn in turns}
        self._patchy -= {turn.id for turn in turns if turn.status.is_over}
        for turn in turns:
            if turn.status is TurnStatus.IN_PROGRESS:
                # What was said of it before is in the account only once it is stored, which takes a moment.
                self._patchy.add(turn.id)
                if (turn.id, "#end") not in self._list:
                    self._turn = turn.id
            elif turn.status.is_over:
                self._outcome = turn.status
                if self._turn == turn.id:
                    self._turn = None
                    self.last_ended = turn.id

    def reload(self, turns: Sequence[Turn], items: Sequence[StoredItem]) -> None:
        """Take the newest of the server's account as all there is: for a thread whose turns were taken back.

        Older history is loaded once more when it is wanted. What is on its way to the server stays.
        """
        self._list.replace([entry for entry in self._list if entry.progress is Progress.SENDING])
        self._turns_told.clear()
        self._patchy.clear()
        self._turn = None
        self.diff = ""
        self.is_reverted = False
        self.load(turns, items)

    def is_settled(self, turn_id: TurnId) -> bool:
        """Whether a turn is over and nothing of it was missed."""
        return (turn_id, "#end") in self._list and turn_id not in self._patchy

    @property
    def is_patchy(self) -> bool:
        """Whether a turn is over of which something may have been missed: its account is wanted once more."""
        return any((turn_id, "#end") in self._list for turn_id in self._patchy)

    def link_lost(self) -> None:
        """Note that nothing is heard from here on: what is streamed gets a mark, requests become unsure."""
        for entry in self._list:
            if entry.progress in (Progress.OPEN, Progress.BACKGROUND):
                entry.break_off()
        if self._turn is not None:
            self._patchy.add(self._turn)
        self._unsure = set(self._asks)
        self._facts_changed = True

    def reopened(self, opened: OpenThread) -> None:
        """Take the answer to a new ``thread/resume``; :meth:`load` and :meth:`settle_asks` come after it."""
        self.name = opened.thread.name or self.name
        self.model = opened.model or self.model
        self.effort = opened.effort or self.effort
        self.cwd = opened.cwd or self.cwd
        self.approval_policy = opened.approval_policy
        self.sandbox = opened.sandbox
        self.instructions = opened.instructions or self.instructions
        self.profile = opened.profile
        self.reviewer = opened.reviewer
        self.mode = opened.mode
        self._status = opened.thread.status
        self.closed = ""
        self._facts_changed = True

    def settle_asks(self) -> int:
        """Forget the requests the server did not make again, and give how many: they were answered."""
        gone = [number for number in self._unsure if self._asks.pop(number, None) is not None]
        self._unsure.clear()
        self._facts_changed = True
        return len(gone)

    def cut_off(self, turn_id: TurnId) -> None:
        """End a turn whose app server ended under it: nothing more comes, and no account tells of its end."""
        if not self.is_settled(turn_id):
            self._turn_completed(
                TurnCompleted(thread_id=self.thread_id, turn=Turn(id=turn_id, status=TurnStatus.INTERRUPTED))
            )

    def server_restarted(self) -> None:
        """Note that the app server is another run: what went on in the background ended with the old one."""
        for entry in self._list:
            if entry.progress is Progress.BACKGROUND:
                entry.progress = Progress.CUT
                self._list.touch(entry)

    def load_older(self, turns: Sequence[Turn], items: Sequence[StoredItem]) -> None:
        """Put older history, oldest first, in front of what is there."""
        self._turns_told = {turn.id: turn for turn in turns} | self._turns_told
        self._list.prepend(older_history(self._list.entries, tuple(self._turns_told.values()), items))

    # ---------------------------------------------------------------- what we say

    def sent(self, client_id: str, text: str, attachments: Sequence[Attachment] = ()) -> None:
        """Show a message of ours at once, until the server shows it itself."""
        labels = tuple(label(one) for one in attachments)
        message = UserMessage(id=ItemId(client_id), client_id=client_id, text=text, attachments=labels)
        self._list.add(Entry(("", f"#sent {client_id}"), message, Progress.SENDING))

    def unsent(self, client_id: str) -> None:
        """Take a message back that the server did not take."""
        self._list.remove(("", f"#sent {client_id}"))

    def started(self, turn: Turn) -> None:
        """Take the answer to what began a turn, which may come before or after ``turn/started``."""
        self._note_running(turn.id, from_start=True)

    def answered(self, request_id: RequestId, *, declined: bool = False) -> None:
        """Forget a request: it was answered.

        A declined item is marked at once: after a re-join the server does not say it again.
        """
        ask = self._asks.pop(request_id, None)
        if ask is None:
            return
        self._facts_changed = True
        if declined and isinstance(ask, CommandAsk | FileChangeAsk):
            entry = self.entry(ask.turn_id, ask.item_id)
            if entry is not None and isinstance(item := entry.content, CommandExecution | FileChange):
                entry.put(replace(item, status=ItemStatus.DECLINED))
                self._list.touch(entry)

    def note(self, level: Level, text: str, details: str = "") -> None:
        """Say something beside the conversation."""
        self._beside.note(self._turn or "", level, text, details)

    # ---------------------------------------------------------------- entries

    def _note_running(self, turn_id: TurnId, *, from_start: bool = False) -> None:
        if turn_id and self._turn != turn_id and (turn_id, "#end") not in self._list:
            if not from_start:
                # Joined in the middle: no account may have told of its beginning, which is stored late.
                self._patchy.add(turn_id)
            self._turn = turn_id
            self._outcome = TurnStatus.IN_PROGRESS
            self._facts_changed = True

    # ---------------------------------------------------------------- folds

    def _grow(self, delta: Delta) -> None:
        key = (delta.turn_id, delta.item_id)
        entry = self._list.find(key)
        if entry is None:
            self._note_running(delta.turn_id)
            entry = self._list.add(Entry(key, partial_item(delta), Progress.OPEN, gap=True))
        elif entry.progress is Progress.DONE:
            return
        entry.grow(delta)
        self._list.touch(entry)

    def _item_started(self, event: ItemStarted) -> None:
        self._note_running(event.turn_id)
        if isinstance(event.item, UserMessage):
            self._user_spoke(event.turn_id, event.item)
        self._put(event.turn_id, event.item, Progress.OPEN)

    def _item_completed(self, event: ItemCompleted) -> None:
        self._note_running(event.turn_id)
        if isinstance(event.item, UserMessage):
            self._user_spoke(event.turn_id, event.item)
        self._put(event.turn_id, event.item, Progress.DONE)

    def _put(self, turn_id: TurnId, item: Item, progress: Progress) -> None:
        key = (turn_id, item.id)
        entry = self._list.find(key)
        if entry is None:
            self._list.add(Entry(key, item, progress))
        elif entry.progress is not Progress.DONE:
            before = entry.content
            if isinstance(item, CommandExecution) and isinstance(before, CommandExecution):
                item = replace(item, typed=before.typed)  # told beside the item
            entry.put(item)
            entry.progress = progress
            entry.gap = False
            self._list.touch(entry)

    def _user_spoke(self, turn_id: TurnId, message: UserMessage) -> None:
        """A message of ours came back, or somebody steered: the answer being streamed is over."""
        for entry in self._list:
            if entry.progress is Progress.SENDING and isinstance(entry.content, UserMessage):
                ours = entry.content
                if message.client_id == ours.client_id or (
                    not message.client_id and message.text == ours.text
                ):
                    self._list.remove(entry.key)
                    break
        if (turn_id, message.id) not in self._list:
            self._cut(turn_id, (AgentMessage, Reasoning, Plan))

    def _cut(self, turn_id: TurnId, kinds: tuple[type, ...] = (object,)) -> None:
        self._leave_open(turn_id, kinds, TurnStatus.INTERRUPTED)

    def _leave_open(self, turn_id: TurnId, kinds: tuple[type, ...], status: TurnStatus) -> None:
        """End what is open in a turn, which came to a status."""
        for entry in reversed(self._list.entries):
            if entry.turn_id == turn_id and entry.progress is Progress.OPEN:
                if isinstance(content := entry.content, kinds):
                    told = getattr(content, "status", None) is ItemStatus.DECLINED
                    entry.progress = Progress.DONE if told else left_open(entry, status)
                    self._list.touch(entry)
            elif entry.turn_id not in (turn_id, ""):
                break

    def _patch_updated(self, event: PatchUpdated) -> None:
        entry = self.entry(event.turn_id, event.item_id)
        if entry is not None and isinstance(change := entry.content, FileChange):
            entry.put(replace(change, changes=event.changes))
            self._list.touch(entry)

    def _tool_progressed(self, event: ToolProgressed) -> None:
        entry = self.entry(event.turn_id, event.item_id)
        if entry is not None and isinstance(call := entry.content, ToolCall):
            entry.put(replace(call, progress=event.message))
            self._list.touch(entry)

    def _typed(self, event: TerminalTyped) -> None:
        entry = self.entry(event.turn_id, event.item_id)
        if entry is not None and isinstance(command := entry.content, CommandExecution) and event.stdin:
            entry.put(replace(command, typed=(*command.typed, event.stdin)))
            self._list.touch(entry)

    def _reverted(self, _: ThreadReverted) -> None:
        self.is_reverted = True
        self._facts_changed = True

    def _goal_updated(self, event: GoalUpdated) -> None:
        self.goal = event.goal
        self._facts_changed = True

    def _turn_started(self, event: TurnStarted) -> None:
        self._note_running(event.turn.id, from_start=True)

    def _turn_completed(self, event: TurnCompleted) -> None:
        turn = event.turn
        self._note_running(turn.id)
        for item in turn.items:
            self._put(turn.id, item, Progress.DONE)
        if (plan := self.entry(turn.id, "#plan")) is not None:
            plan.progress = Progress.DONE
            self._list.touch(plan)
        self._leave_open(turn.id, (object,), turn.status)
        self._beside.turn_over(turn.id)
        self._list.add(turn_end(turn))
        for ask in self.asks:
            if not isinstance(ask, UnknownAsk) and ask.turn_id == turn.id:
                del self._asks[ask.request_id]
        self._outcome = turn.status
        self._turn = None
        self.last_ended = turn.id
        self._facts_changed = True

    def _plan_updated(self, event: PlanUpdated) -> None:
        self._note_running(event.turn_id)
        content = CheckList(explanation=event.explanation, steps=event.steps)
        self._list.add(Entry((event.turn_id, "#plan"), content, Progress.OPEN))

    def _diff_updated(self, event: DiffUpdated) -> None:
        self.diff = event.diff
        self._facts_changed = True

    def _token_usage_updated(self, event: TokenUsageUpdated) -> None:
        self.usage = event.usage
        self._facts_changed = True

    def _thread_started(self, event: ThreadStarted) -> None:
        if event.thread.id == self.thread_id:
            self._status = event.thread.status
            self._facts_changed = True

    def _status_changed(self, event: ThreadStatusChanged) -> None:
        self._status = event.status
        self._facts_changed = True

    def _named(self, event: ThreadNamed) -> None:
        self.name = event.name
        self._facts_changed = True

    def _closed(self, event: ThreadClosed) -> None:
        self.closed = event.what
        self._facts_changed = True

    def _settings_updated(self, event: SettingsUpdated) -> None:
        self.model = event.model or self.model
        self.effort = event.effort or self.effort
        self.cwd = event.cwd or self.cwd
        self.approval_policy = event.approval_policy or self.approval_policy
        self.sandbox = event.sandbox or self.sandbox
        self.profile = self.profile if event.profile is None else event.profile
        self.reviewer = event.reviewer or self.reviewer
        self.mode = event.mode or self.mode
        self._facts_changed = True

    def _ask_resolved(self, event: AskResolved) -> None:
        self.answered(event.request_id)

    def _rerouted(self, event: ModelRerouted) -> None:
        self.model = event.to_model
        self._facts_changed = True
        self.note(Level.INFO, f"the server moved this turn from {event.from_model} to {event.to_model}")
