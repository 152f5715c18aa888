"""From a way in to a session, or from a profile all the way.

Lives here: what a session begins with, and which loss is told when several things end at once. Not here: the
way (:mod:`codex_ssh.link.way`), reconnecting, and front ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from codex_ssh import __version__
from codex_ssh.core.call import Call
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.methods import Account, InitializeResult, account_read, initialize
from codex_ssh.core.question import Prompter
from codex_ssh.errors import (
    LinkLost,
    ProtocolViolated,
    RpcFailed,
    Stage,
)
from codex_ssh.link.session import INITIALIZE_TIMEOUT_SECONDS, Session, opening_words
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.way import Profile, Way, open_host, open_way, ssh_way, through_door
from codex_ssh.local.tasks import open_tasks

if TYPE_CHECKING:
    from codex_ssh.link.websocket import WebSocket

log = logging.getLogger(__name__)

LOSS_SETTLES_SECONDS: Final = 0.2
"""How long after the WebSocket's end the SSH connection's end is waited for: it says more."""


ACCOUNT_TIMEOUT_SECONDS: Final = 1.0
"""How long behind ``initialize`` the answer to ``account/read`` is waited for."""


class Link:
    """An initialized session and what is known about the way it runs; what a front end talks to.

    Args:
        session: The conversation.
        websocket: What carries it.
        facts: For status lines and messages.
    """

    def __init__(self, session: Session, websocket: WebSocket, facts: ServerFacts) -> None:
        self.facts = facts
        self.call = session.call
        self.request = session.request
        self.answer = session.answer
        self.refuse = session.refuse
        self.knows = session.knows
        self.learn_methods = session.learn_methods
        self.incoming = session.incoming
        self.wait_lost = session.wait_lost
        self.pause_reading = websocket.pause_reading
        self.abort = websocket.abort
        self._session = session
        self._websocket = websocket

    async def ping(self) -> float:
        """Give the round-trip time to the app server's WebSocket, in seconds; raises LinkLost."""
        took = await self._websocket.ping()
        self._session.heard_at = asyncio.get_running_loop().time()
        return took

    @property
    def heard_at(self) -> float:
        """When anything last came from the app server, on the loop's clock."""
        return self._session.heard_at

    @property
    def is_sending(self) -> bool:
        """Whether a message is on its way up."""
        return self._session.is_sending


@asynccontextmanager
async def open_link(profile: Profile, prompter: Prompter) -> AsyncGenerator[Link, None]:
    """Give an initialized session with the host's app server.

    When the link breaks, every call and :meth:`Session.incoming` raise LinkLost; the block itself goes on.

    Raises:
        StageError: The first stage that failed.
        RpcFailed: The app server would not initialize.
    """
    async with AsyncExitStack() as stack:
        way = await stack.enter_async_context(open_way(profile, prompter))
        if profile.door and way.dial.transport != "wss":
            way = await stack.enter_async_context(through_door(way))
        yield await stack.enter_async_context(open_session(way))


@asynccontextmanager
async def open_link_and_host(
    profile: Profile, prompter: Prompter
) -> AsyncGenerator[tuple[Link, Ssh | None], None]:
    """Give an initialized session and the SSH connection it runs over; None where it runs over ``wss``.

    There is no fallback: what is asked for is what is looked at. Raises as :func:`open_link`.
    """
    if profile.wss_only:
        async with open_link(profile, prompter) as link:
            yield link, None
        return
    async with open_host(profile, prompter) as ssh, open_session(await ssh_way(ssh, profile)) as link:
        yield link, ssh


@asynccontextmanager
async def open_session(way: Way) -> AsyncGenerator[Link, None]:
    """Dial, and give an initialized session."""
    # Loaded beside the login, where there is one.
    from codex_ssh.link.websocket import open_websocket

    async with (
        open_websocket(way.dial, way.host, opening=opening_words(hello(), account_read())) as websocket,
        open_session_on(websocket, way) as link,
    ):
        yield link


@asynccontextmanager
async def open_session_on(websocket: WebSocket, way: Way) -> AsyncGenerator[Link, None]:
    """Give an initialized session over a WebSocket that is open already."""
    async with open_tasks() as tasks:
        session = Session(websocket, way.host, explain=lambda lost: _explain(way, lost))
        account = _Account()
        # Asked in the same flight as initialize, right behind it: it costs no round trip. Before anything is
        # read: both answers may be there already, and one to what was not asked yet is dropped.
        tasks.start(account.ask(session))
        tasks.start(session.pump())
        server = await _initialize(session, way.host)
        log.info("session open with %s", server.user_agent)
        found = await way.check(server) if way.check is not None else ()
        signed_out = await account.is_missing()
        if signed_out:
            found = (*found, _sign_in(way))
        facts = _facts(replace(way, warnings=(*way.warnings, *found)), server)
        yield Link(session, websocket, replace(facts, signed_out=signed_out))


class _Account:
    """Who is signed in on the devbox, asked while the session opens."""

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._account: Account | None = None

    async def ask(self, session: Session) -> None:
        """Ask; a server that will not say is no failure."""
        try:
            self._account = await session.call(account_read())
        except (RpcFailed, LinkLost) as error:
            log.debug("who is signed in is not known: %s", error)
        finally:
            self._told.set()

    async def is_missing(self) -> bool:
        """Whether the server needs a sign-in and nobody is signed in; false when it does not say in time."""
        try:
            async with asyncio.timeout(ACCOUNT_TIMEOUT_SECONDS):
                await self._told.wait()
        except TimeoutError:
            return False
        return self._account is not None and self._account.login_required and not self._account.kind


def _sign_in(way: Way) -> str:
    # Without SSH we do not know the command that gives a terminal there.
    how = "run there" if way.dial.transport.startswith("exec") else f"ssh -t {way.host}"
    return f"nobody is signed in to codex there: {how} codex login --device-auth"


def hello() -> Call[InitializeResult]:
    """Give what every session of ours begins with."""
    return initialize(name="codex-ssh", title="codex-ssh", version=__version__)


async def _initialize(session: Session, host: str) -> InitializeResult:
    try:
        async with asyncio.timeout(INITIALIZE_TIMEOUT_SECONDS):
            server = await session.call(hello())
            await session.notify("initialized")
    except TimeoutError:
        raise ProtocolViolated(
            f"the app server did not answer initialize within {INITIALIZE_TIMEOUT_SECONDS:.0f} seconds",
            stage=Stage.SESSION,
            host=host,
            hint="it may be hung: look at it there",
        ) from None
    except RpcFailed as error:
        raise ProtocolViolated(
            "the app server would not initialize", stage=Stage.SESSION, host=host, said=error.said
        ) from error
    return server


async def _explain(way: Way, lost: LinkLost) -> LinkLost:
    """Give the reason that says most: a lost SSH connection before the WebSocket's end it causes."""
    try:
        async with asyncio.timeout(LOSS_SETTLES_SECONDS):
            await way.wait_lost()
    except LinkLost as ssh_lost:
        return ssh_lost
    except TimeoutError:
        pass
    return lost


def _facts(way: Way, server: InitializeResult) -> ServerFacts:
    return ServerFacts(
        host=way.host,
        user=way.user,
        hostname=way.hostname,
        boot=way.boot,
        generation=way.generation(),
        is_new_server=way.is_new(),
        transport=way.dial.transport,
        server_version=server.server_version,
        codex_home=server.codex_home,
        warnings=way.warnings,
    )
