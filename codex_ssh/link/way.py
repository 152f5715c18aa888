"""From a profile to a way in: the login, the app server there, and what is dialled; or ``wss`` instead.

Lives here: what a profile and a way are, the order of the stages, and the ``wss`` fallback. Not here: any
stage itself, and the session at the end of a way (:mod:`codex_ssh.link.connect`).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import field, replace

from codex_ssh.core.config import WssFallback
from codex_ssh.core.endpoint import StdioEndpoint, UnixEndpoint, WsEndpoint, WssEndpoint
from codex_ssh.core.host import Host
from codex_ssh.core.methods import InitializeResult
from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.core.value import dataclass
from codex_ssh.core.version import staleness
from codex_ssh.errors import HostUnreachable, StageError
from codex_ssh.link.ahead import Ahead
from codex_ssh.link.appserver import Looking, find_or_start_app_server, make_look, require_home
from codex_ssh.link.child import open_child_host
from codex_ssh.link.choosing import AppServer, Wanted
from codex_ssh.link.dial import Dial, DoorDial, SshDial, Trust
from codex_ssh.link.direct import Direct, make_direct_dial
from codex_ssh.link.fence import SessionProcess, end_session, read_session_process
from codex_ssh.link.forward import open_door
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.ssh_client import open_ssh
from codex_ssh.local.lessons import LessonBook
from codex_ssh.local.paths import lessons_dir

log = logging.getLogger(__name__)


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
        way = await ssh_way(ssh, profile, looking)
        if profile.egress_hosts is not None:
            from codex_ssh.link.egress import open_egress

            told = await stack.enter_async_context(open_egress(ssh, profile.egress_hosts))
            way = replace(way, warnings=(*way.warnings, *told))
        yield way


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


async def ssh_way(ssh: Ssh, profile: Profile, looking: Looking | None = None) -> Way:
    """Give the way to the app server of a devbox that is logged in to; raises AppServerError."""
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
