"""Questions of the model, or fields of an MCP server's form, asked one after the other.

Lives here: the dialog. Not here: what an answer has to keep to (:mod:`codex_ssh.core.question_form`).
"""

from __future__ import annotations

from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codex_ssh.core.ask import ElicitationAsk, PermissionsAsk, QuestionsAsk
from codex_ssh.core.decision import Verdict
from codex_ssh.core.exact_text import exact_line
from codex_ssh.core.keymap import Keymap, key_hint
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.question_form import AnswerKind, Question
from codex_ssh.core.rpc import Json
from codex_ssh.tui import palette
from codex_ssh.tui.ask_rows import Scene
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.screens.dialog import Dialog, move_highlight, scrolling_frame

_LEFT_OUT: Final = "(leave it out)"


class QuestionScreen(Dialog[Json]):
    """Gives the whole answer as the wire wants it; None puts the questions off.

    Args:
        ask: What is asked.
        scene: Where it comes from.
        keymap: Which keys do what.
        grace_seconds: So long after it appeared no key answers it.
    """

    DEFAULT_CSS = """
    QuestionScreen OptionList { max-height: 12; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("question.later", "later", priority=True),
        bind("question.skip", "skip", priority=True),
        bind("question.next", "next", priority=True),
        bind("question.back", "go_back", priority=True),
        bind("question.up", "move(-1)", priority=True),
        bind("question.down", "move(1)", priority=True),
    ]

    def __init__(
        self,
        ask: QuestionsAsk | ElicitationAsk | PermissionsAsk,
        scene: Scene,
        keymap: Keymap,
        *,
        grace_seconds: float = 0.0,
    ) -> None:
        super().__init__(grace_seconds=grace_seconds)
        self._keymap = keymap
        self.ask = ask
        self._scene = scene
        self._at = 0
        self._marked: set[int] = set()
        self._answers: dict[str, tuple[str, ...]] = {}

    @property
    def question(self) -> Question:
        """The question shown."""
        return self.ask.questions[self._at]

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with scrolling_frame(asks=True):
            yield Static(id="about", markup=False)
            yield OptionList(markup=False)
            yield Input()
            yield Static(id="fault", markup=False)
            yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Ask the first question."""
        self._show()

    # ---------------------------------------------------------------- drawing

    def _show(self) -> None:
        """Show the question it is at, with the answer it has so far."""
        question = self.question
        answer = self._answers.get(question.id, question.given)
        values = [option.value for option in question.options]
        self._marked = {values.index(one) for one in answer if one in values} if self._marks else set()
        self.query_one("#about", Static).update(self._about(question))
        self._show_options(next((values.index(one) for one in answer if one in values), 0))
        entry = self.query_one(Input)
        entry.display = question.takes_text
        entry.password = question.is_secret
        entry.value = next((one for one in answer if one not in values), "")
        entry.placeholder = "or another answer" if question.options else "your answer"
        self._say("")
        self.query_one("#keys", Static).update(Text(self._keys(), palette.DIM))
        (entry if question.takes_text else self.query_one(OptionList)).focus()

    def _about(self, question: Question) -> Text:
        ask, facts, total = self.ask, self._scene.facts, len(self.ask.questions)
        user = f"{facts.user}@" if facts.user else ""
        machine = f" ({facts.hostname})" if facts.hostname and facts.hostname != facts.host else ""
        place = plain_line(f"{user}{facts.host}{machine}")
        where = f" in {plain_line(self._scene.cwd)}" if self._scene.cwd else ""
        about = Text(f"on {place}{where}\n", palette.DIM)
        if self._scene.thread:
            about.append(f"for the thread {plain_line(self._scene.thread)}\n", palette.DIM)
        if isinstance(ask, ElicitationAsk):
            about.append(f"the MCP server {plain_line(ask.server)}: ", palette.DIM)
            about.append(f"{plain_lines(ask.message)}\n", palette.PLAIN)
        if isinstance(ask, QuestionsAsk) and (ask.auto_seconds or not ask.is_blocking):
            after = f"{ask.auto_seconds} s" if ask.auto_seconds else "a while"
            about.append(f"the model goes on without an answer after {after}\n", palette.DIM)
        count = f" ({self._at + 1} of {total})" if total > 1 else ""
        about.append(f"\n{plain_line(question.header) or 'question'}{count}", palette.BOLD)
        if question.text:
            about.append(f"\n{plain_lines(question.text)}", palette.PLAIN)
        if question.hint:
            about.append(f"\n{question.hint}", palette.DIM)
        return about

    def _keys(self) -> str:
        no = "skip them" if isinstance(self.ask, QuestionsAsk) else "say no"
        is_last = self._at + 1 == len(self.ask.questions)
        parts = [
            "space: mark" if self._marks else "",
            key_hint(self._keymap, "question.next", "send" if is_last else "next"),
            key_hint(self._keymap, "question.back", "back") if self._at else "",
            "" if isinstance(self.ask, PermissionsAsk) else key_hint(self._keymap, "question.skip", no),
            key_hint(self._keymap, "question.later", "later"),
        ]
        return ", ".join(part for part in parts if part)

    def _say(self, fault: str) -> None:
        line = self.query_one("#fault", Static)
        line.update(Text(fault, palette.BAD))
        line.display = bool(fault)

    @property
    def _marks(self) -> bool:
        """Whether several options may be marked."""
        return self.question.kind is AnswerKind.TEXTS

    @property
    def _may_leave_out(self) -> bool:
        """Whether "none of them" is among the options."""
        question = self.question
        return bool(question.options) and not question.is_required and not self._marks

    def _show_options(self, highlighted: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.display = bool(self.question.options)
        for at, option in enumerate(self.question.options):
            box = ("[x] " if at in self._marked else "[ ] ") if self._marks else f"{at + 1}. "
            line = Text(box, palette.KEY)
            _append(line, option.label, palette.PLAIN)
            if option.description:
                _append(line, f"  {option.description}", palette.DIM)
            options.add_option(Option(line))
        if self._may_leave_out:
            options.add_option(Option(Text(f"{options.option_count + 1}. {_LEFT_OUT}", palette.DIM)))
        if options.option_count:
            options.highlighted = min(highlighted, options.option_count - 1)

    # ---------------------------------------------------------------- what the user does

    def on_key(self, event: events.Key) -> None:
        """Mark by Space, and choose by a number, where nothing is typed."""
        options = self.query_one(OptionList)
        if isinstance(self.focused, Input):
            return
        if event.key == "space" and self._marks and options.highlighted is not None:
            event.stop()
            self._mark(options.highlighted)
        elif event.character and event.character in "123456789":
            at = int(event.character) - 1
            if at < options.option_count:
                event.stop()
                options.highlighted = at
                if self._marks:
                    self._mark(at)

    def _mark(self, at: int) -> None:
        self._marked ^= {at}
        self._show_options(at)

    def action_move(self, step: int) -> None:
        """Move the highlight, whatever has the keyboard."""
        move_highlight(self.query_one(OptionList), step)

    def _picked(self) -> tuple[str, ...]:
        """Give the answer as it stands: what was typed, else what is marked, else what is highlighted."""
        question, typed = self.question, self.query_one(Input).value
        highlighted = self.query_one(OptionList).highlighted
        picked = tuple(question.options[at].value for at in sorted(self._marked))
        if question.takes_text and typed:
            return (*picked, typed)
        if not self._marks and question.options and highlighted is not None:
            # Past the options stands the entry that leaves it out.
            return tuple(one.value for one in question.options[highlighted : highlighted + 1])
        return picked

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Answer nothing by a key that was on its way when the question came."""
        if action in ("next", "skip") and not self.is_settled:
            return False
        return super().check_action(action, parameters)

    def action_next(self) -> None:
        """Take the answer and go on."""
        question, picked = self.question, self._picked()
        if fault := question.fault(picked):
            self._say(fault)
            return
        self._answers[question.id] = picked
        if self._at + 1 < len(self.ask.questions):
            self._at += 1
            self._show()
        else:
            self._leave(self.ask.answer(self._answers))

    def action_go_back(self) -> None:
        """Go to the question before; the answer so far is kept."""
        if self._at:
            self._answers[self.question.id] = self._picked()
            self._at -= 1
            self._show()

    def action_skip(self) -> None:
        """Answer none of the questions; a form is declined."""
        if not isinstance(self.ask, PermissionsAsk):
            decline = next(one for one in self.ask.decisions if one.verdict is Verdict.DECLINE)
            self._leave(decline.result)

    def action_later(self) -> None:
        """Put the questions off; they can be opened again."""
        self._leave(None)

    def _leave(self, answer: Json) -> None:
        """Give the answer, and keep none of it here."""
        self.query_one(Input).value = ""
        self._answers.clear()
        self.dismiss(answer)


def _append(line: Text, text: str, style: Style) -> None:
    """Add text from elsewhere: what cannot be seen is told, and it cannot begin a row of its own."""
    for piece in exact_line(text):
        line.append(piece.text, palette.ODD if piece.is_ours else style)
