"""A link to a devbox for a program: connecting, threads, ports.

Lives here: :func:`connect` and :class:`Link`. Not here: healing, which is the same as under
``codex-ssh stdio`` (:mod:`codex_ssh.external.stdio`), and what threads do (:mod:`codex_ssh.api.thread`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from codex_ssh.api.approval import Approval, Policy, accept_all, decided, decline_all
from codex_ssh.api.pipe import Pipe, RelayEnd
from codex_ssh.api.thread import Listener, Thread
from codex_ssh.core.ask import UnknownAsk, decode_ask
from codex_ssh.core.call import Call, Page
from codex_ssh.core.chore import reply_to_chore, reply_to_unknown
from codex_ssh.core.config import Layer
from codex_ssh.core.continuity import LINK_LOST
from codex_ssh.core.events import AskResolved, decode_event
from codex_ssh.core.host import parse_host
from codex_ssh.core.methods import (
    InitializeResult,
    model_list,
    thread_fork,
    thread_list,
    thread_resume,
    thread_start,
)
from codex_ssh.core.question import Prompter
from codex_ssh.core.rpc import Json, Notification, Request, RequestId
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.core.thread import Thread as StoredThread
from codex_ssh.core.thread import ThreadId
from codex_ssh.errors import CodexSshError, ForwardError, LinkLost, RpcFailed, Stage
from codex_ssh.external.stdio import Connect, StdioRelay
from codex_ssh.link.connect import hello
from codex_ssh.link.ports import open_port_forward
from codex_ssh.link.profile import make_profile
from codex_ssh.link.session import Session, opening_words
from codex_ssh.link.supervisor import open_supervised_way
from codex_ssh.link.way import Profile, Way, open_way
from codex_ssh.local.config_file import settings_for
from codex_ssh.local.tasks import Tasks, open_tasks
from codex_ssh.local.terminal import SilentPrompter

T = TypeVar("T")

_POLICIES: Final[Mapping[str, Policy]] = {"never": decline_all, "all": accept_all}


class Link:
    """A link to one devbox; made by :func:`connect`.

    It heals: when the connection breaks, a call in flight raises :class:`codex_ssh.LinkLost` and the next one
    waits for the link, threads are joined again, and turns that ended meanwhile end here too.

    Attributes:
        host: As it was given.
        server: What the app server says about itself; its version is ``server.server_version``.
    """

    def __init__(self, session: Session, way: Way, approve: Policy | None, tasks: Tasks) -> None:
        self.host = way.host
        self.server: InitializeResult
        self._session = session
        self._way = way
        self._approve = approve
        self._tasks = tasks
        self._listeners: dict[ThreadId, list[Listener]] = {}
        self._approvals: dict[RequestId, Approval] = {}
        self._cwd = ""
        self._model = ""

    # ---------------------------------------------------------------- threads

    async def start_thread(
        self, *, cwd: str = "", model: str = "", approval_policy: str = "", sandbox: str = ""
    ) -> Thread:
        """Start a thread.

        Args:
            cwd: A directory on the devbox; empty takes the one of :func:`connect`.
            model: Empty takes the one of :func:`connect`, else the devbox's.
            approval_policy: When codex asks: ``untrusted``, ``on-request`` or ``never``.
            sandbox: What commands may do: ``read-only``, ``workspace-write`` or ``danger-full-access``.

        Raises:
            RpcFailed, LinkLost: As :meth:`call`.
        """
        call = thread_start(
            cwd=cwd or self._cwd,
            model=model or self._model,
            approval_policy=approval_policy,
            sandbox=sandbox,
        )
        return Thread(self, await self.call(call))

    async def resume_thread(self, thread_id: str) -> Thread:
        """Go on with a thread; raises as :meth:`call`."""
        return Thread(self, await self.call(thread_resume(thread_id)))

    async def fork_thread(self, thread_id: str) -> Thread:
        """Go on in a copy of a thread; raises as :meth:`call`."""
        return Thread(self, await self.call(thread_fork(thread_id)))

    async def list_threads(
        self, *, cwd: str = "", search: str = "", limit: int = 100
    ) -> tuple[StoredThread, ...]:
        """Give stored threads, the last used first; raises as :meth:`call`.

        Args:
            cwd: Only those of this directory on the devbox.
            search: Only those with this in their title.
            limit: At most so many.
        """
        page: Page[StoredThread] = await self.call(thread_list(cwd=cwd, search=search, limit=limit))
        return page.data

    async def list_models(self) -> tuple[str, ...]:
        """Give the names of the models a thread may ask; raises as :meth:`call`."""
        return tuple(model.id for model in (await self.call(model_list())).data)

    async def call(self, call: Call[T]) -> T:
        """Ask the app server anything there is a call for.

        Raises:
            RpcFailed: It refused; ``said`` holds its words.
            LinkLost: The link was lost before it answered; it may have done it.
        """
        try:
            return await self._session.call(call)
        except RpcFailed as failed:
            if failed.code == LINK_LOST:
                raise LinkLost(failed.said, stage=Stage.SESSION, host=self.host) from None
            raise

    # ---------------------------------------------------------------- ports

    def forward(self, port: int, *, local_port: int = 0) -> AbstractAsyncContextManager[int]:
        """Open a port of the devbox's loopback here; ``async with link.forward(8000) as port:`` gives ours.

        It listens on this machine's loopback only, and goes on after the link was lost and came back.

        Args:
            port: On the devbox's 127.0.0.1.
            local_port: Here; 0 takes a free one.

        Raises:
            ForwardError: The local port is taken, or there is no SSH (over ``wss``).
        """
        return open_port_forward(self._way.ssh, self.host, port, local_port=local_port)

    # ---------------------------------------------------------------- files

    async def copy(self, source: str | Path, target: str | Path) -> str | Path:
        """Copy a file or a folder between this machine and the devbox, over SFTP; gives where it is now.

        A path on the devbox is a text that begins with a colon, as ``":results/out.csv"``, relative to the
        home directory there. A file is there as a whole or not at all, with the same SHA-256 on both sides;
        modes and times are kept; what is there is replaced. Links in a folder stay links and none is
        followed; one from the devbox that leads out of the folder is left out.

        Args:
            source: What is copied.
            target: Where it goes; a directory gets it inside.

        Raises:
            ValueError: Not exactly one of the two is on the devbox.
            CopyFailed: A file could not be read or written; ``said`` holds that machine's words.
            ForwardError: The devbox has no SFTP, or there is no SSH (over ``wss``).
            LinkLost: The link was lost; what was there before is untouched, and the same call goes on.
        """
        up, down = _there(target), _there(source)
        if (up is None) == (down is None):
            raise ValueError('exactly one of the two is on the devbox: write ":PATH"')
        ssh = await self._way.ssh()
        if ssh is None:
            raise ForwardError(
                "copying needs SSH, and this link has none", stage=Stage.FORWARD, host=self.host
            )
        from codex_ssh.link.files import copy_down, copy_up  # asyncssh, which is loaded by now

        if up is not None:
            return f":{await copy_up(ssh, Path(source), up)}"
        assert down is not None
        return await copy_down(ssh, down, Path(target))

    # ---------------------------------------------------------------- what comes unasked

    def listen(self, thread_id: ThreadId) -> Listener:
        """Hear what is said of a thread from now on; :meth:`Thread.start` does it by itself."""

        def stop(listener: Listener) -> None:
            if listener in self._listeners.get(thread_id, ()):
                self._listeners[thread_id].remove(listener)

        listener = Listener(stop)
        self._listeners.setdefault(thread_id, []).append(listener)
        return listener

    async def _read(self) -> None:
        try:
            async for message in self._session.incoming():
                if isinstance(message, Request):
                    await self._asked(message)
                else:
                    self._told(message)
        except LinkLost as lost:
            for listeners in self._listeners.values():
                for listener in listeners:
                    listener.queue.put_nowait(lost)

    def _told(self, message: Notification) -> None:
        event = decode_event(message)
        if isinstance(event, AskResolved) and (approval := self._approvals.pop(event.request_id, None)):
            approval.is_answered = True
        thread = getattr(event, "thread_id", None)
        for listener in self._listeners.get(thread, ()) if thread is not None else ():
            listener.queue.put_nowait(event)

    async def _asked(self, request: Request) -> None:
        reply = reply_to_chore(request, now=_wall_clock())
        ask = decode_ask(request)
        if reply is None and isinstance(ask, UnknownAsk):
            reply = reply_to_unknown(ask.method)
        if reply is not None:
            if reply.refusal:
                await self._session.refuse(request.id, reply.code, reply.refusal)
            else:
                await self._session.answer(request.id, reply.result)
            return

        async def answer(result: Json) -> None:
            self._approvals.pop(request.id, None)
            await self._session.answer(request.id, result)

        approval = self._approvals[request.id] = Approval(ask, answer)
        if self._approve is not None:
            self._tasks.start(self._decide(self._approve, approval))
            return
        listeners = self._listeners.get(ask.thread_id, ())
        for listener in listeners:
            listener.queue.put_nowait(approval)
        if not listeners:
            await approval.decline()

    async def _decide(self, policy: Policy, approval: Approval) -> None:
        decision = await decided(policy, approval.ask)
        with contextlib.suppress(LinkLost):  # whoever waits for the turn hears of it
            await approval.decide(decision)


def _there(path: str | Path) -> str | None:
    """Give a path on the devbox; None for one here."""
    return path[1:] if isinstance(path, str) and path.startswith(":") else None


def _wall_clock() -> float:
    import time

    return time.time()


@asynccontextmanager
async def connect(
    host: str,
    *,
    cwd: str = "",
    model: str = "",
    approve: str | Policy = "never",
    prompter: Prompter | None = None,
    ssh_config: str = "",
    identity_files: Sequence[str] = (),
    **settings: Any,
) -> AsyncGenerator[Link, None]:
    """Connect to a devbox: ``async with codex_ssh.connect("devbox") as link:``.

    One SSH connection finds or starts an app server on the devbox's loopback, as ``codex-ssh HOST`` does.
    What the config file says of the host holds here too.

    Args:
        host: An alias, ``USER@HOST`` or ``USER@HOST:PORT``.
        cwd: Directory on the devbox for new threads.
        model: Model for new threads.
        approve: Who answers approvals: ``"never"`` (declined), ``"all"``, ``"ask"`` (they come as
            :class:`Approval` among the events of a turn), or a function that gets the request and gives one
            of its decisions, or None for no; it may be a coroutine function.
        prompter: Answers what a login wants to know; without one, a question is an error.
        ssh_config: Instead of ``~/.ssh/config``.
        identity_files: Private keys to try.
        **settings: Any key of ``[defaults]`` in the config file, such as ``endpoint`` or ``codex_path``.

    Raises:
        UsageError, ConfigError: The arguments or the config file are wrong.
        StageError: The first stage that failed.
    """
    parsed = parse_host(host)
    given: dict[str, Any] = {key: value for key, value in {"cd": cwd, "model": model}.items() if value}
    effective = settings_for(
        parsed.name, Layer(origin="the arguments", values={**settings, **given})
    ).settings
    asks = prompter or SilentPrompter(shows=False)
    ssh = SshOptions(
        config_file=ssh_config,
        identity_files=tuple(identity_files),
        client=effective.ssh,
        fast_path=effective.fast_path,
    )
    profile = make_profile(parsed, effective, ssh, asks)
    policy = None if approve == "ask" else _policy(approve)
    async with _open_pipe(profile, asks) as (pipe, way), open_tasks() as tasks:
        session = Session(pipe, way.host, explain=_same)
        tasks.start(session.pump())
        link = Link(session, way, policy, tasks)
        link._cwd, link._model = effective.cd, effective.model  # noqa: SLF001 - it is being made here
        link.server = await link.call(hello())
        await session.notify("initialized")
        tasks.start(link._read())  # noqa: SLF001 - likewise
        yield link


def _policy(approve: str | Policy) -> Policy:
    if callable(approve):
        return approve
    if approve not in _POLICIES:
        raise ValueError(f"approve is 'never', 'all', 'ask' or a function, not {approve!r}")
    return _POLICIES[approve]


async def _same(lost: LinkLost) -> LinkLost:
    return lost


@asynccontextmanager
async def _open_pipe(profile: Profile, prompter: Prompter) -> AsyncGenerator[tuple[Pipe, Way], None]:
    """Give a pipe to the devbox that heals; the first connection's failure is raised at once."""
    pipe = Pipe(str(profile.host))
    first: asyncio.Future[Way] = asyncio.get_running_loop().create_future()
    opening = [opening_words(hello())]

    @asynccontextmanager
    async def open_link() -> AsyncGenerator[Connect, None]:
        def once() -> AbstractAsyncContextManager[Way]:
            return open_way(profile, prompter)

        async with open_supervised_way(once, once) as way:
            from codex_ssh.link.websocket import open_websocket

            first.set_result(way)
            # The relay begins every later connection in its own words.
            yield lambda: open_websocket(way.dial, way.host, opening=opening.pop() if opening else ())

    async def relay() -> None:
        try:
            await StdioRelay(RelayEnd(pipe), str(profile.host)).run(open_link)
        except CodexSshError as error:
            if not first.done():
                first.set_exception(error)
            pipe.end(error)
        else:
            pipe.end(None)

    async with open_tasks() as tasks:
        tasks.start(relay())
        try:
            yield pipe, await first
        finally:
            pipe.close()
