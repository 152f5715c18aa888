"""What a client may ask that looks on and changes nothing.

Lives here: the list of those methods. Not here: holding a session to it (:mod:`codex_ssh.tui.approving`).
"""

from __future__ import annotations

from typing import Final

LOOKS: Final = frozenset(
    {
        "account/rateLimits/read",
        "account/read",
        "collaborationMode/list",
        "configRequirements/read",
        "fs/getMetadata",
        "fs/readDirectory",
        "fs/readFile",
        "hooks/list",
        "mcpServerStatus/list",
        "model/list",
        "permissionProfile/list",
        "skills/list",
        "thread/backgroundTerminals/list",
        "thread/goal/get",
        "thread/items/list",
        "thread/list",
        "thread/loaded/list",
        "thread/queue/list",
        "thread/read",
        "thread/resume",
        "thread/search",
        "thread/turns/list",
        "thread/unsubscribe",
    }
)
"""A list of what may be, so that a method nobody thought of is not among it.

``thread/resume`` is: without it a client hears nothing of a thread, and is asked nothing. ``command/exec`` is
not, whatever the command.
"""
