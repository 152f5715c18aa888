"""The direct way: ``wss://``, without SSH.

Lives here: going there, by a proxy where the environment names one, TLS, and the upgrade behind it with a
credential made for this dial. Not here: when this way is taken (:mod:`codex_ssh.link.way`), trust in
certificates (:mod:`codex_ssh.link.tls`), and which proxy (:mod:`codex_ssh.core.proxy`).
"""

from __future__ import annotations

import asyncio
import enum
import logging
import re
import ssl
import time
from collections.abc import Callable
from typing import Final

from codex_ssh.core.endpoint import WssEndpoint
from codex_ssh.core.handshake import Refused
from codex_ssh.core.proxy import Connect, Proxy, ProxyRefused, Tunnelled
from codex_ssh.core.secret import Secret
from codex_ssh.core.token import DEFAULT_SKEW_SECONDS, Signer
from codex_ssh.errors import HostUnreachable, ProtocolViolated, Stage, StageError, TlsRefused
from codex_ssh.link.tls import TlsOptions, check_pins, explain_break, explain_own, explain_tls, open_context
from codex_ssh.link.upgrade import (
    UPGRADE_TIMEOUT_SECONDS,
    Opening,
    P,
    Upgrade,
    explain_refusal,
    silent,
    wait_answer,
)

log = logging.getLogger(__name__)

SKEW_NOTED_SECONDS: Final = 5.0
"""A difference of two clocks that is worth making tokens by the other one; ``Date`` has whole seconds."""

_UNAUTHORIZED: Final = 401

_OWN_CERTIFICATE: Final = re.compile("(?i)client certificate|SSL certificate")
"""What a server says by HTTP when it wants another certificate of us: our own listener, nginx."""


class _Phase(enum.Enum):
    """How far a dial has come."""

    REACHING = "reaching"
    TUNNELLING = "tunnelling"
    SECURING = "securing"
    UPGRADING = "upgrading"


class WssDial:
    """Dials a ``wss://`` endpoint directly.

    Args:
        endpoint: Where to.
        credential: A token, or what makes one for every dial; None sends none.
        tls: Whom to trust.
        proxy: The HTTP proxy on the way, if any.
        ahead_seconds: How far the server's clock is known to be ahead of ours.
        clock: Gives Unix seconds.

    Raises:
        ConfigError: A file TLS needs is not good.
    """

    transport = "wss"

    def __init__(
        self,
        endpoint: WssEndpoint,
        *,
        credential: Secret | Signer | None,
        tls: TlsOptions,
        proxy: Proxy | None = None,
        ahead_seconds: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._endpoint = endpoint
        self._where = str(endpoint)
        self._credential = credential
        self._tls = tls
        self._context = open_context(tls)
        self._proxy = proxy
        self._ahead = ahead_seconds
        self._clock = clock

    async def __call__(self, factory: Callable[[], P], *, opening: Opening | None = None) -> P:
        """See :meth:`codex_ssh.link.dial.Dial.__call__`; raises HostUnreachable and TlsRefused as well.

        A JWT that is refused while the clocks differ is made again by the server's clock, once.
        """
        outcome = await self._try(factory)
        if not isinstance(outcome, Refused):
            return outcome
        skew = self._skew(outcome)
        if skew is not None and isinstance(self._credential, Signer):
            if abs(skew - self._ahead) > SKEW_NOTED_SECONDS:
                log.warning("the clock of %s is %+.0f seconds from ours: tokens follow it", self._where, skew)
                self._ahead = skew
                outcome = await self._try(factory)
                if not isinstance(outcome, Refused):
                    return outcome
            skew = None  # the token was made by its clock, so that is not the reason
        is_reason = skew is not None and abs(skew) > DEFAULT_SKEW_SECONDS and _is_jwt(self._credential)
        raise explain_refusal(outcome, self._where, skew_seconds=skew if is_reason else None)

    def _skew(self, answer: Refused) -> float | None:
        if answer.status != _UNAUTHORIZED or answer.server_time is None:
            return None
        return answer.server_time - self._clock()

    def _bearer(self) -> Secret | None:
        if isinstance(self._credential, Signer):
            return self._credential.mint(now=self._clock() + self._ahead)
        return self._credential

    async def _try(self, factory: Callable[[], P]) -> P | Refused:
        """Dial once, within the time an upgrade may take."""
        upgrade = Upgrade(
            factory,
            host_header=self._where.removeprefix("wss://"),
            bearer=self._bearer(),
            check=lambda transport: check_pins(transport, self._tls.pins, where=self._where),
        )
        attempt = _Attempt(self._endpoint, self._context, self._proxy)
        async with asyncio.timeout(UPGRADE_TIMEOUT_SECONDS) as limit:
            try:
                try:
                    await attempt.open(upgrade)
                except BaseException:
                    attempt.abort()
                    raise
                outcome = await wait_answer(upgrade, host=self._where)
            except ssl.SSLError as error:
                raise explain_tls(error, self._where, shown=bool(self._tls.cert_file)) from error
            except (TimeoutError, asyncio.CancelledError):
                upgrade.abort()
                if limit.expired():
                    raise attempt.silent() from None
                raise
            except ProtocolViolated as error:
                if self._tls.cert_file:
                    error.hint = "it may not take the certificate we showed: see its log, or name another"
                raise
        if isinstance(outcome, Refused) and _OWN_CERTIFICATE.search(outcome.body):
            raise explain_own(outcome.body, self._where, shown=bool(self._tls.cert_file))
        return outcome


class _Attempt:
    """One way to the server: TCP, the proxy's leave, TLS."""

    def __init__(self, endpoint: WssEndpoint, context: ssl.SSLContext, proxy: Proxy | None) -> None:
        self._endpoint = endpoint
        self._where = str(endpoint)
        self._context = context
        self._proxy = proxy
        self._phase = _Phase.REACHING
        self._transport: asyncio.Transport | None = None

    async def open(self, upgrade: Upgrade[P]) -> None:
        """Go there and let the upgrade begin behind TLS.

        Raises:
            HostUnreachable: Nobody is there, or the proxy does not let us through.
            TlsRefused: The connection broke during TLS.
            ssl.SSLError: TLS failed.
        """
        if self._proxy is None:
            self._transport = await self._reach(self._endpoint.host, self._endpoint.port, _Quiet())
        else:
            self._transport = await self._tunnel(self._proxy)
        self._phase = _Phase.SECURING
        self._transport = await self._secure(self._transport, upgrade, self._context, self._endpoint.host)
        self._phase = _Phase.UPGRADING
        upgrade.connection_made(self._transport)

    def abort(self) -> None:
        """End the connection, however far it is."""
        if self._transport is not None:
            self._transport.abort()

    def silent(self) -> StageError:
        """Give the error for a dial that took too long."""
        within = f"within {UPGRADE_TIMEOUT_SECONDS:.0f} seconds"
        match self._phase:
            case _Phase.REACHING:
                return self._unreachable(f"{self._proxy or 'it'} did not answer {within}")
            case _Phase.TUNNELLING:
                return self._unreachable(f"the proxy {self._proxy} did not answer {within}")
            case _Phase.SECURING:
                return TlsRefused(
                    f"TLS did not begin {within}",
                    stage=Stage.WEBSOCKET,
                    host=self._where,
                    hint="no token was sent; is there a TLS front at that port?",
                )
            case _Phase.UPGRADING:
                return silent(self._where)

    async def _reach(self, host: str, port: int, protocol: _Quiet) -> asyncio.Transport:
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: protocol, host, port, happy_eyeballs_delay=0.25
            )
        except OSError as error:
            whom = "it" if self._proxy is None else f"the proxy {self._proxy}"
            raise self._unreachable(f"{whom} cannot be reached", said=error.strerror or str(error)) from error
        return transport

    async def _tunnel(self, proxy: Proxy) -> asyncio.Transport:
        """Ask the proxy to let us through."""
        asking = _Asking(self._endpoint, proxy)
        quiet = _Quiet()
        self._transport = await self._reach(proxy.host, proxy.port, quiet)
        self._phase = _Phase.TUNNELLING
        if proxy.tls:
            try:
                self._transport = await self._secure(
                    self._transport, asking, ssl.create_default_context(), proxy.host
                )
            except (ssl.SSLError, TlsRefused) as error:
                raise self._unreachable(f"TLS with the proxy {proxy} failed", said=str(error)) from error
        else:
            self._transport.set_protocol(asking)
        asking.connection_made(self._transport)
        self._transport.resume_reading()
        match await asking.answered:
            case Tunnelled(leftover=b""):
                return self._transport
            case Tunnelled():
                self._transport.abort()
                raise TlsRefused(
                    "the server does not speak TLS: it speaks first",
                    stage=Stage.WEBSOCKET,
                    host=self._where,
                    hint="no token was sent; is there a TLS front at that port?",
                )
            case ProxyRefused(status=status, body=said):
                self._transport.abort()
                raise self._turned_away(status, said)

    async def _secure(
        self, plain: asyncio.Transport, protocol: asyncio.Protocol, context: ssl.SSLContext, name: str
    ) -> asyncio.Transport:
        try:
            secure = await asyncio.get_running_loop().start_tls(
                plain, protocol, context, server_hostname=name
            )
        except ssl.SSLError:
            raise
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            raise explain_break(error, self._where) from error
        assert secure is not None
        return secure

    def _turned_away(self, status: int, said: str) -> HostUnreachable:
        proxy = f"the proxy {self._proxy}"
        if status == 407:
            return self._unreachable(
                f"{proxy} wants other credentials (407)",
                said=said,
                hint="write them into https_proxy: http://USER:PASSWORD@HOST:PORT, % before special signs",
            )
        if status:
            return self._unreachable(f"{proxy} does not let us through ({status})", said=said)
        return self._unreachable(f"{proxy} did not answer as a proxy", said=said)

    def _unreachable(self, message: str, *, said: str = "", hint: str = "") -> HostUnreachable:
        usual = (
            "check the address and the network" if self._proxy is None else "check https_proxy and no_proxy"
        )
        return HostUnreachable(
            message, stage=Stage.WEBSOCKET, host=self._where, said=said, hint=hint or usual
        )


class _Quiet(asyncio.Protocol):
    """Leaves what comes in the socket, until somebody who understands it reads."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()


class _Asking(asyncio.Protocol):
    """Speaks CONNECT."""

    def __init__(self, endpoint: WssEndpoint, proxy: Proxy) -> None:
        self._connect = Connect(endpoint)
        self._credential = proxy.credential
        self._transport: asyncio.Transport | None = None
        self.answered: asyncio.Future[Tunnelled | ProxyRefused] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._connect.request(self._credential))

    def data_received(self, data: bytes) -> None:
        if self.answered.done():
            return
        verdict = self._connect.receive(data)
        if verdict is not None:
            self.answered.set_result(verdict)
            if isinstance(verdict, Tunnelled) and self._transport is not None:
                self._transport.pause_reading()  # what follows is for TLS

    def connection_lost(self, exc: Exception | None) -> None:
        self.data_received(b"")
        if not self.answered.done():
            self.answered.set_result(ProxyRefused(status=0, body=str(exc or "it closed the connection")))


def _is_jwt(credential: Secret | Signer | None) -> bool:
    return isinstance(credential, Signer) or (credential is not None and credential.reveal().count(".") == 2)
