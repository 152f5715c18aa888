"""Which app server is used, of those a look around the devbox found.

Lives here: what one is, what the user may want of it, and the order of choice with the reason for every
step; all of it without I/O. Not here: looking and starting (:mod:`codex_ssh.link.appserver`), what the
probe's answer means line by line (:mod:`codex_ssh.core.probe`), and whether a listener is ours
(:mod:`codex_ssh.core.ownership`, asked by :mod:`codex_ssh.link.dial` for every dial).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Final, Protocol

from codex_ssh.core.command import NoAuth, ServerAuth
from codex_ssh.core.endpoint import DevboxEndpoint, StdioEndpoint, UnixEndpoint, WsEndpoint
from codex_ssh.core.ownership import Owner, Verdict, judge_listeners, judge_socket
from codex_ssh.core.probe import FoundServer, FoundSocket, Probe, SecretFile
from codex_ssh.core.question import Prompter
from codex_ssh.core.value import dataclass
from codex_ssh.errors import AppServerError, Stage
from codex_ssh.link.ssh import Ssh

if TYPE_CHECKING:
    from codex_ssh.core.egress import Egress

DOCUMENTED_PORT: Final = 4500
"""The port of the documented recipe."""

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
                where = repr(probe.unix.real if probe.unix is not None else wanted.endpoint.path)
                raise missing(host, f"no socket at {where}")
            return on_socket(probe, probe.unix, ASKED), {}
        case WsEndpoint():
            app = on_tcp(probe, probe.ws, ASKED, wanted.endpoint.host)
            if app is None or app.verdict.owner is Owner.NOBODY:
                raise missing(host, app.verdict.because if app else "the port was not looked at")
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


def missing(host: str, why: str) -> AppServerError:
    """Give the error for an app server that is not where it should be."""
    return AppServerError(
        why,
        stage=Stage.APP_SERVER,
        host=host,
        hint="start it there, or leave --endpoint away and one is found or started",
    )
