"""The upgrade on a fresh transport, whoever opened it, and what an answer other than 101 means.

Lives here: sending the request, reading the answer, and handing the transport over to the protocol it was
made for. Not here: the words of request and answer (:mod:`codex_ssh.core.handshake`), and who may be sent a
credential (:mod:`codex_ssh.link.dial`, :mod:`codex_ssh.link.wss`).
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from codex_ssh.core.handshake import NONCE_BYTES, Handshake, HandshakeError, Refused, Switched
from codex_ssh.core.secret import Secret
from codex_ssh.errors import AppServerError, CredentialRefused, ProtocolViolated, Stage, StageError

UPGRADE_TIMEOUT_SECONDS: Final = 10.0
"""The official client's limit for connecting."""

P = TypeVar("P", bound=asyncio.Protocol)


class Opening:
    """What may go out in the same flight as the upgrade, and whether it did.

    The real server reads on behind the request (verified with 0.163 and 0.169), which saves a round trip. One
    that does not ends the connection without an answer, and is asked again without.

    Args:
        frames: WebSocket frames, masked.
    """

    def __init__(self, frames: bytes) -> None:
        self.frames = frames
        self.sent = False


class Upgrade(asyncio.Protocol, Generic[P]):
    """Speaks the upgrade on a fresh transport, then hands it over to the protocol it was made for.

    Args:
        factory: Makes that protocol.
        host_header: Value of ``Host``.
        bearer: The credential, or None.
        check: Looks at the transport before a byte is sent, and raises what speaks against it.
        opening: Goes out right behind the request; None sends nothing before the answer.
    """

    def __init__(
        self,
        factory: Callable[[], P],
        *,
        host_header: str,
        bearer: Secret | None,
        check: Callable[[asyncio.BaseTransport], None] | None = None,
        opening: Opening | None = None,
    ) -> None:
        self._factory = factory
        self._handshake = Handshake(host=host_header, nonce=secrets.token_bytes(NONCE_BYTES))
        self._bearer = bearer
        self._check = check
        self._opening = opening
        self._transport: asyncio.Transport | None = None
        self.settled: asyncio.Future[P | Refused] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Check the transport and send the request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        bearer, self._bearer = self._bearer, None
        if self._check is not None:
            try:
                self._check(transport)
            except StageError as error:
                self.settled.set_exception(error)
                transport.abort()
                return
        request = self._handshake.request(bearer=bearer)
        if self._opening is not None:
            request += self._opening.frames
            self._opening.sent = True
        transport.write(request)

    def data_received(self, data: bytes, *, ended: Exception | None = None) -> None:
        """Read the answer; behind a 101 the protocol takes over."""
        if self.settled.done() or self._transport is None:
            return
        try:
            verdict = self._handshake.receive(data)
        except HandshakeError as error:
            self.settled.set_exception(error if ended is None else _ended(ended))
            return
        match verdict:
            case Switched():
                protocol = self._factory()
                self._transport.set_protocol(protocol)
                protocol.connection_made(self._transport)
                if verdict.leftover:
                    protocol.data_received(verdict.leftover)
                self.settled.set_result(protocol)
            case Refused():
                self.settled.set_result(verdict)
            case None:
                pass

    def eof_received(self) -> bool:
        """Take the end as the end of the answer."""
        self.data_received(b"")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Say how it ended, unless there was an answer, or nothing was asked yet."""
        if self._transport is None:
            return
        self.data_received(b"", ended=exc)
        if not self.settled.done():
            self.settled.set_exception(_ended(exc))

    def abort(self) -> None:
        """End the transport at once; safe in any state."""
        if self._transport is not None:
            self._transport.abort()
        if self.settled.done() and not self.settled.cancelled():
            self.settled.exception()  # somebody gave up waiting: nobody else will look


def _ended(cause: Exception | None) -> Exception:
    return (
        cause if isinstance(cause, OSError) else HandshakeError("it closed the connection without an answer")
    )


async def settle(upgrade: Upgrade[P], *, host: str) -> P:
    """Wait for the answer; give the protocol that took over.

    Raises:
        CredentialRefused: It was 401 or 403.
        AppServerError: A front said that there is no app server behind it.
        ProtocolViolated: It was something else, or no answer.
    """
    outcome = await wait_answer(upgrade, host=host)
    if isinstance(outcome, Refused):
        raise explain_refusal(outcome, host)
    return outcome


async def wait_answer(upgrade: Upgrade[P], *, host: str) -> P | Refused:
    """Wait for the answer; give the protocol that took over, or the refusal.

    Raises:
        ProtocolViolated: What came is no answer, or none came.
        ssl.SSLError: The server ended TLS behind the handshake, as it does without a client certificate.
    """
    try:
        outcome = await upgrade.settled
    except HandshakeError as error:
        upgrade.abort()
        raise ProtocolViolated(
            f"the app server did not answer as a WebSocket server: {error}",
            stage=Stage.WEBSOCKET,
            host=host,
            hint="is it an app server that listens there?",
        ) from error
    except ssl.SSLError:
        upgrade.abort()
        raise
    except OSError as error:
        raise ProtocolViolated(
            "the connection broke during the upgrade", stage=Stage.WEBSOCKET, host=host, said=str(error)
        ) from error
    if isinstance(outcome, Refused):
        upgrade.abort()
    return outcome


def explain_refusal(
    answer: Refused, host: str, *, skew_seconds: float | None = None
) -> CredentialRefused | AppServerError | ProtocolViolated:
    """Give the error an answer other than 101 means.

    Args:
        answer: What came.
        host: For messages.
        skew_seconds: How far the server's clock is ahead of ours, where that may be the reason.
    """
    match answer.status:
        case 401:
            message = "the app server refused the credential (401)"
            if skew_seconds is not None:
                ahead = "ahead of" if skew_seconds > 0 else "behind"
                message += f", and its clock is {abs(skew_seconds):.0f} seconds {ahead} ours"
            return CredentialRefused(
                message,
                status=401,
                stage=Stage.TOKEN,
                host=host,
                said=answer.body,
                hint=_CLOCKS if skew_seconds is not None else _HINTS.get(answer.body, _ANY_TOKEN),
            )
        case 403:
            return CredentialRefused(
                "the server lets nobody in from here (403)",
                status=403,
                stage=Stage.TOKEN,
                host=host,
                said=answer.body,
                hint="a front before the app server forbids it, or adds an Origin header",
            )
        case 429:
            return ProtocolViolated(
                "the app server wants no more attempts for now (429)",
                stage=Stage.WEBSOCKET,
                host=host,
                said=answer.body,
                hint="too many wrong credentials came from this address: wait a minute",
            )
        case 502 | 503 | 504:
            return AppServerError(
                f"there is no app server to talk to at the moment ({answer.status})",
                stage=Stage.APP_SERVER,
                host=host,
                said=answer.body,
                hint="look at the app server there, and at its log",
            )
    return ProtocolViolated(
        f"the app server answered {answer.status} instead of upgrading",
        stage=Stage.WEBSOCKET,
        host=host,
        said=answer.body,
        hint="is it an app server that listens there?",
    )


_CLOCKS: Final = "set the clocks of both machines right: timedatectl shows whether they are"
_ANY_TOKEN: Final = "check which token the app server was started with"  # noqa: S105 - words
_HINTS: Final = {
    "missing websocket bearer token": "it wants a token: --token-file, or --remote-auth-token-env VAR",
    "invalid websocket bearer token": "the file may have changed after it started: restart it, or name the "
    "right one with --token-file",
    "invalid websocket jwt": "the shared secret is another one, or the token is no JWT",
    "expired websocket jwt": "compare the clocks of both machines",
    "websocket jwt is not valid yet": "compare the clocks of both machines",
    "websocket jwt issuer mismatch": "it was started with another --ws-issuer",
    "websocket jwt audience mismatch": "it was started with another --ws-audience",
}


def silent(host: str) -> ProtocolViolated:
    """Give the error for no answer in time."""
    return ProtocolViolated(
        f"the app server did not answer the upgrade within {UPGRADE_TIMEOUT_SECONDS:.0f} seconds",
        stage=Stage.WEBSOCKET,
        host=host,
        hint="is it stopped? look at it there",
    )
