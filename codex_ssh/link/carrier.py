"""Files beside a session that heals: over whatever SSH connection it has just now.

Lives here: the connection for one errand. Not here: the errands (:mod:`codex_ssh.link.uploads`), and what a
front end wants (``Carrier`` in :mod:`codex_ssh.tui.carrier`).
"""

from __future__ import annotations

from codex_ssh.core.upload import Upload
from codex_ssh.errors import CopyFailed
from codex_ssh.link.lifeline import Lifeline
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.uploads import bring


class LinkCarrier:
    """Brings files over the SSH connection of a session.

    Args:
        lifeline: The session.
    """

    def __init__(self, lifeline: Lifeline) -> None:
        self._lifeline = lifeline

    async def upload(self, upload: Upload) -> str:
        """Bring an image there, and give its absolute path.

        Raises:
            CopyFailed: The devbox would not, or there is no SSH.
            LinkLost: There is no connection just now.
        """
        ssh = await self._ssh(upload.name.encode())
        return await bring(ssh, upload)

    async def _ssh(self, path: bytes) -> Ssh:
        ssh = await self._lifeline.ssh()
        if ssh is None:
            raise CopyFailed("copy", path, where=self._lifeline.facts.host, said="there is no SSH connection")
        return ssh
