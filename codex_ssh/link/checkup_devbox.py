"""The lower rungs of the ladder: from here to the devbox, and the facts of it.

Lives here: resolving, the login, exec and the probe. Not here: the app server
(:mod:`codex_ssh.link.checkup`).
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final

from codex_ssh.core.checkup import Rung, State
from codex_ssh.core.probe import Probe
from codex_ssh.core.question import Prompter
from codex_ssh.core.ssh_ignored import list_ignored
from codex_ssh.core.ssh_options import SshClient
from codex_ssh.errors import CodexSshError, HostKeyRefused, HostUnreachable, LoginRefused
from codex_ssh.link.appserver import look
from codex_ssh.link.ladder import Ladder, Notes, milliseconds_since
from codex_ssh.link.shell import compose, run_script
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.ssh_asyncssh import load_asyncssh
from codex_ssh.link.ssh_client import Resolved, open_ssh, resolve
from codex_ssh.link.way import Profile, open_host

SCRIPT_TIMEOUT_SECONDS: Final = 30.0
SKEW_SECONDS: Final = 30
"""A clock that is further off is worth a warning: an app server allows a JWT as much."""

ROOM_KIB: Final = 64 * 1024
"""Less room than that for our state and codex's is worth a warning."""


# ---------------------------------------------------------------- up to the login


async def reach(ladder: Ladder, stack: AsyncExitStack, profile: Profile, prompter: Prompter) -> Ssh:
    """Climb to a login; the connection is held by the stack.

    Raises:
        CodexSshError: A rung cannot be climbed; it is noted.
    """
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


async def look_around(ladder: Ladder, ssh: Ssh, profile: Profile) -> Probe:
    """Climb to the facts of the devbox.

    Raises:
        CodexSshError: A rung cannot be climbed; it is noted.
    """
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
