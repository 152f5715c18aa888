"""What is known about this machine: for a checkup, and for whoever reads one.

Lives here: versions, the ``ssh`` program, the agent, proxies, the config file, the terminal. Not here: any
host, and printing (:mod:`codex_ssh.cli.doctor`). Values of most variables are not told: a proxy's URL may
hold a password.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from codex_ssh import __version__
from codex_ssh.core.checkup import Checkup, Rung, State, cause_of
from codex_ssh.core.config import Layer
from codex_ssh.core.rpc import Json
from codex_ssh.core.terminal_codes import Through, way_to_notify, what_is_between
from codex_ssh.errors import CodexSshError, DeskFailed
from codex_ssh.local.clipboard import copying_programs
from codex_ssh.local.config_file import read_tui_settings, settings_for
from codex_ssh.local.editor import find_editor
from codex_ssh.local.paths import config_file
from codex_ssh.local.ssh_hosts import list_aliases

PROGRAM_SECONDS: Final = 10.0
"""How long a program may take to tell its version."""

PACKAGES: Final = ("asyncssh", "websockets", "textual", "cryptography")
PROXY_VARIABLES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

_Found = tuple[list[str], list[str]]
"""Lines of what was found, and warnings."""


def read_facts() -> dict[str, Json]:
    """Give the facts that go with every checkup, as JSON. Starts ``ssh -V``, nothing else."""
    return {
        "codexSsh": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in PACKAGES},
        "ssh": _said_by("ssh", "-V"),
        "configFile": str(config_file()) if config_file().exists() else "",
        "agent": bool(os.environ.get("SSH_AUTH_SOCK")),
        "proxyVariables": [
            name for lower in PROXY_VARIABLES for name in (lower, lower.upper()) if os.environ.get(name)
        ],
        "noColor": bool(os.environ.get("NO_COLOR")),
        "terminal": os.environ.get("TERM", ""),
    }


def check_machine(facts: dict[str, Json], tell: Callable[[Rung], None]) -> Checkup:
    """Look at this machine alone: nothing is connected to.

    Args:
        facts: From :func:`read_facts`.
        tell: Gets each check once it is made.
    """
    rungs = []
    for name, check in _CHECKS:
        rungs.append(_made(name, check))
        tell(rungs[-1])
    return Checkup(host="", rungs=tuple(rungs), here=facts)


def _made(name: str, check: Callable[[], _Found]) -> Rung:
    began = time.perf_counter()
    try:
        found, warnings = check()
    except CodexSshError as error:
        ms = (time.perf_counter() - began) * 1000
        return Rung(name=name, state=State.FAILED, ms=ms, cause=cause_of(error))
    return Rung(
        name=name,
        state=State.WARNING if warnings else State.OK,
        ms=(time.perf_counter() - began) * 1000,
        found=tuple(found),
        warnings=tuple(warnings),
    )


def _ssh() -> _Found:
    path = shutil.which("ssh")
    if path is None:
        return [], ["there is no ssh program: asyncssh reads the ssh config, as well as it can"]
    aliases = len(list_aliases())
    return [
        f"{path}: {_said_by('ssh', '-V')}",
        f"{aliases} host{'' if aliases == 1 else 's'} in its config",
    ], []


def _config() -> _Found:
    path = config_file()
    # Any name does: a fault anywhere in the file, or in a variable, is told for every host.
    settings_for("host", Layer(origin="the command line", values={}))
    read_tui_settings()
    return [f"{path}{'' if path.exists() else ' (not there, and not needed)'}"], []


def _agent() -> _Found:
    where = os.environ.get("SSH_AUTH_SOCK", "")
    if not where:
        return ["there is none (SSH_AUTH_SOCK is not set)"], []
    program = shutil.which("ssh-add")
    if program is None:
        return [where], []
    try:
        ran = subprocess.run(
            [program, "-l"], capture_output=True, text=True, timeout=PROGRAM_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return [where], ["it does not answer"]
    if ran.returncode > 1:
        return [where], ["it does not answer"]
    keys = len(ran.stdout.splitlines()) if ran.returncode == 0 else 0
    return [where, f"{keys} key{'' if keys == 1 else 's'}"], []


def _codex() -> _Found:
    path = shutil.which("codex")
    if path is None:
        return ["there is none here, and only --tui codex needs one"], []
    said = _said_by("codex", "--version")
    return [f"{path}: {said}"], [] if said else ["it does not tell its version"]


def _terminal() -> _Found:
    """What the TUI has of this machine and its terminal."""
    variables = os.environ
    copies = [*copying_programs(variables), "the terminal itself (OSC 52)"]
    between = what_is_between(variables)
    inside = f", inside {between.value}" if between is not Through.NOTHING else ""
    found = [f"{variables.get('TERM', '') or 'no TERM'}{inside}", f"copies with {', then '.join(copies)}"]
    if between is not Through.TMUX:  # which is asked anew each time
        found.append(f"notifies by {way_to_notify(variables).value}, unless the config says otherwise")
    try:
        found.append(f"editor: {find_editor(variables)[0]}")
    except DeskFailed as failed:
        return found, [f"{failed}{f' ({failed.hint})' if failed.hint else ''}"]
    return found, []


_CHECKS: Final = (
    ("ssh", _ssh),
    ("config", _config),
    ("agent", _agent),
    ("codex", _codex),
    ("terminal", _terminal),
)


def _said_by(program: str, *words: str) -> str:
    """Give the first line a program says; empty when there is none."""
    path = shutil.which(program)
    if path is None:
        return ""
    try:
        ran = subprocess.run(
            [path, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROGRAM_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ((ran.stdout or ran.stderr).strip().splitlines() or [""])[0]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
