"""A turn under way: from what is said to it to how it ends.

Lives here: beginning, steering, interrupting and ending, a review and a compaction. Not here: the steps of a
prompt, one by one (:mod:`codex_ssh.server.rehearsal.actor`).

Source: the order is that of the captures of codex 0.163 and 0.169, which agree.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from codex_ssh.server.rehearsal import wire
from codex_ssh.server.rehearsal.actor import WORD_SECONDS, Actor, Cancelled, CredentialsExpired, Cut, Failed
from codex_ssh.server.rehearsal.answers import fit_schema
from codex_ssh.server.rehearsal.hub import now_ms
from codex_ssh.server.rehearsal.narrator import Narrator
from codex_ssh.server.rehearsal.script import (
    Say,
    Step,
    parse_script,
)
from codex_ssh.server.rehearsal.thread import Thread, Turn, active
from codex_ssh.server.rehearsal.wire import Shape

logger = logging.getLogger(__name__)

FINDINGS: Final = "The rehearsal looked at nothing, so it found nothing."
"""What every review finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInput:
    """What a user said to a turn."""

    content: list[Shape]
    text: str
    client_id: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class RunningTurn:
    """A turn under way.

    Attributes:
        thread: Where it happens.
        narrator: Who tells of it and keeps the record.
        inputs: What the user said and the turn has not taken up yet.
        actor: Who does what it is told to.
        output_schema: A JSON schema the answer must fit; then nothing is done, only answered.
        shell: A command of the user's own: it is run without asking, and nothing else happens.
        compacts: It is a compaction, and nothing else happens.
        review: What is reviewed; nothing else happens then.
        task: Who plays it.
    """

    thread: Thread
    narrator: Narrator
    inputs: deque[UserInput]
    actor: Actor
    output_schema: Shape | None = None
    shell: str = ""
    compacts: bool = False
    review: str = ""
    task: asyncio.Task[None] | None = None
    _interrupted: bool = False
    _is_reverted: bool = False

    def steer(self, said: UserInput) -> None:
        """Say more; an answer being streamed is cut at once."""
        self.inputs.append(said)
        self.actor.cut.set()

    def interrupt(self, *, is_reverted: bool = False) -> None:
        """End it; the end is told by the turn itself.

        Args:
            is_reverted: It is taken out of its thread then; codex tells of the tokens once more.
        """
        self._interrupted, self._is_reverted = True, is_reverted
        if self.task is not None and self.narrator.record.started_ms is not None:
            self.task.cancel()

    @property
    def id(self) -> str:
        """The turn's id."""
        return self.narrator.record.id

    async def play(self) -> None:
        """Play it to its end, whichever that is."""
        self.narrator.record.started_ms = now_ms()
        self._tell_beginning()
        try:
            if not self._interrupted:  # before it began
                await self._play()
        except Failed as failure:
            self.narrator.fail(str(failure))
        except CredentialsExpired:
            self.narrator.fail("unexpected status 401 Unauthorized: the credentials expired", http_status=401)
        except Cancelled:
            self.narrator.say_usage()
            self.narrator.finish("interrupted")
        except Exception:
            logger.exception("turn failed")
            self.narrator.fail("the rehearsal engine has a bug; its log says which")
        except asyncio.CancelledError:
            if not self._interrupted:
                raise
            if self.actor.pending is not None or self._is_reverted:
                self.narrator.say_usage()
            else:
                self.narrator.say_rate_limits()
            self.narrator.finish("interrupted")
            self.actor.withdraw()
        else:
            self.narrator.finish(
                "interrupted" if self._interrupted else "completed",
                was_said=not (self.shell or self.compacts),
            )

    async def _play(self) -> None:
        if self.shell:
            await self.actor.run_own(self.shell)
        if self.compacts:
            self._compact()
        if self.review:
            await self._review()
        await self._take_inputs()

    def _tell_beginning(self) -> None:
        if not self.review:
            self.thread.set_status(active())
            self.thread.notify("turn/started", turn=self.narrator.record.shape())
            return
        # The reviewer is a turn of its own below this one; of it only its beginning is told.
        entered = wire.review_mode(wire.new_id(now_ms()), self.review, entered=True, at_ms=now_ms())
        self.narrator.start(entered)
        self.narrator.complete(entered)
        self.thread.set_status(active())
        below = Turn(id=wire.new_id(now_ms()), started_ms=now_ms())
        self.thread.notify("turn/started", turn={**below.shape(), "rootTurnId": self.id})

    async def _review(self) -> None:
        asked = [{"type": "text", "text": self.review, "text_elements": []}]
        item = wire.user_message(wire.new_id(now_ms()), asked, client_id=None, at_ms=now_ms())
        self.narrator.start(item)
        self.narrator.complete(item)
        self.narrator.start(wire.agent_message(wire.item_id("msg", now_ms()), at_ms=now_ms()))
        await self.actor.pause(WORD_SECONDS)
        over = wire.review_mode(wire.new_id(now_ms()), FINDINGS, entered=False, at_ms=now_ms())
        self.narrator.start(over)
        self.narrator.complete(over)
        answer = wire.agent_message(wire.item_id("msg", now_ms()), at_ms=now_ms())
        answer["text"] = FINDINGS
        self.narrator.start(answer)
        self.narrator.complete(answer)

    def _compact(self) -> None:
        item = wire.context_compaction(wire.new_id(now_ms()), at_ms=now_ms())
        self.narrator.start(item)
        if self.thread.tokens_read:  # as codex: what was used is told only where anything was
            self.narrator.say_usage()
        else:
            self.narrator.say_rate_limits()
        self.narrator.say_usage()
        self.narrator.say_usage()
        self.narrator.complete(item)

    async def _take_inputs(self) -> None:
        while self.inputs:
            said = self.inputs.popleft()
            self.actor.cut.clear()
            if said.content:
                item_id = wire.new_id(now_ms())
                item = wire.user_message(item_id, said.content, client_id=said.client_id, at_ms=now_ms())
                self.narrator.start(item)
                self.narrator.complete(item)
            if self.actor.is_ending:
                continue
            self.thread.tokens_read += len(said.text) // 4 + 1
            if self.actor.account.refuses:
                raise CredentialsExpired
            try:
                for step in self._steps(said):
                    await self.actor.do(step)
                    if self.inputs:
                        break
                else:
                    self.narrator.say_usage()  # every script ends with an answer
            except Cut:
                self.narrator.say_rate_limits()

    def _steps(self, said: UserInput) -> Sequence[Step]:
        if self.output_schema is not None:
            # The official TUI has its threads named so; its prompt quotes the user's, steps and all.
            return (Say(text=fit_schema(self.output_schema)),)
        return parse_script(said.text)
