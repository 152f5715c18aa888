"""codex-ssh: one command from a laptop to a running Codex turn on a devbox, over SSH.

The public names of the Python API stand here, and are loaded when they are used: the import costs nothing.
Everything else may change with any version.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codex_ssh.api.approval import Approval, accept_all, decline_all
    from codex_ssh.api.connection import Link, connect
    from codex_ssh.api.thread import Thread, Turn, TurnResult
    from codex_ssh.core.ask import Ask
    from codex_ssh.core.attachment import Mention, Picture, PictureThere
    from codex_ssh.core.decision import Decision, Verdict
    from codex_ssh.core.events import Event
    from codex_ssh.core.items import Item
    from codex_ssh.core.thread import TurnStatus
    from codex_ssh.errors import CodexSshError, CopyFailed, LinkLost, RpcFailed, StageError

__version__ = "0.1.0.dev0"

_PLACES = {
    "codex_ssh.api.approval": ("Approval", "accept_all", "decline_all"),
    "codex_ssh.api.connection": ("Link", "connect"),
    "codex_ssh.api.thread": ("Thread", "Turn", "TurnResult"),
    "codex_ssh.core.ask": ("Ask",),
    "codex_ssh.core.attachment": ("Mention", "Picture", "PictureThere"),
    "codex_ssh.core.decision": ("Decision", "Verdict"),
    "codex_ssh.core.events": ("Event",),
    "codex_ssh.core.items": ("Item",),
    "codex_ssh.core.thread": ("TurnStatus",),
    "codex_ssh.errors": ("CodexSshError", "CopyFailed", "LinkLost", "RpcFailed", "StageError"),
}
_HOMES = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "Approval",
    "Ask",
    "CodexSshError",
    "CopyFailed",
    "Decision",
    "Event",
    "Item",
    "Link",
    "LinkLost",
    "Mention",
    "Picture",
    "PictureThere",
    "RpcFailed",
    "StageError",
    "Thread",
    "Turn",
    "TurnResult",
    "TurnStatus",
    "Verdict",
    "accept_all",
    "connect",
    "decline_all",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from codex_ssh.local.collector import no_collections

    with no_collections():
        return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Give the public names, loaded or not."""
    return sorted([*__all__, "__version__"])
