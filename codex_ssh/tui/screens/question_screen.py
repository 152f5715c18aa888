"""Questions of the model, or of an MCP server, asked one after the other."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codex_ssh.core.ask import ElicitationAsk, QuestionsAsk
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.question_form import AnswerKind, Question
from codex_ssh.core.rpc import Json
from codex_ssh.tui import palette
from codex_ssh.tui.screens.dialog import Dialog, scrolling_frame


class QuestionScreen(Dialog[Json]):
    """Gives the whole answer as the wire wants it; None puts the questions off.

    Args:
        ask: What is asked.
    """

    DEFAULT_CSS = """
    QuestionScreen OptionList { max-height: 12; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "later", "later", priority=True),
        Binding("ctrl+d", "skip", "skip", priority=True),
        Binding("enter", "next", "next", priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("space", "mark", show=False),
    ]

    def __init__(self, ask: QuestionsAsk | ElicitationAsk) -> None:
        super().__init__()
        self.ask = ask
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

    def on_mount(self) -> None:
        """Ask the first question."""
        self._show()

    def _show(self) -> None:
        question, total = self.question, len(self.ask.questions)
        about = Text()
        if isinstance(self.ask, ElicitationAsk) and self._at == 0:
            about.append(f"{plain_line(self.ask.server)}: {plain_lines(self.ask.message)}\n\n", palette.DIM)
        count = f" ({self._at + 1} of {total})" if total > 1 else ""
        about.append(f"{plain_line(question.header) or 'question'}{count}\n", palette.BOLD)
        about.append(plain_lines(question.text))
        self.query_one("#about", Static).update(about)
        self._marked.clear()
        self._show_options()
        entry = self.query_one(Input)
        entry.display = question.takes_text
        entry.password = question.is_secret
        entry.value = ""
        entry.placeholder = "another answer" if question.options else "your answer"
        mark = "space: mark, " if self._marks else ""
        self.query_one("#fault", Static).update(
            Text(f"{mark}enter: next, ctrl+d: skip, esc: later", palette.DIM)
        )
        (entry if question.takes_text else self.query_one(OptionList)).focus()

    @property
    def _marks(self) -> bool:
        """Whether several options may be marked."""
        return self.question.kind is AnswerKind.TEXTS

    def _show_options(self) -> None:
        options = self.query_one(OptionList)
        highlighted = options.highlighted or 0
        options.clear_options()
        options.display = bool(self.question.options)
        for at, option in enumerate(self.question.options):
            box = ("[x] " if at in self._marked else "[ ] ") if self._marks else f"{at + 1}. "
            line = Text(f"{box}{plain_line(option.label)}")
            if option.description:
                line.append(f"  {plain_line(option.description)}", palette.DIM)
            options.add_option(Option(line))
        if self.question.options:
            options.highlighted = min(highlighted, len(self.question.options) - 1)

    def action_move(self, step: int) -> None:
        """Move the highlight, whatever has the keyboard."""
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_mark(self) -> None:
        """Mark the highlighted option, where several may be."""
        highlighted = self.query_one(OptionList).highlighted
        if self._marks and highlighted is not None:
            self._marked ^= {highlighted}
            self._show_options()

    def action_next(self) -> None:
        """Take the answer and go on: what was typed, else what is marked, else what is highlighted."""
        question, typed = self.question, self.query_one(Input).value
        highlighted = self.query_one(OptionList).highlighted
        picked: tuple[str, ...] = tuple(question.options[at].value for at in sorted(self._marked))
        if question.takes_text and typed:
            picked = (*picked, typed)
        elif not picked and question.options and highlighted is not None:
            picked = (question.options[highlighted].value,)
        if fault := question.fault(picked):
            self.query_one("#fault", Static).update(Text(fault, palette.BAD))
            return
        self._answers[question.id] = picked
        self._go_on()

    def _go_on(self) -> None:
        self._at += 1
        if self._at < len(self.ask.questions):
            self._show()
        else:
            self.dismiss(self.ask.answer(self._answers))

    def action_skip(self) -> None:
        """Answer none of the questions; a form is declined."""
        self.dismiss(self.ask.decisions[0].result)

    def action_later(self) -> None:
        """Put the questions off; they can be opened again."""
        self.dismiss(None)
