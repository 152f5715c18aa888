"""Who listens on a port of this machine.

Lives here: asking the system. Not here: what a listener leads to (:mod:`codex_ssh.link.reuse`).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from codex_ssh.core.listening import answers_at
from codex_ssh.core.ports import LOOPBACK
from codex_ssh.core.probe import read_address
from codex_ssh.core.value import dataclass

_PROC: Final = Path("/proc")
_TABLES: Final = ("net/tcp", "net/tcp6")
_LISTENS: Final = "0A"
_LSOF_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalListener:
    """Who listens on a port here.

    Attributes:
        is_ours: All who do are processes of this user.
        sockets: The kernel's numbers for it; none where they are not told.
        programs: What they are called, as far as that can be seen.
    """

    is_ours: bool
    sockets: frozenset[str] = frozenset()
    programs: frozenset[str] = frozenset()


def local_listener(port: int) -> LocalListener | None:
    """Say who listens on a port of this machine's loopback; None when nobody does, or nobody can see it."""
    if not (_PROC / _TABLES[0]).exists():
        return _by_lsof(port)
    owners, sockets = set(), set()
    for table in _TABLES:
        try:
            rows = (_PROC / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            words = row.split()
            address, _, number = words[1].partition(":")
            if (
                words[3] == _LISTENS
                and int(number, 16) == port
                and not set(LOOPBACK).isdisjoint(answers_at(read_address(address)))
            ):
                owners.add(int(words[7]))
                sockets.add(words[9])
    if not sockets:
        return None
    return LocalListener(
        is_ours=owners == {os.getuid()}, sockets=frozenset(sockets), programs=_holders(sockets)
    )


def _holders(sockets: set[str]) -> frozenset[str]:
    wanted = {f"socket:[{number}]" for number in sockets}
    found = set()
    for process in _PROC.glob("[0-9]*"):
        try:
            with os.scandir(process / "fd") as entries:
                if any(os.readlink(entry) in wanted for entry in entries):
                    found.add((process / "comm").read_text().strip())
        except OSError:  # it has ended, or is another user's
            continue
    return frozenset(found)


def _by_lsof(port: int) -> LocalListener | None:
    """Ask ``lsof``, which shows one's own processes only."""
    words = ["lsof", "-nP", "-a", "-u", str(os.getuid()), f"-iTCP:{port}", "-sTCP:LISTEN", "-Fc"]
    try:
        ran = subprocess.run(words, capture_output=True, timeout=_LSOF_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    programs = {line[1:] for line in ran.stdout.decode(errors="replace").splitlines() if line.startswith("c")}
    return LocalListener(is_ours=True, programs=frozenset(programs)) if programs else None
