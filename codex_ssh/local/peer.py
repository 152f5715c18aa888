"""Who is at the other end of a unix socket."""

from __future__ import annotations

import socket
import struct


def peer_uid(sock: socket.socket) -> int | None:
    """Give the user whose process is at the other end; None where the system does not say.

    For whoever connected it is the user who began to listen, whoever has the socket's path now.
    """
    try:
        if hasattr(socket, "SO_PEERCRED"):
            found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return int(struct.unpack("3i", found)[1])
        # macOS: LOCAL_PEERCRED (0x001) at level SOL_LOCAL (0) gives struct xucred {version; uid; ...}.
        return int(struct.unpack_from("Ii", sock.getsockopt(0, 0x001, 76))[1])
    except (OSError, struct.error):
        return None
