"""A cold client up to the answer to ``initialize``: ``connect_child CONFIG ALIAS ENDPOINT``.

Prints ``up`` then, and ends with its stdin.
"""

from __future__ import annotations

import asyncio
import sys

import codex_ssh


async def main(ssh_config: str, alias: str, endpoint: str) -> None:
    """Connect, and leave when told to."""
    async with codex_ssh.connect(alias, ssh_config=ssh_config, endpoint=endpoint):
        print("up", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
