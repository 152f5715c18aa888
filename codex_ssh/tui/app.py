"""The Textual application: one screen with transcript, approval card, composer and status line.

Lives here: how the widgets work together, the slash commands, leaving, and what happens after a crash. Not
here: the conversation (:mod:`codex_ssh.tui.chat`). Import this only when a session is initialized: Textual
costs 0.4 seconds, and the full screen is for a link that works.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final

from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer

from codex_ssh.core.ask import Ask, ElicitationAsk, FileChangeAsk, QuestionsAsk
from codex_ssh.core.entry import Level
from codex_ssh.core.items import FileChange
from codex_ssh.core.question import Question
from codex_ssh.core.rpc import RequestId
from codex_ssh.core.secret import Secret
from codex_ssh.core.thread import Thread, ThreadState
from codex_ssh.core.transcript import Transcript
from codex_ssh.errors import LinkLost, RpcFailed
from codex_ssh.tui.bridge import Drafts, ExitReason, Lifeline, TuiOptions, TuiOutcome
from codex_ssh.tui.cells import seconds
from codex_ssh.tui.chat import Chat, open_chat
from codex_ssh.tui.commands import CommandName, parse
from codex_ssh.tui.dialogs import DialogPrompter
from codex_ssh.tui.pages import help_text, status_text
from codex_ssh.tui.screens.login_screen import LoginScreen
from codex_ssh.tui.screens.pick_screen import Choice, PickScreen
from codex_ssh.tui.screens.prompt_screen import PromptScreen
from codex_ssh.tui.screens.question_screen import QuestionScreen
from codex_ssh.tui.widgets.ask_card import AskCard
from codex_ssh.tui.widgets.command_menu import CommandMenu
from codex_ssh.tui.widgets.composer import Composer
from codex_ssh.tui.widgets.status_bar import StatusBar
from codex_ssh.tui.widgets.transcript_view import TranscriptView

__all__ = ["CodexApp", "TuiOptions", "TuiOutcome", "run_tui"]

FRAMES_PER_SECOND: Final = 30
QUIT_AGAIN_SECONDS: Final = 2.0


class CodexApp(App[TuiOutcome]):
    """Shows one chat.

    Attributes:
        crash: What ended the application against its will.
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
        Binding("escape", "interrupt", "interrupt", show=False),
        Binding("ctrl+c", "clear_or_quit", "quit", show=False, priority=True),
        Binding("ctrl+q", "leave", "quit", show=False, priority=True),
        Binding("ctrl+o", "unfold", "fold", show=False, priority=True),
        Binding("tab", "swap_focus", show=False, priority=True),
        Binding("pageup", "scroll_transcript(-1)", show=False, priority=True),
        Binding("pagedown", "scroll_transcript(1)", show=False, priority=True),
        Binding("ctrl+end", "follow", show=False, priority=True),
        Binding("ctrl+r", "reconnect", show=False, priority=True),
    ]

    def __init__(self, chat: Chat) -> None:
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.crash: Exception | None = None
        self._chat = chat
        self._view = TranscriptView()
        self._menu = CommandMenu()
        self._card = AskCard(chat.facts, grace_seconds=chat.options.grace_seconds)
        self._composer = Composer(self._menu, chat.said)
        self._status = StatusBar(chat)
        self._shown: Transcript | None = None
        self._tick: Timer | None = None
        self._turn_since: float | None = None
        self._quit_since = -QUIT_AGAIN_SECONDS
        self._put_off: set[RequestId] = set()

    def compose(self) -> ComposeResult:
        """Build the screen."""
        yield self._view
        yield self._card
        yield self._menu
        yield self._composer
        yield self._status

    def on_mount(self) -> None:
        """Begin."""
        self._tick = self.set_interval(1 / FRAMES_PER_SECOND, self._refresh_now)
        self.set_interval(1, self._refresh_status)
        self._chat.on_change = self._wake
        self._composer.focus()
        if self._chat.options.resume == "":
            self._pick_thread()
        else:
            self._chat.open()

    # ---------------------------------------------------------------- drawing

    def _wake(self) -> None:
        if self._tick is not None:
            self._tick.resume()

    def _refresh_now(self) -> None:
        """Bring the screen up to date; at most thirty times a second, and not at all when nothing changed."""
        if self._tick is not None:
            self._tick.pause()
        chat, transcript = self._chat, self._chat.transcript
        if chat.lost is not None:
            self._finish(ExitReason.LINK_LOST)
            return
        if chat.draft and not self._composer.text:
            self._composer.take(chat.draft)
            chat.draft = ""
        chat.keep_draft(self._composer.text)
        if transcript is not self._shown and transcript is not None:
            self._shown = transcript
            transcript.take_changes()
            self._view.show(transcript.entries, transcript.cwd)
        elif transcript is not None and (changes := transcript.take_changes()):
            self._view.update_entries(transcript.entries, changes)
        self._refresh_asks()
        LoginScreen.follow(self, chat.sign_in)
        self._refresh_status()

    def _refresh_asks(self) -> None:
        asks = self._chat.asks
        questions = [ask for ask in asks if isinstance(ask, QuestionsAsk | ElicitationAsk) and ask.questions]
        cards = [ask for ask in asks if ask not in questions]
        # Without a link nothing is approved: the card comes back when the server asks again.
        first = cards[0] if cards and self._chat.is_online else None
        was_shown = self._card.display
        self._card.show(first, self._change_of(first), self._shown.cwd if self._shown else "", len(cards) - 1)
        if self._card.display and not was_shown:
            self.bell()
            if not self._composer.text and self._composer.has_focus:
                self._card.focus()
        elif was_shown and not self._card.display:
            self._composer.focus()
        self._refresh_questions(questions)

    def _refresh_questions(self, questions: list[QuestionsAsk | ElicitationAsk]) -> None:
        open_one = next((screen for screen in self.screen_stack if isinstance(screen, QuestionScreen)), None)
        if open_one is not None:
            if self._chat.is_online and open_one.ask not in questions:
                open_one.dismiss(None)
            return
        waiting = [ask for ask in questions if ask.request_id not in self._put_off]
        if waiting and len(self.screen_stack) == 1 and self._chat.is_online:
            self._ask_questions(waiting[0])

    def _change_of(self, ask: Ask | None) -> FileChange | None:
        if not isinstance(ask, FileChangeAsk) or self._shown is None:
            return None
        entry = self._shown.entry(ask.turn_id, ask.item_id)
        content = entry.content if entry is not None else None
        return content if isinstance(content, FileChange) else None

    def _refresh_status(self) -> None:
        transcript = self._chat.transcript
        if transcript is None or not transcript.state.is_running:
            self._turn_since = None
        elif self._turn_since is None:
            self._turn_since = time.monotonic()
        ran = time.monotonic() - self._turn_since if self._turn_since is not None else None
        self._status.hint = self._hint()
        self._status.show(ran)

    def _hint(self) -> str:
        if time.monotonic() - self._quit_since < QUIT_AGAIN_SECONDS:
            running = self._shown is not None and self._shown.state.is_running
            return "ctrl+c again leaves, the turn goes on" if running else "ctrl+c again leaves"
        if self._card.display and not self._card.has_focus:
            return "tab: answer the approval"
        if self._put_off:
            return "tab: answer the questions"
        return ""

    # ---------------------------------------------------------------- what the user does

    def on_composer_submitted(self, message: Composer.Submitted) -> None:
        """Do a command or send a message."""
        command = parse(message.text)
        if command is not None:
            self._command(*command)
        elif self._chat.transcript is None:
            self._composer.take(message.text)
            self.bell()
        else:
            self._view.follow()
            self._chat.send(message.text)

    def on_text_area_changed(self) -> None:
        """Keep what is typed."""
        self._wake()

    def on_ask_card_decided(self, message: AskCard.Decided) -> None:
        """Send the answer."""
        declined = not message.decision.verdict.lets_it_happen
        self._chat.answer(message.ask, message.decision.result, declined=declined)

    def on_descendant_focus(self) -> None:
        """Say what Tab does now."""
        self._refresh_status()

    def on_ask_card_typed(self, message: AskCard.Typed) -> None:
        """Write in the composer what was typed at the card."""
        self._composer.focus()
        self._composer.insert(message.text)

    def on_transcript_view_near_top(self) -> None:
        """Load older history."""
        self._chat.load_older()

    def action_interrupt(self) -> None:
        """Stop the running turn."""
        self._chat.interrupt()

    def action_reconnect(self) -> None:
        """Reconnect at once instead of waiting."""
        self._chat.try_now()

    def action_unfold(self) -> None:
        """Fold or unfold everything."""
        self._view.toggle_all()

    def action_follow(self) -> None:
        """Go to the end."""
        self._view.follow()

    def action_scroll_transcript(self, pages: int) -> None:
        """Scroll the transcript, whatever has the keyboard; a long approval scrolls itself."""
        if len(self.screen_stack) > 1:
            return
        target = self._card if self._card.has_focus and self._card.max_scroll_y else self._view
        target.scroll_relative(y=pages * max(1, target.size.height - 2), animate=False)

    def action_swap_focus(self) -> None:
        """Go between composer and approval, or complete a command."""
        chosen = self._menu.chosen
        if len(self.screen_stack) > 1:
            self.screen.focus_next()
        elif self._menu.display and chosen is not None:
            self._composer.take(f"/{chosen.name.value} ")
        elif self._put_off and not self._card.display:
            self._put_off.clear()
            self._wake()
        elif self._card.display and not self._card.has_focus:
            self._card.focus()
        else:
            self._composer.focus()
        self._refresh_status()

    def action_clear_or_quit(self) -> None:
        """Clear the composer; with nothing to clear, leave at the second time."""
        if len(self.screen_stack) > 1:
            self.screen.dismiss(None)
        elif self._composer.text:
            self._composer.take("")
        elif time.monotonic() - self._quit_since < QUIT_AGAIN_SECONDS:
            self._finish(ExitReason.QUIT)
        else:
            self._quit_since = time.monotonic()
        self._refresh_status()

    def action_leave(self) -> None:
        """Leave; a running turn goes on."""
        self._finish(ExitReason.QUIT)

    # ---------------------------------------------------------------- commands

    def _command(self, name: CommandName, words: list[str]) -> None:
        match name:
            case CommandName.NEW:
                self._chat.new()
            case CommandName.RESUME if words:
                self._chat.resume(words[0])
            case CommandName.RESUME:
                self._pick_thread()
            case CommandName.FORK:
                self._chat.fork()
            case CommandName.MODEL if words:
                self._chat.choose_model(words[0], words[1] if len(words) > 1 else "")
                self._chat.note(Level.INFO, f"from the next turn on: {' '.join(words[:2])}")
            case CommandName.MODEL:
                self._pick_model()
            case CommandName.LOGIN:
                self._chat.sign_in.offer()
            case CommandName.STATUS:
                self._chat.note(Level.INFO, "status", status_text(self._chat))
                self._view.follow()
            case CommandName.HELP:
                self._chat.note(Level.INFO, "keys and commands", help_text())
                self._view.follow()
            case CommandName.QUIT:
                self._finish(ExitReason.QUIT)

    @work
    async def _pick_thread(self) -> None:
        threads = await self._asked(self._chat.list_threads())
        if threads:
            choices = [
                Choice(value=thread.id, label=thread.title, about=_about_thread(thread, time.time()))
                for thread in threads
            ]
            chosen = await self.push_screen_wait(PickScreen("go on with which thread?", choices))
            if chosen is not None:
                self._chat.resume(chosen)
                return
        if self._chat.transcript is None:
            self._chat.open()
        elif threads is not None and not threads:
            self._chat.note(Level.INFO, "there are no threads to go on with")

    @work
    async def _pick_model(self) -> None:
        models = await self._asked(self._chat.models())
        if not models:
            return
        choices = [Choice(value=model.id, label=model.name, about=model.description) for model in models]
        chosen = await self.push_screen_wait(PickScreen("which model, from the next turn on?", choices))
        model = next((model for model in models if model.id == chosen), None)
        if model is None:
            return
        effort: str | None = ""
        if model.efforts:
            choices = [
                Choice(
                    value=name, label=name, about="the model's own" if name == model.default_effort else ""
                )
                for name in model.efforts
            ]
            effort = await self.push_screen_wait(PickScreen(f"{model.name}: which effort?", choices))
        if effort is not None:
            self._chat.choose_model(model.id, effort)

    @work
    async def _ask_questions(self, ask: QuestionsAsk | ElicitationAsk) -> None:
        answer = await self.push_screen_wait(QuestionScreen(ask))
        if answer is not None:
            self._chat.answer(ask, answer, declined=False)
        elif ask in self._chat.asks:
            self._put_off.add(ask.request_id)
        self._wake()

    async def _asked(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Wait for an answer; a refusal is shown and gives None."""
        try:
            return await coroutine
        except RpcFailed as failed:
            self._chat.note(Level.ERROR, str(failed))
        except LinkLost:
            pass
        return None

    def open_prompt(self, question: Question, answer: asyncio.Future[Secret | None]) -> Callable[[], None]:
        """Ask what a login wants to know, over whatever is on the screen; gives what withdraws it."""
        screen = PromptScreen(question)

        def answered(said: Secret | None) -> None:
            if not answer.done():
                answer.set_result(said)

        def withdraw() -> None:
            if screen in self.screen_stack and screen.is_current:
                screen.dismiss(None)

        # In the application's own task: whoever asks is not part of it.
        self.call_later(self.push_screen, screen, answered)

        def give_up() -> None:
            if answer.cancelled():
                self.call_later(withdraw)

        return give_up

    # ---------------------------------------------------------------- ending

    def _finish(self, reason: ExitReason) -> None:
        transcript, chat = self._chat.transcript, self._chat
        chat.on_change = lambda: None
        self.exit(
            TuiOutcome(
                reason=reason,
                thread_id=transcript.thread_id if transcript is not None else "",
                can_resume=chat.has_turns,
                turn_running=transcript is not None and transcript.state.is_running,
                error=chat.lost,
                draft=(chat.draft or self._composer.text) if reason is ExitReason.LINK_LOST else "",
            )
        )

    def _handle_exception(self, error: Exception) -> None:
        """End after a crash without Textual's screen of local variables, which may hold secrets."""
        self._return_code = 1
        if self._exception is None:
            self._exception = self.crash = error
            self._exception_event.set()
        self._close_messages_no_wait()


def _about_thread(thread: Thread, now: float) -> str:
    age = f"{seconds(max(0, int(now - thread.updated_at)) * 1000)} ago" if thread.updated_at else ""
    state = "running" if thread.status.state is ThreadState.ACTIVE else ""
    return "  ".join(part for part in (state, age, thread.cwd) if part)


async def run_tui(
    lifeline: Lifeline,
    options: TuiOptions,
    drafts: Drafts | None = None,
    dialogs: DialogPrompter | None = None,
) -> TuiOutcome:
    """Run the TUI until the user leaves or the link is lost for good.

    Cancelling it puts the terminal back.

    Raises:
        Exception: Whatever crashed it, our bug; nothing was printed, the terminal is back.
    """
    try:
        async with open_chat(lifeline, options, drafts) as chat:
            app = CodexApp(chat)
            if dialogs is not None:
                dialogs.app = app
            try:
                return _outcome(app, await app.run_async(mouse=options.settings.mouse))
            finally:
                if dialogs is not None:
                    dialogs.app = None
    except* Exception as group:  # noqa: BLE001 - unwrapped, not swallowed: the caller knows what to do with it
        raise group.exceptions[0] from None


def _outcome(app: CodexApp, outcome: TuiOutcome | None) -> TuiOutcome:
    if app.crash is not None:
        raise app.crash
    if outcome is None:
        raise RuntimeError(f"the TUI ended without an outcome, return code {app.return_code}")
    return outcome
