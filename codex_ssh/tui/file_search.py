"""Searching files on the devbox while a name is typed.

Lives here: what is asked of the server and when, and which answer still counts. Not here: the calls
(:mod:`codex_ssh.core.search_methods`) and what is drawn. Nothing here imports Textual.

Typing never waits: one request is under way at most, what was typed meanwhile is asked next, and answers to
anything older are dropped.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Coroutine
from typing import Protocol, TypeVar

from codex_ssh.core.call import Call
from codex_ssh.core.rpc import Notification
from codex_ssh.core.search_methods import (
    SEARCH,
    SEARCH_START,
    FoundFile,
    Skill,
    read_found,
    search_files,
    search_start,
    search_stop,
    search_update,
    skills_list,
)
from codex_ssh.errors import LinkLost, RpcFailed

log = logging.getLogger(__name__)

T = TypeVar("T")


class Asker(Protocol):
    """Who can ask the server."""

    async def call(self, call: Call[T]) -> T:
        """Ask the server; raises RpcFailed, LinkLost."""

    def knows(self, method: str) -> bool | None:
        """Whether the server has a method; None while nobody knows."""


class FileSearch:
    """The search for one client, below the directory of its thread.

    Args:
        asker: Asks the server.
        spawn: Runs something beside.

    Attributes:
        files: What was found, the best first.
        query: What ``files`` was found for.
        is_busy: The answer for what is wanted has not come yet.
        failed: Why nothing can be found; empty mostly.
        skills: The skills of the directory, as far as they are known.
        on_change: Called when something was found.
    """

    def __init__(self, asker: Asker, spawn: Callable[[Coroutine[None, None, None]], object]) -> None:
        self.files: tuple[FoundFile, ...] = ()
        self.query = ""
        self.is_busy = False
        self.failed = ""
        self.skills: tuple[Skill, ...] = ()
        self.on_change: Callable[[], None] = lambda: None
        self._asker = asker
        self._spawn = spawn
        self._wanted: tuple[str, str] | None = None
        self._session = ""
        self._root = ""
        self._is_asking = False
        self._skills_of: str | None = None

    def want(self, query: str, root: str) -> None:
        """Search for something below a directory; the answer shows in ``files``."""
        if self._wanted == (query, root):
            return
        self._wanted = query, root
        self.failed = ""
        if not query or not root:
            self.files, self.query, self.is_busy = (), "", False
            return
        self.is_busy = True
        if not self._is_asking:
            self._is_asking = True
            self._spawn(self._ask())

    def stop(self) -> None:
        """Search for nothing any more."""
        if self._wanted is None:
            return
        self._wanted = None
        self.files, self.query, self.is_busy, self.failed = (), "", False, ""
        session, self._session = self._session, ""
        if session:
            self._spawn(self._quietly(search_stop(session)))

    def link_lost(self) -> None:
        """Forget the session: it ended with its connection."""
        self._session, self._wanted, self._skills_of = "", None, None

    def hear(self, notification: Notification) -> bool:
        """Take what a session found; False for every other notification."""
        found = read_found(notification)
        if found is None:
            return notification.method.startswith(f"{SEARCH}/")
        if self._wanted is not None and (found.session, found.query) == (self._session, self._wanted[0]):
            self._take(found.query, found.files)
        return True

    def want_skills(self, root: str) -> None:
        """Learn the skills of a directory, once."""
        if self._skills_of != root:
            self._skills_of = root
            self._spawn(self._learn_skills(root))

    # ---------------------------------------------------------------- asking

    async def _ask(self) -> None:
        try:
            asked = None
            while self._wanted is not None and self._wanted != asked and self._wanted[0]:
                asked = self._wanted
                await self._ask_for(*asked)
        except RpcFailed as failed:
            self.failed, self.is_busy, self._session = failed.said, False, ""
            self.on_change()
        except LinkLost as lost:
            log.info("a search met a lost link: %s", lost)
            self.failed, self.is_busy = "there is no link", False
            self.on_change()
        finally:
            self._is_asking = False

    async def _ask_for(self, query: str, root: str) -> None:
        if self._asker.knows(SEARCH_START) is False:
            files = await self._asker.call(search_files(query, root, who="composer"))
            if self._wanted == (query, root):
                self._take(query, files)
            return
        if self._session and self._root != root:
            session, self._session = self._session, ""
            await self._asker.call(search_stop(session))
        if not self._session:
            session = uuid.uuid4().hex
            await self._asker.call(search_start(session, root))
            self._session, self._root = session, root
        await self._asker.call(search_update(self._session, query))
        if self._wanted is None and self._session:
            # It was given up while the session began.
            session, self._session = self._session, ""
            await self._asker.call(search_stop(session))

    def _take(self, query: str, files: tuple[FoundFile, ...]) -> None:
        self.files, self.query, self.is_busy = files, query, False
        self.on_change()

    async def _learn_skills(self, root: str) -> None:
        try:
            self.skills = await self._asker.call(skills_list(root))
        except (RpcFailed, LinkLost) as failed:
            log.info("no skills: %s", failed)
            self._skills_of = None
        self.on_change()

    async def _quietly(self, call: Call[None]) -> None:
        try:
            await self._asker.call(call)
        except (RpcFailed, LinkLost) as failed:
            log.info("a search could not be ended: %s", failed)
