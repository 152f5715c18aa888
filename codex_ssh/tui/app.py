"""The Textual application: one screen with transcript, approval card, composer and status line.

Lives here: how the widgets work together, leaving, and what happens after a crash. Not here: the conversation
(:mod:`codex_ssh.tui.chat`) and the slash commands (:mod:`codex_ssh.tui.commands`). Import this only when a
session is initialized: Textual costs 0.4 seconds, and the full screen is for a link that works.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import ClassVar, Final, TypeVar

from textual import work
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer

from codex_ssh.core.entry import Level
from codex_ssh.core.keymap import Keymap
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.question import Question
from codex_ssh.core.secret import Secret
from codex_ssh.errors import DeskFailed, DevboxFailed, LinkLost, RpcFailed
from codex_ssh.tui.bindings import bind, textual_keymap
from codex_ssh.tui.bridge import Drafts, ExitReason, Lifeline, TuiOptions, TuiOutcome
from codex_ssh.tui.carrier import Carrier
from codex_ssh.tui.chat import Chat, open_chat
from codex_ssh.tui.commands.registry import hindrance, offered, parse, parse_draft
from codex_ssh.tui.commands.settings_commands import say_mode
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.commands.thread_commands import choose
from codex_ssh.tui.desk import Desk, NoDesk
from codex_ssh.tui.dialogs import DialogPrompter
from codex_ssh.tui.fleet import Fleet
from codex_ssh.tui.garbage import rare_collections
from codex_ssh.tui.many_hosts_app import ManyHostsApp
from codex_ssh.tui.outward import OutwardApp
from codex_ssh.tui.port_watch import PortKeeper
from codex_ssh.tui.reading_app import ReadingApp
from codex_ssh.tui.saves import Saves
from codex_ssh.tui.screens.confirm_screen import ConfirmScreen
from codex_ssh.tui.screens.login_screen import LoginScreen
from codex_ssh.tui.screens.pick_screen import Choice, PickScreen
from codex_ssh.tui.screens.ports_screen import PortsScreen
from codex_ssh.tui.screens.prompt_screen import PromptScreen
from codex_ssh.tui.screens.threads_screen import ThreadsScreen
from codex_ssh.tui.thread_settings import ThreadSettings
from codex_ssh.tui.title import title_text
from codex_ssh.tui.visits import Visit, Visits, open_visits
from codex_ssh.tui.widgets.ask_card import AskCard
from codex_ssh.tui.widgets.ask_queue import AskQueue
from codex_ssh.tui.widgets.composer import Composer
from codex_ssh.tui.widgets.desk_pane import DeskPane
from codex_ssh.tui.widgets.host_view import HostView
from codex_ssh.tui.widgets.reading_pane import ReadingPane
from codex_ssh.tui.widgets.transcript_view import TranscriptView

log = logging.getLogger(__name__)

__all__ = ["CodexApp", "TuiOptions", "TuiOutcome", "run_tui"]

T = TypeVar("T")

FRAMES_PER_SECOND: Final = 30
QUIT_AGAIN_SECONDS: Final = 2.0


class CodexApp(OutwardApp[TuiOutcome], ReadingApp[TuiOutcome], ManyHostsApp[TuiOutcome]):
    """Shows one chat at a time, of those that are open.

    Attributes:
        crash: What ended the application against its will.
        status_items, title_items: What the status line and the terminal's title say.
    """

    CSS = """
    Screen { background: ansi_default; color: ansi_default; }
    ModalScreen { background: transparent; }
    * {
        scrollbar-background: ansi_default;
        scrollbar-background-hover: ansi_default;
        scrollbar-background-active: ansi_default;
        scrollbar-corner-color: ansi_default;
        scrollbar-color: ansi_bright_black;
        scrollbar-color-hover: ansi_cyan;
        scrollbar-color-active: ansi_cyan;
    }
    """
    ENABLE_COMMAND_PALETTE = False
    TITLE = "codex-ssh"

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("app.interrupt", "interrupt"),
        bind("app.quit", "clear_or_quit", priority=True),
        bind("app.leave", "leave", priority=True),
        bind("app.focus", "swap_focus", priority=True),
        bind("app.reconnect", "reconnect", priority=True),
        bind("app.ports", "ports", priority=True),
        bind("app.mode", "next_mode", priority=True),
        bind("app.effort_up", "step_effort(1)", priority=True),
        bind("app.effort_down", "step_effort(-1)", priority=True),
        bind("transcript.page_up", "scroll_transcript(-1)", priority=True),
        bind("transcript.page_down", "scroll_transcript(1)", priority=True),
    ]

    def __init__(self, chat: Chat, desk: Desk | None = None, visits: Visits | None = None) -> None:
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.crash: Exception | None = None
        self.look = chat.options.settings.theme
        self.keymap = Keymap(chat.options.settings.keys)
        self.set_keymap(textual_keymap(self.keymap))
        self.has_mouse = chat.options.settings.mouse
        self.here = HostView(chat, desk or NoDesk(), self.keymap, self._write_on, self.wake)
        self.views = [self.here]
        self.visits = visits
        self._tick: Timer | None = None
        self._quit_since = self._back_since = -QUIT_AGAIN_SECONDS
        self.status_items = chat.options.settings.status
        self.title_items = chat.options.settings.title
        self._beat = 0

    # ---------------------------------------------------------------- the host that is shown

    @property
    def chat(self) -> Chat:
        """The conversation."""
        return self.here.chat

    @property
    def desk(self) -> Desk:
        """The machine in front of the user."""
        return self.here.desk

    @property
    def pane(self) -> ReadingPane:
        """The transcript and all a reader does with it."""
        return self.here.pane

    @property
    def view(self) -> TranscriptView:
        """The transcript."""
        return self.here.pane.view

    @property
    def composer(self) -> Composer:
        """Where the user writes."""
        return self.here.composer

    @property
    def thread_settings(self) -> ThreadSettings:
        """The settings of the thread."""
        return self.here.thread_settings

    @property
    def saves(self) -> Saves:
        """Files and folders of the devbox that come here."""
        return self.here.saves

    @property
    def _asks(self) -> AskQueue:
        return self.here.asks

    def compose(self) -> ComposeResult:
        """Build the screen."""
        yield self.here

    def on_mount(self) -> None:
        """Begin."""
        self._tick = self.set_interval(1 / FRAMES_PER_SECOND, self._refresh_now)
        self.set_interval(1, self._second_passed)
        self.chat.on_change = self.wake
        self.composer.focus()
        if self.chat.options.resume == "":
            self.type_command("/resume")
        else:
            self.chat.open()

    def new_view(self, visit: Visit) -> HostView:
        """Make the view of a host that was opened."""
        chat, desk = visit.opened.result()
        return HostView(chat, desk, self.keymap, self._write_on, self.wake)

    # ---------------------------------------------------------------- drawing

    def wake(self) -> None:
        """Bring the screen up to date soon."""
        if self._tick is not None:
            self._tick.resume()

    def _refresh_now(self) -> None:
        """Bring the screen up to date; at most thirty times a second, and not at all when nothing changed."""
        if not self.screen_stack:  # it is ending
            return
        self.leave_lost()
        if self.views[0].chat.lost is not None:
            if not self.is_lent:  # nobody loses what is being written in an editor
                self.finish(ExitReason.LINK_LOST)
            return
        if self._tick is not None:
            self._tick.pause()
        self.here.catch_up()
        self.refresh_inbox()
        self.refresh_hosts()
        LoginScreen.follow(self, self.chat.sign_in)
        self._refresh_threads()
        for view in self.views:
            self.tell(view.news(is_watched=self.is_watched))
        self._refresh_status()

    def _refresh_threads(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, ThreadsScreen | PortsScreen):
                screen.catch_up()
        if self.chat.offers_threads and len(self.screen_stack) == 1:
            self.chat.offers_threads = False
            self._offer_threads()

    @work
    async def _offer_threads(self) -> None:
        await self.asked(choose(self, "threads go on here: which one?"))

    def _second_passed(self) -> None:
        self._beat += 1
        self._refresh_status()

    def _refresh_status(self) -> None:
        self.here.show_status(self._hint(), self.status_items)
        self.put_title(title_text(self.wanted.chat, self.title_items, self._beat))

    def _hint(self) -> str:
        if time.monotonic() - self._quit_since < QUIT_AGAIN_SECONDS:
            transcript = self.chat.transcript
            running = transcript is not None and transcript.state.is_running
            goes_on = running and self.chat.options.goes_on
            return "ctrl+c again leaves, the turn goes on" if goes_on else "ctrl+c again leaves"
        if time.monotonic() - self._back_since < QUIT_AGAIN_SECONDS:
            return "esc again: back to before something you said"
        return self._asks.hint or self.waits_elsewhere or self.pane.hint or self.saves.words

    # ---------------------------------------------------------------- what the user does

    def on_composer_submitted(self, message: Composer.Submitted) -> None:
        """Do a command or send a message."""
        draft = message.draft
        command = parse_draft(draft)
        if self.chat.options.approves_only and command is None:
            self.composer.take(draft)
            self.chat.note(Level.WARNING, "not sent: this view only approves")
            return
        if draft.text.startswith("!") and draft.text[1:].strip() and not draft.attachments:
            self.view.follow()
            self.desk.remember(draft.without_images)
            self.chat.shell.run(draft.text[1:].strip())
            return
        if command is not None and draft.attachments:
            self.composer.take(draft)
            text = f"/{command[0].name} takes text only: an image, a file or a skill is for one host"
            self.chat.note(Level.ERROR, text, "take it out, or name a file in words")
        elif command is not None:
            self.run_command(*command)
        elif self.chat.transcript is None:
            self.composer.take(draft)
            self.chat.note(Level.WARNING, f"not sent: {self.chat.doing or 'no thread is open'}")
        else:
            self.view.follow()
            self.desk.remember(draft.without_images)
            send = self.chat.queue.add if message.is_for_later else self.chat.send
            send(draft.text, draft.attachments)

    def on_composer_take_back(self, message: Composer.TakeBack) -> None:
        """Give back what waits, or drop it."""
        self.chat.queue.take_back(drop=message.drop)

    def on_pasting_area_failed(self, message: Composer.Failed) -> None:
        """Say what could not be done here."""
        self.chat.note(Level.ERROR, message.text)

    def on_composer_keys_wanted(self) -> None:
        """Show the keys."""
        self.type_command("/keys")

    def on_text_area_changed(self) -> None:
        """Keep what is typed."""
        self.wake()

    def on_ask_queue_appeared(self) -> None:
        """Give the card the keyboard, where it is not needed for something that is being written."""
        if not self.composer.text and self.composer.has_focus:
            self._asks.card.focus()

    def on_ask_queue_vanished(self) -> None:
        """Give the keyboard back."""
        self.composer.focus()

    def on_descendant_focus(self) -> None:
        """Say what Tab does now."""
        self._refresh_status()

    def on_ask_card_typed(self, message: AskCard.Typed) -> None:
        """Write in the composer what was typed at the card."""
        self.composer.focus()
        self.composer.put_text(message.text)

    def on_transcript_view_near_top(self) -> None:
        """Load older history."""
        self.chat.past.load_older()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether an action's key means it now; else the key is the focused widget's."""
        if action == "reconnect":
            return self.chat.status.state is not LinkState.UP
        if action in ("next_mode", "step_effort", "ports"):
            return len(self.screen_stack) == 1
        if action == "swap_focus" and len(self.screen_stack) == 1 and self.composer.has_focus:
            is_asked = self._asks.waits
            return not (self.composer.wants_tab or (self.composer.can_queue and not is_asked))
        return super().check_action(action, parameters)

    def on_desk_pane_hint_changed(self) -> None:
        """Say what there is to say."""
        self._refresh_status()

    def on_desk_pane_file_wanted(self, message: DeskPane.FileWanted) -> None:
        """Show a file of the devbox."""
        line = f":{message.line}" if message.line else ""
        self.type_command(f"/view {message.path}{line}")

    def on_desk_pane_save_wanted(self, message: DeskPane.SaveWanted) -> None:
        """Save a file of the devbox here."""
        self.type_command(f"/save {message.path}")

    def _write_on(self, typed: str) -> None:
        """Write again, beginning with what was typed."""
        if not self.composer.disabled:
            self.composer.screen.set_focus(self.composer)
            if typed:
                self.composer.put_text(typed)

    def action_interrupt(self) -> None:
        """Stop the running turn; twice with nothing running or written: go back to an earlier prompt."""
        transcript = self.chat.transcript
        if transcript is None or transcript.state.is_running or self.composer.text:
            self.chat.interrupt()
        elif time.monotonic() - self._back_since < QUIT_AGAIN_SECONDS:
            self._back_since = -QUIT_AGAIN_SECONDS
            self.type_command("/back")
        else:
            self._back_since = time.monotonic()
        self._refresh_status()

    def action_reconnect(self) -> None:
        """Reconnect at once instead of waiting."""
        self.chat.try_now()

    def action_ports(self) -> None:
        """Open what is offered; with nothing offered, list the ports."""
        if self.chat.ports.offered:
            self.chat.ports.take()
        else:
            self.type_command("/ports")

    def action_scroll_transcript(self, pages: int) -> None:
        """Scroll the transcript, whatever has the keyboard; a long approval scrolls itself."""
        if len(self.screen_stack) > 1:
            raise SkipAction  # the dialog on top has its own idea of it
        card = self._asks.card
        if card.has_focus and card.max_scroll_y:
            card.scroll_relative(y=pages * max(1, card.size.height - 2), animate=False)
        else:
            self.pane.scroll_pages(pages)

    def action_swap_focus(self) -> None:
        """Go between composer and approval, or complete a command."""
        if len(self.screen_stack) > 1:
            raise SkipAction
        if self._asks.open_again():
            pass
        elif self._asks.card.display and not self._asks.card.has_focus:
            self._asks.card.focus()
        else:
            self.composer.focus()
        self._refresh_status()

    def action_clear_or_quit(self) -> None:
        """Clear the composer; with nothing to clear, leave at the second time."""
        if len(self.screen_stack) > 1:
            self.screen.dismiss(None)
        elif self.pane.copy_selection():
            pass
        elif self.composer.text:
            self.composer.clear_all()
        elif time.monotonic() - self._quit_since < QUIT_AGAIN_SECONDS:
            self.finish(ExitReason.QUIT)
        else:
            self._quit_since = time.monotonic()
        self._refresh_status()

    def action_leave(self) -> None:
        """Leave; a running turn goes on."""
        self.finish(ExitReason.QUIT)

    def action_next_mode(self) -> None:
        """Go to the next way of working; in a dialog the key moves the keyboard."""
        self._go_to_next_mode()

    @work
    async def _go_to_next_mode(self) -> None:
        if (mode := await self.asked(self.thread_settings.next_mode())) is not None:
            say_mode(self, mode.kind)

    @work
    async def action_step_effort(self, step: int) -> None:
        """Think harder or less from the next turn on."""
        await self.asked(self.thread_settings.step_effort(step))
        self.chat.on_change()

    # ---------------------------------------------------------------- commands

    @property
    def offered(self) -> tuple[SlashCommand, ...]:
        """The slash commands that work with this app server."""
        return offered(self.chat.knows)

    def type_command(self, text: str) -> None:
        """Do what would be done if the user had typed a slash command."""
        command = parse(text)
        assert command is not None, text
        self.run_command(*command)

    @work
    async def run_command(self, command: SlashCommand, words: list[str]) -> None:
        """Do a slash command; what the server refuses is shown."""
        if why := hindrance(command, self.chat):
            self.chat.note(Level.ERROR, f"/{command.name} {why}")
            return
        await self.asked(command.run(self, words))

    async def sure(self, question: str, details: str = "", *, word: str = "") -> bool:
        """Ask whether the user wants it; with a word, that has to be typed."""
        return await self.push_screen_wait(ConfirmScreen(question, details, word=word))

    async def pick(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        at: str = "",
        preview: Callable[[str], None] | None = None,
    ) -> str | None:
        """Let the user choose one of several; gives its value, or None.

        Args:
            title: What is asked.
            choices: What there is.
            at: The one that is highlighted first.
            preview: Called with the one that is highlighted.
        """
        return await self.push_screen_wait(PickScreen(title, choices, at=at, preview=preview))

    async def asked(self, coroutine: Coroutine[None, None, T]) -> T | None:
        """Wait for what the server is asked; a refusal is shown and gives None."""
        try:
            return await coroutine
        except (RpcFailed, DevboxFailed, DeskFailed) as failed:
            self.chat.note(Level.ERROR, str(failed), failed.hint)
        except LinkLost:
            pass
        return None

    def open_prompt(self, question: Question, answer: asyncio.Future[Secret | None]) -> Callable[[], None]:
        """Ask what a login wants to know, over whatever is on the screen; gives what withdraws it."""
        screen = PromptScreen(question, grace_seconds=self.chat.options.grace_seconds)

        def answered(said: Secret | None) -> None:
            if not answer.done():
                answer.set_result(said)

        def withdraw() -> None:
            if screen in self.screen_stack:
                screen.dismiss(None)

        # In the application's own task: whoever asks is not part of it.
        self.call_later(self.push_screen, screen, answered)

        def give_up() -> None:
            if answer.cancelled():
                self.call_later(withdraw)

        return give_up

    # ---------------------------------------------------------------- ending

    def finish(self, reason: ExitReason) -> None:
        """End the TUI; a running turn goes on."""
        for view in self.views:
            view.chat.on_change = lambda: None
            if view.visit is not None:
                view.visit.outcome = view.outcome(ExitReason.QUIT)
        self.exit(self.views[0].outcome(reason)())

    def _handle_exception(self, error: Exception) -> None:
        """End after a crash without Textual's screen of local variables, which may hold secrets."""
        if self._exit:
            # A dialog may be taken apart before it was built. Whoever leaves has no use for that.
            log.warning("while the TUI ended: %s", type(error).__name__)
            return
        self._return_code = 1
        if self._exception is None:
            self._exception = self.crash = error
            self._exception_event.set()
        self._close_messages_no_wait()


async def run_tui(
    lifeline: Lifeline,
    options: TuiOptions,
    drafts: Drafts | None = None,
    dialogs: DialogPrompter | None = None,
    desk: Desk | None = None,
    keeper: PortKeeper | None = None,
    carrier: Carrier | None = None,
    fleet: Fleet | None = None,
) -> TuiOutcome:
    """Run the TUI until the user leaves or the link is lost for good.

    Cancelling it puts the terminal back.

    Args:
        lifeline: The session of the host it begins with.
        options: What to begin with.
        drafts: Keeps what is typed.
        dialogs: Asks what a login wants to know.
        desk: The machine in front of the user.
        keeper: Opens ports of the devbox here; None where that cannot be.
        carrier: Brings files there and back.
        fleet: The user's other hosts; None where there are none.

    Raises:
        Exception: Whatever crashed it, our bug; nothing was printed, the terminal is back.
    """
    try:
        async with AsyncExitStack() as stack:
            chat = await stack.enter_async_context(open_chat(lifeline, options, drafts, keeper, carrier))
            visits = await stack.enter_async_context(open_visits(fleet)) if fleet is not None else None
            app = CodexApp(chat, desk, visits)
            if dialogs is not None:
                dialogs.app = app
            try:
                with rare_collections():
                    return _outcome(app, await app.run_async(mouse=options.settings.mouse))
            finally:
                if dialogs is not None:
                    dialogs.app = None
    except* Exception as group:  # noqa: BLE001 - unwrapped, not swallowed: the caller knows what to do with it
        raise _first(group) from None


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _outcome(app: CodexApp, outcome: TuiOutcome | None) -> TuiOutcome:
    if app.crash is not None:
        raise app.crash
    if outcome is None:
        raise RuntimeError(f"the TUI ended without an outcome, return code {app.return_code}")
    return outcome
