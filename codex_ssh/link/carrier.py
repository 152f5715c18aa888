"""Files beside a session that heals: over whatever connection it has just now.

Lives here: the connection for one errand. Not here: the errands (:mod:`codex_ssh.link.uploads`,
:mod:`codex_ssh.link.copying`), and what a front end wants (``Carrier`` in :mod:`codex_ssh.tui.carrier`).
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Final

from codex_ssh.core.copy_outcome import Outcome
from codex_ssh.core.copy_request import CopyRules
from codex_ssh.core.copy_watch import CopyWatch
from codex_ssh.core.upload import Upload
from codex_ssh.errors import CopyFailed, LinkLost
from codex_ssh.link.copy_over import GIVE_UP_SECONDS, Lost, keep_copying, open_tree, out_of_reach
from codex_ssh.link.copying import Copy
from codex_ssh.link.lifeline import Lifeline
from codex_ssh.link.tree import Tree
from codex_ssh.link.uploads import bring
from codex_ssh.link.wire_tree import open_wire_tree
from codex_ssh.local.file_tree import LocalTree

_PAUSE_SECONDS: Final = 1.0
"""Between two looks whether the link is back; each waits for it a while itself."""


class LinkCarrier:
    """Brings files over the SSH connection of a session.

    Args:
        lifeline: The session.
    """

    def __init__(self, lifeline: Lifeline) -> None:
        self._lifeline = lifeline

    async def upload(self, upload: Upload) -> str:
        """Bring a file there, for this user alone, and give its absolute path.

        Raises:
            CopyFailed: The devbox would not, or there is no SSH.
            LinkLost: There is no connection just now.
        """
        ssh = await self._lifeline.ssh()
        if ssh is None:
            raise CopyFailed(
                "write", upload.name.encode(), where=self._lifeline.facts.host, said="there is no SSH"
            )
        return await bring(ssh, upload)

    async def save(self, path: str, to: str, rules: CopyRules, watch: CopyWatch) -> Outcome:
        """Copy a file or folder of the devbox to this machine, over as many connections as it takes.

        Args:
            path: There; absolute.
            to: Here; relative to the working directory.
            rules: How.
            watch: Sees it being made.

        Raises:
            CopyFailed, UsageError: It cannot be copied.
            StageError: The devbox stays away.
        """
        copy = Copy(
            LocalTree(),
            is_up=False,
            sources=[path.encode("utf-8", "surrogateescape")],
            target=to.encode("utf-8", "surrogateescape"),
            rules=rules,
            watch=watch,
        )

        async def following(lost: Lost) -> AbstractAsyncContextManager[Tree]:
            try:
                async with asyncio.timeout(GIVE_UP_SECONDS):
                    while True:
                        try:
                            return await self._tree()
                        except LinkLost:
                            await asyncio.sleep(_PAUSE_SECONDS)
            except TimeoutError:
                raise out_of_reach(lost, GIVE_UP_SECONDS, str(lost)) from lost

        await keep_copying(copy, await self._tree(), following, watch.tell)
        return copy.outcome

    async def _tree(self) -> AbstractAsyncContextManager[Tree]:
        """Give the devbox's files, by SSH or by the app server; raises LinkLost while there is no link."""
        ssh = await self._lifeline.ssh()
        return open_tree(ssh) if ssh is not None else open_wire_tree(self._lifeline.link)
