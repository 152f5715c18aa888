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
from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import cache
from typing import Final, TypeVar

from codex_ssh.core.call import Call
from codex_ssh.core.checkup import Checkup, Rung, State
from codex_ssh.core.command import NoAuth, SignedBearer
from codex_ssh.core.endpoint import StdioEndpoint, UnixEndpoint
from codex_ssh.core.methods import account_read, thread_list
from codex_ssh.core.probe import Probe, Surroundings
from codex_ssh.core.question import Prompter
from codex_ssh.core.rpc import Json
from codex_ssh.core.sandbox import describe_sandbox
from codex_ssh.core.version import is_older
from codex_ssh.errors import (
    AppServerError,
    CodexSshError,
    ProtocolViolated,
    Stage,
)
from codex_ssh.link.appserver import look, start
from codex_ssh.link.checkup_devbox import look_around, reach
from codex_ssh.link.choosing import DAEMON, DOCUMENTED, OURS, STEPS, AppServer, choose, no_codex
from codex_ssh.link.connect import Link, open_session_on
from codex_ssh.link.dial import require_ours
from codex_ssh.link.ladder import Ladder, Notes, rung_of
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.token import read_credential
from codex_ssh.link.way import Profile, Way, open_way, way_to
from codex_ssh.link.websocket import open_websocket

log = logging.getLogger(__name__)

CALL_TIMEOUT_SECONDS: Final = 15.0
"""How long one answer of the app server is waited for."""

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
            if profile.wss_only:
                await _go_directly(ladder, stack, profile, prompter)
            else:
                await _go_by_ssh(ladder, stack, profile, prompter, may_start=may_start)
    except CodexSshError as error:
        if not ladder.is_down and ladder.next:
            ladder.fall(error, Notes())
        log.debug("fell: %s", error)
    ladder.skip(f"{ladder.rungs[-1].name} failed")
    return Checkup(host=host, rungs=tuple(ladder.rungs), here=here, there=ladder.there)


async def _go_by_ssh(
    ladder: Ladder, stack: AsyncExitStack, profile: Profile, prompter: Prompter, *, may_start: bool
) -> None:
    ssh = await reach(ladder, stack, profile, prompter)
    probe = await look_around(ladder, ssh, profile)
    app = await _choose(ladder, ssh, profile, probe, may_start=may_start)
    if app is None:
        ladder.skip("there is no app server yet")
        return
    # Named, so that no other one is started where this one cannot be reached.
    profile = replace(profile, wanted=replace(profile.wanted, endpoint=app.endpoint))
    way = way_to(ssh, app, profile)
    with ladder.climb("owner") as notes:
        require_ours(app, profile.trust, ssh.host)
        notes.found.append(app.verdict.because or "it is started by this connection")
        notes.warnings += way.warnings
    with ladder.climb("token") as notes:
        notes.found += _describe_token(app, profile, ssh.host)
    known = (*way.warnings, app.short_lived)
    link = await _converse(ladder, stack, way, known, on_disk=app.probe.codex_version)
    await _ask(ladder, link, probe.around)


async def _go_directly(ladder: Ladder, stack: AsyncExitStack, profile: Profile, prompter: Prompter) -> None:
    ladder.skip("by wss there is no SSH on the way", until="token")
    with ladder.climb("token") as notes:
        way = await stack.enter_async_context(open_way(profile, prompter))
        notes.found.append(f"there is a credential for {profile.wss}")
    link = await _converse(ladder, stack, way, (), on_disk="")
    await _ask(ladder, link, Surroundings())


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
            raise no_codex(ssh.host, passed_over)
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
    ladder: Ladder, stack: AsyncExitStack, way: Way, known: Collection[str], *, on_disk: str
) -> Link:
    """Climb to a session; the stack holds it.

    Args:
        ladder: The rungs.
        stack: For what is opened.
        way: To the app server.
        known: Warnings that have been told already.
        on_disk: The version of the codex there; empty when it is not known.
    """
    with ladder.climb("upgrade") as notes:
        websocket = await stack.enter_async_context(open_websocket(way.dial, way.host))
        notes.found.append(f"transport {way.dial.transport}")
        if way.dial.transport == "ssh exec":
            notes.warnings.append("its sshd opens no channel to it: the link goes over a program there")
    ladder.there["transport"] = way.dial.transport
    with ladder.climb("initialize") as notes:
        link = await stack.enter_async_context(open_session_on(websocket, way))
        facts = link.facts
        notes.found.append(f"codex {facts.server_version or '(no version)'}, CODEX_HOME {facts.codex_home}")
        # The last one is about the account, a rung of its own.
        said = facts.warnings[: -1 if facts.signed_out else None]
        notes.warnings += [text for text in said if text not in known]
    ladder.there["serverVersion"] = facts.server_version
    ladder.there["serverStale"] = is_older(facts.server_version, on_disk)
    return link


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
