"""Opening a thread: which one it is, what it begins with, and what is said when it cannot be had.

Lives here: the order of things. Not here: what the server is asked for (:mod:`codex_ssh.tui.threads`), and
the state of the thread that is shown (:mod:`codex_ssh.tui.chat`). Nothing here imports Textual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codex_ssh.core.draft import Draft, draft_of
from codex_ssh.core.entry import Level
from codex_ssh.core.login import NOBODY
from codex_ssh.core.thread import Need
from codex_ssh.core.transcript import Transcript
from codex_ssh.errors import RpcFailed
from codex_ssh.tui import threads
from codex_ssh.tui.early import Early
from codex_ssh.tui.outgoing import Outgoing

if TYPE_CHECKING:
    from codex_ssh.tui.chat import Chat


class Opening:
    """Opens threads in a chat.

    Args:
        chat: Where they are shown.
        outgoing: Knows what was left unsent.
        early: Keeps what comes before a thread is shown.
    """

    def __init__(self, chat: Chat, outgoing: Outgoing, early: Early) -> None:
        self._chat = chat
        self._outgoing = outgoing
        self._early = early
        self._is_greeted = False

    @property
    def ways(self) -> str:
        """How to go on where no thread is open, in words."""
        lists = "/resume lists the threads there are"
        return lists if self._chat.options.approves_only else f"/new begins a thread, {lists}"

    async def first(self) -> None:
        """Open the thread the options ask for, or let the user choose; raises RpcFailed, LinkLost."""
        options, chat = self._chat.options, self._chat
        thread_id = options.resume or ""
        if options.last and not thread_id:
            thread_id = await threads.newest_id(chat.conversation(), options.cwd)
        if thread_id:
            await self._resume_or_start(thread_id)
        elif await self._is_offered():
            chat.offers_threads = True
            return
        else:
            await self.start()
            if options.last:
                chat.note(Level.INFO, "there was no thread to go on with, this is a new one")
        self._greet()

    async def new(self, cwd: str = "") -> None:
        """Begin a thread, because the user wants one; raises RpcFailed, LinkLost."""
        await self.start(cwd)
        self._greet()

    async def chosen(self, thread_id: str) -> None:
        """Go on with the thread the user wants; raises RpcFailed, LinkLost."""
        await self._resume(thread_id)
        self._greet()

    async def start(self, cwd: str = "") -> None:
        """Start a thread and show it, in the options' directory or another; raises RpcFailed, LinkLost."""
        chat = self._chat
        with self._early.opening():
            got = await threads.start(chat.conversation(), chat.options, chat.model, cwd)
            await chat.leave()
            transcript = chat.show(got)
        self._take_left(transcript)

    async def _resume(self, thread_id: str) -> None:
        chat = self._chat
        with self._early.opening():
            got = await threads.resume(chat.conversation(), thread_id, chat.options.model)
            if chat.transcript is not None and chat.transcript.thread_id != got.thread.thread.id:
                await chat.leave()
            transcript = chat.show(got)
        await chat.past.load_newest(transcript)
        await chat.queue.read()
        self._take_left(transcript)
        if got.is_read_only:
            chat.note(
                Level.WARNING,
                f"another codex process on {chat.facts.host} has this thread, so it is read only here",
                "/fork goes on in a copy of it",
            )

    async def _resume_or_start(self, thread_id: str) -> None:
        try:
            await self._resume(thread_id)
        except RpcFailed as failed:
            if self._chat.options.approves_only:
                raise
            await self.start()
            self._chat.note(
                Level.ERROR, f"thread {thread_id} could not be resumed, this is a new one", failed.said
            )

    async def _is_offered(self) -> bool:
        """Look which threads there are, where the user may want one of them; tells whether to ask."""
        options, chat = self._chat.options, self._chat
        is_plain = not (options.last or options.begins or chat.facts.is_new_server)
        if not options.approves_only and not (options.offers_running and is_plain):
            return False
        await chat.roster.read()
        chat.surroundings.see(chat.roster.threads)
        goes_on = any(thread.status.need is not Need.NONE for thread in chat.roster.threads)
        return goes_on or options.approves_only

    def _greet(self) -> None:
        """With the first thread, do what was only waiting for one."""
        options, chat = self._chat.options, self._chat
        if self._is_greeted:
            return
        self._is_greeted = True
        for warning in chat.facts.warnings:
            chat.note(Level.WARNING, warning)
        first = draft_of(options.prompt, options.attachments)
        if chat.facts.signed_out:
            chat.sign_in.offer(NOBODY)
            chat.draft = chat.draft or first  # it would only fail now
        elif options.prompt:
            chat.send(options.prompt, options.attachments)
        elif first:
            # Images wait in the composer for what is to be said about them.
            chat.draft = Draft(pieces=(*chat.draft.pieces, *first.pieces, " "))

    def _take_left(self, transcript: Transcript) -> None:
        draft = self._outgoing.take_left(transcript)
        if draft:
            self._chat.draft = draft
            self._chat.note(Level.INFO, "what was typed here before, and not sent, is in the composer again")
