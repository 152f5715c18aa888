"""The threads of an app server as a list to choose from: read in pages, searched, and kept true.

Lives here: what is asked of the server for it, and what it says unasked about threads. Not here: the screen
(:mod:`codex_ssh.tui.screens.threads_screen`). Nothing here imports Textual.

Every session hears when a thread begins, ends, is named or changes what it does, subscribed or not: the list
needs no polling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from codex_ssh.core.events import Event, ThreadClosed, ThreadNamed, ThreadStarted, ThreadStatusChanged
from codex_ssh.core.items import AgentMessage, UserMessage
from codex_ssh.core.methods import (
    thread_archive,
    thread_delete,
    thread_list,
    thread_name_set,
    thread_read,
    thread_search,
    thread_turns_list,
    thread_unarchive,
)
from codex_ssh.core.thread import Need, Thread, ThreadId
from codex_ssh.core.value import dataclass
from codex_ssh.tui.bridge import Conversation

PAGE: Final = 50

MOST: Final = 1000
"""So many threads are listed; beyond that one searches."""

PREVIEWED_TURNS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which threads are listed.

    Attributes:
        cwd: Only those begun in this directory; empty takes all.
        archived: Those that were put away, instead of the others.
        search: Only those with this in their title, or in what was said.
    """

    cwd: str = ""
    archived: bool = False
    search: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One turn of a preview: what was said, and the last answer; remote text."""

    said: str = ""
    answer: str = ""


class Roster:
    """The threads of one app server.

    Args:
        conversation: Gives who is asked; another one after each reconnect.
        changed: Called when the list is another one.

    Attributes:
        view: Which threads are listed.
        is_watched: Somebody looks at the list.
    """

    def __init__(self, conversation: Callable[[], Conversation], changed: Callable[[], None]) -> None:
        self.view = View()
        self.is_watched = False
        self._conversation = conversation
        self._changed = changed
        self._threads: dict[ThreadId, Thread] = {}
        self._cursor: str | None = None
        self._reading = 0

    @property
    def threads(self) -> list[Thread]:
        """Those listed: what runs, what waits for somebody, the rest; in each the last updated first."""
        return sorted(self._threads.values(), key=lambda one: (one.status.need, -one.updated_at))

    @property
    def threads_by_time(self) -> list[Thread]:
        """Those listed, the last updated first; none while the archived ones are listed."""
        listed = () if self.view.archived else self._threads.values()
        return sorted(listed, key=lambda one: -one.updated_at)

    @property
    def has_more(self) -> bool:
        """Whether :meth:`read_more` has more."""
        return self._cursor is not None and len(self._threads) < MOST

    @property
    def is_reading(self) -> bool:
        """Whether the server is being asked."""
        return self._reading > 0

    def hear(self, event: Event) -> ThreadId | None:
        """Take what the server says unasked; gives a thread that somebody who watches wants looked up."""
        match event:
            case ThreadStatusChanged(thread_id=number, status=status):
                self._change(number, lambda thread: replace(thread, status=status))
                thread = self._threads.get(number)
                # What was just begun has no title yet, and is in no list before it is stored.
                wanted = (
                    status.need is not Need.NONE if thread is None else not (thread.name or thread.preview)
                )
                return number if wanted and self.is_watched else None
            case ThreadNamed(thread_id=number, name=name):
                self._change(number, lambda thread: replace(thread, name=name))
            case ThreadStarted(thread=thread):
                self._change(thread.id, lambda _: thread)
            case ThreadClosed(thread_id=number, what=what) if what != "closed":
                self._drop(number)
            case _:
                pass
        return None

    async def look_up(self, thread_id: ThreadId) -> None:
        """Add a thread to the list; raises as :meth:`read`."""
        view = self.view
        thread = await self._conversation().call(thread_read(thread_id))
        fits = view == self.view and not view.archived and not view.search and view.cwd in ("", thread.cwd)
        if fits or thread_id in self._threads:
            self._threads[thread_id] = thread
            self._changed()

    async def read(self, view: View | None = None) -> None:
        """Read the list anew, and maybe another one; the last one asked for is the one that is shown.

        Raises:
            RpcFailed, LinkLost: As :meth:`Conversation.call`.
        """
        wanted = self.view = view or self.view
        found, cursor = await self._page(wanted, None)
        if wanted == self.view:
            self._threads = {thread.id: thread for thread in found}
            self._cursor = cursor
            self._changed()

    async def read_more(self) -> None:
        """Read the next page; raises as :meth:`read`."""
        view, cursor = self.view, self._cursor
        if not self.has_more or self._reading:
            return
        found, following = await self._page(view, cursor)
        if (view, cursor) == (self.view, self._cursor):
            self._threads = {thread.id: thread for thread in found} | self._threads
            self._cursor = following
            self._changed()

    async def preview(self, thread_id: str) -> list[Exchange]:
        """Give the last turns of a thread, the oldest first, without joining it; raises as :meth:`read`."""
        call = thread_turns_list(thread_id, limit=PREVIEWED_TURNS, items_view="summary")
        exchanges = []
        for turn in reversed((await self._conversation().call(call)).data):
            said = [item.text for item in turn.items if isinstance(item, UserMessage)]
            answers = [item.text for item in turn.items if isinstance(item, AgentMessage)]
            exchanges.append(Exchange(said="\n".join(said), answer=answers[-1] if answers else ""))
        return exchanges

    async def rename(self, thread_id: str, name: str) -> None:
        """Name a thread; raises as :meth:`read`."""
        await self._conversation().call(thread_name_set(thread_id, name))
        self._change(ThreadId(thread_id), lambda thread: replace(thread, name=name))

    async def put_away(self, thread_id: str) -> None:
        """Archive a thread, or list it again where the archived ones are shown; raises as :meth:`read`."""
        call = thread_unarchive(thread_id) if self.view.archived else thread_archive(thread_id)
        await self._conversation().call(call)
        self._drop(thread_id)

    async def delete(self, thread_id: str) -> None:
        """Forget a thread for good; raises as :meth:`read`."""
        await self._conversation().call(thread_delete(thread_id))
        self._drop(thread_id)

    # ---------------------------------------------------------------- reading

    async def _page(self, view: View, cursor: str | None) -> tuple[list[Thread], str | None]:
        self._reading += 1
        self._changed()
        conversation = self._conversation()
        try:
            page = await conversation.call(
                thread_list(
                    cwd=view.cwd, search=view.search, archived=view.archived, limit=PAGE, cursor=cursor
                )
            )
            found = list(page.data)
            if view.search and cursor is None and conversation.knows("thread/search"):
                said = await conversation.call(thread_search(view.search, limit=PAGE, archived=view.archived))
                here = {thread.id for thread in found}
                found += [
                    thread for thread in said.data if thread.id not in here and view.cwd in ("", thread.cwd)
                ]
            return found, page.cursor
        finally:
            self._reading -= 1
            self._changed()

    def _change(self, thread_id: ThreadId, change: Callable[[Thread], Thread]) -> bool:
        thread = self._threads.get(thread_id)
        if thread is None:
            return False
        self._threads[thread_id] = change(thread)
        self._changed()
        return True

    def _drop(self, thread_id: str) -> None:
        if self._threads.pop(ThreadId(thread_id), None) is not None:
            self._changed()
