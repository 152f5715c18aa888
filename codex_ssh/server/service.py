"""App servers of ours that run detached from any terminal: starting, finding, stopping.

Lives here: the state files. Not here: what such a server does (:mod:`codex_ssh.cli.app_server_run`) and how
systemd or launchd run one (``config/``).

Each has a file named for its ``--listen``, and keeps it locked as long as it lives: so a dead one is known as
dead, whatever its process number is used for by now, and two of the same address cannot start.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from codex_ssh.core.value import dataclass
from codex_ssh.errors import AppServerError, Stage
from codex_ssh.local.files import lock_file, make_private_dir

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
"""How long we wait for a drain; it goes on without us."""

TAIL_CHARACTERS: Final = 2000

_LOOK_SECONDS: Final = 0.05
_BANNER: Final = re.compile(r"^  listening on: (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A detached app server that runs.

    Attributes:
        listen: ``--listen`` as it was given.
        url: Where it really listens.
        pid: Its process.
        since: When it was started, UTC.
        log: The file with what it says.
    """

    listen: str
    url: str
    pid: int
    since: str
    log: str


def start(words: Sequence[str], *, listen: str, directory: Path) -> Service:
    """Start ``codex-ssh app-server WORDS`` in the background and wait until it listens.

    Args:
        words: Its flags, without secrets: they are seen in process lists.
        listen: The value of ``--listen`` among them.
        directory: Where state files and logs are; made private.

    Raises:
        AppServerError: One with this address runs, or it did not start; ``said`` is what it said.
    """
    make_private_dir(directory)
    state = directory / f"{hashlib.sha256(listen.encode()).hexdigest()[:16]}.json"
    log = state.with_suffix(".log")
    handle = lock_file(state)
    if handle is None:
        known = _read(state)
        where = f" at {known.url} as process {known.pid}" if known else ""
        raise _failed(f"it runs already{where}", hint="stop it first: codex-ssh app-server stop")
    try:
        os.ftruncate(handle, 0)
        with _open_log(log) as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "codex_ssh", "app-server", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=(handle,),  # keeps the lock as long as it lives
            )
        service = Service(
            listen=listen,
            url=_wait_url(process, log),
            pid=process.pid,
            since=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            log=str(log),
        )
        os.pwrite(handle, json.dumps(asdict(service)).encode(), 0)
    finally:
        os.close(handle)
    process.returncode = 0  # it outlives us on purpose; Popen would warn
    return service


def _wait_url(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        text = log.read_text(errors="replace")
        if found := _BANNER.search(text):
            return found[1]
        if ended:
            raise _failed("it did not start", said=text[-TAIL_CHARACTERS:].strip())
        time.sleep(_LOOK_SECONDS)
    process.kill()
    process.wait()
    raise _failed(
        f"it did not listen within {START_SECONDS:.0f} seconds", said=log.read_text()[-TAIL_CHARACTERS:]
    )


def running(directory: Path) -> list[Service]:
    """Give those that run, oldest first; what the dead have left is removed."""
    found: list[Service] = []
    for state in directory.glob("*.json"):
        handle = lock_file(state, make=False)
        if handle is None:
            service = _read(state)
            if service is not None:
                found.append(service)
            continue
        state.unlink(missing_ok=True)
        os.close(handle)
    return sorted(found, key=lambda service: service.since)


def stop(service: Service, *, directory: Path) -> bool:
    """Tell it to end; give whether it has ended within :data:`STOP_SECONDS`.

    It drains first. Told once more, it ends at once.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(service.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if service not in running(directory):
            return True
        time.sleep(_LOOK_SECONDS)
    return False


def _read(state: Path) -> Service | None:
    try:
        return Service(**json.loads(state.read_text()))
    except (OSError, ValueError, TypeError):
        return None  # it is starting


@contextlib.contextmanager
def _open_log(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _failed(message: str, *, said: str = "", hint: str = "") -> AppServerError:
    return AppServerError(message, stage=Stage.APP_SERVER, said=said, hint=hint)
