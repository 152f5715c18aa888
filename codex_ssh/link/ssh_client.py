"""Which client makes the SSH connection: asyncssh, or the user's own ``ssh`` where the host needs it.

Lives here: the choice, and saying why.
Not here: the clients (:mod:`codex_ssh.link.ssh_hops`, :mod:`codex_ssh.link.ssh_openssh`), and what
asyncssh cannot do (:func:`codex_ssh.core.ssh_config.needs_openssh`).
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

from codex_ssh.core.host import Host
from codex_ssh.core.question import Prompter
from codex_ssh.core.shared_login import login_name
from codex_ssh.core.ssh_config import SshConfig, needs_openssh
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.core.value import dataclass
from codex_ssh.link.ahead import Ahead
from codex_ssh.link.holder import Holder, current_holder
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.ssh_config import read_ssh_config
from codex_ssh.link.ssh_hops import HOPS_AT_MOST, open_asyncssh, parse_hop, too_many_hops
from codex_ssh.link.ssh_mux import is_alive
from codex_ssh.link.ssh_openssh import live_control_path, open_openssh

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a host stands for, and which client reaches it.

    Attributes:
        config: The host as the user's ``ssh`` sees it.
        client: The one taken; never ``auto``.
        why: The reason, in words.
    """

    config: SshConfig
    client: SshClient
    why: str


async def resolve(host: Host, options: SshOptions) -> Resolved:
    """Ask what a host stands for, and choose the client. Nothing is sent to anybody.

    Raises:
        ConfigError: The ssh config cannot be read or wants what cannot be done.
    """
    config = await read_ssh_config(host, options)
    client, why = options.client, "asked for"
    if client is not SshClient.ASYNCSSH:
        hops = await _read_hops(config, options)
        if client is SshClient.AUTO:
            client, why = await _choose(config, hops)
    return Resolved(config=config, client=client, why=why)


@asynccontextmanager
async def open_ssh(
    host: Host,
    options: SshOptions,
    prompter: Prompter,
    resolved: Resolved | None = None,
    *,
    ahead: Ahead | None = None,
) -> AsyncGenerator[Ssh, None]:
    """Log in to a host by the client it needs, and hold the connection while the block lasts.

    Args:
        host: As typed.
        options: The SSH flags, the client and the limits.
        prompter: Gets every question: host keys, passphrases, passwords, codes, of every hop.
        resolved: What it stands for, where that was asked already.
        ahead: What will be wanted right after the login; a client that cannot ask it early does not.

    Raises:
        ConfigError: The ssh config cannot be read or wants what cannot be done.
        HostUnreachable: No SSH server could be reached. Trying again later may help.
        HostKeyRefused: Nothing secret has been sent. Trying again does not help.
        LoginRefused: Trying again does not help, and may lock the account.
        ForwardError: A hop does not let us through.
    """
    if resolved is None:
        resolved = await resolve(host, options)
    log.info("ssh client for %s: %s (%s)", host, resolved.client.value, resolved.why)
    opened: AbstractAsyncContextManager[Ssh]
    if resolved.client is SshClient.OPENSSH:
        opened = open_openssh(host, options, prompter, resolved.config)
    elif options.share and (holder := current_holder()) is not None:
        opened = _open_shared(holder, host, options, prompter, resolved.config, ahead)
    else:
        opened = open_asyncssh(host, options, prompter, resolved.config, ahead)
    async with opened as ssh:
        yield ssh


def _open_shared(
    holder: Holder,
    host: Host,
    options: SshOptions,
    prompter: Prompter,
    config: SshConfig,
    ahead: Ahead | None,
) -> AbstractAsyncContextManager[Ssh]:
    return holder.open(
        login_name(config, options, os.environ, directory=os.getcwd()),
        lambda: open_asyncssh(host, options, prompter, config, ahead),
        config=config,
        options=options,
        host=str(host),
        tell=lambda text: prompter.tell(str(host), text),
        ahead=ahead,
    )


async def _read_hops(config: SshConfig, options: SshOptions) -> list[tuple[str, SshConfig]]:
    """Resolve every hop on the way, the last one first, as ``ssh`` does it.

    Raises:
        ConfigError: A hop is no host, or the way does not end.
    """
    found: list[tuple[str, SshConfig]] = []
    while config.jumps:
        if len(found) >= HOPS_AT_MOST:
            raise too_many_hops(found[-1][0])
        hop = parse_hop(config.jumps[-1], config)
        options = replace(options.for_hop(), jump=",".join(config.jumps[:-1]))
        config = await read_ssh_config(hop, options)
        found.append((str(hop), config))
    return found


async def _choose(config: SshConfig, hops: Sequence[tuple[str, SshConfig]]) -> tuple[SshClient, str]:
    if shutil.which("ssh") is None:
        return SshClient.ASYNCSSH, "there is no ssh program"
    live = live_control_path(config)
    if live and await is_alive(live):
        return SshClient.OPENSSH, f"a ControlMaster is open at {live}"
    reasons = [*needs_openssh(config), *_kerberos(config)]
    for name, hop in hops:
        reasons += [f"{reason} for {name}" for reason in needs_openssh(hop)]
    if reasons:
        return SshClient.OPENSSH, "; ".join(reasons)
    return SshClient.ASYNCSSH, "it can do all this host needs"


def _kerberos(config: SshConfig) -> list[str]:
    """Kerberos counts where no key could log in: some systems turn it on for every host."""
    if next(iter(config.others.get("gssapiauthentication", ())), "no") not in ("yes", "true"):
        return []
    if config.identity_agent or any(os.path.exists(path) for path in config.identity_files):
        return []
    return ["GSSAPIAuthentication is set and there is no key"]
