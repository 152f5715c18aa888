"""TLS for ``--listen wss://``: the context, and following the files it is made of.

Lives here: certificate and key, read at start and again when they change. Not here: accepting connections
(:mod:`codex_ssh.server.listener`).
"""

from __future__ import annotations

import logging
import ssl
from asyncio import sslproto
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

from codex_ssh.core.upgrade import Refusal
from codex_ssh.errors import ConfigError
from codex_ssh.server.auth import check_private
from codex_ssh.server.credential import Stamp, file_stamp

logger = logging.getLogger(__name__)

READ_BUFFER_BYTES: Final = 32 * 1024
"""What a connection keeps for reading; a TLS record has 16 KiB at most."""

_NO_CERTIFICATE: Final = Refusal(status=HTTPStatus.FORBIDDEN, body="a client certificate is required")


@dataclass(slots=True, kw_only=True)
class TlsFiles:
    """A certificate chain and its key, as they are now.

    Attributes:
        certificate: PEM: the server's certificate, then those between it and its authority.
        key: PEM without a passphrase, readable by nobody else.
        client_ca: PEM: who signs the certificates clients must show; None asks for none.
        front: The context connections begin with; each continues with the newest certificate.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    front: ssl.SSLContext = field(init=False)
    _current: ssl.SSLContext = field(init=False)
    _stamps: tuple[Stamp, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Read both files.

        Raises:
            ConfigError: One is missing or not good, or they do not belong together.
        """
        self._stamps = self._look()
        self.front = self._current = self._read()
        self.front.sni_callback = self._choose

    def refusal(self, connection: ssl.SSLObject) -> Refusal | None:
        """Give the answer to a client that shows no certificate where one is asked for."""
        if self.client_ca is None or connection.getpeercert():
            return None
        return _NO_CERTIFICATE

    def refresh(self) -> None:
        """Read the files again if one changed; while they are not good the old ones stay."""
        stamps = self._look()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            self._current = self._read()
        except ConfigError as error:
            logger.error("the old certificate stays: %s", error)  # noqa: TRY400 - no bug, no traceback
            return
        logger.warning("the certificate in %s was read again", self.certificate)

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        del name  # called for clients without one, too
        self.refresh()
        connection.context = self._current

    def _look(self) -> tuple[Stamp, ...]:
        files = (self.certificate, self.key, self.client_ca)
        return tuple(file_stamp(path) for path in files if path is not None)

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            with self.key.open("rb") as key:
                check_private(key.fileno(), self.key)
            context.load_cert_chain(self.certificate, self.key, password=_no_passphrase)
        except ssl.SSLError as error:
            raise ConfigError(
                f"certificate {self.certificate} and key {self.key} cannot be used: {error.reason or error}"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"failed to read certificate {self.certificate} or key {self.key}: {error.strerror}"
            ) from None
        except _PassphraseWanted:
            raise ConfigError(
                f"key {self.key} has a passphrase", hint="give a key without one, readable by you alone"
            ) from None
        if self.client_ca is not None:
            self._ask_clients(context, self.client_ca)
        return context

    def _ask_clients(self, context: ssl.SSLContext, client_ca: Path) -> None:
        try:
            context.load_verify_locations(cafile=client_ca)
        except ssl.SSLError as error:
            raise ConfigError(
                f"the authority of clients {client_ca} cannot be used: {error.reason or error}"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"failed to read the authority of clients {client_ca}: {error.strerror}"
            ) from None
        # Whoever shows none is told so in HTTP: asyncio hangs up on a failed handshake without a word.
        context.verify_mode = ssl.CERT_OPTIONAL


def keep_buffers_small() -> None:
    """Let a TLS connection cost some 60 KiB, not 300: asyncio keeps 256 KiB to read into, for each.

    It has no other way to say so, and it holds for the whole process: only the command calls this.
    """
    sslproto.SSLProtocol.max_size = READ_BUFFER_BYTES


class _PassphraseWanted(Exception):
    """The key is encrypted; asking on the terminal would stop the server."""


def _no_passphrase() -> str:
    raise _PassphraseWanted
