"""A private X server: a display with a clipboard, and nobody to look at it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support import processes
from tests.support.require import require_program
from tests.support.waiting import until


@asynccontextmanager
async def open_display(home: Path) -> AsyncGenerator[dict[str, str], None]:
    """Give the variables for a display of this test; what serves its clipboard ends with it.

    Args:
        home: HOME of the programs; ``xsel`` wants one.
    """
    server = require_program("Xvfb", "Xvfb: apt-get install xvfb")
    require_program("xclip", "xclip: apt-get install xclip")
    ready, theirs = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(server, "-displayfd", str(theirs), "-nolisten", "tcp", "-screen", "0", "64x64x24"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        pass_fds=[theirs],
    )
    os.close(theirs)
    try:
        with os.fdopen(ready) as told:
            async with asyncio.timeout(30):
                number = (await asyncio.to_thread(told.readline)).strip()
        assert number, "the X server did not start"
        yield {"PATH": os.environ["PATH"], "HOME": str(home), "DISPLAY": f":{number}"}
    finally:
        await processes.end(process)


async def copy_image(display: dict[str, str], file: Path) -> None:
    """Put a PNG on its clipboard, as an application does."""
    copied = await asyncio.create_subprocess_exec(
        *("xclip", "-selection", "clipboard", "-target", "image/png", "-in", file),
        env=display,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await copied.wait() == 0

    async def is_there() -> bool:
        return "image/png" in await _pasted(display, "-target", "TARGETS")

    await until(is_there, "the image is on the clipboard")


async def wait_pasted(display: dict[str, str], text: str) -> None:
    """Wait until applications get this text: xclip ends a moment before it is served."""

    async def is_there() -> bool:
        return await _pasted(display) == text

    await until(is_there, "the text is on the clipboard")


async def _pasted(display: dict[str, str], *words: str) -> str:
    argv = ["xclip", "-selection", "clipboard", "-out", *words]
    return (await processes.run(argv, environment=display, seconds=20)).out
