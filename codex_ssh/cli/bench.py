"""What the checks of ``selftest`` work on: the link, a scratch thread, and the app server's account of it.

Lives here: waiting, running a command in the thread, comparing, and removing the thread. Not here: the checks
(:mod:`codex_ssh.cli.checks`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from codex_ssh.cli.output import note
from codex_ssh.cli.witness import Witness
from codex_ssh.core.entry import Progress, TurnEnd
from codex_ssh.core.items import CommandExecution
from codex_ssh.core.methods import (
    thread_archive,
    thread_delete,
    thread_items_list,
    thread_shell_command,
    turn_interrupt,
)
from codex_ssh.core.rpc import METHOD_NOT_FOUND
from codex_ssh.core.transcript import Transcript
from codex_ssh.errors import CodexSshError, LinkLost, RpcFailed
from codex_ssh.link.connect import Link
from codex_ssh.link.lifeline import SILENT_SECONDS, Lifeline
from codex_ssh.link.supervisor import words
from codex_ssh.tui.caller import read_pages
from codex_ssh.tui.chat import Chat

log = logging.getLogger(__name__)

COMMAND_SECONDS: Final = 60.0
"""The longest a command of ours, or a message, may take: a slow line has to carry some MiB."""

TIDY_SECONDS: Final = 5.0
"""How long the end waits for the link and for the app server, to remove the scratch thread."""

SETTLE_SECONDS: Final = 3.0
"""So long after a turn's end the app server may take to store it."""

LOOK_SECONDS: Final = 0.02
ASK_SECONDS: Final = 0.1
"""Between two looks at our own state, and between two questions to the app server."""


class CheckFailed(Exception):
    """What had to be true is not; the text says what."""


class CheckSkipped(Exception):
    """A check cannot be done here; the text says why."""


@dataclass(slots=True, kw_only=True)
class Bench:
    """What the checks work on.

    Attributes:
        patience: Seconds a broken link may take to come back.
        with_model: A turn of the model may be spent.
        connect_seconds: How long the first connection took.
        is_new_server: The app server was started by this very run.
        is_gone: The link did not come back in time.
    """

    line: Lifeline
    witness: Witness
    chat: Chat
    patience: float
    with_model: bool
    connect_seconds: float
    is_new_server: bool = False
    is_gone: bool = False

    def __post_init__(self) -> None:
        self.is_new_server = self.line.facts.is_new_server

    @property
    def transcript(self) -> Transcript:
        """The scratch thread.

        Raises:
            CheckSkipped: There is none.
        """
        if self.chat.transcript is None:
            raise CheckSkipped("the app server opened no thread")
        return self.chat.transcript

    async def until(self, condition: Callable[[], bool], what: str, *, seconds: float) -> float:
        """Wait for something, and give how many seconds that took.

        Raises:
            CheckFailed: It did not happen in time, or can not any more.
        """
        loop = asyncio.get_running_loop()
        began = last_online = loop.time()
        while not condition():
            if self.chat.is_online:
                last_online = loop.time()
            elif loop.time() - last_online > self.patience:
                status = self.line.status
                reason = status.reason or "no reason"
                raise CheckFailed(f"the link does not come back ({status.state.value}: {reason})")
            if self.chat.lost is not None:
                raise CheckFailed(f"there is no link any more: {words(self.chat.lost)}")
            if loop.time() - began > seconds:
                raise CheckFailed(f"{what}: not within {seconds:g} s")
            await asyncio.sleep(LOOK_SECONDS)
        return loop.time() - began

    async def back(self, before: Link) -> float:
        """Wait for another session in which all that was missed is known, and give how long it took.

        Raises:
            CheckFailed: It did not come in time.
        """
        try:
            return await self.until(
                lambda: self.witness.link is not before and self.chat.is_online,
                "the link comes back",
                seconds=self.patience,
            )
        except CheckFailed as failed:
            status = self.line.status
            raise CheckFailed(f"{failed} ({status.state.value}: {status.reason or 'no reason'})") from None

    async def require_link(self) -> None:
        """Wait for a link that answers; one that was lost meanwhile may come back, once.

        Raises:
            CheckSkipped: There is none any more.
        """
        link, answers = self.witness.link, True
        if not self.is_gone:
            try:
                async with asyncio.timeout(SILENT_SECONDS):
                    await link.ping()
            except (TimeoutError, LinkLost):
                answers = False
        try:
            await self.until(
                lambda: self.chat.is_online and (answers or self.witness.link is not link),
                "the link comes back",
                seconds=0 if self.is_gone else self.patience,
            )
        except CheckFailed:
            self.is_gone = True
            raise CheckSkipped("there is no link any more") from None
        self.is_gone = False

    async def start(self, command: str) -> None:
        """Begin a command in the scratch thread.

        Raises:
            CheckSkipped: This app server cannot, without a model.
        """
        self.witness.forget()
        call = thread_shell_command(self.transcript.thread_id, command, seconds=COMMAND_SECONDS)
        try:
            await self.chat.call(call)
        except RpcFailed as failed:
            if failed.code != METHOD_NOT_FOUND:
                raise
            raise CheckSkipped("this app server has no thread/shellCommand") from None

    async def ended(self) -> None:
        """Wait for the end of the turn that runs, and until nothing of it is missing."""
        await self.until(
            lambda: self.turns > 0 and not self.transcript.state.is_running and not self.transcript.is_patchy,
            "the end of the command",
            seconds=COMMAND_SECONDS,
        )

    @property
    def turns(self) -> int:
        """How many turns of the thread are over."""
        return sum(isinstance(entry.content, TurnEnd) for entry in self.transcript.entries)

    async def run(self, command: str) -> None:
        """Run a command in the scratch thread to its end."""
        turns = self.turns
        await self.start(command)
        await self.until(lambda: self.turns > turns, "the end of the command", seconds=COMMAND_SECONDS)

    async def begun(self) -> None:
        """Wait until a command streams."""
        await self.until(lambda: len(self.witness.output) >= 3, "output", seconds=COMMAND_SECONDS)

    def last_output(self) -> str:
        """Give the output of the last command, as the thread shows it."""
        for entry in reversed(self.transcript.entries):
            if isinstance(entry.content, CommandExecution):
                return entry.content.output
        return ""

    async def compare(self) -> int:
        """Compare the thread as it is shown with the app server's account; give how many items it has.

        Raises:
            CheckFailed: They differ.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_SECONDS
        while True:
            stored = await self._stored()
            shown = [
                (entry.key[1], entry.content)
                for entry in self.transcript.entries
                if not entry.key[1].startswith("#") and entry.progress is Progress.DONE
            ]
            if shown == stored:
                return len(stored)
            if loop.time() > until:
                break
            await asyncio.sleep(0.1)
        ids = [[number for number, _ in items] for items in (shown, stored)]
        if ids[0] != ids[1]:
            raise CheckFailed(
                f"the thread shows {len(shown)} items, the app server has {len(stored)}: "
                "something is lost, or there twice"
            )
        differ = sum(one != other for one, other in zip(shown, stored, strict=True))
        raise CheckFailed(f"{differ} of {len(stored)} items differ from the app server's account")

    async def _stored(self) -> list[tuple[str, object]]:
        thread_id = self.transcript.thread_id
        stored = await read_pages(
            self.chat, lambda cursor: thread_items_list(thread_id, limit=100, cursor=cursor)
        )
        return [(one.item.id, one.item) for one in stored]


async def tidy(bench: Bench) -> str:
    """Remove the scratch thread; gives ``deleted``, ``archived``, ``kept``, or ``none`` if there was none."""
    chat = bench.chat
    bench.witness.release()
    if chat.transcript is None:
        return "none"
    thread_id = chat.transcript.thread_id
    try:
        async with asyncio.timeout(TIDY_SECONDS):
            await bench.until(lambda: chat.is_online, "the link comes back", seconds=TIDY_SECONDS)
            return await _remove(bench, thread_id)
    except TimeoutError:
        why = "the app server does not answer"
    except CheckFailed as failed:
        why = str(failed)
    except CodexSshError as error:
        why = words(error)
    note(f"the scratch thread {thread_id} stays on {bench.line.facts.host}: {why}")
    return "kept"


async def _remove(bench: Bench, thread_id: str) -> str:
    chat, state = bench.chat, bench.transcript.state
    if state.is_running:
        try:
            await chat.call(turn_interrupt(thread_id))
            idle = bench.until(
                lambda: not bench.transcript.state.is_running, "the turn ends", seconds=TIDY_SECONDS
            )
            await idle
        except RpcFailed as failed:
            log.info("nothing to interrupt: %s", failed)
    try:
        await chat.call(thread_delete(thread_id))
    except RpcFailed as failed:
        if not chat.has_turns:
            return "none"  # a thread without a turn is stored nowhere
        if failed.code != METHOD_NOT_FOUND:
            raise
        await chat.call(thread_archive(thread_id))
        return "archived"
    return "deleted"
