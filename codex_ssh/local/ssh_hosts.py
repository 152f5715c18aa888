"""Finds the aliases of this machine's ssh configs, through their ``Include`` lines.

Never runs ``ssh``, a ``Match exec`` command or anything else: completion calls it at every tab.
"""

from __future__ import annotations

from glob import glob
from pathlib import Path
from typing import Final

from codex_ssh.core.ssh_hosts import Alias, read_hosts
from codex_ssh.errors import ConfigError
from codex_ssh.local.config_file import read_config
from codex_ssh.local.paths import config_file

_SYSTEM_CONFIG: Final = Path("/etc/ssh/ssh_config")
_DEPTH_AT_MOST: Final = 16
"""OpenSSH's own limit for nested includes."""


def list_aliases(config_file: str = "") -> list[Alias]:
    """Give every concrete alias once, in the order of the files. A file that cannot be read is passed over.

    Args:
        config_file: ``-F``; empty means the user's config and the system's, ``none`` means neither.
    """
    if config_file == "none":
        return []
    user_dir = Path.home() / ".ssh"
    # As ssh does: what a user's file includes is relative to ~/.ssh, wherever that file lies.
    starts = [(Path(config_file).expanduser(), user_dir)] if config_file else [
        (user_dir / "config", user_dir),
        (_SYSTEM_CONFIG, _SYSTEM_CONFIG.parent),
    ]  # fmt: skip
    found: dict[str, Alias] = {}
    for path, base in starts:
        _collect(path, base, found, 0)
    return list(found.values())


def list_hosts() -> list[Alias]:
    """Give the aliases of the ssh configs, then the hosts our config file names or its program named last."""
    found = {alias.name: alias for alias in list_aliases()}
    for name in (*config_hosts(), *_told_hosts()):
        found.setdefault(name, Alias(name=name, path=str(config_file()), line=0))
    return list(found.values())


def _told_hosts() -> list[str]:
    """Give what ``host_command`` said last; it is not run."""
    from codex_ssh.local.host_command import fleet_settings, kept_hosts

    try:
        return list(kept_hosts(fleet_settings(read_config())))
    except ConfigError:
        return []  # whoever connects is told what is wrong with it


def config_hosts() -> list[str]:
    """Give the hosts our config file names, patterns left out; none where it cannot be read."""
    try:
        tables = read_config().get("host", {})
    except ConfigError:
        return []  # whoever connects is told what is wrong with it
    return [name for name in tables if not set("*?[") & set(name)] if isinstance(tables, dict) else []


def _collect(path: Path, base: Path, found: dict[str, Alias], depth: int) -> None:
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    for item in read_hosts(text, str(path)):
        if isinstance(item, Alias):
            found.setdefault(item.name, item)
        elif depth < _DEPTH_AT_MOST:
            for name in sorted(glob(str(base / Path(item.pattern).expanduser()))):
                _collect(Path(name), base, found, depth + 1)
