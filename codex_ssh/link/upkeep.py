"""The life of the app server we started: status, stop, restart, logs, and what it left behind.

Lives here: what ``codex-ssh server`` does on one SSH connection. Not here: finding and starting
(:mod:`codex_ssh.link.appserver`), and printing. A server we did not start is never ended.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Final

from codex_ssh.core.call import Call
from codex_ssh.core.fields import texts_at
from codex_ssh.core.methods import thread_read
from codex_ssh.core.ownership import Owner
from codex_ssh.core.probe import Probe
from codex_ssh.core.thread import ThreadState
from codex_ssh.core.value import dataclass
from codex_ssh.core.version import is_older
from codex_ssh.errors import AppServerError, CodexSshError, LinkLost, RpcFailed, Stage
from codex_ssh.link.appserver import look, not_done, start
from codex_ssh.link.choosing import AppServer, Wanted, choose, own_server
from codex_ssh.link.connect import open_session
from codex_ssh.link.shell import compose, exports, run_script
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.uploads import KEPT_DAYS
from codex_ssh.link.way import Profile, way_to

log = logging.getLogger(__name__)

STOP_TIMEOUT_SECONDS: Final = 60.0
IDLE_POLL_SECONDS: Final = 2.0
"""How often a busy server is looked at while ``--when-idle`` waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The app server of a host, as just seen.

    Attributes:
        probe: The devbox.
        app: The server a connect would use; None when it would start one.
        passed_over: Why the earlier steps of the choice were not taken, by step.
        version: Its version; empty when it was not asked or would not tell.
        turns: Threads in which a turn runs; None when they could not be counted.
        clients: Connections to it, ours left out; None when they could not be counted.
        trouble: Why it could not be asked; empty when it was.
    """

    probe: Probe
    app: AppServer | None
    passed_over: dict[str, str]
    version: str = ""
    turns: int | None = None
    clients: int | None = None
    trouble: str = ""

    @property
    def is_stale(self) -> bool:
        """Whether a newer codex lies on disk."""
        return is_older(self.version, self.probe.codex_version)

    @property
    def busy(self) -> str:
        """What would be disturbed by its end, in words; empty when nothing would."""
        parts = []
        if self.turns:
            parts.append(f"{self.turns} turn{'s run' if self.turns > 1 else ' runs'}")
        if self.clients:
            parts.append(f"{self.clients} client{'s are' if self.clients > 1 else ' is'} attached")
        if self.app is not None and self.trouble:
            parts.append(f"what it does could not be asked ({self.trouble})")
        return ", ".join(parts)


async def read_status(ssh: Ssh, profile: Profile, *, everything: bool = False) -> Status:
    """Look at the host's app server and ask it what it does.

    Raises:
        AppServerError: The devbox did not answer, or an endpoint was named and nothing is there.
    """
    probe = await look(ssh, profile.wanted, everything=everything)
    app, passed_over = choose(probe, profile.wanted, ssh.host)
    status = Status(probe=probe, app=app, passed_over=passed_over)
    return await _asked(ssh, profile, status) if app is not None else status


async def start_server(ssh: Ssh, profile: Profile) -> AppServer:
    """Give our own server, started now if it does not run; a foreign one that runs does not count.

    Raises:
        AppServerError: It could not be started.
    """
    probe = await look(ssh, Wanted(codex_path=profile.wanted.codex_path), everything=True)
    own = own_server(probe)
    if own is not None and own.verdict.owner is Owner.PROVED:
        return own
    return await start(ssh, replace(profile.wanted, endpoint=None), probe, {})


async def stop_server(ssh: Ssh, profile: Profile, *, force: bool) -> str:
    """End our own server.

    Args:
        ssh: The connection.
        profile: How its server is asked what it does.
        force: Though turns run or clients are attached. It is told to drain, and after five seconds again.

    Returns:
        ``stopped``, ``none`` (there was none of ours), or ``draining`` (it has been told and still runs).

    Raises:
        AppServerError: It is busy, and ``force`` was not given.
    """
    if not force:
        status = await _own_status(ssh, profile)
        if status is not None and status.busy:
            raise AppServerError(
                f"the app server is busy: {status.busy}",
                stage=Stage.APP_SERVER,
                host=ssh.host,
                hint="wait with `codex-ssh server restart --when-idle`, or end it all the same with --force",
            )
    facts = await _act(ssh, "stop", force=force)
    outcome = facts.get("outcome", "")
    if outcome not in ("stopped", "none", "draining"):
        raise not_done(ssh.host, facts)
    return outcome


async def restart_server(ssh: Ssh, profile: Profile, *, when_idle: bool, force: bool) -> AppServer:
    """End our own server and start it again, with the codex that is on disk now.

    Args:
        ssh: The connection.
        profile: How its server is asked what it does.
        when_idle: Wait, for as long as it takes, until no turn runs and nobody is attached.
        force: Do not wait and do not ask.

    Raises:
        AppServerError: It is busy, or did not come up again.
    """
    if when_idle and not force:
        await wait_idle(ssh, profile)
    outcome = await stop_server(ssh, profile, force=force)
    if outcome == "draining":
        raise AppServerError(
            "the app server has been told to end and still runs",
            stage=Stage.APP_SERVER,
            host=ssh.host,
            hint="it lets its turns end; try again, or --force",
        )
    return await start_server(ssh, profile)


async def wait_idle(ssh: Ssh, profile: Profile) -> None:
    """Block until our own server runs no turn and nobody is attached, or until there is none."""
    while True:
        status = await _own_status(ssh, profile)
        if status is None or not status.busy:
            return
        log.info("waiting: %s", status.busy)
        await asyncio.sleep(IDLE_POLL_SECONDS)


async def read_logs(ssh: Ssh, *, lines: int) -> tuple[str, str]:
    """Give the path and the last lines of our server's log; both empty when there is none."""
    facts = await _act(ssh, "logs", lines=lines)
    return facts.get("path", ""), facts.get("log", "")


async def collect_garbage(ssh: Ssh) -> tuple[list[str], list[str]]:
    """Remove what servers of ours left behind that are proved dead; give what was removed and kept."""
    facts = await _act(ssh, "gc")
    return facts.get("removed", "").splitlines(), facts.get("kept", "").splitlines()


async def _act(ssh: Ssh, action: str, *, force: bool = False, lines: int = 0) -> dict[str, str]:
    script = compose(
        *("form.sh", "environment.sh", "start.sh"),
        functions=exports("declared", {}),
        ACTION=action,
        DAYS=str(KEPT_DAYS),
        FORCE="1" if force else "",
        LINES=str(lines),
    )
    return await run_script(ssh, script, timeout=STOP_TIMEOUT_SECONDS)


async def _own_status(ssh: Ssh, profile: Profile) -> Status | None:
    """Give our own server's status; None when there is none."""
    probe = await look(ssh, Wanted(codex_path=profile.wanted.codex_path))
    app = own_server(probe)
    if app is None or app.verdict.owner is Owner.NOBODY:
        return None
    return await _asked(ssh, profile, Status(probe=probe, app=app, passed_over={}))


async def _asked(ssh: Ssh, profile: Profile, status: Status) -> Status:
    """Ask the server; what it cannot tell stays unknown and is said."""
    assert status.app is not None
    app = status.app
    status = replace(status, clients=app.clients)
    wanted = replace(profile.wanted, endpoint=None if app.is_ours else profile.wanted.endpoint)
    try:
        async with open_session(way_to(ssh, app, replace(profile, wanted=wanted))) as link:
            loaded = await link.call(
                Call(
                    method="thread/loaded/list",
                    params={},
                    decode=lambda result: texts_at(result, "data"),
                )
            )
            turns = 0
            for thread_id in loaded:
                try:
                    thread = await link.call(thread_read(thread_id))
                except RpcFailed:  # unloaded meanwhile, or without a turn yet
                    continue
                turns += thread.status.state is ThreadState.ACTIVE
            return replace(status, version=link.facts.server_version, turns=turns)
    except LinkLost:
        raise
    except CodexSshError as error:
        return replace(status, trouble=str(error))
