"""Who answers what a devbox asks a program: a policy, or whoever reads the events of the turn.

Lives here: the policies and the request as the program sees it. Not here: what may be asked and answered
(:mod:`codex_ssh.core.ask`).
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from codex_ssh.core.ask import Ask, CommandAsk, UnknownAsk
from codex_ssh.core.decision import Decision, Verdict
from codex_ssh.core.rpc import Json

Policy = Callable[[Ask], "Decision | Awaitable[Decision | None] | None"]
"""Decides a request: gives one of ``ask.decisions``, or None to say no. May be a coroutine function."""


class Approval:
    """A request of the devbox's that waits for an answer.

    Args:
        ask: What is asked.
        answer: Sends the answer.

    Attributes:
        ask: What is asked: a command, an edit, permissions, questions.
        is_answered: Somebody answered it, here or elsewhere.
    """

    def __init__(self, ask: Ask, answer: Callable[[Json], Awaitable[None]]) -> None:
        self.ask = ask
        self.is_answered = False
        self._answer = answer

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Every decision there is, in the devbox's order."""
        return () if isinstance(self.ask, UnknownAsk) else self.ask.decisions

    async def accept(self) -> None:
        """Say yes, this once.

        Raises:
            ValueError: There is no plain yes: a form has to be filled in, with :meth:`decide`.
            LinkLost: The link is gone.
        """
        yes = next((one for one in self.decisions if one.verdict is Verdict.ACCEPT), None)
        if yes is None:
            raise ValueError("there is no plain yes to this")
        await self.decide(yes)

    async def decline(self) -> None:
        """Say no, and let the turn go on; raises LinkLost."""
        await self.decide(refusal(self.ask))

    async def decide(self, decision: Decision) -> None:
        """Take one of :attr:`decisions`; raises LinkLost."""
        await self.answer(decision.result)

    async def answer(self, result: Json) -> None:
        """Answer in the wire's own form, as ``ask.answer(…)`` gives it for questions; raises LinkLost."""
        if not self.is_answered:
            self.is_answered = True
            await self._answer(result)


def refusal(ask: Ask) -> Decision:
    """Give the decision that says no and lets the turn go on."""
    assert not isinstance(ask, UnknownAsk)
    return next((one for one in ask.decisions if one.verdict is Verdict.DECLINE), ask.decisions[-1])


def decline_all(_: Ask) -> Decision | None:
    """The policy that says no to everything."""
    return None


def accept_all(ask: Ask) -> Decision | None:
    """The policy that says yes to everything a program may decide.

    What a rule of the devbox wants a person for, and forms, are declined.
    """
    if isinstance(ask, UnknownAsk) or (isinstance(ask, CommandAsk) and ask.needs_person):
        return None
    return next((one for one in ask.decisions if one.verdict is Verdict.ACCEPT), None)


async def decided(policy: Policy, ask: Ask) -> Decision:
    """Ask a policy."""
    found = policy(ask)
    decision = await found if inspect.isawaitable(found) else found
    return decision if decision is not None else refusal(ask)
