"""Read the SSH config without an ``ssh`` program: asyncssh does it, as well as it can.

Lives here: running asyncssh's reader and writing its result down the way ``ssh -G`` would.
Not here: the way everybody with an ``ssh`` takes (:mod:`codex_ssh.link.ssh_config`).

asyncssh passes over keywords it does not know (``StrictHostKeyChecking`` is one: it is ``ask`` here) and
refuses some lines that ``ssh`` accepts. Such a line is reported with file and line; lines in blocks of
other hosts are not looked at.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from asyncssh.config import ConfigParseError, SSHClientConfig

from codex_ssh.core.host import Host
from codex_ssh.core.ssh_config import LocalFacts, SshConfig, parse_ssh_config
from codex_ssh.core.ssh_options import SshOptions, ssh_by_hand
from codex_ssh.errors import ConfigError

_WHOLE: Final = ("Ciphers", "KexAlgorithms", "MACs", "HostKeyAlgorithms")
_TAKEN: Final = (
    "AddressFamily",
    "BindAddress",
    "CertificateFile",
    "Compression",
    "ConnectTimeout",
    "HostKeyAlias",
    "IdentitiesOnly",
    "IdentityAgent",
    "IdentityFile",
    "KbdInteractiveAuthentication",
    "PasswordAuthentication",
    "PKCS11Provider",
    "PreferredAuthentications",
    "ProxyCommand",
    "ProxyJump",
    "PubkeyAuthentication",
    "SendEnv",
    "ServerAliveCountMax",
    "ServerAliveInterval",
    "SetEnv",
    *_WHOLE,
)
"""Keywords handed on as they are."""

_EXPANDED: Final = ("CertificateFile", "IdentityFile", "ProxyCommand")
"""Those asyncssh has expanded tokens in: a ``%`` that is left is one."""

_DEFAULT_IDENTITIES: Final = ("id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk")


def read_without_ssh(host: Host, options: SshOptions, facts: LocalFacts) -> SshConfig:
    """Resolve a host by asyncssh's reader.

    Raises:
        ConfigError: A line of the config cannot be read, or wants what cannot be had without ``ssh``.
    """
    user, port = options.user or host.user, options.port or host.port
    with tempfile.TemporaryDirectory(prefix="codex-ssh-") as directory:
        # The first value of a keyword wins, so what the flags say is read first.
        flags = Path(directory, "flags")
        flags.write_text("".join(f"{line.replace('=', ' ', 1)}\n" for line in _flag_lines(options)))
        try:
            config = SSHClientConfig.load(
                None,
                [flags, *_config_files(options)],
                False,  # noqa: FBT003 - asyncssh's signature
                False,  # noqa: FBT003 - asyncssh's signature
                False,  # noqa: FBT003 - asyncssh's signature
                facts.user,
                user or (),
                host.name,
                port or (),
            )
        except (ConfigParseError, OSError) as error:
            raise ConfigError(
                f"the ssh config cannot be read: {str(error).replace(str(flags), 'flags')}",
                hint="without an ssh program some lines ssh accepts cannot be read; install openssh-client",
            ) from None
        values = config.get_options(False)  # noqa: FBT003 - asyncssh's signature
    lines = [
        f"hostname {values.get('Hostname', host.name)}",
        f"user {values.get('User', facts.user)}",
        f"port {values.get('Port', 22)}",
        f"userknownhostsfile {_joined(values.get('UserKnownHostsFile'), _USER_FILES)}",
        f"globalknownhostsfile {_joined(values.get('GlobalKnownHostsFile'), _GLOBAL_FILES)}",
    ]
    for keyword in _TAKEN:
        value = values.get(keyword)
        if keyword in _WHOLE and str(value or "")[:1] in tuple("+-^"):
            raise ConfigError(f"{keyword} {str(value)[:1]}… cannot be read without an ssh program")
        texts = value if isinstance(value, list) else [] if value is None else [value]
        lines += [f"{keyword.lower()} {_written(keyword, text)}" for text in texts]
    if "IdentityFile" not in values:
        lines += [f"identityfile ~/.ssh/{name}" for name in _DEFAULT_IDENTITIES]
    return parse_ssh_config(
        "\n".join(lines),
        alias=host.name,
        facts=facts,
        exists=os.path.exists,
        by_hand=ssh_by_hand(host, options),
    )


_USER_FILES: Final = "~/.ssh/known_hosts ~/.ssh/known_hosts2"
_GLOBAL_FILES: Final = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"


def _flag_lines(options: SshOptions) -> list[str]:
    lines = list(options.set_options)
    lines += [f'IdentityFile "{path}"' for path in options.identity_files]
    return [*lines, f"ProxyJump {options.jump}"] if options.jump else lines


def _config_files(options: SshOptions) -> list[Path]:
    if options.config_file == "none":
        return []
    if options.config_file:
        return [Path(options.config_file)]
    return [
        path
        for path in (Path.home() / ".ssh/config", Path("/etc/ssh/ssh_config"))
        if os.access(path, os.R_OK)
    ]


def _joined(value: object, default: str) -> str:
    return " ".join(os.path.expandvars(str(path)) for path in value) if isinstance(value, list) else default


def _written(keyword: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if keyword == "AddressFamily":
        return {"AddressFamily.AF_INET": "inet", "AddressFamily.AF_INET6": "inet6"}.get(str(value), "any")
    return str(value).replace("%", "%%") if keyword in _EXPANDED else str(value)
