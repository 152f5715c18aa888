"""Makes sure that what was sent over a lost connection arrives now or never.

Lives here: ending the devbox's side of an earlier SSH connection of ours, from a later one. Not here: when
that matters (:mod:`codex_ssh.link.lifeline`).

A connection we gave up may live on there: its sshd stopped, or its packets under way. What it still holds
could reach the app server after a message was found missing and sent again. The process is the login user's
own, found by the probe that ran in it; it is ended only if it is an sshd and has the start time it had.
"""

from __future__ import annotations

import logging
import re
from typing import Final

from codex_ssh.core.value import dataclass
from codex_ssh.link.shell import compose, run_script
from codex_ssh.link.ssh import Ssh

log = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 10.0

_STAT: Final = re.compile(r"(\d+) \((sshd[^)]*)\) (.*)")
_STARTED_AT: Final = 19
"""Where the start time stands behind the name: field 22 of proc(5), ``/proc/PID/stat``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionProcess:
    """The sshd process that serves one SSH connection.

    Attributes:
        started: Its start time in the kernel's own form; only ever compared.
        boot: The boot id of the kernel it runs under.
    """

    pid: int
    started: str
    boot: str


def read_session_process(stat: str, *, boot: str) -> SessionProcess | None:
    """Read ``/proc/PID/stat`` of the shell's parent; None when that is no sshd."""
    found = _STAT.fullmatch(stat.strip())
    fields = found[3].split() if found is not None else []
    if found is None or len(fields) <= _STARTED_AT:
        return None
    return SessionProcess(pid=int(found[1]), started=fields[_STARTED_AT], boot=boot)


async def end_session(ssh: Ssh, process: SessionProcess) -> bool:
    """End an earlier connection's process; tells whether it is surely gone.

    Raises:
        AppServerError, ForwardError, LinkLost: The devbox did not answer.
    """
    script = compose("form.sh", "fence.sh", PID=str(process.pid), STARTED=process.started)
    facts = await run_script(ssh, script, timeout=TIMEOUT_SECONDS)
    log.info("an earlier connection's sshd %d: %s", process.pid, facts.get("outcome"))
    return facts.get("outcome") in ("gone", "ended")
