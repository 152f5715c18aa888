"""What may be opened in the user's browser, and what has to be said about it first.

Lives here: taking a URL apart, and what makes it look like another one. Not here: asking
(:mod:`codex_ssh.tui`) and opening (:mod:`codex_ssh.local.opener`).

Only ``http`` and ``https`` go to a browser, and what goes there is ASCII without blanks: the same URL to us
and to it. A host that is written to deceive is not refused, it is shown for what it is: the person decides.

Sources: RFC 3986; WHATWG URL (a browser takes a backslash for a slash); Unicode TR #39 on mixed scripts.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.value import dataclass

_MOST_CHARACTERS: Final = 8192
_REFUSED: Final = re.compile(r"[\\<>\"`{}|^\s\x00-\x20\x7f]")
"""What no URL contains, and browsers repair in ways of their own."""

_KEPT: Final = "%/:=&?~#+!$,;'@()*[]"
_NAME: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page that can be opened.

    Attributes:
        url: What the browser gets: ASCII, without blanks, its host as the network knows it.
        host: The host alone, as the network knows it: ``xn--…`` where it is not ASCII.
        shown: Host and port for a person; a host of other letters has both forms.
        is_here: It leads to the user's own machine.
        warnings: What is strange about it, one sentence each; safe to print.
    """

    url: str
    host: str
    shown: str
    is_here: bool = False
    warnings: tuple[str, ...] = ()


def read_link(text: str) -> Link | None:
    """Take a URL apart; None when it is none that may be opened.

    Args:
        text: The URL, from anywhere.
    """
    text = text.strip()
    if len(text) > _MOST_CHARACTERS or _REFUSED.search(text) or plain_line(text) != text:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
        written = (parts.hostname or "").rstrip(".")
        host = _ascii_host(written)
        if parts.scheme not in ("http", "https") or not host:
            return None
        where = f"{_bracketed(host)}{f':{port}' if port is not None else ''}"
        url = _url(parts, where)
    except ValueError:  # a port, brackets, or a host that cannot be
        return None
    return Link(
        url=url,
        host=host,
        shown=_shown(host, where),
        is_here=_is_here(host),
        warnings=tuple(_warnings(parts, written, host)),
    )


def _url(parts: SplitResult, where: str) -> str:
    user, at, _ = parts.netloc.rpartition("@")
    netloc = f"{quote(user, safe=_KEPT)}{at}{where}"
    path, query, fragment = (quote(part, safe=_KEPT) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, netloc, path, query, fragment))


def _ascii_host(host: str) -> str:
    """Give a host as the network knows it; raises ValueError when it cannot be one."""
    if not host.isascii():
        # A browser normalises first: a full-width letter or a circled one is a plain one to it.
        host = unicodedata.normalize("NFKC", host).lower()
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    if ":" in host and "%" not in host:
        return str(ipaddress.IPv6Address(host))
    if host and _NAME.fullmatch(host) is None:
        raise ValueError(host)
    return _address(host) if _NUMBER.fullmatch(host.rpartition(".")[2]) else host


def _address(host: str) -> str:
    """Give an IPv4 address as it is usually written: browsers read octal, hexadecimal and missing parts."""
    *head, last = [_number(part) for part in host.split(".")]
    if len(head) > 3 or any(part > 255 for part in head) or last >= 256 ** (4 - len(head)):
        raise ValueError(host)
    return str(ipaddress.IPv4Address(sum(part << (24 - 8 * at) for at, part in enumerate(head)) + last))


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") else 10)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _letters(host: str) -> str:
    """Give a host as it would be read; itself when it is ASCII all through."""
    try:
        return plain_line(host.encode("ascii").decode("idna")) if "xn--" in host else host
    except ValueError:
        return host


def _shown(host: str, where: str) -> str:
    letters = _letters(host)
    return where if letters == host else f"{where} ({letters})"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _warnings(parts: SplitResult, written: str, host: str) -> list[str]:
    found: list[str] = []
    if "@" in parts.netloc:
        found.append(f"what stands before the @ is a user name: the host is {host}")
    if "xn--" in host:
        scripts = " and ".join(sorted(_scripts(_letters(host))))
        found.append(f"the host has {scripts} letters, which can look like others: it is {host}")
    elif written != host and ":" not in host:
        found.append(f"the host is written in an unusual way: it is {host}")
    if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
        found.append("the host is an address, not a name")
    return found


def _scripts(host: str) -> set[str]:
    """Give the alphabets of the labels that are not ASCII, by the names of their letters: ``Cyrillic``."""
    letters = "".join(label for label in host.split(".") if not label.isascii())
    return {
        unicodedata.name(letter, "unknown").split()[0].capitalize() for letter in letters if letter.isalpha()
    }
