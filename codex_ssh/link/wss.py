"""The direct way: ``wss://``, without SSH.

Lives here: TLS and the upgrade behind it. Not here: when this way is taken (:mod:`codex_ssh.link.connect`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from codex_ssh.core.endpoint import WssEndpoint
from codex_ssh.core.secret import Secret
from codex_ssh.errors import HostUnreachable, Stage, TlsRefused
from codex_ssh.link.upgrade import UPGRADE_TIMEOUT_SECONDS, P, Upgrade, settle, silent


class WssDial:
    """Dials a ``wss://`` endpoint directly.

    Args:
        endpoint: Where to.
        token: The credential; None sends none.
        tls: Verifies the server; the default context of :mod:`ssl`, with the user's own CA if any.
    """

    transport = "wss"

    def __init__(self, endpoint: WssEndpoint, *, token: Secret | None, tls: ssl.SSLContext) -> None:
        self._endpoint = endpoint
        self._token = token
        self._tls = tls
        self.warnings: tuple[str, ...] = ()

    async def __call__(self, factory: Callable[[], P]) -> P:
        """See :meth:`Dial.__call__`; raises HostUnreachable and TlsRefused as well."""
        where = str(self._endpoint)
        header = where.removeprefix("wss://")
        upgrade = Upgrade(factory, host_header=header, bearer=self._token)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(UPGRADE_TIMEOUT_SECONDS) as limit:
            try:
                await loop.create_connection(
                    lambda: upgrade,
                    self._endpoint.host,
                    self._endpoint.port,
                    ssl=self._tls,
                    happy_eyeballs_delay=0.25,
                )
                return await settle(upgrade, host=where)
            except ssl.SSLError as error:
                raise _tls_refused(where, error) from error
            except OSError as error:
                raise HostUnreachable(
                    "it cannot be reached",
                    stage=Stage.WEBSOCKET,
                    host=where,
                    said=error.strerror or str(error),
                    hint="check the address and the network",
                ) from error
            except (TimeoutError, asyncio.CancelledError):
                upgrade.abort()
                if limit.expired():
                    raise silent(where) from None
                raise


def _tls_refused(where: str, error: ssl.SSLError) -> TlsRefused:
    said = getattr(error, "verify_message", "") or error.reason or str(error)
    return TlsRefused(
        "the server's certificate was not accepted"
        if isinstance(error, ssl.SSLCertVerificationError)
        else "TLS failed",
        stage=Stage.WEBSOCKET,
        host=where,
        said=said,
        hint="nothing was sent; a private authority is named with --tls-ca FILE",
    )
