"""The past of the thread shown: loading it page by page, and going back to before something that was said.

Lives here: which page comes next, and the two ways back. Not here: reading a page
(:mod:`codex_ssh.tui.account`), catching up after a lost link (:mod:`codex_ssh.tui.catch_up`), and choosing
where to go. Nothing here imports Textual.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Final, Protocol, TypeVar

from codex_ssh.core.call import Call
from codex_ssh.core.draft import Draft, draft_of
from codex_ssh.core.entry import Level
from codex_ssh.core.methods import OpenThread
from codex_ssh.core.prompt_methods import (
    REVERT,
    Prompt,
    thread_fork_before,
    thread_prompts,
    thread_revert,
)
from codex_ssh.core.transcript import Transcript
from codex_ssh.errors import RpcFailed
from codex_ssh.tui.account import read_newest, read_older
from codex_ssh.tui.bridge import Conversation

T = TypeVar("T")

PROMPTS: Final = 100
"""So many turns are looked through for something to go back to."""


class Remembering(Protocol):
    """Whoever shows a thread."""

    draft: Draft
    is_read_only: bool
    on_change: Callable[[], None]

    @property
    def transcript(self) -> Transcript | None:
        """The thread shown."""

    def conversation(self) -> Conversation:
        """Give the session that is open; raises LinkLost when there is none."""

    async def call(self, call: Call[T]) -> T:
        """Ask the server; raises RpcFailed, LinkLost."""

    def knows(self, method: str) -> bool | None:
        """Whether the server has a method; None while nobody knows."""

    def note(self, level: Level, text: str, details: str = "") -> None:
        """Say something in the transcript."""

    async def go_on_in(self, copy: Call[OpenThread]) -> None:
        """Go on in a copy of the thread; raises RpcFailed, LinkLost."""


class Past:
    """The past of the thread that is shown.

    Args:
        client: Whoever shows it.
        do: Runs something beside, and shows what the server refuses.

    Attributes:
        is_loading: An older page is under way.
    """

    def __init__(self, client: Remembering, do: Callable[[Coroutine[None, None, None], str], None]) -> None:
        self._client = client
        self._do = do
        self._older: tuple[str | None, str | None] = (None, None)
        self.is_loading = False

    def begin(self, older: tuple[str | None, str | None]) -> None:
        """Begin with another thread; the cursors are of items and of turns before what is shown."""
        self._older = older

    @property
    def has_older(self) -> bool:
        """Whether there is history before what is shown."""
        return self._older[0] is not None

    async def load_newest(self, transcript: Transcript) -> None:
        """Load the newest page; raises RpcFailed, LinkLost."""
        found = await read_newest(self._client.conversation(), transcript.thread_id)
        transcript.load(found.turns, found.items)
        self._older = (found.items_before, found.turns_before)

    async def reload(self, transcript: Transcript) -> None:
        """Show what is left of a thread whose last turns were taken back, here or by another client."""
        found = await read_newest(self._client.conversation(), transcript.thread_id)
        transcript.reload(found.turns, found.items)
        if transcript is self._client.transcript:
            self._older = (found.items_before, found.turns_before)
            self._client.note(Level.INFO, "the conversation was taken back to here", "files stay as they are")

    def load_older(self) -> None:
        """Load the page of history before the oldest shown, if there is one."""
        if self.has_older and not self.is_loading:
            self.is_loading = True
            self._do(self._load_older(), "")

    async def _load_older(self) -> None:
        client = self._client
        transcript, (items_at, turns_at) = client.transcript, self._older
        try:
            if transcript is None or items_at is None:
                return
            found = await read_older(client.conversation(), transcript.thread_id, items_at, turns_at)
            if transcript is client.transcript:
                transcript.load_older(found.turns, found.items)
                self._older = (found.items_before, found.turns_before)
        finally:
            self.is_loading = False

    # ---------------------------------------------------------------- going back

    async def prompts(self) -> tuple[Prompt, ...]:
        """Give what the user said in the thread, the newest first; raises RpcFailed, LinkLost."""
        transcript = self._client.transcript
        if transcript is None:
            return ()
        page = await self._client.call(thread_prompts(transcript.thread_id, limit=PROMPTS))
        return page.data

    async def go_back(self, prompt: Prompt) -> None:
        """Go back to before something that was said, which is the draft then.

        The thread itself goes back where the server can do that; else a copy of it goes on from there.

        Raises:
            RpcFailed, LinkLost: Nothing was taken back.
        """
        client = self._client
        transcript = client.transcript
        if transcript is None:
            return
        draft = draft_of(prompt.text, prompt.attachments)
        if client.knows(REVERT) is not False and not client.is_read_only:
            try:
                await client.call(thread_revert(transcript.thread_id, prompt.turn_id))
            except RpcFailed as failed:
                # A thread of an older codex is not stored so that turns can be taken out of it.
                if "paginated" not in failed.said:
                    raise
            else:
                client.draft = draft
                client.on_change()
                return
        await client.go_on_in(thread_fork_before(transcript.thread_id, prompt.turn_id))
        client.draft = draft
        client.note(
            Level.INFO, "this is a copy, from before what is in the composer", "files stay as they are"
        )
