"""What the command line and the config file say about SSH: the same flags ``ssh`` has, and our limits.

Lives here: the value, and the argv that hands the flags to the user's own ``ssh``.
Not here: what ``ssh`` makes of them (:mod:`codex_ssh.core.ssh_config`).
"""

from __future__ import annotations

import enum
import re
import shlex
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from codex_ssh.core.host import Host, is_safe_user
from codex_ssh.core.value import dataclass
from codex_ssh.errors import UsageError

KEEPALIVE_INTERVAL_SECONDS: Final = 1.5
"""How long nothing may come from the server before it is asked whether it is there."""

KEEPALIVE_COUNT: Final = 2
"""How many such questions may stay unanswered. A silent link counts as lost after interval x (count + 1): in
less than 5 seconds, since somebody sits in front of it."""

CONNECT_TIMEOUT_SECONDS: Final = 10.0
"""For the TCP connection and the key exchange, unless ``ConnectTimeout`` says otherwise."""

LOGIN_TIMEOUT_SECONDS: Final = 60.0
"""For the login; the clock stands still while a person is being asked."""


class SshClient(enum.Enum):
    """Which program makes the SSH connection."""

    AUTO = "auto"
    """asyncssh, unless the host needs what only ``ssh`` can do."""
    ASYNCSSH = "asyncssh"
    OPENSSH = "openssh"
    """The user's own ``ssh``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshOptions:
    """How to reach hosts: ``ssh``'s own flags as they were given, and our limits.

    Attributes:
        config_file: ``-F``; empty means the user's own config, ``none`` means no config at all.
        set_options: ``-o``, each ``Keyword=value``.
        user: ``-l``; wins over a name typed in the host.
        port: ``-p``; wins over a port typed in the host.
        identity_files: ``-i``, in order.
        jump: ``-J``.
        client: Which program makes the connection; holds for hops too.
        keepalive_interval: Seconds; 0 is off. A shorter ``ServerAliveInterval`` of the host's wins.
        keepalive_count: Unanswered keepalives until the link counts as lost.
        connect_timeout: Seconds where the host has no ``ConnectTimeout``.
        login_timeout: Seconds for the login; questions do not count.
        share: Windows on this machine may use one connection; only commands can, not programs that import us.
        fast_path: What an earlier visit taught may be used to say more at once.
    """

    config_file: str = ""
    set_options: tuple[str, ...] = ()
    user: str = ""
    port: int | None = None
    identity_files: tuple[str, ...] = ()
    jump: str = ""
    client: SshClient = SshClient.AUTO
    keepalive_interval: float = KEEPALIVE_INTERVAL_SECONDS
    keepalive_count: int = KEEPALIVE_COUNT
    connect_timeout: float = CONNECT_TIMEOUT_SECONDS
    login_timeout: float = LOGIN_TIMEOUT_SECONDS
    share: bool = False
    fast_path: bool = True

    def __post_init__(self) -> None:
        """Refuse what could be taken for something else.

        Raises:
            UsageError: A login name with characters of a shell (``Match exec`` may hand it to one), or a
                control character: a line break would look like a line of ``ssh -G``'s answer, or of a config.
        """
        if self.user and not is_safe_user(self.user):
            raise UsageError(f"not a login name: {self.user!r}")
        for text in (self.config_file, *self.set_options, *self.identity_files, self.jump):
            if re.search(r"[\x00-\x1f\x7f]", text):
                raise UsageError(f"a control character in what is meant for ssh: {text!r}")

    def for_hop(self) -> SshOptions:
        """The options for a jump host: as with ``ssh``, only ``-F`` carries over; our limits stay."""
        return replace(self, set_options=(), user="", port=None, identity_files=(), jump="")


def ssh_arguments(host: Host, options: SshOptions) -> list[str]:
    """The arguments for ``ssh`` that name this host the way the person did, the host last.

    Gives an argv list; no shell ever sees it. ``--`` keeps the host from being an option.
    """
    return [*_flags(host, options, options.set_options), "--", host.name]


def ssh_by_hand(host: Host, options: SshOptions) -> str:
    """Give the command a person types to see what ``ssh`` does for this host, for a shell.

    ``SetEnv`` stays out of it: it holds values for programs, and a hint may end in a bug report.
    """
    shown = [text for text in options.set_options if not text.lower().startswith("setenv")]
    return shlex.join(["ssh", "-v", *_flags(host, options, shown), host.name])


def _flags(host: Host, options: SshOptions, set_options: Iterable[str]) -> list[str]:
    arguments: list[str] = []
    if options.config_file:
        arguments += ["-F", options.config_file]
    for text in set_options:
        arguments += ["-o", text]
    if user := options.user or host.user:
        arguments += ["-l", user]
    if port := options.port or host.port:
        arguments += ["-p", str(port)]
    for path in options.identity_files:
        arguments += ["-i", path]
    if options.jump:
        arguments += ["-J", options.jump]
    return arguments
