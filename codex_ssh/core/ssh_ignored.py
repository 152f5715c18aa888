"""What an ssh config says that has no effect on our connection.

Lives here: the list, with the values that mean nothing anyway. Not here: what makes us take the user's own
``ssh`` (:func:`codex_ssh.core.ssh_config.needs_openssh`), and why a keyword is left out, which
``docs/reference/ssh.md`` tells.
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.ssh_config import SshConfig

_NEVER: Final = (
    ("RequestTTY", ("auto", "no", "false")),
    ("RemoteCommand", ("none",)),
    ("SessionType", ("default",)),
    ("LocalCommand", ("none",)),
    ("LocalForward", ()),
    ("RemoteForward", ()),
    ("DynamicForward", ()),
    ("Tunnel", ("false", "no")),
    ("ForwardX11", ("no", "false")),
    ("AddKeysToAgent", ("no", "false")),
    ("ConnectionAttempts", ("1",)),
)
"""Keywords neither client follows here, and their values without a meaning."""

_NOT_BY_ASYNCSSH: Final = (
    ("HostbasedAuthentication", ("no", "false")),
    ("GSSAPIAuthentication", ("no", "false")),
    ("VerifyHostKeyDNS", ("no", "false")),
    ("VisualHostKey", ("no", "false")),
    ("PKCS11Provider", ("none",)),
    ("KnownHostsCommand", ("none",)),
    ("SecurityKeyProvider", ("internal", "$ssh_sk_provider", "none")),
    ("ProxyUseFdpass", ("no", "false")),
    ("BindInterface", ("none", "")),
)


def list_ignored(config: SshConfig, *, by_asyncssh: bool) -> tuple[str, ...]:
    """Give the keywords of a host that are set and have no effect, as ``ssh_config(5)`` spells them.

    Args:
        config: The host.
        by_asyncssh: asyncssh makes the connection, which knows fewer of them than ``ssh``.
    """
    table = (*_NEVER, *_NOT_BY_ASYNCSSH) if by_asyncssh else _NEVER
    return tuple(
        keyword
        for keyword, harmless in table
        if any(value.lower() not in harmless for value in config.others.get(keyword.lower(), ()))
    )
