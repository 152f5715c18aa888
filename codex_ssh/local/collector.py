"""When the collector of cycles rests: while the program loads, and when it ends.

What is made while it loads is no garbage, and looking for some takes a twentieth of the time. What is left at
the end goes with the process, and the interpreter would look through all of it several times.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

START_OBJECTS: Final = 200_000
"""How many containers there may be before the first look: a TUI that has painted has made about as many."""


@contextmanager
def no_collections() -> Generator[None, None, None]:
    """Collect nothing inside the block, for loading what stays: a sixth of the time Textual takes to load."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def rest_at_start() -> None:
    """Let it rest while this process starts; for a process that is ours.

    What there is at its first look stays for good, mostly modules and classes. It is set aside, and the
    collector works as always from then on; where somebody has set it meanwhile, it works as that.
    """
    usual = gc.get_threshold()
    resting = (START_OBJECTS, *usual[1:])

    def first_look(phase: str, _: Mapping[str, int]) -> None:
        if phase == "stop":
            gc.callbacks.remove(first_look)
            if gc.get_threshold() == resting:
                gc.set_threshold(*usual)
                gc.freeze()

    gc.callbacks.append(first_look)
    gc.set_threshold(*resting)


def rest_at_end() -> None:
    """Let it leave alone all there is; for a process that is ours and has nothing more to do."""
    gc.freeze()
