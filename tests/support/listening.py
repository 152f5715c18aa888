"""Which sockets a tree of processes listens on, and whether others could reach them.

Linux only: reads ``/proc/net/{tcp,tcp6,unix}`` and ``/proc/PID/fd``.
"""

from __future__ import annotations

import ipaddress
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import PROC, tree

TCP_LISTEN = "0A"
"""The state column of a listening TCP socket."""

SO_ACCEPTCON = 0x10000
"""The flag of a listening unix socket."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Listening:
    """A listening socket.

    Attributes:
        pid: One process that holds it.
        kind: ``tcp``, ``tcp6`` or ``unix``.
        address: IP address, or path (``@name`` for an abstract one).
        port: 0 for unix.
    """

    pid: int
    kind: str
    address: str
    port: int = 0

    @property
    def exposed(self) -> str:
        """Why somebody else could connect to it; empty when nobody can.

        Loopback is fine, and so is a 0600 socket in a 0700 directory.
        """
        if self.kind != "unix":
            loopback = ipaddress.ip_address(self.address).is_loopback
            return "" if loopback else f"{self.address}:{self.port} is not loopback"
        if self.address.startswith("@"):
            return f"{self.address} is abstract: everybody can connect"
        path = Path(self.address)
        mode = stat.S_IMODE(path.stat().st_mode)
        above = stat.S_IMODE(path.parent.stat().st_mode)
        if mode & 0o077 or above & 0o077:
            return f"{path} has mode {mode:04o} in a directory of mode {above:04o}"
        return ""


def listening(pids: Iterable[int]) -> list[Listening]:
    """The listening sockets these processes hold, in a fixed order, each named once."""
    sockets = {**_tcp("tcp"), **_tcp("tcp6"), **_unix()}
    found: dict[str, Listening] = {}
    for pid in pids:
        for inode in _inodes(pid):
            if inode in sockets:
                kind, address, port = sockets[inode]
                found.setdefault(inode, Listening(pid=pid, kind=kind, address=address, port=port))
    return sorted(found.values())


def listening_in_tree(pid: int) -> list[Listening]:
    """The listening sockets of a process and all below it."""
    return listening(tree(pid))


def exposed(pids: Iterable[int]) -> list[str]:
    """Why each reachable socket is reachable; empty is what one wants to see."""
    return [reason for socket in listening(pids) if (reason := socket.exposed)]


def _inodes(pid: int) -> list[str]:
    found = []
    try:
        entries = list((PROC / str(pid) / "fd").iterdir())
    except OSError:
        return []
    for entry in entries:
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            found.append(target.removeprefix("socket:[").removesuffix("]"))
    return found


def _tcp(kind: str) -> dict[str, tuple[str, str, int]]:
    table = {}
    for line in _table(kind):
        fields = line.split()
        if fields[3] == TCP_LISTEN:
            address, _, port = fields[1].partition(":")
            table[fields[9]] = (kind, _address(address), int(port, 16))
    return table


def _address(text: str) -> str:
    """The kernel prints each 32-bit word in host order."""
    raw = bytes.fromhex(text)
    words = struct.unpack(f"={len(raw) // 4}I", raw)
    packed = struct.pack(f">{len(words)}I", *words)
    address = ipaddress.ip_address(packed)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _unix() -> dict[str, tuple[str, str, int]]:
    table = {}
    for line in _table("unix"):
        fields = line.split(maxsplit=7)
        if int(fields[3], 16) & SO_ACCEPTCON:
            table[fields[6]] = ("unix", fields[7] if len(fields) > 7 else "@", 0)
    return table


def _table(kind: str) -> list[str]:
    path = PROC / "net" / kind
    return path.read_text().splitlines()[1:] if path.exists() else []
