"""Questions of the model, or of an MCP server, asked one after the other."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, SelectionList, Static
from textual.widgets.selection_list import Selection

from codex_ssh.core.ask import ElicitationAsk, QuestionsAsk
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.question_form import AnswerKind, Question
from codex_ssh.core.rpc import Json, RequestId
from codex_ssh.tui import palette


class QuestionScreen(ModalScreen[Json]):
    """Gives the whole answer as the wire wants it; None puts the questions off."""

    DEFAULT_CSS = """
    QuestionScreen { align: center middle; background: ansi_default; }
    QuestionScreen > VerticalScroll {
        width: 90%; max-width: 100; height: auto; max-height: 90%;
        border: round ansi_yellow; padding: 0 1; background: ansi_default;
    }
    QuestionScreen Input, QuestionScreen Input:focus {
        border: none; height: 1; padding: 0; background: ansi_default; color: ansi_default;
        & .input--cursor { text-style: reverse; background: ansi_default; color: ansi_default; }
        & .input--placeholder { text-style: dim; color: ansi_default; background: ansi_default; }
    }
    QuestionScreen SelectionList, QuestionScreen SelectionList:focus {
        border: none; height: auto; max-height: 12; padding: 0; background: ansi_default;
        & > .option-list--option-highlighted { text-style: reverse; background: ansi_default; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "later", "later", priority=True),
        Binding("ctrl+d", "skip", "skip", priority=True),
        Binding("enter", "next", "next", priority=True),
    ]

    def __init__(self, ask: QuestionsAsk | ElicitationAsk) -> None:
        super().__init__()
        self._ask = ask
        self._at = 0
        self._answers: dict[str, tuple[str, ...]] = {}

    @property
    def request_id(self) -> RequestId:
        """The request it is about."""
        return self._ask.request_id

    @property
    def question(self) -> Question:
        """The question shown."""
        return self._ask.questions[self._at]

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with VerticalScroll(can_focus=False):
            yield Static(id="about", markup=False)
            yield SelectionList[str]()
            yield Input()
            yield Static(id="fault", markup=False)

    def on_mount(self) -> None:
        """Ask the first question."""
        self._show()

    def _show(self) -> None:
        question, total = self.question, len(self._ask.questions)
        about = Text()
        if isinstance(self._ask, ElicitationAsk) and self._at == 0:
            about.append(f"{plain_line(self._ask.server)}: {plain_lines(self._ask.message)}\n\n", palette.DIM)
        count = f" ({self._at + 1} of {total})" if total > 1 else ""
        about.append(f"{plain_line(question.header) or 'question'}{count}\n", palette.BOLD)
        about.append(plain_lines(question.text))
        self.query_one("#about", Static).update(about)
        options = self.query_one(SelectionList)
        options.clear_options()
        options.display = bool(question.options)
        for option in question.options:
            line = Text(plain_line(option.label))
            if option.description:
                line.append(f"  {plain_line(option.description)}", palette.DIM)
            options.add_option(Selection(line, option.value))
        entry = self.query_one(Input)
        entry.display = question.takes_text
        entry.password = question.is_secret
        entry.value = ""
        hint = "enter: next, ctrl+d: skip, esc: later"
        entry.placeholder = f"your answer ({hint})"
        self.query_one("#fault", Static).update(Text(hint, palette.DIM))
        if question.options:
            options.highlighted = 0
        (options if question.options else entry).focus()

    def action_next(self) -> None:
        """Take the answer and go on; the highlighted option counts when none is marked."""
        question, options, entry = self.question, self.query_one(SelectionList), self.query_one(Input)
        picked: tuple[str, ...] = tuple(options.selected)
        if question.takes_text and entry.value:
            picked = (*picked, entry.value) if question.kind is AnswerKind.TEXTS else (entry.value,)
        elif not picked and question.options and options.highlighted is not None:
            picked = (options.get_option_at_index(options.highlighted).value,)
        if question.kind is not AnswerKind.TEXTS:
            picked = picked[-1:]
        if fault := question.fault(picked):
            self.query_one("#fault", Static).update(Text(fault, palette.BAD))
            return
        self._answers[question.id] = picked
        self._go_on()

    def _go_on(self) -> None:
        self._at += 1
        if self._at < len(self._ask.questions):
            self._show()
        else:
            self.dismiss(self._ask.answer(self._answers))

    def action_skip(self) -> None:
        """Answer none of the questions; a form is declined."""
        self.dismiss(self._ask.decisions[0].result)

    def action_later(self) -> None:
        """Put the questions off; they can be opened again."""
        self.dismiss(None)
