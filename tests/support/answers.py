"""A person for tests: answers questions from a list, and remembers what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from codex_ssh.core.question import Question, QuestionKind
from codex_ssh.core.secret import Secret


@dataclass(slots=True)
class Answers:
    """Answers by kind, in order; a kind without answers left gets None, as from a person who declines.

    Attributes:
        by_kind: What to answer.
        questions: What was asked.
        told: What was shown.
        hold: While set, a question waits for it.
    """

    by_kind: Mapping[QuestionKind, Sequence[str]] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def ask(self, question: Question) -> Secret | None:
        before = sum(asked.kind is question.kind for asked in self.questions)
        self.questions.append(question)
        if self.hold is not None:
            await self.hold.wait()
        answers = self.by_kind.get(question.kind, ())
        return Secret(answers[before]) if before < len(answers) else None

    def tell(self, host: str, text: str) -> None:
        self.told.append(text)

    @property
    def kinds(self) -> list[QuestionKind]:
        """The kinds that were asked, in order."""
        return [question.kind for question in self.questions]
