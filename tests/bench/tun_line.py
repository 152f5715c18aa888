"""Holds packets for a while: ``python -m tests.bench.tun_line``, as root.

Makes a TUN device here and one in a network namespace of its own; prints the first one's name, and the
address it should get. Then it does what it is told on stdin, and answers each with ``ok``: ``delay SECONDS``
one way, ``cut``, ``mend``. It ends with its stdin, and devices and namespace with it.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct
import subprocess
import time
from collections import deque
from typing import Final

TUNSETIFF: Final = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET: Final = 0x40000000
PACKETS_AT_ONCE: Final = 64


def make_device() -> tuple[int, str]:
    """Give a new TUN device in the namespace of this process, and its name."""
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    answer = fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH22x", b"line%d", IFF_TUN | IFF_NO_PI))
    return handle, answer[:16].rstrip(b"\0").decode()


def leave_namespace() -> None:
    """Go to a new network namespace; ``os.unshare`` is of 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def pass_on(near: int, far: int) -> None:
    """Pass packets both ways until stdin ends."""
    seconds, is_whole = 0.0, True
    on_their_way: dict[int, deque[tuple[float, bytes]]] = {near: deque(), far: deque()}
    other = {near: far, far: near}
    while True:
        now = time.monotonic()
        for target, packets in on_their_way.items():
            while packets and packets[0][0] <= now:
                write(target, packets.popleft()[1])
        due = [packets[0][0] for packets in on_their_way.values() if packets]
        ready, _, _ = select.select([near, far, 0], [], [], max(0.0, min(due) - now) if due else None)
        for source in ready:
            if source == 0:
                if not (said := os.read(0, 4096)):
                    return
                match said.decode().split():
                    case ["delay", text]:
                        seconds = float(text)
                    case ["cut"]:
                        is_whole = False
                    case ["mend"]:
                        is_whole = True
                print("ok", flush=True)
                continue
            at = time.monotonic() + seconds
            for packet in read(source):
                if is_whole:
                    on_their_way[other[source]].append((at, packet))


def read(device: int) -> list[bytes]:
    """Give the packets that are there, though not more than some."""
    found: list[bytes] = []
    while len(found) < PACKETS_AT_ONCE:
        try:
            found.append(os.read(device, 65536))
        except BlockingIOError:
            break
    return found


def write(device: int, packet: bytes) -> None:
    """Pass a packet on; one that a full device does not take is lost, as on any line."""
    try:
        os.write(device, packet)
    except (BlockingIOError, OSError):
        return


def main() -> None:
    """Make both ends and pass on."""
    near, name = make_device()
    # Of the block that is set apart for benchmarks (RFC 2544); each pair of devices has addresses of its own.
    block = f"198.18.{int(name.removeprefix('line')) % 256}"
    leave_namespace()
    far, far_name = make_device()
    for words in (
        ("address", "add", f"{block}.2/30", "dev", far_name),
        ("link", "set", far_name, "up"),
        ("link", "set", "lo", "up"),
    ):
        subprocess.run(["ip", *words], check=True)
    print(name, f"{block}.1", flush=True)
    pass_on(near, far)


if __name__ == "__main__":
    main()
