"""The TUI's own chat without a screen, as a program: opens a thread and says what that took.

``python -m tests.support.headless PORT THREAD`` goes to an app server on this machine's loopback that wants
no token, reads two more pages of history and prints JSON: the peak of memory in KiB before the first and
after the last page, how many entries there are, and whether there is more history.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from codex_ssh.core.endpoint import WsEndpoint
from codex_ssh.core.lifecycle import LinkState, LinkStatus
from codex_ssh.core.secret import Secret
from codex_ssh.link.connect import Link, open_session
from codex_ssh.link.dial import DoorDial
from codex_ssh.link.way import Way
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import Chat, open_chat
from tests.support.waiting import until


class OneSession:
    """A lifeline with one session and no way back."""

    round_trip: float | None = None
    silent_for = 0.0

    def __init__(self, link: Link) -> None:
        self._link = link
        self.facts = link.facts
        self.status = LinkStatus().step(LinkState.UP, now=0.0)
        self.on_change: Callable[[], None] = lambda: None

    async def sessions(self) -> AsyncIterator[Link]:
        yield self._link
        await self._link.wait_lost()

    def try_now(self) -> None:
        pass

    async def fence(self) -> None:
        pass


@asynccontextmanager
async def open_loopback(port: int) -> AsyncGenerator[OneSession, None]:
    """Give a lifeline to an app server on this machine's loopback that wants no token."""

    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    endpoint = WsEndpoint(host="127.0.0.1", port=port)
    way = Way(
        dial=DoorDial(endpoint, token=Secret("none"), transport="ws"),
        host="loopback",
        user="",
        hostname="",
        codex_home="",
        warnings=(),
        wait_lost=never,
    )
    async with open_session(way) as link:
        yield OneSession(link)


@asynccontextmanager
async def open_headless(port: int, thread_id: str) -> AsyncGenerator[Chat, None]:
    """Give a chat that shows a thread."""
    async with (
        open_loopback(port) as line,
        open_chat(line, TuiOptions(resume=thread_id)) as chat,
    ):
        chat.open()
        await until(lambda: chat.transcript is not None and not chat.doing, "the thread", seconds=60)
        yield chat


def peak_kib() -> int:
    """Give the most memory this process ever had; getrusage would tell that of its parent's, if larger."""
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1])


async def _main(port: int, thread_id: str) -> None:
    before = peak_kib()
    async with open_headless(port, thread_id) as chat:
        assert chat.transcript is not None
        for _ in range(2):
            chat.past.load_older()
            await until(lambda: not chat.past.is_loading, "an older page", seconds=60)
        found = {
            "before": before,
            "peak": peak_kib(),
            "entries": len(chat.transcript.entries),
            "more": chat.past.has_older,
        }
        print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2]))
