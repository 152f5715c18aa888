"""Stage "app server": find the one to use on the devbox, or start one.

Lives here: looking, the order of choice with the reason for every step, and starting. Not here: what the
probe's answer means line by line (:mod:`codex_ssh.core.probe`), whether a listener is ours
(:mod:`codex_ssh.core.ownership`, asked by :mod:`codex_ssh.link.dial` for every dial), the token
(:mod:`codex_ssh.link.token`), and stopping (:mod:`codex_ssh.link.upkeep`).
"""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final, Protocol

from codex_ssh.core.command import NoAuth, ServerAuth
from codex_ssh.core.endpoint import DevboxEndpoint, StdioEndpoint, UnixEndpoint, WsEndpoint
from codex_ssh.core.ownership import Owner, Verdict, judge_listeners, judge_socket
from codex_ssh.core.probe import FoundServer, FoundSocket, Probe, ProbeError, SecretFile, parse_probe
from codex_ssh.core.question import Prompter
from codex_ssh.core.secret import Secret
from codex_ssh.core.value import dataclass
from codex_ssh.errors import AppServerError, OwnerNotProved, Stage
from codex_ssh.link.shell import Script, compose, exports, run_script, unreadable
from codex_ssh.link.ssh import Ssh

if TYPE_CHECKING:
    from codex_ssh.core.egress import Egress

log = logging.getLogger(__name__)

DOCUMENTED_PORT: Final = 4500
"""The port of the documented recipe."""

PROBE_TIMEOUT_SECONDS: Final = 30.0
START_TIMEOUT_SECONDS: Final = 90.0
TOKEN_BYTES: Final = 32
"""What the recipe's ``openssl rand -base64 32`` asks for."""

ASKED: Final = "asked for"
OURS: Final = "started by us earlier"
DAEMON: Final = "the official daemon's control socket"
DOCUMENTED: Final = "found on the documented port"
ATTACHED: Final = "started for this connection alone"


class Installer(Protocol):
    """Puts a codex on a devbox that has none."""

    async def __call__(self, ssh: Ssh, probe: Probe) -> Probe:
        """Install it, and give the probe with it.

        Raises:
            AppServerError: It was declined, nobody could be asked, or it failed; nothing of it stays.
        """

    def asking(self, prompter: Prompter) -> Installer:
        """Give one that asks, and tells its progress, there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which app server the user asked for.

    Attributes:
        endpoint: Where it listens on the devbox, or ``stdio``; None finds or starts one.
        codex_path: The codex to start; empty finds one.
        token_file: The token file there; empty learns it from the server's command line.
        env: Variables for a server that is started, on top of those that are let through.
        install: Puts a codex there when there is none; None does not.
        egress: How a server that is started reaches the network; None is by itself.
    """

    endpoint: DevboxEndpoint | None = None
    codex_path: str = ""
    token_file: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    install: Installer | None = None
    egress: Egress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppServer:
    """An app server on the devbox, as just seen.

    Attributes:
        endpoint: Where it listens.
        auth: How it authenticates.
        verdict: Whose it is.
        secret: The token or shared-secret file that goes with it.
        probe: The devbox it runs on.
        chosen: Why this one, in words.
        clients: How many connections it had; None when that cannot be counted.
        codex_home: Its own ``CODEX_HOME``; empty when its environment cannot be read.
        pid: Its process; None when that was not recognised.
        is_new: It was started just now, for whoever asked.
    """

    endpoint: DevboxEndpoint
    auth: ServerAuth
    verdict: Verdict
    secret: SecretFile | None
    probe: Probe
    chosen: str
    clients: int | None = None
    codex_home: str = ""
    pid: int | None = None
    is_new: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether we started it."""
        return self.chosen == OURS

    @property
    def short_lived(self) -> str:
        """The warning about a server of ours that a logout ends; empty when it stays."""
        if isinstance(self.endpoint, StdioEndpoint):
            why = f" ({self.verdict.because})" if self.verdict.because else ""
            return f"the app server ends with this connection, and running turns with it{why}"
        if not self.is_ours or self.probe.own_state.get("keeps") != "session":
            return ""
        return (
            "the app server ends when you log out there (KillUserProcesses is on there); "
            "`loginctl enable-linger` there keeps it"
        )


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


STEPS: Final = {
    "own": "the one we started earlier",
    "daemon": "the official daemon's control socket",
    "documented": f"the documented port {DOCUMENTED_PORT}",
}
"""The steps of the choice, in order, in words."""


def choose(probe: Probe, wanted: Wanted, host: str) -> tuple[AppServer | None, dict[str, str]]:
    """Decide which found server to use; None and why each step was passed over, if none.

    Raises:
        AppServerError: An endpoint was named, and nothing is there.
    """
    match wanted.endpoint:
        case UnixEndpoint():
            if probe.unix is None or probe.unix.socket is None:
                raise _missing(host, f"no socket at {probe.unix.real if probe.unix else 'the path'!r}")
            return on_socket(probe, probe.unix, ASKED), {}
        case WsEndpoint():
            app = on_tcp(probe, probe.ws, ASKED, wanted.endpoint.host)
            if app is None or app.verdict.owner is Owner.NOBODY:
                raise _missing(host, app.verdict.because if app else "the port was not looked at")
            return app, {}
        case StdioEndpoint():
            if not probe.codex:
                raise no_codex(host, {})
            return attached(probe, ""), {}
    passed_over: dict[str, str] = {}
    own = own_server(probe)
    if own is not None and own.verdict.owner not in (Owner.NOBODY, Owner.FOREIGN):
        return own, passed_over
    passed_over["own"] = _why_not_ours(probe, own)
    if probe.daemon is None:
        passed_over["daemon"] = "there is none"
    else:
        daemon = on_socket(probe, probe.daemon, DAEMON)
        if daemon.verdict.owner is Owner.PROVED:
            return daemon, passed_over
        passed_over["daemon"] = daemon.verdict.because
    documented = on_tcp(probe, probe.ws, DOCUMENTED)
    if documented is not None:
        owner = documented.verdict.owner
        recognised = probe.ws is not None and probe.ws.pid is not None
        if owner is Owner.UNKNOWN or (owner in (Owner.PROVED, Owner.EXPOSED) and recognised):
            return documented, passed_over
        passed_over["documented"] = (
            "it belongs to a program that is no app server"
            if owner is Owner.PROVED
            else documented.verdict.because
        )
    return None, passed_over


def own_server(probe: Probe) -> AppServer | None:
    """Give the server we started, if the process our state file names lives."""
    if probe.own_unix is not None:
        return on_socket(probe, probe.own_unix, OURS)
    return on_tcp(probe, probe.own, OURS)


def on_tcp(
    probe: Probe, found: FoundServer | None, chosen: str, address: str = "127.0.0.1"
) -> AppServer | None:
    """Give what listens on a TCP port as a server that may be chosen."""
    if found is None:
        return None
    return AppServer(
        endpoint=WsEndpoint(host=address, port=found.port),
        auth=found.auth,
        verdict=judge_listeners(found, uid=probe.uid),
        secret=found.token,
        probe=probe,
        chosen=chosen,
        clients=found.clients,
        codex_home=found.codex_home,
        pid=found.pid,
    )


def on_socket(probe: Probe, found: FoundSocket, chosen: str) -> AppServer:
    """Give what listens on a unix socket as a server that may be chosen."""
    return AppServer(
        endpoint=UnixEndpoint(path=found.real),
        # The real server ignores bearer tokens on a unix socket: its guard is owner and mode.
        auth=NoAuth(),
        verdict=judge_socket(found, uid=probe.uid),
        secret=None,
        probe=probe,
        chosen=chosen,
        clients=found.clients,
        codex_home=found.codex_home,
        pid=found.pid,
    )


def attached(probe: Probe, why: str) -> AppServer:
    """Give the server that is started for one connection, on its stdin and stdout.

    Args:
        probe: The devbox, with its codex.
        why: Why none that stays is used; empty where the user asked for this.
    """
    return AppServer(
        endpoint=StdioEndpoint(),
        auth=NoAuth(),
        # Nobody else can be at the other end of its streams.
        verdict=Verdict(owner=Owner.PROVED, because=why),
        secret=None,
        probe=probe,
        chosen=ASKED if not why else ATTACHED,
    )


def _why_not_ours(probe: Probe, own: AppServer | None) -> str:
    if not probe.own_state:
        return "there is none"
    if own is None:
        rebooted = probe.own_state.get("boot", "") != probe.boot
        return f"it ended{': the machine was restarted' if rebooted else ''}"
    return own.verdict.because


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


def no_codex(host: str, passed_over: Mapping[str, str]) -> AppServerError:
    """Give the error for a devbox where an app server would have to be started and no codex is."""
    steps = "; ".join(f"{STEPS[step]} ({why})" for step, why in passed_over.items())
    return AppServerError(
        "no app server is running there, and no codex was found to start one",
        stage=Stage.APP_SERVER,
        host=host,
        hint="install it there, or name it with --codex-path; looked in PATH, in the login shell's PATH, "
        "and where npm, nvm, fnm, volta, bun and brew put it; "
        f"passed over: {steps or 'nothing'}",
    )


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
        raise _missing(ssh.host, f"the one just started cannot be found again ({why.get('own', '')})")
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


def _missing(host: str, why: str) -> AppServerError:
    return AppServerError(
        why,
        stage=Stage.APP_SERVER,
        host=host,
        hint="start it there, or leave --endpoint away and one is found or started",
    )


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
