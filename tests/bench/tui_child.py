"""The TUI on an app server on loopback: ``python -m tests.bench.tui_child PORT [THREAD]``, on a terminal.

As ``codex-ssh`` itself does, it loads Textual once the session is initialized.
"""

from __future__ import annotations

import asyncio
import sys

from codex_ssh.local.collector import no_collections
from tests.support.headless import open_loopback


async def main(port: int, thread: str = "") -> None:
    """Run until the user leaves."""
    async with open_loopback(port) as line:
        with no_collections():
            from codex_ssh.tui.app import TuiOptions, run_tui

        await run_tui(line, TuiOptions(resume=thread or None))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
