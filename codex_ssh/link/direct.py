"""The direct way's beginning: from a ``wss://`` endpoint to a dial with its credential.

Lives here: where the credential comes from when SSH does not carry the session. Not here: dialling
(:mod:`codex_ssh.link.wss`) and when this way is taken (:mod:`codex_ssh.link.way`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import field

from codex_ssh.core.endpoint import WssEndpoint
from codex_ssh.core.proxy import Proxies
from codex_ssh.core.secret import Secret
from codex_ssh.core.token import Signer
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError
from codex_ssh.link.appserver import look
from codex_ssh.link.choosing import Wanted, on_tcp
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.tls import TlsOptions
from codex_ssh.link.token import read_credential
from codex_ssh.link.wss import WssDial


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """How the direct way is gone.

    Attributes:
        tls: Whom to trust, and what to show.
        proxies: The HTTP proxy on it.
        signer: The shared secret JWTs are made with, where it lies here; read when it is needed.
    """

    tls: TlsOptions = field(default_factory=TlsOptions)
    proxies: Proxies = field(default_factory=Proxies)
    signer: Callable[[], Signer | None] = lambda: None


async def make_direct_dial(
    endpoint: WssEndpoint,
    direct: Direct,
    *,
    wanted: Wanted,
    given: Callable[[], Secret | None],
    log_in: Callable[[], AbstractAsyncContextManager[Ssh]] | None,
) -> WssDial:
    """Give the dial of an endpoint; nothing is sent there yet.

    Args:
        endpoint: Where to.
        direct: How.
        wanted: Which server on the devbox stands behind it.
        given: Reads the token the user named here, if any.
        log_in: Opens SSH to read the credential with, when nothing here names one; None when SSH is known
            to be out of reach.

    Raises:
        ConfigError: There is no source of a credential, or a file or variable is not good.
        StageError: SSH failed, or the credential there is not safe to use.
    """
    proxy = direct.proxies.choose(endpoint)
    credential: Secret | Signer | None = direct.signer() or given()
    ahead = 0.0
    if credential is None and log_in is not None:
        async with log_in() as ssh:
            credential, ahead = await _read_there(ssh, wanted)
    if credential is None:
        raise ConfigError(
            f"there is no token for {endpoint}",
            hint="name its source: --remote-auth-token-env VAR, or token_path, token_command or "
            "shared_secret_path in the config",
        )
    return WssDial(endpoint, credential=credential, tls=direct.tls, proxy=proxy, ahead_seconds=ahead)


async def _read_there(ssh: Ssh, wanted: Wanted) -> tuple[Secret | Signer | None, float]:
    """Read what the server behind the TLS front wants, or the recipe's token; nothing is started or dialled.

    With it comes how far that machine's clock is ahead of ours.
    """
    probe = await look(ssh, wanted, own=False)
    behind = on_tcp(probe, probe.ws, "behind the wss address")
    if behind is None:
        return None, 0.0
    return read_credential(behind, given=lambda: None, host=ssh.host), probe.now - time.time()
