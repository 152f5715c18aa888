"""The ladder from here to a first answer of a host's app server, climbed rung by rung.

Lives here: climbing, on one SSH connection and one login, by the very code a connect takes; and what each
rung found. Not here: the values (:mod:`codex_ssh.core.checkup`), keeping book of the rungs
(:mod:`codex_ssh.link.ladder`), this machine (:mod:`codex_ssh.local.machine`), and printing.

It stops at the first rung that cannot be climbed. It starts no app server unless that is asked for, installs
nothing, and changes nothing on the devbox.
"""

from __future__ import annotations

import asyncio
import logging
import shlex
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import cache
from typing import Final, TypeVar

from codex_ssh.core.checkup import Checkup, Rung, State
from codex_ssh.core.command import NoAuth, SignedBearer
from codex_ssh.core.endpoint import StdioEndpoint, UnixEndpoint
from codex_ssh.core.methods import Call, account_read, thread_list
from codex_ssh.core.probe import Probe, Surroundings
from codex_ssh.core.question import Prompter
from codex_ssh.core.rpc import Json
from codex_ssh.core.sandbox import describe_sandbox
from codex_ssh.core.ssh_ignored import list_ignored
from codex_ssh.core.ssh_options import SshClient
from codex_ssh.core.version import is_older
from codex_ssh.errors import (
    AppServerError,
    CodexSshError,
    HostKeyRefused,
    HostUnreachable,
    LoginRefused,
    ProtocolViolated,
    Stage,
)
from codex_ssh.link.appserver import (
    DAEMON,
    DOCUMENTED,
    OURS,
    STEPS,
    AppServer,
    choose,
    look,
    no_codex,
    start,
)
from codex_ssh.link.connect import Link, Profile, Way, open_host, open_session_on, way_to
from codex_ssh.link.dial import require_ours
from codex_ssh.link.ladder import Ladder, Notes, milliseconds_since, rung_of
from codex_ssh.link.shell import compose, run_script
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.ssh_asyncssh import load_asyncssh
from codex_ssh.link.ssh_client import Resolved, open_ssh, resolve
from codex_ssh.link.token import read_credential
from codex_ssh.link.websocket import open_websocket

log = logging.getLogger(__name__)

SCRIPT_TIMEOUT_SECONDS: Final = 30.0
CALL_TIMEOUT_SECONDS: Final = 15.0
"""How long one answer of the app server is waited for."""

SKEW_SECONDS: Final = 30
"""A clock that is further off is worth a warning: an app server allows a JWT as much."""

ROOM_KIB: Final = 64 * 1024
"""Less room than that for our state and codex's is worth a warning."""

OLDEST_TESTED: Final = "0.163.0"
"""The oldest codex the tests run against."""

_TAKEN: Final = {OURS: "own", DAEMON: "daemon", DOCUMENTED: "documented"}

T = TypeVar("T")


async def check_host(
    profile: Profile,
    prompter: Prompter,
    *,
    may_start: bool,
    here: Mapping[str, Json],
    tell: Callable[[Rung], None],
) -> Checkup:
    """Climb as far as it goes. One SSH connection and one login at most; a refused login is one attempt.

    Args:
        profile: How the host is reached. Nothing is installed there, whatever it says.
        prompter: Gets the questions of the login.
        may_start: Start an app server when none runs.
        here: Facts about this machine, for the result.
        tell: Gets each rung once it is known.
    """
    host = str(profile.host)
    ladder = Ladder(host, tell)
    profile = replace(
        profile,
        wanted=replace(profile.wanted, install=None),
        # A token command may ask for a finger on a key: it is asked once.
        given=cache(profile.given),
    )
    try:
        async with AsyncExitStack() as stack:
            ssh = await _log_in(ladder, stack, profile, prompter)
            probe = await _look(ladder, ssh, profile)
            app = await _choose(ladder, ssh, profile, probe, may_start=may_start)
            if app is not None:
                await _converse(ladder, stack, ssh, profile, app, probe.around)
    except CodexSshError as error:
        if not ladder.is_down and ladder.next:
            ladder.fall(error, Notes())
        log.debug("fell: %s", error)
    ladder.skip(f"{ladder.rungs[-1].name} failed" if ladder.is_down else "there is no app server yet")
    return Checkup(host=host, rungs=tuple(ladder.rungs), here=here, there=ladder.there)


# ---------------------------------------------------------------- up to the login


async def _log_in(ladder: Ladder, stack: AsyncExitStack, profile: Profile, prompter: Prompter) -> Ssh:
    if profile.command:
        with ladder.climb("resolve") as notes:
            notes.found.append(f"by a command of this machine: {shlex.join(profile.command)}")
        ladder.skip("there is no SSH connection", until="login")
        with ladder.climb("login") as notes:
            ssh = await stack.enter_async_context(open_host(profile, prompter))
            notes.found.append("the command gives a shell")
        return ssh
    with ladder.climb("resolve") as notes:
        resolved = await resolve(profile.host, profile.ssh)
        _note_resolved(notes, resolved)
    if resolved.client is SshClient.ASYNCSSH:
        load_asyncssh()  # our own time, not the host's
    began = time.perf_counter()
    try:
        ssh = await stack.enter_async_context(open_ssh(profile.host, profile.ssh, prompter, resolved))
    except CodexSshError as error:
        ms = milliseconds_since(began)
        _note_reached(ladder, resolved, until=_fallen_at(error, str(profile.host)))
        ladder.fall(error, Notes(), ms=ms)
        raise
    ms = milliseconds_since(began)
    if ssh.is_borrowed:
        ladder.skip("your own master connection is open already", until="login")
        found = f"{ssh.user}, over your own master connection"
    else:
        _note_reached(ladder, resolved, until="login")
        found = f"{ssh.user}; the time is that of tcp and host key too"
    ladder.add(Rung(name="login", state=State.OK, ms=ms, found=(found,)))
    return ssh


def _note_resolved(notes: Notes, resolved: Resolved) -> None:
    config = resolved.config
    notes.found.append(f"{config.user}@{config.hostname} port {config.port}")
    if config.jumps:
        notes.found.append(f"through {', '.join(config.jumps)}")
    elif config.proxy_command:
        notes.found.append("through a ProxyCommand")
    notes.found.append(f"client {resolved.client.value}: {resolved.why}")
    ignored = list_ignored(config, by_asyncssh=resolved.client is SshClient.ASYNCSSH)
    if ignored:
        notes.found.append(f"set, and without effect here: {', '.join(ignored)}")


def _note_reached(ladder: Ladder, resolved: Resolved, *, until: str) -> None:
    """Note the rungs of the login that must have been climbed: the SSH layer does not time them."""
    config = resolved.config
    found = {
        "tcp": f"{config.hostname} port {config.port} answers",
        "host key": f"accepted (StrictHostKeyChecking {config.strict_host_keys.value})",
    }
    while ladder.next in found and ladder.next != until:
        ladder.add(Rung(name=ladder.next, state=State.OK, found=(found[ladder.next],)))


def _fallen_at(error: CodexSshError, host: str) -> str:
    """Give the rung a login failed at, as far as the error tells."""
    if getattr(error, "host", host) != host:
        return "tcp"  # a hop on the way
    if "during the login" in str(error) or "login took" in str(error):
        return "login"
    match error:
        case LoginRefused() if "in common" not in error.message:
            return "login"
        case LoginRefused():  # they could not agree on algorithms
            return "host key"
        case HostKeyRefused() | HostUnreachable(answered=True):
            return "host key"
        case _:
            return "tcp"


# ---------------------------------------------------------------- what is there


async def _look(ladder: Ladder, ssh: Ssh, profile: Profile) -> Probe:
    with ladder.climb("exec") as notes:
        facts = await run_script(ssh, compose("form.sh", "checkup.sh"), timeout=SCRIPT_TIMEOUT_SECONDS)
        notes.found.append(f"scripts run; the login shell is {facts.get('shell') or 'not known'}")
        _note_room(notes, facts)
    room = facts.get("room", "")
    ladder.there |= {
        "shell": facts.get("shell", ""),
        "stateDirectory": facts.get("state", ""),
        "stateRoomKiB": int(room) if room.isdigit() else None,
        "proxyVariables": list(facts.get("proxy", "").splitlines()),
    }
    with ladder.climb("probe") as notes:
        before = time.time()
        probe = await look(ssh, profile.wanted, everything=True)
        skew = _skew(probe.now, before, time.time())
        _note_probe(notes, probe, skew)
    around = probe.around
    ladder.there |= {
        "user": probe.user,
        "uid": probe.uid,
        "hostname": probe.hostname,
        "boot": probe.boot,
        "system": f"{probe.os} {probe.arch} {around.libc}".strip(),
        "home": probe.home,
        "homeFileSystem": around.home_fs,
        "codexHome": probe.codex_home,
        "clockSkewSeconds": skew,
        "lingering": around.linger,
        "userSystemd": around.systemd,
        "killUserProcesses": around.kills,
        "sandboxStarts": around.sandbox_starts,
        "codex": [{"path": found.path, "version": found.version} for found in around.found],
    }
    return probe


def _note_room(notes: Notes, facts: Mapping[str, str]) -> None:
    room, state = facts.get("room", ""), facts.get("state", "")
    if facts.get("readonly"):
        notes.warnings.append(f"nothing can be written for {state}")
    elif room.isdigit() and int(room) < ROOM_KIB:
        notes.warnings.append(f"only {int(room) // 1024} MiB are free for {state}")


def _skew(told: int, before: float, after: float) -> int | None:
    """Give the least a clock that told whole seconds between two moments is off; None if it told nothing."""
    if not told:
        return None
    return round(min(told + 1 - before, 0) or max(told - after, 0))


def _note_probe(notes: Notes, probe: Probe, skew: int | None) -> None:
    around = probe.around
    notes.found.append(f"{probe.user} on {probe.hostname}, {probe.os} {probe.arch} {around.libc}".strip())
    notes.found.append(f"home {probe.home} on {around.home_fs or 'a file system not known'}")
    if probe.boot:
        notes.found.append(f"boot {probe.boot}")
    if probe.elsewhere:
        notes.found.append("the shell is in another network namespace than its sshd")
    if skew is not None and abs(skew) > SKEW_SECONDS:
        notes.warnings.append(f"its clock is {abs(skew)} s {'ahead of' if skew > 0 else 'behind'} this one")
    if around.kills and not around.linger:
        notes.warnings.append(
            "KillUserProcesses is on and you do not linger: a logout ends an app server started now; "
            "`loginctl enable-linger` there keeps it"
        )


# ---------------------------------------------------------------- the app server


async def _choose(
    ladder: Ladder, ssh: Ssh, profile: Profile, probe: Probe, *, may_start: bool
) -> AppServer | None:
    """Climb to an app server that may be used; None when one would have to be started."""
    wanted = profile.wanted
    app: AppServer | None = None
    passed_over: dict[str, str] = {}
    refused: AppServerError | None = None
    is_stdio = isinstance(wanted.endpoint, StdioEndpoint)
    if not is_stdio:
        try:
            app, passed_over = choose(probe, wanted, ssh.host)
        except AppServerError as error:
            refused = error
    with ladder.climb("codex") as notes:
        if app is None and "own" in passed_over and probe.ws is None:
            # The probe stops at a server of ours; this one cannot be used, so look at the others too.
            probe = replace(await look(ssh, wanted, own=False, everything=True), own=None, own_unix=None)
            app, more = choose(probe, wanted, ssh.host)
            passed_over |= {step: why for step, why in more.items() if step != "own"}
        if app is None and refused is None and not probe.codex:
            raise no_codex(ssh.host, {step: f"{STEPS[step]}: {why}" for step, why in passed_over.items()})
        _note_codex(notes, probe)
    notes = Notes(found=[f"passed over: {STEPS[step]}: {why}" for step, why in passed_over.items()])
    if app is None and refused is None and not may_start:
        one = f"{probe.codex} {probe.codex_version}".strip()
        how = "for its connection alone" if is_stdio else "one"
        notes.found.append(f"none runs; a connect would start {how}: {one}")
        notes.found.append("--start starts it now and goes on")
        ladder.add(rung_of("app server", State.SKIPPED, notes, ms=None))
        return None
    with ladder.climb("app server") as climbing:
        climbing.found += notes.found
        if refused is not None:
            raise refused
        if is_stdio:
            app, _ = choose(probe, wanted, ssh.host)
        elif app is None:
            app = await start(ssh, wanted, probe, passed_over)
        assert app is not None
        how = STEPS[_TAKEN[app.chosen]] if app.chosen in _TAKEN else app.chosen
        climbing.found.append(f"{'started now' if app.is_new else f'taken: {how}'}: {app.endpoint}")
        if app.is_ours and app.probe.own_state.get("because"):
            climbing.found.append(f"on a port: {app.probe.own_state['because']}")
        if app.short_lived:
            climbing.warnings.append(app.short_lived)
    return app


def _note_codex(notes: Notes, probe: Probe) -> None:
    if probe.codex:
        notes.found.append(f"{probe.codex} {probe.codex_version or '(no version)'} (by {probe.codex_from})")
    for other in probe.around.found:
        if other.path != probe.codex:
            notes.found.append(f"also {other.path} {other.version or '(no version)'}")
    if not probe.codex:
        notes.warnings.append("no codex was found there; one that runs already is used")
    elif not probe.codex_version:
        notes.warnings.append("it does not tell its version: does it run there?")
    elif is_older(probe.codex_version, OLDEST_TESTED):
        notes.warnings.append(f"it is older than any that codex-ssh is tested with ({OLDEST_TESTED})")


async def _converse(
    ladder: Ladder,
    stack: AsyncExitStack,
    ssh: Ssh,
    profile: Profile,
    app: AppServer,
    around: Surroundings,
) -> None:
    # Named, so that no other one is started where this one cannot be reached.
    wanted = replace(profile.wanted, endpoint=app.endpoint)
    profile = replace(profile, wanted=wanted)
    way = way_to(ssh, app, profile)
    with ladder.climb("owner") as notes:
        require_ours(app, profile.trust, ssh.host)
        notes.found.append(app.verdict.because or "it is started by this connection")
        notes.warnings += way.warnings
    with ladder.climb("token") as notes:
        notes.found += _describe_token(app, profile, ssh.host)
    with ladder.climb("upgrade") as notes:
        websocket = await stack.enter_async_context(open_websocket(way.dial, way.host))
        notes.found.append(f"transport {way.dial.transport}")
        bridged = "exec" in way.dial.transport
        if bridged and not profile.command:
            notes.warnings.append("its sshd opens no channel to it: the link goes over a program there")
    ladder.there["transport"] = way.dial.transport
    with ladder.climb("initialize") as notes:
        link = await stack.enter_async_context(open_session_on(websocket, way))
        _note_server(notes, ladder, link, way, app)
    await _ask(ladder, link, around)


def _describe_token(app: AppServer, profile: Profile, host: str) -> list[str]:
    """Say where the credential comes from, never what it is.

    Raises:
        TokenError, ConfigError: As the connect itself.
    """
    if isinstance(app.auth, NoAuth):
        if isinstance(app.endpoint, UnixEndpoint):
            return ["none is needed: the socket's owner and mode are the guard"]
        return ["none is asked for"]
    if read_credential(app, given=profile.given, host=host) is None:
        return ["none was found, and whether one is wanted is not known"]
    kind = "a JWT is made with the secret" if isinstance(app.auth, SignedBearer) else "read"
    if profile.given() is not None:
        return [f"{kind} from where this machine's settings say"]
    assert app.secret is not None
    return [f"{kind} from {app.secret.path} there, mode {app.secret.mode}"]


def _note_server(notes: Notes, ladder: Ladder, link: Link, way: Way, app: AppServer) -> None:
    facts = link.facts
    notes.found.append(f"codex {facts.server_version or '(no version)'}, CODEX_HOME {facts.codex_home}")
    # The last one is about the account, a rung of its own.
    said = facts.warnings[: -1 if facts.signed_out else None]
    notes.warnings += [text for text in said if text not in way.warnings and text != app.short_lived]
    ladder.there["serverVersion"] = facts.server_version
    ladder.there["serverStale"] = is_older(facts.server_version, app.probe.codex_version)


async def _ask(ladder: Ladder, link: Link, around: Surroundings) -> None:
    host = link.facts.host
    with ladder.climb("account") as notes:
        account = await _call(link, account_read())
        if account.login_required and not account.kind:
            raise AppServerError(
                "nobody is signed in to codex there",
                stage=Stage.SESSION,
                host=host,
                hint="run `codex login --device-auth` there, or connect: our TUI shows how to sign in",
            )
        # Neither name nor address: what is printed here is shown to others.
        signed_in = f"signed in by {account.kind}{f', plan {account.plan}' if account.plan else ''}"
        notes.found.append(signed_in if account.kind else "the model provider wants no sign-in")
    if around.sandbox_starts is None:
        ladder.add(Rung(name="sandbox", state=State.SKIPPED, found=(describe_sandbox(around),)))
    else:
        with ladder.climb("sandbox") as notes:
            if around.sandbox_starts:
                notes.found.append("starts (tried by the probe)")
            else:
                notes.warnings.append(describe_sandbox(around))
    with ladder.climb("threads") as notes:
        page = await _call(link, thread_list(limit=10))
        notes.found.append(f"{len(page.data)}{' and more' if page.cursor else ''}")


async def _call(link: Link, call: Call[T]) -> T:
    """Ask once.

    Raises:
        ProtocolViolated: There was no answer in time.
        RpcFailed, LinkLost: As :meth:`codex_ssh.link.session.Session.call`.
    """
    try:
        async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
            return await link.call(call)
    except TimeoutError:
        raise ProtocolViolated(
            f"the app server did not answer {call.method!r} within {CALL_TIMEOUT_SECONDS:.0f} seconds",
            stage=Stage.SESSION,
            host=link.facts.host,
            hint="it may be hung: look at it there",
        ) from None
