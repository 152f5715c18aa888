"""Makes secrets in a line of text unreadable before it is logged.

Lives here: the patterns. Not here: the log they guard (:mod:`codex_ssh.local.log`). The first guard is
:class:`codex_ssh.core.secret.Secret`; this one is for text that comes from libraries and other programs.
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "…redacted…"

_PATTERNS: Final = (
    # "Authorization: Bearer X", "authorization=X", and a bare "Bearer X".
    (re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:bearer\s+)?)[^\s'\",;]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"), rf"\1{MASK}"),
    # A JSON Web Token wherever it stands.
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),
    # userinfo and tokens in URLs.
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@"), rf"\1{MASK}@"),
    (re.compile(r"(?i)([?&](?:access_)?(?:token|key|secret|password)=)[^\s&#]+"), rf"\1{MASK}"),
)


def redact(text: str) -> str:
    """Give the text with everything that looks like a credential masked."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text
