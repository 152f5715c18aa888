"""The SHA-256 of files on the devbox, made there.

Lives here: asking for one. Not here: the program that makes it (``digest.sh``) and what is concluded
(:mod:`codex_ssh.link.copying`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from codex_ssh.errors import ForwardError, LinkLost
from codex_ssh.link.errands import ANSWER_SECONDS, Errands, open_errands, spelled
from codex_ssh.link.shell import ScriptFailed
from codex_ssh.link.ssh import Ssh

log = logging.getLogger(__name__)

SLOWEST_BYTES_PER_SECOND: Final = 5_000_000
"""So long may a sum take: a slow disk, and a large file."""


SMALL_BYTES: Final = 1024 * 1024
"""A larger file is a question of its own."""

MOST_FILES: Final = 200
MOST_BYTES: Final = 32 * 1024
"""So many files, with so long paths, are one question: a program for each would take most of the time."""


class Digester:
    """Has sums made on the devbox.

    Args:
        errands: Whom to ask; None where the login may run nothing.
    """

    def __init__(self, errands: Errands | None) -> None:
        self._errands = errands
        self._waiting: list[tuple[bytes, asyncio.Future[bytes | None]]] = []
        self._is_asking = False

    async def digest(self, path: bytes, length: int, *, is_all: bool) -> bytes | None:
        """Give the SHA-256 of a file's first bytes; None where it cannot be made.

        Args:
            path: The file.
            length: How many bytes.
            is_all: That is all of it, as far as is known; several of these are asked for at once.

        Raises:
            LinkLost: No answer came.
        """
        if self._errands is None:
            return None
        # One program tells a name with a line end in it otherwise than another.
        if not is_all or length > SMALL_BYTES or b"\n" in path or b"\\" in path:
            return await self._sum(self._errands, path, length)
        waiting: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((path, waiting))
        if not self._is_asking:
            await self._ask_for_all(self._errands)
        return await waiting

    async def _sum(self, errands: Errands, path: bytes, length: int) -> bytes | None:
        answer = await errands.ask(
            b"sum %d %s" % (length, spelled(path)),
            seconds=ANSWER_SECONDS + length / SLOWEST_BYTES_PER_SECOND,
        )
        return _read(answer.removeprefix(b"sum "))

    async def _ask_for_all(self, errands: Errands) -> None:
        """Ask for whoever waits, until nobody does."""
        self._is_asking = True
        try:
            while self._waiting:
                await asyncio.sleep(0)  # whoever else is about to ask
                batch = self._take()
                answer = await errands.ask(b"sums " + b" ".join(spelled(path) for path, _ in batch))
                found = answer.removeprefix(b"sums").split()
                if len(found) != len(batch):
                    # One of them cannot be read, and nobody knows which.
                    found = [await self._sum_text(errands, path) for path, _ in batch]
                for (_, waiting), text in zip(batch, found, strict=True):
                    if not waiting.done():
                        waiting.set_result(_read(text))
        except BaseException as error:
            for _, waiting in self._waiting:
                if not waiting.done():
                    waiting.set_exception(error) if isinstance(error, LinkLost) else waiting.cancel()
            self._waiting = []
            raise
        finally:
            self._is_asking = False

    async def _sum_text(self, errands: Errands, path: bytes) -> bytes:
        found = await self._sum(errands, path, SMALL_BYTES + 1)
        return found.hex().encode() if found is not None else b"-"

    def _take(self) -> list[tuple[bytes, asyncio.Future[bytes | None]]]:
        size, count = 0, 0
        for path, _ in self._waiting[:MOST_FILES]:
            size += len(path)
            if count and size > MOST_BYTES:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch


def _read(text: bytes) -> bytes | None:
    try:
        found = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None
    return found if len(found) == 32 else None


@asynccontextmanager
async def open_digester(ssh: Ssh) -> AsyncGenerator[Digester, None]:
    """Give somebody who has sums made there; where the login may run nothing, one who cannot."""
    async with AsyncExitStack() as stack:
        try:
            errands = await stack.enter_async_context(open_errands(ssh, "digest.sh", "errands.sh"))
        except (ForwardError, ScriptFailed) as error:
            log.info("no checksums: %s", error)
            yield Digester(None)
        else:
            yield Digester(errands)
