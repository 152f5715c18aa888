"""Runs the program that knows hosts, and keeps its answer.

Lives here: when it is run, and the file its answer is in. Not here: what the answer means
(:mod:`codex_ssh.core.host_command`).

The file has mode 0600 in a directory of 0700: what is in it says which commands lead to a host. An answer of
another command counts for nothing.
"""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from codex_ssh.core.config import Layer
from codex_ssh.core.host_command import FleetSettings, parse_fleet, parse_hosts
from codex_ssh.errors import ConfigError
from codex_ssh.local.files import write_private
from codex_ssh.local.paths import cache_dir, config_file

log = logging.getLogger(__name__)

LONGEST_SECONDS: Final = 10.0
"""A program that takes longer is ended."""

MOST_BYTES: Final = 4 * 1024 * 1024

_ORIGIN: Final = "host_command"


def fleet_settings(document: Mapping[str, Any]) -> FleetSettings:
    """Give what the ``[fleet]`` table says; raises ConfigError."""
    return parse_fleet(document, path=str(config_file()))


def kept_hosts(settings: FleetSettings, file: Path | None = None) -> dict[str, Layer]:
    """Give the hosts the program named last, however long ago that is; nothing is run."""
    return _read(settings, file or _file())[0] if settings.host_command else {}


async def refresh_hosts(settings: FleetSettings, *, now: float, file: Path | None = None) -> dict[str, Layer]:
    """Give the hosts the program names, which is run unless its last answer still holds.

    Raises:
        ConfigError: It failed, took too long, or printed something else.
    """
    from codex_ssh.local.program import run_program

    file = file or _file()
    kept, at = _read(settings, file)
    if not settings.host_command or 0 <= now - at < settings.host_command_seconds:
        return kept
    words = _words(settings)
    ran = await run_program(words, seconds=LONGEST_SECONDS, most=MOST_BYTES)
    if ran is None or ran.code or len(ran.out) > MOST_BYTES:
        what = f"ended with {ran.code}" if ran is not None and ran.code else "cannot be run, or took too long"
        raise ConfigError(f"{_ORIGIN}: {words[0]!r} {what}", hint="run it by hand to see why")
    text = ran.out.decode("utf-8", "replace")
    found = parse_hosts(text, origin=_ORIGIN)
    try:
        answer = {"at": now, "command": list(settings.host_command), "text": text}
        write_private(file, json.dumps(answer) + "\n")
    except (OSError, ConfigError) as error:
        log.info("what the host command said is not kept: %s", error)
    return found


def _read(settings: FleetSettings, file: Path) -> tuple[dict[str, Layer], float]:
    """Give what was kept, and when that was said; nothing where it is of another command."""
    if not settings.host_command:
        return {}, -math.inf
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["command"] == list(settings.host_command):
            return parse_hosts(kept["text"], origin=_ORIGIN), float(kept["at"])
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError, ConfigError) as error:
        log.info("%s is left out: %s", file, error)
    return {}, -math.inf


def _words(settings: FleetSettings) -> list[str]:
    program, *rest = settings.host_command
    return [os.path.expanduser(program), *rest]


def _file() -> Path:
    return cache_dir() / "host-command.json"
