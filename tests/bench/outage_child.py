"""A link that heals, with default settings: ``outage_child CONFIG ALIAS PORT``.

Prints a line of JSON with the time, on the monotonic clock, of every change of its state. Told ``look`` on
stdin it asks the app server until that answers, and prints when. It ends with its stdin.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress
from typing import Final

from codex_ssh.errors import LinkLost
from codex_ssh.link.lifeline import Lifeline, open_lifeline
from codex_ssh.local.terminal import SilentPrompter
from tests.bench.paths_child import Target

ANSWERS_SECONDS: Final = 0.1
"""An answer that takes longer is not waited for: another session may be there by then."""


def say(**facts: object) -> None:
    """Print a line."""
    print(json.dumps({"at": time.monotonic(), **facts}), flush=True)


async def look(lifeline: Lifeline) -> None:
    """Ask until somebody answers."""
    while True:
        link = lifeline._link  # whichever it is by now
        with suppress(LinkLost, TimeoutError):
            async with asyncio.timeout(ANSWERS_SECONDS):
                await link.ping()
                return
        await asyncio.sleep(0.01)


async def take_sessions(lifeline: Lifeline) -> None:
    """Go from each session to the next, as a front end does."""
    async for _ in lifeline.sessions():
        continue


async def main(target: Target) -> None:
    """Hold the link until stdin ends."""
    prompter = SilentPrompter(shows=False)
    loop = asyncio.get_running_loop()
    async with (
        open_lifeline(target.profile, prompter, lambda: prompter) as lifeline,
        asyncio.TaskGroup() as tasks,
    ):
        seen = [lifeline.status.state]

        def changed() -> None:
            if lifeline.status.state is not seen[-1]:
                seen.append(lifeline.status.state)
                say(state=seen[-1].value, is_open=seen[-1].is_open)

        lifeline.on_change = changed
        taking = tasks.create_task(take_sessions(lifeline))
        say(state=seen[-1].value, is_open=True)
        while await loop.run_in_executor(None, sys.stdin.readline):
            await look(lifeline)
            say(answered=True, connections=lifeline.connections)
        taking.cancel()


if __name__ == "__main__":
    config, alias, port = sys.argv[1:]
    asyncio.run(main(Target(config=config, alias=alias, port=int(port), round_trip=0)))
