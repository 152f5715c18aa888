"""The SHA-256 of files on the devbox, made there.

Lives here: asking for one. Not here: the program that makes it (``digest.sh``) and what is concluded
(:mod:`codex_ssh.link.copying`).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from codex_ssh.errors import ForwardError
from codex_ssh.link.errands import ANSWER_SECONDS, Errands, open_errands, spelled
from codex_ssh.link.shell import ScriptFailed
from codex_ssh.link.ssh import Ssh

log = logging.getLogger(__name__)

SLOWEST_BYTES_PER_SECOND: Final = 5_000_000
"""So long may a sum take: a slow disk, and a large file."""


class Digester:
    """Has sums made on the devbox.

    Args:
        errands: Whom to ask; None where the login may run nothing.
    """

    def __init__(self, errands: Errands | None) -> None:
        self._errands = errands

    async def digest(self, path: bytes, length: int) -> bytes | None:
        """Give the SHA-256 of a file's first bytes; None where it cannot be made.

        Raises:
            LinkLost: No answer came.
        """
        if self._errands is None:
            return None
        answer = await self._errands.ask(
            b"sum %d %s" % (length, spelled(path)),
            seconds=ANSWER_SECONDS + length / SLOWEST_BYTES_PER_SECOND,
        )
        try:
            found = bytes.fromhex(answer.removeprefix(b"sum ").decode("ascii"))
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
