"""QR codes as text for a terminal.

Lives here: drawing one in half blocks. Not here: making one, which is segno's (ISO/IEC 18004), and colours.
"""

from __future__ import annotations

from typing import Final

BORDER: Final = 2
"""Light modules on each side. The standard wants four; readers of today are content with two."""

_HALVES: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def qr_rows(text: str) -> tuple[str, ...]:
    """Give a QR code, one character for two modules on top of each other.

    What is drawn is dark and the rest is light: it wants dark ink on a light ground, whatever colours the
    terminal has.

    Args:
        text: At most some 300 characters, or it fits no screen.

    Returns:
        Rows of equal length; 77 characters make 37 columns and 19 rows.
    """
    import segno  # for somebody who wants to see one

    code = segno.make(text, error="l", micro=False, boost_error=False)
    modules = [[bool(one) for one in row] for row in code.matrix_iter(border=BORDER)]
    if len(modules) % 2:
        modules.append([False] * len(modules[0]))
    pairs = zip(modules[::2], modules[1::2], strict=True)
    return tuple("".join(_HALVES[pair] for pair in zip(upper, lower, strict=True)) for upper, lower in pairs)
