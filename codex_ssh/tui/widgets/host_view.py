"""Everything on the screen that belongs to one host: its conversation, what waits there, and what is written.

Lives here: the widgets of one chat, and bringing them up to date. Not here: which host is shown, keys and
commands (:mod:`codex_ssh.tui.app`).

A host that is not shown keeps all of it: the draft, the place in the transcript, the turn that runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical

from codex_ssh.core.draft import Draft, join_drafts
from codex_ssh.core.keymap import Keymap
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.transcript import Transcript
from codex_ssh.core.tui_settings import StatusItem
from codex_ssh.tui.attention import Attention, Notice
from codex_ssh.tui.bridge import ExitReason, TuiOutcome
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.saves import Saves
from codex_ssh.tui.sources import ChatSources
from codex_ssh.tui.thread_settings import ThreadSettings
from codex_ssh.tui.visits import Visit
from codex_ssh.tui.widgets.ask_queue import AskQueue
from codex_ssh.tui.widgets.composer import Composer
from codex_ssh.tui.widgets.popup import Popup
from codex_ssh.tui.widgets.port_offer import PortOffer
from codex_ssh.tui.widgets.queue_view import QueueView
from codex_ssh.tui.widgets.reading_pane import ReadingPane
from codex_ssh.tui.widgets.status_bar import StatusBar


class HostView(Vertical):
    """Shows one chat.

    Args:
        chat: The conversation.
        desk: The machine in front of the user, with what was said to this host.
        keymap: Which keys do what.
        write_on: Called with what was typed when the keyboard goes back to the composer.
        wake: Called when there is something to draw.

    Attributes:
        pane: The transcript and all a reader does with it.
        asks: What waits for an answer.
        popup, composer: Where the user writes, and what is offered there.
        queue: What waits for the end of the turn.
        offer: A port that is offered.
        status: The status line.
        thread_settings: The settings of the thread.
        saves: Files and folders of the devbox that come here.
        visit: What holds it; None for the host the application was begun with.
        turn_since: When the turn that runs was first seen, on the monotonic clock; None when none does.
    """

    DEFAULT_CSS = """
    HostView { height: 1fr; }
    """

    def __init__(
        self,
        chat: Chat,
        desk: Desk,
        keymap: Keymap,
        write_on: Callable[[str], None],
        wake: Callable[[], None],
    ) -> None:
        super().__init__()
        settings = chat.options.settings
        self.chat = chat
        self.desk = desk
        self.pane = ReadingPane(desk, keymap, chat.past, confirm_links=settings.confirm_links)
        self.pane.leave = write_on
        self.popup = Popup()
        self.asks = AskQueue(chat, keymap, desk)
        self.composer = Composer(self.popup, keymap, ChatSources(chat, desk), desk, vim=settings.vim)
        if chat.options.approves_only:
            self.composer.placeholder = "this view only approves; / for commands"
        self.queue = QueueView(chat.queue, next(iter(keymap.keys("composer.take_back")), ""))
        self.offer = PortOffer(chat.ports, next(iter(keymap.keys("app.ports")), ""), chat.facts.host)
        self.status = StatusBar(chat)
        self.thread_settings = ThreadSettings(chat)
        self.saves = Saves(chat.carrier, chat.note, wake)
        self.visit: Visit | None = None
        self.turn_since: float | None = None
        self._attention = Attention(chat.facts.host, settings.notify_on)
        self._shown: Transcript | None = None

    def compose(self) -> ComposeResult:
        """Build it."""
        yield self.pane
        yield self.asks
        yield self.queue
        yield self.offer
        yield self.popup
        yield self.composer
        yield self.status

    @property
    def host(self) -> str:
        """The host, as the user calls it."""
        return self.chat.facts.host

    def catch_up(self) -> None:
        """Bring the widgets up to date."""
        chat, transcript = self.chat, self.chat.transcript
        self.take_draft()
        chat.keep_draft(self.composer.kept)
        if transcript is not self._shown and transcript is not None:
            self._shown = transcript
            transcript.take_changes()
            self.pane.show(transcript.entries, transcript.cwd)
        elif transcript is not None and (changes := transcript.take_changes()):
            self.pane.update_entries(transcript.entries, changes)
        elif transcript is None and chat.foreword.take_changes().entries:
            self.pane.show(chat.foreword.entries, "")
        self.queue.show()
        self.offer.show()
        self.asks.catch_up()

    def take_draft(self) -> bool:
        """Put what the server did not take into the composer; False when there is nothing."""
        if not self.chat.draft:
            return False
        self.composer.take(join_drafts([self.chat.draft, self.composer.draft]))
        self.chat.draft = Draft()
        return True

    def news(self, *, is_watched: bool) -> list[Notice]:
        """Give what happened since the last time and is worth a notification."""
        chat = self.chat
        paused = chat.status.reason or "it is lost" if chat.status.state is LinkState.PAUSED else ""
        return self._attention.look(
            chat.transcript, chat.asks, is_online=chat.is_online, is_watched=is_watched, paused=paused
        )

    def show_status(self, hint: str, items: tuple[StatusItem, ...]) -> None:
        """Draw the status line.

        Args:
            hint: What a key does now.
            items: The pieces, from left to right.
        """
        transcript = self.chat.transcript
        if transcript is None or not transcript.state.is_running:
            self.turn_since = None
        elif self.turn_since is None:
            self.turn_since = time.monotonic()
        ran = time.monotonic() - self.turn_since if self.turn_since is not None else None
        self.status.hint = hint
        self.status.show(ran, items)

    def outcome(self, reason: ExitReason) -> Callable[[], TuiOutcome]:
        """Give what gives how it ended, as of now."""
        outcome = self.chat.outcome(reason, self.composer.kept)
        return lambda: outcome

    def take_keyboard(self) -> None:
        """Give this host the keyboard: its composer, or the card that waits while nothing is written."""
        self.asks.card.begin_again()
        if self.asks.card.display and not self.composer.text:
            self.asks.card.focus()
        else:
            self.composer.focus()
