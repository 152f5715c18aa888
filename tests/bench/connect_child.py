"""A cold client up to the answer to ``initialize``: ``connect_child CONFIG ALIAS ENDPOINT [list]``.

Prints ``up`` then, or once it has listed the newest threads, and ends with its stdin.
"""

from __future__ import annotations

import asyncio
import sys

import codex_ssh


async def main(ssh_config: str, alias: str, endpoint: str, more: str = "") -> None:
    """Connect, and leave when told to."""
    async with codex_ssh.connect(alias, ssh_config=ssh_config, endpoint=endpoint) as link:
        if more == "list":
            await link.list_threads(limit=25)
        print("up", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
