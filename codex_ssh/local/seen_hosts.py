"""The hosts codex-ssh was on, and what was last seen there, on this machine's disk.

Lives here: one file a host. Not here: what a report is (:mod:`codex_ssh.core.fleet`) and looking
(:mod:`codex_ssh.link.fleet`).

A file has mode 0600 in a directory of 0700, and titles of threads in it, no secret. What cannot be read or
written costs the memory and nothing else.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from codex_ssh.core.fleet import HostReport, Reach, decode_report, encode_report
from codex_ssh.errors import ConfigError
from codex_ssh.local.files import write_private

log = logging.getLogger(__name__)

REMEMBERED_SECONDS: Final = 30 * 24 * 3600
"""A host nobody saw for so long is not among those that are known any more."""

MOST_BYTES: Final = 256 * 1024
"""A longer file is none of ours."""


def keep_report(directory: Path, report: HostReport) -> None:
    """Keep what was seen, where the devbox was seen; what else was kept stays."""
    if not report.reach.saw_devbox:
        return
    try:
        write_private(_file(directory, report.host), json.dumps(encode_report(report)) + "\n")
    except (OSError, ConfigError) as error:
        log.info("what was seen on %s is not kept: %s", report.host, error)


def see_host(directory: Path, host: str, *, version: str, at: float) -> None:
    """Keep that somebody is on a host; what was seen of its threads stays, with its age.

    Args:
        directory: Where the files are; made when it is not there.
        host: As the user calls it.
        version: Of the app server there.
        at: Now, in seconds since 1970.
    """
    try:
        os.utime(_file(directory, host))
    except FileNotFoundError:
        keep_report(directory, HostReport(host=host, reach=Reach.UP, at=at, version=version))
    except OSError as error:
        log.info("that somebody was on %s is not kept: %s", host, error)


def read_report(directory: Path, host: str) -> HostReport | None:
    """Give what was last seen on a host; None when nothing was."""
    report = _read(_file(directory, host))
    return report if report is not None and report.host == host else None


def known_hosts(directory: Path, *, now: float) -> list[str]:
    """Give the hosts somebody was on in the last thirty days, the last one first."""
    found: list[tuple[float, str]] = []
    for path in directory.glob("*.json"):
        with suppress(OSError):
            found.append((path.stat().st_mtime, unquote(path.stem)))
    return [host for at, host in sorted(found, reverse=True) if now - at < REMEMBERED_SECONDS]


def _read(path: Path) -> HostReport | None:
    try:
        with path.open("rb") as file:
            return decode_report(json.loads(file.read(MOST_BYTES)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.info("%s is left out: %s", path, error)
        return None


def _file(directory: Path, host: str) -> Path:
    return directory / f"{quote(host, safe='@')}.json"
