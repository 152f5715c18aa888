"""Reads a QR code from the characters of a terminal, as somebody's camera does."""

from __future__ import annotations

from collections.abc import Sequence

import zxingcpp

PIXELS = 4
"""Edge of a module in the picture."""

_DARK = {"▀": (True, False), "▄": (False, True), "█": (True, True)}


def read_qr(rows: Sequence[str]) -> list[str]:
    """Give what the QR codes among the rows say; half blocks are dark, everything else is light."""
    lines: list[bytes] = []
    width = max(map(len, rows))
    for row in rows:
        for half in (0, 1):
            dark = [_DARK.get(one, (False, False))[half] for one in row.ljust(width)]
            lines += [b"".join((b"\0" if one else b"\xff") * PIXELS for one in dark)] * PIXELS
    picture = memoryview(b"".join(lines)).cast("B", shape=[len(lines), len(lines[0])])
    return [one.text for one in zxingcpp.read_barcodes(picture)]
