"""A host as a person names it: an alias, ``user@host``, ``user@host:port``, ``ssh://…``, an address.

Lives here: the value, its parser, and the rule for which characters a name may hold.
Not here: what the name stands for (:mod:`codex_ssh.core.ssh_config`, :mod:`codex_ssh.link.ssh_config`).

A name reaches the argv of ``ssh``, tokens of a ``ProxyCommand`` and ``Match exec`` lines, so what a shell or
an option parser could take for its own is refused before anything runs. OpenSSH refuses most of these
itself (``valid_hostname`` and ``valid_ruser`` in its ssh.c); an older one does not.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from codex_ssh.core.value import dataclass
from codex_ssh.errors import UsageError

_NAME: Final = re.compile(r"[\w.:%+][\w.:%+-]*")
"""What a host name may hold: letters of any script, digits and ``. : % + - _``, no dash in front."""

_USER: Final = re.compile(r"[\w.%+@\\][\w.%+@\\-]*")
"""What a login name may hold; ``DOMAIN\\user`` and ``user@domain`` are real login names."""

_FORMS: Final = "write an alias, USER@HOST, USER@HOST:PORT or ssh://USER@HOST:PORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host as somebody typed it, taken apart.

    Attributes:
        name: Alias, name or address without brackets.
        user: Login name if one was typed, else empty.
        port: Port if one was typed, else None.
    """

    name: str
    user: str = ""
    port: int | None = None

    def __str__(self) -> str:
        """The shortest text :func:`parse_host` turns into this value again; the word for messages."""
        name = f"[{self.name}]" if ":" in self.name and self.port else self.name
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{user}{name}{port}"


def parse_host(text: str) -> Host:
    """Parse what a person typed for a host.

    Takes ``alias``, ``user@host``, ``host:port``, ``user@host:port``, ``[v6]:port``, a bare IPv6 address, and
    ``ssh://[user@]host[:port]`` with nothing behind it.

    Raises:
        UsageError: It is none of these, or holds characters that could be taken for an option or a shell's.
    """
    rest = text
    if rest.startswith("ssh://"):
        rest = rest.removeprefix("ssh://").removesuffix("/")
    user, at, rest = rest.rpartition("@")
    name, port = _split_port(rest, text)
    if at and not is_safe_user(user):
        raise UsageError(f"not a login name: {_shown(user)}", hint=_FORMS)
    if not is_safe_name(name):
        raise UsageError(f"not a host: {_shown(text)}", hint=_FORMS)
    return Host(name=name, user=user, port=port)


def is_safe_name(name: str) -> bool:
    """Whether a host name or address can go into an argv and a ``ProxyCommand`` as it is."""
    return _NAME.fullmatch(name) is not None


def is_safe_user(user: str) -> bool:
    """Whether a login name can go into an argv and a ``ProxyCommand`` as it is."""
    return _USER.fullmatch(user) is not None and not user.endswith("\\")


def _split_port(text: str, whole: str) -> tuple[str, int | None]:
    if text.startswith("["):
        address, bracket, behind = text[1:].partition("]")
        if not bracket or not _is_v6(address) or (behind and not behind.startswith(":")):
            raise UsageError(f"not a host: {_shown(whole)}", hint=_FORMS)
        return address, _parse_port(behind[1:], whole) if behind else None
    if text.count(":") > 1:
        if not _is_v6(text):
            raise UsageError(f"not a host: {_shown(whole)}", hint=_FORMS)
        return text, None
    name, colon, port = text.partition(":")
    return name, _parse_port(port, whole) if colon else None


def _parse_port(text: str, whole: str) -> int:
    if re.fullmatch(r"[0-9]{1,5}", text) and 0 < int(text) <= 65535:
        return int(text)
    raise UsageError(
        f"not a port: {_shown(text)} in {_shown(whole)}", hint="a port is a number from 1 to 65535"
    )


def _is_v6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _shown(text: str) -> str:
    """Text for a message: control characters escaped, cut where it gets long."""
    return repr(text if len(text) <= 80 else text[:79] + "…")
