"""All stages put together: from a profile to a way in, and from there to a session.

Lives here: the order of the stages, the ``wss`` fallback, and which loss is told when several things end at
once. Not here: any stage itself, reconnecting, and front ends.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

from codex_ssh import __version__
from codex_ssh.core.call import Call
from codex_ssh.core.config import WssFallback
from codex_ssh.core.endpoint import StdioEndpoint, UnixEndpoint, WsEndpoint, WssEndpoint
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.host import Host
from codex_ssh.core.methods import Account, InitializeResult, account_read, initialize
from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.core.value import dataclass
from codex_ssh.core.version import staleness
from codex_ssh.errors import (
    HostUnreachable,
    LinkLost,
    ProtocolViolated,
    RpcFailed,
    Stage,
    StageError,
)
from codex_ssh.link.ahead import Ahead
from codex_ssh.link.appserver import Looking, find_or_start_app_server, make_look, require_home
from codex_ssh.link.child import open_child_host
from codex_ssh.link.choosing import AppServer, Wanted
from codex_ssh.link.dial import Dial, DoorDial, SshDial, Trust
from codex_ssh.link.direct import Direct, make_direct_dial
from codex_ssh.link.fence import SessionProcess, end_session, read_session_process
from codex_ssh.link.forward import open_door
from codex_ssh.link.session import INITIALIZE_TIMEOUT_SECONDS, Session, opening_words
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.ssh_client import open_ssh
from codex_ssh.local.lessons import LessonBook
from codex_ssh.local.paths import lessons_dir
from codex_ssh.local.tasks import open_tasks

if TYPE_CHECKING:
    from codex_ssh.link.websocket import WebSocket

log = logging.getLogger(__name__)

LOSS_SETTLES_SECONDS: Final = 0.2
"""How long after the WebSocket's end the SSH connection's end is waited for: it says more."""


ACCOUNT_TIMEOUT_SECONDS: Final = 1.0
"""How long behind ``initialize`` the answer to ``account/read`` is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything that decides how one host is reached.

    Attributes:
        host: As the user typed it.
        ssh: Flags for the SSH stage.
        command: Reaches a devbox without an SSH server (``--exec``); empty goes by SSH.
        wanted: Which app server there.
        trust: What the user takes upon himself.
        given: The token, where the user names a source here; read only when it is needed.
        wss: Where the app server is reached directly.
        wss_only: Go there and nowhere else (``--wss``).
        wss_fallback: What to do with ``wss`` when SSH cannot be reached.
        direct: How ``wss`` is gone.
        door: Our own TUI goes through the loopback door too.
        egress_hosts: What codex there may reach through this machine; None lends it no way out.
    """

    host: Host
    ssh: SshOptions
    command: tuple[str, ...] = ()
    wanted: Wanted = field(default_factory=Wanted)
    trust: Trust = field(default_factory=Trust)
    given: Callable[[], Secret | None] = lambda: None
    wss: WssEndpoint | None = None
    wss_only: bool = False
    wss_fallback: WssFallback = WssFallback.ASK
    direct: Direct = field(default_factory=Direct)
    door: bool = False
    egress_hosts: tuple[str, ...] | None = None


async def _no_ssh() -> Ssh | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """An app server that can be dialled.

    Attributes:
        dial: Makes a connection to it, as often as asked.
        host: The host as the user typed it.
        user: Login name there; empty over ``wss``.
        hostname: The machine's own name; empty over ``wss``.
        boot: The boot id of its kernel; empty over ``wss``.
        codex_home: As the probe saw it; empty over ``wss``.
        warnings: What the user should know.
        wait_lost: Blocks until the SSH connection is gone; for ever over ``wss``.
        generation: Gives what tells one run of the app server from the next; empty when nobody can.
        is_new: Gives whether this very way started the app server.
        process: The devbox's side of the SSH connection; None where it is not known, or not ours alone.
        fence: Ends the devbox's side of an earlier connection.
        take_longest_outage: Gives the longest time without a connection since the last call, in seconds; only
            a way that heals has any.
        ssh: Gives the SSH connection that is open, waiting a while where one is coming back; None where there
            is no SSH.
        check: Compares what ``initialize`` said with what the probe saw and gives more warnings; raises
            OwnerNotProved when the two are not about the same server.
    """

    dial: Dial
    host: str
    user: str
    hostname: str
    codex_home: str
    warnings: tuple[str, ...]
    wait_lost: Callable[[], Awaitable[None]]
    boot: str = ""
    generation: Callable[[], str] = str
    is_new: Callable[[], bool] = bool
    process: SessionProcess | None = None
    fence: Callable[[SessionProcess], Awaitable[bool]] | None = None
    take_longest_outage: Callable[[], float] = float
    ssh: Callable[[], Awaitable[Ssh | None]] = _no_ssh
    check: Callable[[InitializeResult], Awaitable[tuple[str, ...]]] | None = None


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
async def open_way(profile: Profile, prompter: Prompter) -> AsyncGenerator[Way, None]:
    """Give the way to the host's app server: over SSH, or by ``wss`` where that is asked for or agreed to.

    The order: SSH and a channel to the app server's port or socket; ``wss``, after a network error only,
    never after a refused login or host key.

    Raises:
        StageError: The first stage that failed.
    """
    async with AsyncExitStack() as stack:
        if profile.wss_only:
            yield await _wss_way(stack, profile, prompter)
            return
        looking = make_look(profile.wanted)
        try:
            ssh = await stack.enter_async_context(open_host(profile, prompter, _ahead(profile, looking)))
        except HostUnreachable as error:
            if not await _agrees_to_wss(profile, prompter, error):
                raise
            log.warning("%s; going to %s instead", error, profile.wss)
            yield await _wss_way(stack, profile, None)
            return
        if profile.wanted.install is not None:
            # Whoever answers now: it may be a dialog of the TUI, or nobody.
            install = profile.wanted.install.asking(prompter)
            profile = replace(profile, wanted=replace(profile.wanted, install=install))
        way = await _ssh_way(ssh, profile, looking)
        if profile.egress_hosts is not None:
            from codex_ssh.link.egress import open_egress

            told = await stack.enter_async_context(open_egress(ssh, profile.egress_hosts))
            way = replace(way, warnings=(*way.warnings, *told))
        yield way


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
    async with open_host(profile, prompter) as ssh, open_session(await _ssh_way(ssh, profile)) as link:
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


@asynccontextmanager
async def open_host(
    profile: Profile, prompter: Prompter, ahead: Ahead | None = None
) -> AsyncGenerator[Ssh, None]:
    """Log in, and no more: for commands that deal with the devbox itself.

    Args:
        profile: The host.
        prompter: Gets the questions.
        ahead: What will be wanted right after the login.
    """
    if profile.command:
        async with open_child_host(profile.host, profile.command) as ssh:
            yield ssh
    else:
        async with open_ssh(profile.host, profile.ssh, prompter, ahead=ahead) as ssh:
            yield ssh


def _ahead(profile: Profile, looking: Looking) -> Ahead:
    """What is wanted right after the login: a look around, and a channel to where the app server was."""
    endpoint = LessonBook(lessons_dir()).read_endpoint(str(profile.host))
    match profile.wanted.endpoint:
        case WsEndpoint() as wanted:
            endpoint = wanted
        case UnixEndpoint() if not isinstance(endpoint, UnixEndpoint):
            endpoint = None  # its path may be one only the devbox can tell
        case StdioEndpoint():
            endpoint = None
    return Ahead(script=looking.script.text, endpoint=endpoint)


async def _ssh_way(ssh: Ssh, profile: Profile, looking: Looking | None = None) -> Way:
    app = await find_or_start_app_server(ssh, profile.wanted, looking)
    keeps = profile.ssh.fast_path and not profile.command and not app.probe.elsewhere
    if keeps and isinstance(app.endpoint, WsEndpoint | UnixEndpoint):
        LessonBook(lessons_dir()).write_endpoint(str(profile.host), app.endpoint)
    return way_to(ssh, app, profile)


def way_to(ssh: Ssh, app: AppServer, profile: Profile) -> Way:
    """Give the way to an app server that was found."""
    dial = SshDial(
        ssh,
        app,
        wanted=profile.wanted,
        given=profile.given,
        trust=profile.trust,
        channels=not profile.command,
        early=profile.ssh.fast_path,
    )

    async def this_ssh() -> Ssh | None:
        return ssh

    async def check(server: InitializeResult) -> tuple[str, ...]:
        now = dial.app
        await require_home(ssh, now, server.codex_home)
        stale = staleness(server.server_version, now.probe.codex_version, host=ssh.host, ours=now.is_ours)
        return tuple(warning for warning in (stale, now.short_lived) if warning)

    return Way(
        dial=dial,
        host=ssh.host,
        user=app.probe.user,
        hostname=app.probe.hostname,
        boot=app.probe.boot,
        codex_home=app.probe.codex_home,
        warnings=dial.warnings,
        wait_lost=ssh.wait_lost,
        generation=lambda: dial.generation,
        is_new=lambda: dial.app.is_new,
        process=(None if ssh.is_borrowed else read_session_process(app.probe.parent, boot=app.probe.boot)),
        fence=lambda process: end_session(ssh, process),
        ssh=this_ssh,
        check=check,
    )


async def _wss_way(stack: AsyncExitStack, profile: Profile, prompter: Prompter | None) -> Way:
    """The direct way.

    Args:
        stack: Unused connections are closed with it.
        profile: Has a ``wss`` endpoint.
        prompter: For an SSH login to read the token with, when nothing here names one; None when SSH
            is known to be out of reach.

    Raises:
        ConfigError: There is no token source.
    """
    assert profile.wss is not None
    dial = await make_direct_dial(
        profile.wss,
        profile.direct,
        wanted=profile.wanted,
        given=profile.given,
        log_in=None if prompter is None else lambda: open_host(profile, prompter),
    )
    return Way(
        dial=dial,
        host=str(profile.host),
        user="",
        hostname="",
        codex_home="",
        warnings=(),
        wait_lost=_never,
    )


async def _never() -> None:
    await asyncio.get_running_loop().create_future()


async def _agrees_to_wss(profile: Profile, prompter: Prompter, error: HostUnreachable) -> bool:
    if profile.wss is None or profile.wss_fallback is WssFallback.NEVER:
        return False
    if profile.wss_fallback is WssFallback.AUTO:
        return True
    question = Question(
        kind=QuestionKind.CONFIRM,
        host=str(profile.host),
        lead=f"{error}{': ' + error.said if error.said else ''}",
        text=f"go to {profile.wss} directly instead (yes/no)? ",
        echo=True,
    )
    try:
        answer = await prompter.ask(question)
    except StageError:  # nobody can be asked: then what happened is what counts
        return False
    return answer is not None and answer.reveal().strip().lower() in ("y", "yes")


@asynccontextmanager
async def through_door(way: Way) -> AsyncGenerator[Way, None]:
    """The same way by our own loopback door, as any client takes it."""
    token = Secret(secrets.token_urlsafe(32))
    async with open_door(way.dial, at=WsEndpoint(host="127.0.0.1", port=0), token=token) as door:
        assert isinstance(door.endpoint, WsEndpoint)
        yield replace(way, dial=DoorDial(door.endpoint, token=token, transport=way.dial.transport))


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
