"""Pins: one public key a TLS server may have, named by the SHA-256 of its SPKI.

Lives here: the written form, and finding the key in a certificate. Not here: TLS (:mod:`codex_ssh.link.tls`).

Source: RFC 7469 section 2.4 (what is hashed), X.690 (DER), RFC 5280 section 4.1 (where it stands).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from codex_ssh.errors import UsageError

_PREFIX: Final = re.compile("sha256(?::|//)", re.IGNORECASE)
_HEX: Final = re.compile("[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31}")
_DIGEST_BYTES: Final = 32
_FORM: Final = "write sha256: and 64 hex digits, or the base64 of the same 32 bytes"

_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0


class CertificateFault(ValueError):
    """What the server showed is no certificate."""


def parse_pins(text: str) -> tuple[bytes, ...]:
    """Read one pin, or several with commas between them; give their 32 bytes each.

    Raises:
        UsageError: One is out of its form.
    """
    return tuple(_parse_pin(part.strip()) for part in text.split(",")) if text.strip() else ()


def _parse_pin(text: str) -> bytes:
    found = _PREFIX.match(text)
    if found is None:
        raise UsageError(f"not a pin: {text!r}", hint=_FORM)
    digits = text[found.end() :]
    if _HEX.fullmatch(digits):
        return bytes.fromhex(digits.replace(":", ""))
    try:
        digest = base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != _DIGEST_BYTES:
        raise UsageError(f"not a pin: {text!r}", hint=_FORM)
    return digest


def show_pin(digest: bytes) -> str:
    """Write a pin in the form people copy."""
    return f"sha256:{base64.b64encode(digest).decode()}"


def pin_of(certificate: bytes) -> bytes:
    """Give the SHA-256 of a certificate's SubjectPublicKeyInfo, as it stands there.

    Args:
        certificate: DER.

    Raises:
        CertificateFault: It is not one.
    """
    try:
        whole, _ = _enter(certificate, 0, _SEQUENCE)
        at, _ = _enter(certificate, whole, _SEQUENCE)
        if certificate[at] == _VERSION:
            at = _skip(certificate, at)
        for _ in ("serial", "algorithm", "issuer", "validity", "subject"):
            at = _skip(certificate, at)
        _, end = _enter(certificate, at, _SEQUENCE)
        import hashlib  # OpenSSL, 2 ms: not for a start without a pin

        return hashlib.sha256(certificate[at:end]).digest()
    except IndexError:
        raise CertificateFault("the certificate is cut off") from None


def _enter(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Give where the content of the element at an offset begins and ends."""
    if data[at] != tag:
        raise CertificateFault("the certificate has another structure")
    length, begin = data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        begin += size
        length = int.from_bytes(data[begin - size : begin], "big")
    if begin + length > len(data):
        raise CertificateFault("the certificate is cut off")
    return begin, begin + length


def _skip(data: bytes, at: int) -> int:
    return _enter(data, at, data[at])[1]
