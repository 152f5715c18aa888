"""Makes secrets in text unreadable before it is logged or recorded.

Lives here: the patterns, by which credentials are told by their shape. Not here: the log they guard
(:mod:`codex_ssh.local.log`), and what else is left out of a recording (:mod:`codex_ssh.core.discreet`). The
first guard is :class:`codex_ssh.core.secret.Secret`; this one is for text that comes from libraries, other
programs and the devbox. A shape nobody thought of gets through.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from codex_ssh.core.value import dataclass

MASK: Final = "…redacted…"

_VALUE: Final = r"""(?:\\{0,3}"[^"\n]*"?|\\{0,3}'[^'\n]*'?|[^\s'",;]+)"""
"""What stands behind ``=`` or ``:``. A quote that is not closed goes on to the end of the line."""

_IS: Final = r"""\\{0,3}['"]?[ \t]{0,2}[=:][ \t]{0,2}"""
"""What makes a name one of a value; in JSON within JSON the quotes have back-slashes."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """One kind of credential.

    Attributes:
        hints: Small letters; a text without any of them has none of this kind. Cheaper by far to look for.
        form: A regular expression.
        instead: What takes its place.
    """

    hints: tuple[str, ...]
    form: str
    instead: str = MASK

    @property
    def pattern(self) -> re.Pattern[str]:
        """The form, compiled when a text may have it: most processes never meet one."""
        return _compile(self.form)


@cache
def _compile(form: str) -> re.Pattern[str]:
    return re.compile(form)


_SHAPES: Final = (
    # To the end of the key, or of the text where the end is missing.
    _Shape(
        ("private key",),
        (
            r"(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----.*?"
            r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----|\Z)"
        ),
    ),
    # "Authorization: Bearer X", "authorization=X", and a bare "Bearer X".
    _Shape(
        ("authorization",),
        (
            r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|basic|digest|token|negotiate)\s+)?)[^\s'\",;]+"
        ),
        rf"\1{MASK}",
    ),
    _Shape(("bearer",), r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}", rf"\1{MASK}"),
    # A JSON Web Token wherever it stands.
    _Shape(("eyj",), r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    # Keys that say whose they are: OpenAI, GitHub, GitLab, Slack, AWS, Google, Hugging Face, npm.
    _Shape(
        ("sk-", "gh", "glpat-", "xox", "akia", "asia", "aiza", "hf_", "npm_"),
        (
            r"\b(?:sk-[A-Za-z0-9_-]{16,}|gh[opusr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
            r"|glpat-[A-Za-z0-9_-]{16,}|xox[a-z]-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}"
            r"|AIza[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,})"
        ),
    ),
    # userinfo and tokens in URLs.
    _Shape(("://",), r"(?i)\b([a-z][a-z0-9+.-]{0,30}://)[^\s/@]+@", rf"\1{MASK}@"),
    _Shape(
        ("token=", "key=", "secret=", "password="),
        r"(?i)([?&](?:access_)?(?:token|key|secret|password)=)[^\s&#]+",
        rf"\1{MASK}",
    ),
    # A variable of the environment whose name says it is secret.
    _Shape(
        ("key", "token", "secret", "passw", "credential"),
        (
            r"(?<![A-Za-z0-9_])([A-Z0-9_]{0,60}?(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)[A-Z0-9_]{0,60}"
            rf"{_IS}){_VALUE}"
        ),
        rf"\1{MASK}",
    ),
    # The same in other letters, where it is a text that is given; a call or another name is code.
    _Shape(
        ("key", "token", "secret", "passw", "passphrase"),
        (
            r"(?i)(?<![a-z0-9])((?:[a-z0-9]{1,30}[_-]){0,3}"
            r"(?:api_?-?key|access_?-?token|auth_?-?token|secret(?:_?-?key)?|passw(?:or)?d|passphrase)"
            rf"{_IS})\\{{0,3}}(?:\"[^\"\n]+\"?|'[^'\n]+'?)"
        ),
        rf"\1{MASK}",
    ),
    _Shape(
        ("passw", "passphrase"),
        (
            r"(?i)(?<![a-z0-9])((?:[a-z0-9]{1,30}[_-]){0,3}(?:passw(?:or)?d|passphrase)[=:])"
            r"[^\s'\",;()]+(?![\w(])"
        ),
        rf"\1{MASK}",
    ),
)

_BEGINS: Final = re.compile(r"-----BEGIN[A-Z0-9 -]{0,60}\Z")
"""What may become a private key."""


def redact(text: str) -> str:
    """Give the text with everything that looks like a credential masked."""
    for shape in _possible(text):
        text = shape.pattern.sub(shape.instead, text)
    return text


def find_credentials(text: str) -> list[tuple[int, int]]:
    """Give where everything stands that :func:`redact` would mask, with the words that give it away.

    Also the beginning of a private key at the text's end, of which nobody can tell yet that it is one.
    """
    found = [match.span() for shape in _possible(text) for match in shape.pattern.finditer(text)]
    return [*found, *(match.span() for match in _BEGINS.finditer(text))]


def _possible(text: str) -> list[_Shape]:
    small = text.lower()
    return [shape for shape in _SHAPES if any(hint in small for hint in shape.hints)]
