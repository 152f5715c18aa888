"""A pipe inside this process: what a program says at one end, the relay hears at the other.

Lives here: both ends. Not here: the relay, which heals under it (:mod:`codex_ssh.external.stdio`), and
matching answers to questions (:mod:`codex_ssh.link.session`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from codex_ssh.errors import LinkLost, Stage


class Pipe:
    """A pipe; closing it is the end of stdin for the relay, and the end of the link for the session.

    Args:
        host: For messages.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._up: asyncio.Queue[str | None] = asyncio.Queue()
        self._down: asyncio.Queue[str | None] = asyncio.Queue()
        self._error: Exception | None = None

    # ---------------------------------------------------------------- the relay's end

    async def frames(self) -> AsyncIterator[str]:
        """Give what the session sends, until it is closed."""
        while (frame := await self._up.get()) is not None:
            yield frame

    def put(self, text: str) -> None:
        """Let the session receive something."""
        self._down.put_nowait(text)

    def end(self, error: Exception | None) -> None:
        """Let the session receive nothing any more, for this reason."""
        self._error = error
        self._down.put_nowait(None)

    # ---------------------------------------------------------------- the session's end

    async def send(self, text: str) -> None:
        """Send one message."""
        self._up.put_nowait(text)

    async def receive(self) -> str:
        """Give the next message.

        Raises:
            LinkLost: There is none any more.
        """
        text = await self._down.get()
        if text is None:
            self._down.put_nowait(None)
            lost = LinkLost("the link is closed", stage=Stage.SESSION, host=self._host)
            raise self._error if isinstance(self._error, LinkLost) else lost from self._error
        return text

    def close(self) -> None:
        """End the session's side."""
        self._up.put_nowait(None)


class RelayEnd:
    """The relay's end as the relay wants it.

    Args:
        pipe: The pipe.
    """

    def __init__(self, pipe: Pipe) -> None:
        self.frames = pipe.frames
        self.send = pipe.put
