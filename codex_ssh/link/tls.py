"""TLS on the direct way: whom we trust, what we show, and what a failure means.

Lives here: the context of :mod:`ssl`, pins, client certificates, and the table of failures. Not here: the
connection (:mod:`codex_ssh.link.wss`) and the form of a pin (:mod:`codex_ssh.core.pin`).

A pin stands for the authorities unless one was named: a key the user has compared himself proves more than
any authority, and a devbox often has a certificate nobody signed. With an authority named both must hold.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import ssl
from pathlib import Path
from typing import Final

from codex_ssh.core.pin import CertificateFault, pin_of, show_pin
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError, Stage, TlsRefused
from codex_ssh.local.files import require_private


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """Whom to trust and what to show.

    Attributes:
        ca_file: PEM file with the authorities; empty takes the system's.
        pins: SHA-256 digests of public keys, of which the server must have one; none allows every key.
        cert_file: PEM file with our certificate chain; empty shows none.
        key_file: PEM file with its key; empty looks into ``cert_file``.
    """

    ca_file: str = ""
    pins: tuple[bytes, ...] = ()
    cert_file: str = ""
    key_file: str = ""


def open_context(options: TlsOptions) -> ssl.SSLContext:
    """Read the files and give a context.

    Raises:
        ConfigError: One is missing, not PEM, or open to others.
    """
    try:
        context = ssl.create_default_context(cafile=_path(options.ca_file))
    except OSError as error:
        raise ConfigError(
            f"the CA file {options.ca_file!r} cannot be read: {error.strerror or error}",
            hint="it holds PEM certificates",
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if options.pins and not options.ca_file:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if options.key_file and not options.cert_file:
        raise ConfigError(
            "'tls_key' is set and 'tls_cert' is not", hint="--tls-cert FILE names the certificate"
        )
    if options.cert_file:
        _load_own(context, options)
    return context


def _load_own(context: ssl.SSLContext, options: TlsOptions) -> None:
    certificate = _path(options.cert_file)
    key = _path(options.key_file) or certificate
    assert certificate is not None
    assert key is not None
    try:
        require_private(key)
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except ssl.SSLError as error:
        raise ConfigError(
            f"the certificate {str(certificate)!r} and the key {str(key)!r} cannot be used: "
            f"{error.reason or error}",
            hint="both are PEM, and belong together",
        ) from error
    except OSError as error:
        raise ConfigError(
            f"the certificate {str(certificate)!r} or the key {str(key)!r} cannot be read: {error.strerror}"
        ) from error
    except _PassphraseWanted:
        raise ConfigError(
            f"the key {str(key)!r} has a passphrase", hint="give a key without one, readable by you alone"
        ) from None


def check_pins(transport: asyncio.BaseTransport, pins: tuple[bytes, ...], *, where: str) -> None:
    """Compare the server's key with the pins; no pins allow every key.

    Raises:
        TlsRefused: It is none of them.
    """
    if not pins:
        return
    connection = transport.get_extra_info("ssl_object")
    shown = connection.getpeercert(binary_form=True) if connection is not None else None
    try:
        seen = pin_of(shown or b"")
    except CertificateFault as fault:
        raise _refused("the server showed no key to compare", where, said=str(fault)) from fault
    if not any(hmac.compare_digest(seen, pin) for pin in pins):
        raise _refused(
            "the server's key is not the pinned one",
            where,
            said=show_pin(seen),
            hint="no token was sent; if the key was replaced there, compare it there before you pin it here",
        )


def explain_tls(error: ssl.SSLError, where: str, *, shown: bool) -> TlsRefused:
    """Give the error a failure of TLS means.

    Args:
        error: What :mod:`ssl` says.
        where: The server, for messages.
        shown: Whether we had a certificate to show.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        message, hint = _VERIFY.get(error.verify_code, _OTHER_VERIFY)
        return _refused(message, where, said=error.verify_message, hint=hint)
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if _CLIENT_ALERTS.search(reason):
        return explain_own(reason, where, shown=shown)
    if _NOT_TLS.search(reason):
        return _refused("the server does not speak TLS", where, said=reason, hint=_NO_TLS_HINT)
    return _refused("TLS failed", where, said=reason, hint="no token was sent; look at the server's log")


def explain_own(said: str, where: str, *, shown: bool) -> TlsRefused:
    """Give the error for a server that wants another certificate of us than it got."""
    if shown:
        return _refused("the server does not take our certificate", where, said=said, hint=_SHOW_OTHER)
    return _refused("the server wants a certificate of us", where, said=said, hint=_SHOW_ONE)


def explain_break(error: OSError, where: str) -> TlsRefused:
    """Give the error for a connection that ended during the handshake."""
    return _refused("the connection broke during TLS", where, said=str(error), hint=_NO_TLS_HINT)


def _refused(message: str, where: str, *, said: str = "", hint: str = "") -> TlsRefused:
    return TlsRefused(message, stage=Stage.WEBSOCKET, host=where, said=said, hint=hint)


_SHOW_ONE: Final = "name yours with --tls-cert FILE and --tls-key FILE"
_SHOW_OTHER: Final = "name another with --tls-cert FILE and --tls-key FILE"
_NO_TLS_HINT: Final = "no token was sent; is there a TLS front at that port?"
_UNKNOWN_AUTHORITY: Final = (
    "the certificate's authority is not known here",
    "no token was sent; name the authority with --tls-ca FILE, or the server's key with --tls-pin",
)
_OTHER_NAME: Final = (
    "the certificate is for another name",
    "no token was sent; use a name it is for, or name the server's key with --tls-pin",
)
_OTHER_VERIFY: Final = (
    "the server's certificate was not accepted",
    "no token was sent; a private authority is named with --tls-ca FILE",
)
_VERIFY: Final = {
    9: (
        "the certificate is not valid yet",
        "no token was sent; look at the date on both machines",
    ),
    10: (
        "the certificate has expired",
        "no token was sent; renew it there, or look at the date here: a wrong one makes it seem so",
    ),
    18: _UNKNOWN_AUTHORITY,
    19: _UNKNOWN_AUTHORITY,
    20: _UNKNOWN_AUTHORITY,
    21: _UNKNOWN_AUTHORITY,
    62: _OTHER_NAME,
    64: _OTHER_NAME,
}
"""By OpenSSL's X509_V_ERR_*."""

_CLIENT_ALERTS: Final = re.compile(
    "alert (certificate required|bad certificate|unknown ca|certificate (expired|revoked|unknown)"
    "|unsupported certificate|access denied)|alert handshake failure"
)
_NOT_TLS: Final = re.compile("wrong version number|record layer failure|http request|unexpected message")


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


class _PassphraseWanted(Exception):
    """The key is encrypted; asking on the terminal is not ours to do here."""


def _no_passphrase() -> str:
    raise _PassphraseWanted
