"""The rehearsal engine: requests in, replies out.

Lives here: one client's conversation, ``initialize``, which method is whose, and the end of it all. Not
here: the methods (:mod:`codex_ssh.server.rehearsal.thread_methods`,
:mod:`codex_ssh.server.rehearsal.turn_methods`), what a turn does (:mod:`codex_ssh.server.rehearsal.turn`) and
connections (:mod:`codex_ssh.server.listener`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from codex_ssh.core.rpc import FrameError, Notification, Request, decode
from codex_ssh.core.value import dataclass
from codex_ssh.server.engine import Client
from codex_ssh.server.rehearsal import (
    account_methods,
    catalog,
    fork_methods,
    queue_methods,
    revert_methods,
    review_methods,
    search_methods,
    thread_methods,
    turn_methods,
    work_methods,
    workspace_methods,
)
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal.account import Account
from codex_ssh.server.rehearsal.hub import Session
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.wire import Refused

logger = logging.getLogger(__name__)

DRAIN_SECONDS: Final = 600
"""Longest a drain waits for running turns."""

_HEADER_VALUE: Final = re.compile("[\x20-\x7e\t]*")

Handler = Callable[[Session, Request], None]
Method = Callable[[Registry, Session, Request], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """An engine for :func:`codex_ssh.server.listener.open_listener`."""

    registry: Registry

    async def serve(self, client: Client) -> None:
        """Answer one client until it is gone; its turns go on without it."""
        session = Session(client=client)
        self.registry.hub.sessions.add(session)
        try:
            async for frame in client.frames():
                self._take(session, frame)
        finally:
            self.registry.hub.sessions.discard(session)
            for thread in self.registry.threads.values():
                thread.subscribers.discard(session)

    async def drain(self) -> None:
        """Refuse new turns and threads, and wait for the running turns, at most :data:`DRAIN_SECONDS`."""
        self.registry.draining = True
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while any(thread.running for thread in self.registry.threads.values()):
                    self.registry.calm.clear()
                    await self.registry.calm.wait()
        except TimeoutError:
            logger.warning("turns were still running after %d s", DRAIN_SECONDS)

    def _take(self, session: Session, frame: str) -> None:
        try:
            message = decode(frame)
        except FrameError as fault:
            logger.info("ignored a frame: %s", fault)
            return
        if isinstance(message, Notification):
            return  # `initialized` is optional, others are unknown
        if not isinstance(message, Request):
            if session.initialized:
                self.registry.hub.answer(message)
            return
        try:
            self._find(session, message, has_params='"params"' in frame)(session, message)
        except Refused as refused:
            session.refuse(message.id, code=refused.code, message=refused.message, data=refused.data)

    def _find(self, session: Session, request: Request, *, has_params: bool) -> Handler:
        method = request.method
        handler = _METHODS.get(method)
        if handler is None and method not in catalog.STATIC and method != "initialize":
            known = ", ".join(f"`{name}`" for name in ("initialize", *_METHODS, *catalog.STATIC))
            raise Refused(f"Invalid request: unknown variant `{method}`, expected one of {known}")
        if not has_params and method != "configRequirements/read":
            raise Refused("Invalid request: missing field `params`")
        if method == "initialize":
            return self._initialize
        if not session.initialized:
            raise Refused("Not initialized")
        if method in catalog.EXPERIMENTAL and not session.experimental:
            raise Refused(f"{method} requires experimentalApi capability")
        if handler is None:
            return lambda who, asked: who.reply(asked.id, catalog.STATIC[asked.method])
        return lambda who, asked: handler(self.registry, who, asked)

    def _initialize(self, session: Session, request: Request) -> None:
        info = request.params.get("clientInfo")
        if not isinstance(info, dict):
            raise Refused("Invalid request: missing field `clientInfo`")
        name, version = read.text(info, "name"), read.text(info, "version")
        if session.initialized:
            raise Refused("Already initialized")
        if not name or not _HEADER_VALUE.fullmatch(name):
            raise Refused(f"Invalid clientInfo.name: '{name}'. Must be a valid HTTP header value.")
        wishes = request.params.get("capabilities")
        capabilities: Mapping[str, Any] = wishes if isinstance(wishes, dict) else {}
        session.experimental = read.flag(capabilities, "experimentalApi")
        session.opted_out = frozenset(map(str, capabilities.get("optOutNotificationMethods") or ()))
        self.registry.originator = self.registry.originator or name
        terminal = os.environ.get("TERM") or "unknown"
        shape = catalog.initialized(
            codex_home=str(self.registry.codex_home), client=name, version=version, terminal=terminal
        )
        session.reply(request.id, shape)
        session.initialized = True
        self.registry.hub.notify([session], "remoteControl/status/changed", catalog.remote_control())


def _model_list(registry: Registry, session: Session, request: Request) -> None:
    del registry
    session.reply(request.id, catalog.model_list())


def _config_read(registry: Registry, session: Session, request: Request) -> None:
    del registry
    layers = read.flag(request.params, "includeLayers")
    session.reply(request.id, catalog.config(layers=layers))


def _hooks_list(registry: Registry, session: Session, request: Request) -> None:
    del registry
    shape = catalog.per_directory(request.params.get("cwds"), hooks=[], warnings=[])
    session.reply(request.id, shape)


def _skills_list(registry: Registry, session: Session, request: Request) -> None:
    del registry
    session.reply(request.id, catalog.per_directory(request.params.get("cwds"), skills=[]))


def _rate_limits(registry: Registry, session: Session, request: Request) -> None:
    del registry, session, request
    raise Refused("codex account authentication required to read rate limits")


_METHODS: Final[Mapping[str, Method]] = {
    "thread/start": thread_methods.thread_start,
    "thread/resume": thread_methods.thread_resume,
    "thread/archive": thread_methods.archive,
    "thread/unarchive": thread_methods.unarchive,
    "thread/delete": thread_methods.delete,
    "thread/shellCommand": turn_methods.shell_command,
    "thread/unsubscribe": thread_methods.unsubscribe,
    "thread/name/set": thread_methods.name_set,
    "thread/readState/update": thread_methods.read_state_update,
    "thread/settings/update": thread_methods.settings_update,
    "thread/list": thread_methods.thread_list,
    "thread/loaded/list": thread_methods.loaded_list,
    "thread/read": thread_methods.thread_read,
    "thread/turns/list": thread_methods.turns_list,
    "thread/items/list": thread_methods.items_list,
    "thread/queue/add": queue_methods.queue_add,
    "thread/queue/list": queue_methods.queue_list,
    "thread/queue/update": queue_methods.queue_update,
    "thread/queue/delete": queue_methods.queue_delete,
    "thread/queue/reorder": queue_methods.queue_reorder,
    "thread/queue/start": queue_methods.queue_start,
    "thread/fork": fork_methods.thread_fork,
    "thread/revert": revert_methods.thread_revert,
    "fuzzyFileSearch": search_methods.search,
    "fuzzyFileSearch/sessionStart": search_methods.session_start,
    "fuzzyFileSearch/sessionUpdate": search_methods.session_update,
    "fuzzyFileSearch/sessionStop": search_methods.session_stop,
    "thread/compact/start": work_methods.compact_start,
    "review/start": review_methods.review_start,
    "thread/goal/get": work_methods.goal_get,
    "thread/goal/set": work_methods.goal_set,
    "thread/goal/clear": work_methods.goal_clear,
    "thread/backgroundTerminals/list": work_methods.terminals_list,
    "thread/backgroundTerminals/terminate": work_methods.terminals_terminate,
    "thread/backgroundTerminals/clean": work_methods.terminals_clean,
    "permissionProfile/list": workspace_methods.profiles,
    "command/exec": workspace_methods.command_exec,
    "fs/readDirectory": workspace_methods.read_directory,
    "fs/readFile": workspace_methods.read_file,
    "fs/getMetadata": workspace_methods.get_metadata,
    "turn/start": turn_methods.turn_start,
    "turn/steer": turn_methods.turn_steer,
    "turn/interrupt": turn_methods.turn_interrupt,
    "model/list": _model_list,
    "config/read": _config_read,
    "hooks/list": _hooks_list,
    "skills/list": _skills_list,
    "account/read": account_methods.account_read,
    "account/login/start": account_methods.login_start,
    "account/login/cancel": account_methods.login_cancel,
    "account/logout": account_methods.logout,
    "account/rateLimits/read": _rate_limits,
}


@asynccontextmanager
async def open_rehearsal(
    *, codex_home: Path, cwd: Path | None = None, signed_out: bool = False
) -> AsyncGenerator[Rehearsal, None]:
    """Give an engine; its turns end with the block, and what they run is killed.

    Args:
        codex_home: The directory clients are told; private, and the caller's.
        cwd: Where threads work that name no directory; None is here.
        signed_out: Somebody has to sign in first; otherwise nobody has to.
    """
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        account = Account(required=signed_out)
        registry = Registry(codex_home=codex_home, cwd=cwd or Path.cwd(), group=group, account=account)
        try:
            yield Rehearsal(registry=registry)
        except Exception as error:  # noqa: BLE001 - the caller's own error must not become a group
            failure = error
        finally:
            account_methods.close(registry)
            for command in registry.commands:
                command.cancel()
            registry.stop()
            for thread in registry.threads.values():
                if thread.running is not None and thread.running.task is not None:
                    thread.running.task.cancel()
    if failure is not None:
        raise failure
