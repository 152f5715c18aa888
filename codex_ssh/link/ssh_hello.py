"""The first words to an SSH server, said while the client is still being loaded.

Lives here: a version line, a KEXINIT and the first packet of the key exchange, put together without asyncssh
from what the last visit said. Not here: sending them (:mod:`codex_ssh.link.ssh_way`), and taking over from
there (:mod:`codex_ssh.link.ssh_fast`), which gives up unless it would have said the same.
"""

from __future__ import annotations

import base64
import binascii
import os
from typing import TYPE_CHECKING, Final

from codex_ssh.core.lesson import Lesson
from codex_ssh.core.value import dataclass

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

COOKIE_END: Final = 17
"""A KEXINIT is its number, 16 random bytes, and what is offered (RFC 4253 section 7.1)."""

_KEXINIT: Final = b"\x14"
_ECDH_INIT: Final = b"\x1e"
_CURVE25519: Final = ("curve25519-sha256", "curve25519-sha256@libssh.org")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """First words, and what is needed to go on from there.

    Attributes:
        version: Our version line, without its end.
        kexinit: The payload of our KEXINIT.
        key: Our half of the key exchange, made for this connection alone.
        words: The bytes that go out.
    """

    version: bytes
    kexinit: bytes
    key: X25519PrivateKey
    words: bytes


def make_hello(lesson: Lesson) -> Hello | None:
    """Give first words like those of the last visit; None where they cannot be made without the client."""
    if lesson.kex not in _CURVE25519 or not lesson.client or not lesson.offer:
        return None
    try:
        offer = base64.b64decode(lesson.offer, validate=True)
    except binascii.Error:
        return None
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    version, key = lesson.client.encode(), X25519PrivateKey.generate()
    kexinit = _KEXINIT + os.urandom(COOKIE_END - 1) + offer
    public = key.public_key().public_bytes_raw()
    begin = _ECDH_INIT + len(public).to_bytes(4, "big") + public
    words = version + b"\r\n" + _packet(kexinit) + _packet(begin)
    return Hello(version=version, kexinit=kexinit, key=key, words=words)


def _packet(payload: bytes) -> bytes:
    """Frame a payload as before the first keys (RFC 4253 section 6)."""
    padding = 8 - (5 + len(payload)) % 8
    if padding < 4:
        padding += 8
    body = bytes([padding]) + payload + os.urandom(padding)
    return len(body).to_bytes(4, "big") + body
