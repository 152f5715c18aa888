"""Which windows may use one SSH connection: those that would log in the very same way.

Lives here: the name of a way to log in. Not here: finding the window that has the connection
(:mod:`codex_ssh.link.holder`).
"""

from __future__ import annotations

import fnmatch
import hashlib
import posixpath
from collections.abc import Mapping

from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.core.ssh_options import SshOptions

_ALWAYS = ("HOME", "SSH_AUTH_SOCK")
"""Variables that decide which keys are found."""


def login_name(
    config: SshConfig, options: SshOptions, environment: Mapping[str, str], *, directory: str
) -> str:
    """Give a name that two windows have in common only if they would log in the very same way.

    Everything counts that decides whom we log in to, as whom, with what, through what, and what such a
    connection lets happen: what the config resolves to, the flags, and the variables that are sent along.
    Two spellings of one host are two names: a login too many is the smaller mistake.

    Args:
        config: What the host stands for.
        options: The flags.
        environment: This window's.
        directory: Where relative paths in the flags begin.

    Returns:
        24 hex digits, which tell nothing.
    """
    sent = {
        name: value
        for name, value in environment.items()
        if name in _ALWAYS or any(fnmatch.fnmatchcase(name, pattern) for pattern in config.send_env)
    }
    files = [posixpath.join(directory, path) for path in options.identity_files if path]
    facts = (
        config,
        posixpath.join(directory, options.config_file) if options.config_file else "",
        options.set_options,
        options.user,
        options.port,
        files,
        options.jump,
        options.keepalive_interval,
        options.keepalive_count,
        sorted(sent.items()),
    )
    return hashlib.sha256(repr(facts).encode(errors="surrogateescape")).hexdigest()[:24]
