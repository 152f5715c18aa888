"""Stage "app server": find the one to use on the devbox, or start one.

Lives here: looking, and starting. Not here: which of those found is used (:mod:`codex_ssh.link.choosing`),
the token (:mod:`codex_ssh.link.token`), and stopping (:mod:`codex_ssh.link.upkeep`).
"""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from codex_ssh.core.endpoint import StdioEndpoint, UnixEndpoint, WsEndpoint
from codex_ssh.core.ownership import Owner
from codex_ssh.core.probe import Probe, ProbeError, parse_probe
from codex_ssh.core.secret import Secret
from codex_ssh.core.value import dataclass
from codex_ssh.errors import AppServerError, OwnerNotProved, Stage
from codex_ssh.link.choosing import (
    ASKED,
    DOCUMENTED_PORT,
    STEPS,
    AppServer,
    Wanted,
    attached,
    choose,
    missing,
    no_codex,
)
from codex_ssh.link.shell import Script, compose, exports, run_script, unreadable
from codex_ssh.link.ssh import Ssh

log = logging.getLogger(__name__)

PROBE_TIMEOUT_SECONDS: Final = 30.0
START_TIMEOUT_SECONDS: Final = 90.0
TOKEN_BYTES: Final = 32
"""What the recipe's ``openssl rand -base64 32`` asks for."""


async def find_or_start_app_server(ssh: Ssh, wanted: Wanted, looking: Looking | None = None) -> AppServer:
    """Give the app server to use; starts one when none that may be used is there.

    One round trip when one is there. The order without an explicit endpoint: the one we started earlier,
    the official daemon's control socket, the documented port, a new one.

    Args:
        ssh: The connection.
        wanted: What to look for.
        looking: The look around, where it was put together before the login.

    Raises:
        AppServerError: None is there and none could be started; says why.
    """
    probe = await (looking or make_look(wanted)).run(ssh)
    if isinstance(wanted.endpoint, StdioEndpoint):
        probe = await _with_codex(ssh, wanted, probe)
    app, passed_over = choose(probe, wanted, ssh.host)
    if app is None and probe.own_state and "own" in passed_over and probe.around.path == "":
        # The probe stops at a server of ours; this one cannot be used, so look at the others too.
        probe = await look(ssh, wanted, own=False)
        app, more = choose(replace(probe, own=None, own_unix=None), wanted, ssh.host)
        passed_over |= more
    for step, why in passed_over.items():
        log.info("passed over: %s: %s", STEPS[step], why)
    if app is not None:
        log.info("app server taken: %s, %s (%s)", app.endpoint, app.chosen, app.verdict.because)
        return app
    probe = await _with_codex(ssh, wanted, probe)
    facts = await _run_start(ssh, wanted, probe, passed_over)
    if facts.get("outcome") == "no-directory":
        failed = not_done(ssh.host, facts)
        log.warning("no app server can stay there: %s: %s", failed, failed.said)
        return attached(probe, "it has no directory for its state there")
    return await _started(ssh, wanted, probe, facts)


async def look_again(ssh: Ssh, app: AppServer, wanted: Wanted) -> AppServer:
    """Look at the same endpoint once more: its owner, its auth and its token as of now.

    Raises:
        AppServerError: It is gone, or the devbox did not answer.
    """
    same = replace(wanted, endpoint=app.endpoint)
    found, _ = choose(await look(ssh, same), same, ssh.host)
    assert found is not None  # an endpoint that is named is found or an error
    return replace(found, chosen=app.chosen)


async def find_again(ssh: Ssh, app: AppServer, wanted: Wanted) -> AppServer:
    """Look at the same endpoint once more; where nobody listens there any more, find or start another one.

    Raises:
        AppServerError: The user named that endpoint and it is gone, or none could be started.
    """
    try:
        found = await look_again(ssh, app, wanted)
    except AppServerError:
        if wanted.endpoint is not None:
            raise
    else:
        if wanted.endpoint is not None or found.verdict.owner is not Owner.NOBODY:
            return found
    log.info("the app server at %s is gone", app.endpoint)
    return await find_or_start_app_server(ssh, wanted)


async def look(ssh: Ssh, wanted: Wanted, *, own: bool = True, everything: bool = False) -> Probe:
    """Probe the devbox: one round trip.

    Args:
        ssh: The connection.
        wanted: What to look for.
        own: Look for our own server too, and only there if it lives.
        everything: Also what a connect does not need.

    Raises:
        AppServerError: The devbox did not answer as a POSIX shell would.
    """
    return await make_look(wanted, own=own, everything=everything).run(ssh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """A look around the devbox, ready to be sent.

    Attributes:
        script: What is run.
        port: The TCP port it looks at.
    """

    script: Script
    port: int

    async def run(self, ssh: Ssh) -> Probe:
        """Look around; raises as :func:`look`."""
        ran = await ssh.run(self.script.text, timeout=PROBE_TIMEOUT_SECONDS)
        try:
            return parse_probe(ran.stdout, marker=self.script.marker, port=self.port)
        except ProbeError as error:
            raise unreadable(ssh.host, ran, str(error)) from error


def make_look(wanted: Wanted, *, own: bool = True, everything: bool = False) -> Looking:
    """Put a look around together; arguments as for :func:`look`."""
    port = wanted.endpoint.port if isinstance(wanted.endpoint, WsEndpoint) else DOCUMENTED_PORT
    if isinstance(wanted.endpoint, StdioEndpoint):
        port = 0
    unix = ""
    if isinstance(wanted.endpoint, UnixEndpoint):
        unix = wanted.endpoint.path or "default"
    script = compose(
        *("form.sh", "codex.sh", *(["inventory.sh"] if everything else []), "probe.sh"),
        PORT=str(port or ""),
        UNIX=unix,
        OWN="1" if wanted.endpoint is None else "",
        SKIP="" if own else "1",
        CODEX=wanted.codex_path,
        TOKEN_FILE=wanted.token_file,
        ALL="1" if everything else "",
    )
    return Looking(script=script, port=port)


async def start(ssh: Ssh, wanted: Wanted, probe: Probe, passed_over: Mapping[str, str]) -> AppServer:
    """Start one, unless one of ours lives by now; many at once start one.

    Raises:
        AppServerError: No codex was found, or it did not come up.
    """
    probe = await _with_codex(ssh, wanted, probe)
    return await _started(ssh, wanted, probe, await _run_start(ssh, wanted, probe, passed_over))


async def _with_codex(ssh: Ssh, wanted: Wanted, probe: Probe) -> Probe:
    """Give the probe with a codex, installed now if there is none and that is wanted."""
    return probe if probe.codex or wanted.install is None else await wanted.install(ssh, probe)


async def _run_start(
    ssh: Ssh, wanted: Wanted, probe: Probe, passed_over: Mapping[str, str]
) -> dict[str, str]:
    if not probe.codex:
        raise no_codex(ssh.host, passed_over)
    around = probe.around
    log.info("starting %s %s (from: %s)", probe.codex, probe.codex_version, probe.codex_from)
    out = wanted.egress
    script = compose(
        *("form.sh", "environment.sh", "start.sh"),
        functions=exports("declared", {**(out.variables if out is not None else {}), **wanted.env}),
        ACTION="start",
        EGRESS=out.line if out is not None else "",
        CODEX=probe.codex,
        TOKEN_FILE=wanted.token_file,
        TOKEN=make_token().reveal(),
        UMASK=around.umask,
        SERVER_PATH=around.path,
        KEEPER="systemd" if around.systemd and around.linger else "",
        ENDS="1" if around.kills else "",
    )
    return await run_script(ssh, script, timeout=START_TIMEOUT_SECONDS)


async def _started(ssh: Ssh, wanted: Wanted, probe: Probe, facts: Mapping[str, str]) -> AppServer:
    if facts.get("outcome") not in ("started", "running"):
        raise not_done(ssh.host, facts, codex=probe.codex)
    if facts.get("because"):
        log.info("on a loopback port with a token: %s", facts["because"])
    app, why = choose(await look(ssh, wanted), wanted, ssh.host)
    if app is None:
        raise missing(ssh.host, f"the one just started cannot be found again ({why.get('own', '')})")
    log.info("app server %s: %s (%s)", facts["outcome"], app.endpoint, probe.codex)
    return replace(app, is_new=facts["outcome"] == "started")


async def require_home(ssh: Ssh, app: AppServer, said: str) -> None:
    """Compare the CODEX_HOME an app server tells with the one it was seen with.

    Not a proof, which the owner is: a check that both are about the same server. Links are resolved on the
    devbox only when the two differ as texts.

    Raises:
        OwnerNotProved: They are two directories.
    """
    seen = app.codex_home or app.probe.codex_home
    if not said or said in (seen, app.probe.codex_home_real if not app.codex_home else seen):
        return
    script = compose("form.sh", "same.sh", ONE=seen, OTHER=said)
    facts = await run_script(ssh, script, timeout=PROBE_TIMEOUT_SECONDS)
    if facts.get("one") == facts.get("other"):
        return
    if not app.codex_home and app.chosen == ASKED:
        log.info("the app server works in %s, the login in %s", said, seen)
        return
    raise OwnerNotProved(
        f"the app server works in {said!r}, and the one that was looked for in {seen!r}",
        stage=Stage.SESSION,
        host=ssh.host,
        hint="set CODEX_HOME there for logins without a terminal too, or name the server with --endpoint",
    )


def make_token() -> Secret:
    """Give a new random token, as the recipe makes them."""
    return Secret(base64.b64encode(secrets.token_bytes(TOKEN_BYTES)).decode())


_FAULTS: Final = {
    "no-directory": (
        "no directory for its state can be used",
        "it wants one of yours alone with room in it: ~/.codex-ssh there",
    ),
    "locked": ("another codex-ssh holds the lock in {dir!r}", "wait for it, or remove start.lock there"),
    "no-token": ("the token file {token_file!r} cannot be read or written", "check that directory's mode"),
    "failed": ("codex did not come up as an app server", "run it there by hand to see more"),
}


def not_done(host: str, facts: Mapping[str, str], *, codex: str = "") -> AppServerError:
    """Give the error for an outcome of the start script that is no success."""
    outcome = facts.get("outcome", "")
    words, hint = _FAULTS.get(outcome, (f"it did not start ({outcome})", ""))
    named = f" (codex is {codex!r})" if codex and outcome == "failed" else ""
    return AppServerError(
        f"{words.format_map(facts)}{named}",
        stage=Stage.APP_SERVER,
        host=host,
        said=(facts.get("log") or facts.get("why") or facts.get("first_log") or "").strip(),
        hint=hint,
    )
