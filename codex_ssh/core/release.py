"""A published codex: which package fits a devbox, what its registry says of it, and whether bytes are it.

Lives here: reading the manifest, the names of platforms, and the check sums.
Not here: fetching and installing (:mod:`codex_ssh.link.install`).

Source: the packages of ``@openai/codex`` in the npm registry; a platform's binary is a version of its own,
``0.169.0-linux-x64``, whose tarball holds ``package/vendor/TARGET/bin/codex``. ``dist.integrity`` is the
subresource form of a SHA-512 (https://www.w3.org/TR/SRI/).
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any, Final

from codex_ssh.core.value import dataclass

PACKAGE: Final = "@openai/codex"
REGISTRY: Final = "https://registry.npmjs.org"

_SYSTEMS: Final = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class ReleaseError(ValueError):
    """There is no codex for that platform, or the manifest is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One published file.

    Attributes:
        version: Without the platform behind it: ``0.169.0``.
        url: Where its tarball lies.
        sha512: 128 lower-case hex digits.
    """

    version: str
    url: str
    sha512: str


def platform_of(system: str, machine: str) -> str:
    """Give the registry's name for what ``uname -s`` and ``uname -m`` say, as ``linux-x64``.

    Raises:
        ReleaseError: No codex is published for it.
    """
    if system not in _SYSTEMS or machine not in _MACHINES:
        raise ReleaseError(f"no codex is published for {system} on {machine}")
    return f"{_SYSTEMS[system]}-{_MACHINES[machine]}"


def parse_version(manifest: object) -> str:
    """Give the version a manifest is about.

    Raises:
        ReleaseError: It is no manifest.
    """
    version = manifest.get("version") if isinstance(manifest, Mapping) else None
    if not isinstance(version, str) or not version or not set(version) <= _VERSION_LETTERS:
        raise ReleaseError("the registry's answer names no version")
    return version


def parse_release(manifest: object, *, platform: str) -> Release:
    """Read the manifest of a platform's package.

    Raises:
        ReleaseError: It is none, or has no SHA-512.
    """
    version = parse_version(manifest)
    dist: Any = manifest.get("dist") if isinstance(manifest, Mapping) else None
    url, integrity = (dist.get("tarball"), dist.get("integrity")) if isinstance(dist, Mapping) else ("", "")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise ReleaseError("the registry's answer names no file")
    kind, _, text = integrity.partition("-") if isinstance(integrity, str) else ("", "", "")
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error:
        digest = b""
    if kind != "sha512" or len(digest) != 64:
        raise ReleaseError("the registry's answer has no SHA-512 of the file")
    return Release(version=version.removesuffix(f"-{platform}"), url=url, sha512=digest.hex())


class Cksum:
    """The check sum of the POSIX program ``cksum``, which is there where no SHA-512 program is.

    It is CRC-32 with the bits the other way round, so zlib can do it on reversed bits.
    """

    def __init__(self) -> None:
        # zlib inverts what it is given: this begins at zero, as cksum does.
        self._crc = 0xFFFFFFFF
        self._size = 0

    def update(self, data: bytes) -> None:
        """Add bytes."""
        self._crc = zlib.crc32(data.translate(_REVERSED), self._crc)
        self._size += len(data)

    def value(self) -> str:
        """Give what ``cksum`` prints: the number and the size."""
        size = self._size.to_bytes((self._size.bit_length() + 7) // 8, "little")
        crc = zlib.crc32(size.translate(_REVERSED), self._crc)
        return f"{int(f'{crc:032b}'[::-1], 2)} {self._size}"


_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_VERSION_LETTERS: Final = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+-")
