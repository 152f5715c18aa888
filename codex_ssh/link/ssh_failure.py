"""Why a login did not come about: exceptions of asyncssh and of the system, in our words.

Lives here: the table from their exceptions to ours.
Not here: failures once the connection works (:mod:`codex_ssh.link.ssh_asyncssh`), and what we find wrong with
a host key ourselves (:mod:`codex_ssh.link.host_keys`).
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

import asyncssh

from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.errors import (
    CodexSshError,
    HostKeyRefused,
    HostUnreachable,
    LoginRefused,
    Stage,
    StageError,
)

if TYPE_CHECKING:
    from codex_ssh.link.ssh_owner import Owner


def translate(error: BaseException, owner: Owner, config: SshConfig, host: str) -> CodexSshError:
    """Say what an exception of asyncssh's, or of the way below it, means while logging in."""
    if isinstance(error, CodexSshError):
        return error
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        if "revoked" in error.reason:
            return owner.host_keys.revocation(error.reason)
        return HostKeyRefused(
            "the host key is not trusted",
            stage=Stage.SSH,
            host=host,
            said=error.reason,
            hint="compare it with what your known_hosts files hold for this host",
        )
    if isinstance(error, asyncssh.PermissionDenied) or (
        isinstance(error, asyncssh.DisconnectError) and "authentication failures" in error.reason
    ):
        return _login_refused(error, owner, config, host)
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return LoginRefused(
            "this server and we have no algorithm in common",
            stage=Stage.SSH,
            host=host,
            said=error.reason,
            hint=f"see what ssh uses: {config.by_hand}",
        )
    if isinstance(error, asyncssh.ConnectionLost | EOFError | ConnectionResetError | BrokenPipeError):
        during = "during the login" if owner.logging_in else "before the login"
        said = (owner.way.way.said if owner.way is not None else "") or str(error)
        return _unreachable(f"the connection ended {during}", config, host, said, answered=True)
    if isinstance(error, asyncssh.DisconnectError):
        return _unreachable("the server ended the connection", config, host, error.reason, answered=True)
    if isinstance(error, OSError):
        return _from_os(error, config, host)
    failed = f"the SSH client failed: {type(error).__name__}"
    return _unreachable(failed, config, host, str(error), answered=True)


def _login_refused(error: asyncssh.DisconnectError, owner: Owner, config: SshConfig, host: str) -> StageError:
    takes = ", ".join(owner.server_takes)
    tried = ", ".join(owner.offered) or "nothing"
    said = error.reason if not isinstance(error, asyncssh.PermissionDenied) else "Permission denied"
    if takes:
        said = f"{said} ({takes})"
    if "Too many" in error.reason:
        hint = "the agent offers too many keys: name the right one by IdentityFile and set IdentitiesOnly yes"
    elif owner.notes:
        hint = "; ".join(owner.notes)
    elif owner.host_keys.changed_but_allowed:
        hint = "the host key has changed, so no password was sent"
    else:
        hint = f"see what ssh does: {config.by_hand}"
    return LoginRefused(
        f"the server refused the login of {config.user!r}; tried {tried}",
        stage=Stage.SSH,
        host=host,
        said=said,
        hint=hint,
    )


def timed_out(owner: Owner, config: SshConfig, host: str) -> HostUnreachable:
    """Say how far we came when the time was over."""
    if owner.logging_in:
        return _unreachable("the login took too long", config, host, "", answered=True)
    if owner.way is not None and owner.way.gate is not None:
        message = f"{_address(config)} does not answer as an SSH server does"
        return _unreachable(message, config, host, "", answered=True)
    return _from_os(TimeoutError(errno.ETIMEDOUT, "no answer in time"), config, host)


def _from_os(error: OSError, config: SshConfig, host: str) -> HostUnreachable:
    # asyncio puts words of its own into strerror.
    named = isinstance(error, socket.gaierror) or not error.errno
    said = (error.strerror or str(error)) if named else os.strerror(error.errno or 0)
    if isinstance(error, socket.gaierror):
        message, hint = (
            f"no such name: {config.hostname!r}",
            "look at HostName in the ssh config, or at the VPN",
        )
    elif error.errno == errno.ECONNREFUSED:
        message = f"nothing listens on {_address(config)}"
        hint = f"is sshd running there, and is {config.port} its port?"
    elif error.errno == errno.ETIMEDOUT:
        message, hint = f"{_address(config)} does not answer", "is the host up, and the VPN?"
    else:
        message, hint = f"{_address(config)} cannot be reached", "is the network up, and the VPN?"
    return _unreachable(message, config, host, said, hint)


def _unreachable(
    message: str, config: SshConfig, host: str, said: str, hint: str = "", *, answered: bool = False
) -> HostUnreachable:
    return HostUnreachable(
        message,
        stage=Stage.SSH,
        host=host,
        said=said,
        hint=hint or f"see what ssh does: {config.by_hand}",
        answered=answered,
    )


def _address(config: SshConfig) -> str:
    return (
        f"[{config.hostname}]:{config.port}" if ":" in config.hostname else f"{config.hostname}:{config.port}"
    )
