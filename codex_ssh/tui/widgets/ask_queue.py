"""The requests that wait for the user: one on the card, the others beside it, and the dialogs they open.

Lives here: which request is shown, and that it goes away when somebody else answers. Not here: how it looks
(:mod:`codex_ssh.tui.widgets.ask_card`), which requests there are (:mod:`codex_ssh.tui.pending`).

Without a link nothing is asked: the card comes back when the server asks again.
"""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from codex_ssh.core.ask import Ask, ElicitationAsk, PermissionsAsk, QuestionsAsk
from codex_ssh.core.decision import Decision
from codex_ssh.core.entry import Level
from codex_ssh.core.keymap import Keymap
from codex_ssh.core.links import read_link
from codex_ssh.core.rpc import RequestId
from codex_ssh.errors import DeskFailed
from codex_ssh.tui.ask_rows import Scene
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.screens.ask_screen import AskScreen
from codex_ssh.tui.screens.confirm_screen import ConfirmScreen
from codex_ssh.tui.screens.question_screen import QuestionScreen
from codex_ssh.tui.widgets.ask_card import AskCard
from codex_ssh.tui.widgets.ask_view import AskView

_Dialog = AskScreen | QuestionScreen


class AskQueue(Vertical):
    """Shows what waits.

    Args:
        chat: Whose requests.
        keymap: Which keys do what.
        desk: Has the browser.
    """

    DEFAULT_CSS = """
    AskQueue { height: auto; max-height: 75vh; }
    AskQueue AskCard { max-height: 75vh; }
    """

    class Appeared(Message):
        """A card is shown, and was not before."""

    class Vanished(Message):
        """No card is shown any more."""

    def __init__(self, chat: Chat, keymap: Keymap, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._chat = chat
        self._keymap = keymap
        self._shown: RequestId | None = None
        self._put_off: set[RequestId] = set()
        self._only_shows = False
        self.card = AskCard(keymap, grace_seconds=chat.options.grace_seconds)

    def compose(self) -> ComposeResult:
        """Build it."""
        yield self.card

    @property
    def waits(self) -> bool:
        """Whether Tab has something to answer."""
        return bool(self.card.display) or bool(self._put_off)

    @property
    def hint(self) -> str:
        """What Tab does about it, in words; empty when nothing."""
        if self.card.display and not self.card.has_focus:
            return "tab: answer the approval"
        return "tab: answer the questions" if self._put_off else ""

    def only_show(self) -> None:
        """Answer nothing from now on: what was answered is part of a recording."""
        self._only_shows = True
        self.card.can_focus = False

    def open_again(self) -> bool:
        """Ask the questions again that were put off; False when there are none."""
        had = bool(self._put_off) and not self.card.display
        if had:
            self._put_off.clear()
            self.catch_up()
        return had

    def catch_up(self) -> None:
        """Show what waits now."""
        asks = self._chat.asks if self._chat.is_online else ()
        if self._chat.is_online:
            self._put_off &= {ask.request_id for ask in asks}
        questions = [ask for ask in asks if is_form(ask)]
        cards = [ask for ask in asks if not is_form(ask)]
        at = next((at for at, ask in enumerate(cards) if ask.request_id == self._shown), 0)
        ask = cards[at] if cards else None
        self._shown = ask.request_id if ask is not None else None
        was_shown = self.card.display
        self.card.show(
            ask,
            self.scene(ask) if ask is not None else None,
            queue=(at, len(cards)),
            waited_seconds=self._chat.pending.waited(ask) if ask is not None else 0.0,
        )
        if self.card.display != was_shown:
            self.post_message(self.Vanished() if was_shown else self.Appeared())
        self._catch_up_dialogs(asks, questions)

    def _catch_up_dialogs(self, asks: tuple[Ask, ...], questions: list[Ask]) -> None:
        """Close the dialog of what is answered; open the next one."""
        dialog = next((screen for screen in self.app.screen_stack if isinstance(screen, _Dialog)), None)
        if dialog is None:
            waiting = [ask for ask in questions if ask.request_id not in self._put_off]
            if waiting and len(self.app.screen_stack) == 1:
                self._ask_form(waiting[0], grace_seconds=self._chat.options.grace_seconds)
        elif dialog.ask not in asks and (self._chat.is_online or isinstance(dialog, AskScreen)):
            # A form that is filled in without a link stays; an approval does not.
            dialog.dismiss(None)
        elif isinstance(dialog, AskScreen):
            dialog.update(self.scene(dialog.ask))

    def scene(self, ask: Ask) -> Scene:
        """Give where a request comes from."""
        transcript = self._chat.transcript
        is_ours = transcript is not None and ask.thread_id == transcript.thread_id
        return Scene(
            facts=self._chat.facts,
            cwd=transcript.cwd if transcript is not None and is_ours else "",
            thread="" if is_ours else self._chat.pending.thread_name(ask.thread_id),
            change=self._chat.pending.edit_of(ask, transcript),
        )

    # ---------------------------------------------------------------- what the user does

    def on_ask_view_decided(self, message: AskView.Decided) -> None:
        """Send the answer."""
        message.stop()
        self.answer(message.ask, message.decision)

    def on_ask_card_other(self, message: AskCard.Other) -> None:
        """Show another request."""
        message.stop()
        cards = [ask.request_id for ask in self._chat.asks if not is_form(ask)]
        if self._shown in cards:
            self._shown = cards[(cards.index(self._shown) + message.step) % len(cards)]
            self.catch_up()

    @work
    async def on_ask_card_full_screen(self, message: AskCard.FullScreen) -> None:
        """Show it on the whole screen."""
        message.stop()
        screen = AskScreen(
            message.ask, message.scene, self._keymap, grace_seconds=self._chat.options.grace_seconds
        )
        decision = await self.app.push_screen_wait(screen)
        if decision is not None:
            self.answer(message.ask, decision)

    @work
    async def on_ask_card_open_page(self, message: AskCard.OpenPage) -> None:
        """Open a page here, after the user saw where it leads."""
        message.stop()
        link = read_link(message.url)
        if link is None:
            self._chat.note(Level.WARNING, "this is no page a browser should be given", message.url)
            return
        about = "\n".join([link.url, *link.warnings])
        if await self.app.push_screen_wait(
            ConfirmScreen(f"open a page of {link.shown} in your browser?", about)
        ):
            try:
                await self._desk.open_url(link.url)
            except DeskFailed as failed:
                self._chat.note(Level.WARNING, str(failed))

    def on_ask_card_in_part(self, message: AskCard.InPart) -> None:
        """Let the user choose what to allow."""
        message.stop()
        self._ask_form(message.ask)

    def answer(self, ask: Ask, decision: Decision) -> None:
        """Send an answer, unless somebody else gave one by now."""
        if not self._only_shows and ask in self._chat.asks:
            self._chat.answer(ask, decision.result, declined=not decision.verdict.lets_it_happen)

    @work
    async def _ask_form(self, ask: Ask, *, grace_seconds: float = 0.0) -> None:
        assert isinstance(ask, QuestionsAsk | ElicitationAsk | PermissionsAsk)
        screen = QuestionScreen(ask, self.scene(ask), self._keymap, grace_seconds=grace_seconds)
        if self._only_shows:
            screen.disabled = True
            self._put_off.add(ask.request_id)
        answer = await self.app.push_screen_wait(screen)
        if answer is not None:
            self._chat.answer(ask, answer, declined=False)
        elif ask in self._chat.asks and is_form(ask):
            self._put_off.add(ask.request_id)
        self.catch_up()


def is_form(ask: Ask) -> bool:
    """Whether it is asked by a dialog and not on the card."""
    return isinstance(ask, QuestionsAsk | ElicitationAsk) and bool(ask.questions)
