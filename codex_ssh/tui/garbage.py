"""Fewer pauses of Python's garbage collector while a screen is drawn.

Lives here: its thresholds for the time a TUI runs. Not here: anything about what is drawn, and loading
(:mod:`codex_ssh.local.collector`).

Drawing makes some thousand small objects a frame, almost all without cycles. With Python's own thresholds the
collector runs a hundred times a second then, and once in a while goes through everything there is, the
imported libraries included: 70 to 170 ms in which no key is heard, measured while 1,000 deltas a second
stream. Set like this it takes a fifth of the time, and no pause is longer than a frame.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (20_000, 20, 20)
"""New objects before a collection, and collections of one generation before the next is looked at too."""


@contextmanager
def rare_collections() -> Generator[None, None, None]:
    """Collect rarely inside the block, and never what was there before it; afterwards all is as it was."""
    before = gc.get_threshold()
    gc.freeze()  # without a collection before: that is 30 ms before the first frame, to find next to nothing
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
