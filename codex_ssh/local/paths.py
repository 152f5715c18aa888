"""Every path of ours on this machine, and the only user of platformdirs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def config_file() -> Path:
    """The config file; ``CODEX_SSH_CONFIG`` names another one."""
    named = os.environ.get("CODEX_SSH_CONFIG")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_config_path("codex-ssh") / "config.toml"


def log_dir() -> Path:
    """Where the log of a TUI and crash reports go; made with mode 0700 by whoever writes there."""
    import platformdirs

    return platformdirs.user_log_path("codex-ssh")


def cache_dir() -> Path:
    """Downloads that can be had again; made with mode 0700 by whoever writes there."""
    import platformdirs

    return platformdirs.user_cache_path("codex-ssh")


def services_dir() -> Path:
    """State files and logs of detached app servers; made with mode 0700 by whoever writes there."""
    import platformdirs

    return platformdirs.user_state_path("codex-ssh") / "app-servers"


def drafts_dir() -> Path:
    """What was typed and not sent for certain; made with mode 0700 by whoever writes there."""
    import platformdirs

    return platformdirs.user_state_path("codex-ssh") / "drafts"


def choices_file() -> Path:
    """What was chosen inside the TUI; its directory is made with mode 0700 by whoever writes it."""
    import platformdirs

    return platformdirs.user_state_path("codex-ssh") / "choices.json"


def threads_dir() -> Path:
    """Which threads were seen on each host, for completion; made with mode 0700 by whoever writes there."""
    import platformdirs

    return platformdirs.user_state_path("codex-ssh") / "threads"


def history_dir() -> Path:
    """What was said to each host, for the composer; made with mode 0700 by whoever writes there."""
    import platformdirs

    return platformdirs.user_state_path("codex-ssh") / "history"


def hosts_dir() -> Path:
    """What was last seen on each host; made with mode 0700 by whoever writes there."""
    import platformdirs

    return platformdirs.user_state_path("codex-ssh") / "hosts"


def runtime_dir() -> Path:
    """Sockets of windows that run; made with mode 0700 by whoever puts one there.

    It is gone with the session where the system has such a place, else below the temporary directory.
    """
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    if named.startswith("/") and Path(named).is_dir():
        return Path(named) / "codex-ssh"
    return Path(tempfile.gettempdir()) / f"codex-ssh-{os.getuid()}"


def lessons_dir() -> Path:
    """What earlier visits taught about hosts; made with mode 0700 by whoever writes there."""
    import platformdirs

    return platformdirs.user_state_path("codex-ssh") / "lessons"
