"""Host keys the user already trusts: the ``known_hosts`` format, and the verdict on a key a server shows.

Lives here: parsing and matching lines, what OpenSSH would say about a key, fingerprints, and the line that
records an accepted key. All on plain text and key blobs.
Not here: which files are read, who is asked, and writing (:mod:`codex_ssh.link.host_keys`).

Source: sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT", and ``check_host_key`` of OpenSSH's sshconnect.c, whose answers
were compared with a real 9.2 client: any other plain key under the same name means *changed*, whatever
its type; a name with a port is looked up without it only to find the very same key.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final

from codex_ssh.core.value import dataclass

DEFAULT_PORT: Final = 22


class Marker(enum.Enum):
    """What a line says about its key."""

    NONE = ""
    CERT_AUTHORITY = "@cert-authority"
    REVOKED = "@revoked"


class Verdict(enum.Enum):
    """What the files say about the key a server shows."""

    TRUSTED = "trusted"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHost:
    """One line of a known_hosts file.

    Attributes:
        marker: What it says about the key.
        names: The first field: patterns, or one hashed name.
        key_type: The algorithm, as written.
        blob: The key.
        path: The file.
        line: Its number in the file, from 1.
    """

    marker: Marker
    names: str
    key_type: str
    blob: bytes
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict, and the line it rests on (None where no line does)."""

    verdict: Verdict
    entry: KnownHost | None = None


def parse_known_hosts(text: str, path: str) -> tuple[KnownHost, ...]:
    """Read a known_hosts file. Lines that cannot be read are passed over, as OpenSSH does."""
    entries = []
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.split()
        marker = Marker.NONE
        if fields and fields[0].startswith("@"):
            if fields[0] not in (Marker.CERT_AUTHORITY.value, Marker.REVOKED.value):
                continue
            marker = Marker(fields.pop(0))
        if len(fields) < 3 or fields[0].startswith("#"):
            continue
        try:
            blob = base64.b64decode(fields[2], validate=True)
        except (binascii.Error, ValueError):
            continue
        if blob:
            entries.append(
                KnownHost(
                    marker=marker, names=fields[0], key_type=fields[1], blob=blob, path=path, line=number
                )
            )
    return tuple(entries)


def name_to_look_up(hostname: str, port: int, alias: str = "") -> str:
    """The name a host's keys are filed under: the alias, or the host with its port unless that is 22."""
    if alias:
        return alias.lower()
    return f"[{hostname.lower()}]:{port}" if port != DEFAULT_PORT else hostname.lower()


def matching(entries: Sequence[KnownHost], name: str) -> tuple[KnownHost, ...]:
    """The lines that speak about a name."""
    return tuple(entry for entry in entries if _matches(entry.names, name))


def judge_key(entries: Sequence[KnownHost], *, hostname: str, port: int, alias: str, blob: bytes) -> Finding:
    """Say what the lines make of a plain host key.

    Args:
        entries: All lines of all files, the user's first.
        hostname: The name connected to.
        port: The port connected to.
        alias: ``HostKeyAlias``, or empty.
        blob: The key the server shows.
    """
    finding = _judge(matching(entries, name_to_look_up(hostname, port, alias)), blob)
    if finding.verdict is Verdict.UNKNOWN and not alias and port != DEFAULT_PORT:
        without_port = _judge(matching(entries, hostname.lower()), blob)
        if without_port.verdict is Verdict.TRUSTED:
            return without_port
    return finding


def judge_authority(entries: Sequence[KnownHost], *, name: str, blob: bytes) -> Finding:
    """Say what the lines make of the key that signed a host certificate."""
    about = matching(entries, name)
    for entry in about:
        if entry.marker is Marker.REVOKED and entry.blob == blob:
            return Finding(verdict=Verdict.REVOKED, entry=entry)
    for entry in about:
        if entry.marker is Marker.CERT_AUTHORITY and entry.blob == blob:
            return Finding(verdict=Verdict.TRUSTED, entry=entry)
    return Finding(verdict=Verdict.UNKNOWN)


def fingerprint(blob: bytes) -> str:
    """A key's fingerprint as OpenSSH prints it: ``SHA256:`` and base64 without padding."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def key_type_of(blob: bytes) -> str:
    """The algorithm name inside a key blob (RFC 4253 section 6.6); empty when it cannot be read."""
    length = int.from_bytes(blob[:4], "big")
    return blob[4 : 4 + length].decode("ascii", "replace") if 4 + length <= len(blob) else ""


def key_word(key_type: str) -> str:
    """The short word people use for a key type: ``ED25519``, ``RSA``, ``ECDSA``."""
    bare = key_type.removesuffix("@openssh.com").removesuffix("-cert-v01")
    for prefix, word in (
        ("sk-ssh-ed25519", "ED25519-SK"),
        ("sk-ecdsa", "ECDSA-SK"),
        ("ssh-ed25519", "ED25519"),
        ("ecdsa", "ECDSA"),
        ("ssh-rsa", "RSA"),
        ("rsa-sha2", "RSA"),
        ("ssh-dss", "DSA"),
    ):
        if bare.startswith(prefix):
            return word
    return key_type


def known_hosts_line(name: str, blob: bytes, *, salt: bytes | None = None) -> str:
    """The line that records an accepted key, without the line's end.

    Args:
        name: As from :func:`name_to_look_up`.
        blob: The key.
        salt: 20 random bytes to hash the name with (``HashKnownHosts``), or None.
    """
    if salt is not None:
        digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
        name = f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
    return f"{name} {key_type_of(blob)} {base64.b64encode(blob).decode()}"


def _judge(about: Sequence[KnownHost], blob: bytes) -> Finding:
    finding = Finding(verdict=Verdict.UNKNOWN)
    for entry in about:
        if entry.marker is Marker.REVOKED and entry.blob == blob:
            return Finding(verdict=Verdict.REVOKED, entry=entry)
        if entry.marker is not Marker.NONE or finding.verdict is Verdict.TRUSTED:
            continue
        if entry.blob == blob:
            finding = Finding(verdict=Verdict.TRUSTED, entry=entry)
        elif finding.verdict is Verdict.UNKNOWN:
            finding = Finding(verdict=Verdict.CHANGED, entry=entry)
    return finding


def _matches(names: str, name: str) -> bool:
    if names.startswith("|1|"):
        return _matches_hash(names, name)
    matched = False
    for pattern in names.split(","):
        negated = pattern.startswith("!")
        bare = pattern.removeprefix("!").lower()
        # Most lines are plain names, and there may be thousands of them.
        if bare == name or (("*" in bare or "?" in bare) and _pattern(bare).fullmatch(name)):
            if negated:
                return False
            matched = True
    return matched


def _matches_hash(names: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in names[3:].split("|"))
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in text), re.DOTALL)
