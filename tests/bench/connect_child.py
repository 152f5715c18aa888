"""A cold client up to the answer to ``initialize``: ``connect_child CONFIG ALIAS ENDPOINT [WHAT …]``.

It goes the way of our own front ends, prints ``up`` then, and ends with its stdin. WHAT may be ``share``, for
one more window of the same person; ``list``, to be up once the newest threads were listed; or ``api``, to go
the way of a program that imports us.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

from codex_ssh.cli.run import run_async
from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint, parse_endpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.methods import InitializeResult, thread_list
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import open_session
from codex_ssh.link.way import Profile, open_way
from codex_ssh.local.parting import end_at_once
from codex_ssh.local.terminal import SilentPrompter


async def main(ssh_config: str, alias: str, endpoint: str, *what: str) -> int:
    """Connect, and leave when told to."""
    at = parse_endpoint(endpoint)
    assert isinstance(at, WsEndpoint | UnixEndpoint)
    profile = Profile(
        host=parse_host(alias),
        ssh=SshOptions(config_file=ssh_config, share="share" in what),
        wanted=Wanted(endpoint=at),
    )
    async with open_way(profile, SilentPrompter(shows=False)) as way:

        async def answered(server: InitializeResult) -> tuple[str, ...]:
            if "list" not in what:
                print("up", flush=True)
            return await way.check(server) if way.check is not None else ()

        async with open_session(replace(way, check=answered)) as link:
            if "list" in what:
                await link.call(thread_list(limit=25))
                print("up", flush=True)
            await _told_to_leave()
    return 0


async def of_a_program(ssh_config: str, alias: str, endpoint: str) -> int:
    """The same by the Python API."""
    import codex_ssh

    async with codex_ssh.connect(alias, ssh_config=ssh_config, endpoint=endpoint):
        print("up", flush=True)
        await _told_to_leave()
    return 0


async def _told_to_leave() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    words = sys.argv[1:]
    code = run_async(of_a_program(*words[:3]) if "api" in words else main(*words))
    end_at_once(code)
    sys.exit(code)
