"""When the user's attention is worth asking for: a turn is over, something waits for an answer or a hand.

Lives here: noticing it, once per event, and the words. Not here: how a notification reaches the user
(``Desk.notify``) and whether anybody looks at the terminal (:mod:`codex_ssh.tui.app`). Nothing here imports
Textual, and nothing reads a clock.

The same request asked again over the next link is the same event: it is known by its turn and item too, not
by its number alone, which another run of the app server gives out anew.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from codex_ssh.core.ask import Ask, CommandAsk, ElicitationAsk, FileChangeAsk, PermissionsAsk, QuestionsAsk
from codex_ssh.core.decision import Act
from codex_ssh.core.items import AgentMessage
from codex_ssh.core.thread import ThreadId, TurnId
from codex_ssh.core.transcript import RunState, Transcript
from codex_ssh.core.tui_settings import NotifyOn
from codex_ssh.core.value import dataclass
from codex_ssh.tui.title import thread_title

_QUESTIONS: Final = (QuestionsAsk, ElicitationAsk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is worth the user's attention.

    Attributes:
        title: Host and thread; remote text inside.
        body: What happened; the same.
    """

    on: NotifyOn
    title: str
    body: str


class Attention:
    """Notices what happens in the thread shown.

    Args:
        host: The host as the user typed it.
        on: What is worth a notification.
    """

    def __init__(self, host: str, on: Collection[NotifyOn]) -> None:
        self._host = host
        self._on = on
        self._asked: set[tuple[object, ...]] = set()
        self._running: tuple[ThreadId, TurnId] | None = None
        self._ended: set[TurnId] = set()
        self._paused = ""

    def look(
        self,
        transcript: Transcript | None,
        asks: Collection[Ask],
        *,
        is_online: bool,
        is_watched: bool,
        paused: str = "",
    ) -> list[Notice]:
        """Give what is news since the last look and worth a notification.

        Args:
            transcript: The thread shown.
            asks: What waits for an answer.
            is_online: All that the server has to say is known.
            is_watched: Somebody looks at the terminal: news, but not worth one.
            paused: Why the link waits for the user; empty when it does not.
        """
        news = self._pause(paused)
        if transcript is not None and is_online:  # else what is known may be old
            news += [*self._new_asks(asks), *self._turn_end(transcript)]
        if is_watched:
            return []
        title = f"{self._host}: {thread_title(transcript)}" if transcript is not None else self._host
        return [Notice(on=on, title=title, body=body) for on, body in news if on in self._on]

    def _pause(self, why: str) -> list[tuple[NotifyOn, str]]:
        is_new = bool(why) and not self._paused
        self._paused = why
        return [(NotifyOn.LINK, f"no link, and it waits for you: {why}")] if is_new else []

    def _new_asks(self, asks: Collection[Ask]) -> list[tuple[NotifyOn, str]]:
        new = [ask for ask in asks if _identity(ask) not in self._asked]
        self._asked.update(map(_identity, new))
        return [
            (NotifyOn.QUESTION if isinstance(ask, _QUESTIONS) else NotifyOn.APPROVAL, ask_text(ask))
            for ask in new
        ]

    def _turn_end(self, transcript: Transcript) -> list[tuple[NotifyOn, str]]:
        was, turn = self._running, transcript.turn_id
        self._running = (transcript.thread_id, turn) if turn is not None else None
        ended = {transcript.last_ended} - {None}
        if was is not None and was != self._running and was[0] == transcript.thread_id:
            ended.add(was[1])  # also where the transcript was made anew, after a long time without a link
        new = [one for one in ended if one is not None and one not in self._ended]
        self._ended.update(new)
        return [(NotifyOn.TURN_END, turn_end_text(transcript, one)) for one in new]


def _identity(ask: Ask) -> tuple[object, ...]:
    of_turn = (getattr(ask, "turn_id", ""), getattr(ask, "item_id", ""), getattr(ask, "message", ""))
    return (type(ask), ask.thread_id, ask.request_id, *of_turn)


def ask_text(ask: Ask) -> str:
    """Say what is asked, in one line; remote text."""
    match ask:
        case CommandAsk() if ask.network_host:
            return f"may it reach {ask.network_host}?"
        case CommandAsk():
            return f"may this {'run' if ask.act is Act.RUN else 'be typed'}? {ask.plain_command}"
        case FileChangeAsk():
            return f"may these files be changed? {ask.reason}".rstrip()
        case PermissionsAsk():
            return f"may it have more permissions? {ask.reason}".rstrip()
        case QuestionsAsk() if ask.questions:
            return f"a question: {ask.questions[0].text or ask.questions[0].header}"
        case ElicitationAsk():
            return f"{ask.server} asks: {ask.message}"
        case _:
            return "something waits for your answer"


def turn_end_text(transcript: Transcript, turn_id: TurnId) -> str:
    """Say how a turn ended, in one line; remote text."""
    if transcript.turn_id is None and transcript.state is RunState.FAILED:
        return "the turn failed"
    if transcript.turn_id is None and transcript.state is RunState.INTERRUPTED:
        return "the turn was interrupted"
    for entry in reversed(transcript.entries):
        if entry.turn_id == turn_id and isinstance(entry.content, AgentMessage) and entry.content.text:
            return f"done: {entry.content.text.strip().partition(chr(10))[0]}"
    return "done"
