"""Stage "app server": find the one to use on the devbox, or start one.

Lives here: running the two scripts, the order of choice, and starting. Not here: what the probe's answer
means line by line (:mod:`codex_ssh.core.probe`), whether a listener is ours
(:mod:`codex_ssh.core.ownership`, asked by :mod:`codex_ssh.link.dial` for every dial), and the token
(:mod:`codex_ssh.link.token`).
"""

from __future__ import annotations

import base64
import logging
import secrets
import shlex
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from codex_ssh.core.command import NoAuth, ServerAuth
from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.core.ownership import Owner, Verdict, judge_listeners, judge_socket
from codex_ssh.core.probe import FoundServer, Probe, ProbeError, SecretFile, parse_lines, parse_probe
from codex_ssh.core.secret import Secret
from codex_ssh.errors import AppServerError, Stage
from codex_ssh.link.ssh import Ran, Ssh

log = logging.getLogger(__name__)

DOCUMENTED_PORT: Final = 4500
"""The port of the documented recipe."""

PROBE_TIMEOUT_SECONDS: Final = 30.0
START_TIMEOUT_SECONDS: Final = 60.0
TOKEN_BYTES: Final = 32
"""What the recipe's ``openssl rand -base64 32`` asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which app server the user asked for.

    Attributes:
        endpoint: Where it listens on the devbox; None finds or starts one.
        codex_path: The codex to start; empty finds one.
        token_file: The token file there; empty learns it from the server's command line.
    """

    endpoint: WsEndpoint | UnixEndpoint | None = None
    codex_path: str = ""
    token_file: str = ""


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
    """

    endpoint: WsEndpoint | UnixEndpoint
    auth: ServerAuth
    verdict: Verdict
    secret: SecretFile | None
    probe: Probe
    chosen: str


async def find_or_start_app_server(ssh: Ssh, wanted: Wanted) -> AppServer:
    """Give the app server to use; starts one when none that may be used is there.

    One round trip when one is there. The order without an explicit endpoint: the one we started earlier,
    the documented port, a new one.

    Raises:
        AppServerError: None is there and none could be started; says why.
    """
    probe = await _probe(ssh, wanted)
    app, passed_over = _choose(probe, wanted, ssh.host)
    if app is not None:
        log.info("app server found: %s (%s)", app.endpoint, app.chosen)
        return app
    log.info("no app server to use: %s", passed_over)
    return await _start(ssh, wanted, codex=probe.codex, passed_over=passed_over)


async def look_again(ssh: Ssh, app: AppServer, wanted: Wanted) -> AppServer:
    """Look at the same endpoint once more: its owner, its auth and its token as of now.

    Raises:
        AppServerError: It is gone, or the devbox did not answer.
    """
    same = Wanted(endpoint=app.endpoint, codex_path=wanted.codex_path, token_file=wanted.token_file)
    found, why = _choose(await _probe(ssh, same), same, ssh.host)
    if found is None:
        raise _missing(ssh.host, why)
    return found


async def _probe(ssh: Ssh, wanted: Wanted) -> Probe:
    marker = f"codex-ssh-{secrets.token_hex(8)}"
    port = wanted.endpoint.port if isinstance(wanted.endpoint, WsEndpoint) else DOCUMENTED_PORT
    unix = ""
    if isinstance(wanted.endpoint, UnixEndpoint):
        unix = wanted.endpoint.path or "default"
    script = _with_variables(
        "probe.sh",
        M=marker,
        PORT=str(port),
        UNIX=unix,
        OWN="" if wanted.endpoint else "1",
        CODEX=wanted.codex_path,
        TOKEN_FILE=wanted.token_file,
    )
    ran = await ssh.run(script, timeout=PROBE_TIMEOUT_SECONDS)
    try:
        return parse_probe(ran.stdout, marker=marker, port=port)
    except ProbeError as error:
        raise _unreadable(ssh.host, ran, str(error)) from error


def _choose(probe: Probe, wanted: Wanted, host: str) -> tuple[AppServer | None, str]:
    """Decide which found server to use; None and why each was passed over, if none."""
    match wanted.endpoint:
        case UnixEndpoint():
            return _asked_socket(probe, host), ""
        case WsEndpoint():
            app = _on_tcp(probe, probe.ws, "asked for", wanted.endpoint.host)
            if app is None or app.verdict.owner is Owner.NOBODY:
                raise _missing(host, app.verdict.because if app else "the port was not looked at")
            return app, ""
    reasons = []
    if probe.own_state:
        own = _on_tcp(probe, probe.own, "started by us earlier")
        if own is not None and _is_recorded(probe) and own.verdict.owner is not Owner.NOBODY:
            return own, ""
        reasons.append("the one we started earlier is gone")
    documented = _on_tcp(probe, probe.ws, "found on the documented port")
    if documented is not None:
        if documented.verdict.owner is Owner.UNKNOWN or (
            documented.verdict.owner in (Owner.PROVED, Owner.EXPOSED)
            and probe.ws is not None
            and probe.ws.pid is not None
        ):
            return documented, ""
        if documented.verdict.owner is Owner.PROVED:
            reasons.append(f"port {DOCUMENTED_PORT} belongs to a program that is no app server")
        else:
            reasons.append(documented.verdict.because)
    return None, "; ".join(reasons)


def _is_recorded(probe: Probe) -> bool:
    """Whether the process behind our state file's port is the very one we started."""
    state, own = probe.own_state, probe.own
    if own is None or (state.get("boot", "") != probe.boot):
        return False
    # With an npm shim the recorded pid is node's and the listener's is its child's: then the start time
    # cannot be compared, and the port held by an app server of ours must do.
    return own.pid is None or str(own.pid) != state.get("pid") or own.started == state.get("start")


def _on_tcp(
    probe: Probe, found: FoundServer | None, chosen: str, address: str = "127.0.0.1"
) -> AppServer | None:
    if found is None:
        return None
    return AppServer(
        endpoint=WsEndpoint(host=address, port=found.port),
        auth=found.auth,
        verdict=judge_listeners(found, uid=probe.uid),
        secret=found.token,
        probe=probe,
        chosen=chosen,
    )


def _asked_socket(probe: Probe, host: str) -> AppServer:
    if probe.unix is None or probe.unix.socket is None:
        where = probe.unix.real if probe.unix else "the socket"
        raise _missing(host, f"no socket at {where!r}")
    return AppServer(
        endpoint=UnixEndpoint(path=probe.unix.real),
        # The real server ignores bearer tokens on a unix socket: its guard is owner and mode.
        auth=NoAuth(),
        verdict=judge_socket(probe.unix, uid=probe.uid),
        secret=None,
        probe=probe,
        chosen="asked for",
    )


async def _start(ssh: Ssh, wanted: Wanted, *, codex: str, passed_over: str) -> AppServer:
    if not codex:
        raise AppServerError(
            "no app server is running there, and no codex was found to start one",
            stage=Stage.APP_SERVER,
            host=ssh.host,
            hint=f"install it there, or name it with --codex-path; passed over: {passed_over or 'nothing'}",
        )
    marker = f"codex-ssh-{secrets.token_hex(8)}"
    token = Secret(base64.b64encode(secrets.token_bytes(TOKEN_BYTES)).decode())
    script = _with_variables(
        "start.sh", M=marker, CODEX=codex, TOKEN_FILE=wanted.token_file, TOKEN=token.reveal()
    )
    ran = await ssh.run(script, timeout=START_TIMEOUT_SECONDS)
    try:
        facts = parse_lines(ran.stdout, marker=marker)
    except ProbeError as error:
        raise _unreadable(ssh.host, ran, str(error)) from error
    if facts.get("outcome") not in ("started", "running"):
        raise _not_started(ssh.host, codex, facts)
    app, why = _choose(await _probe(ssh, wanted), wanted, ssh.host)
    if app is None:
        raise _missing(ssh.host, f"the one just started cannot be found again ({why})")
    log.info("app server %s: %s (%s)", facts["outcome"], app.endpoint, codex)
    return app


def _with_variables(name: str, **variables: str) -> str:
    head = "".join(f"{key}={shlex.quote(value)}\n" for key, value in variables.items())
    return head + files("codex_ssh.link").joinpath(name).read_text(encoding="utf-8")


def _missing(host: str, why: str) -> AppServerError:
    return AppServerError(
        why,
        stage=Stage.APP_SERVER,
        host=host,
        hint="start it there, or leave --endpoint away and one is found or started",
    )


def _unreadable(host: str, ran: Ran, why: str) -> AppServerError:
    return AppServerError(
        f"the devbox did not answer as a POSIX shell would: {why}",
        stage=Stage.APP_SERVER,
        host=host,
        said=(ran.stderr or ran.stdout[-500:]).decode("utf-8", "replace").strip(),
        hint="codex-ssh needs exec and /bin/sh there; try: ssh HOST 'echo ok | /bin/sh -s'",
    )


_START_FAULTS: Final = {
    "unsafe-directory": ("{dir!r} is not a directory of yours alone", "chmod 700 it, or remove it"),
    "locked": ("another codex-ssh holds the lock in {dir!r}", "wait for it, or remove the lock directory"),
    "no-token": ("the token file {token_file!r} cannot be read or written", "check that directory's mode"),
    "failed": ("codex did not come up as an app server", "run it there by hand to see more"),
}


def _not_started(host: str, codex: str, facts: dict[str, str]) -> AppServerError:
    words, hint = _START_FAULTS.get(facts.get("outcome", ""), ("it did not start", ""))
    return AppServerError(
        f"{words.format_map(facts)} (codex is {codex!r})",
        stage=Stage.APP_SERVER,
        host=host,
        said=facts.get("log", "").strip(),
        hint=hint,
    )
