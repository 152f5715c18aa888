"""The command that joins a thread from another device.

Lives here: its words. Not here: showing it.
"""

from __future__ import annotations

import shlex


def attach_command(host: str, thread_id: str) -> str:
    """Give the command line that looks on in a thread and answers for it; remote text is quoted for a shell.

    Args:
        host: As the user calls it.
        thread_id: Which thread.
    """
    return shlex.join(["codex-ssh", host, "--resume", thread_id, "--approve-only"])
