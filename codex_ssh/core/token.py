"""Tokens: what is a good one, how a server checks one, how a client mints one.

Lives here: every rule about bearer tokens, once, for both halves, and the only use of PyJWT. Not here:
reading token files (:mod:`codex_ssh.link.token`, :mod:`codex_ssh.server.auth`) and sending tokens
(:mod:`codex_ssh.link.dial`).

PyJWT checks the signature only; the claims are judged here, because it decides several of them
differently from the real app server (string ``exp``, future ``iat``, list ``iss``). Where we differ from
codex 0.163 and 0.169 we refuse more: header members ``crit``, ``jwk``, ``x5c`` and ``b64``.

Source: RFC 7519, RFC 7515; codex's ``app-server-transport`` auth, every case re-run against both versions.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeGuard

from codex_ssh.core.secret import Secret
from codex_ssh.core.upgrade import Refusal
from codex_ssh.core.value import dataclass

MAX_TOKEN_BYTES: Final = 4096
"""Largest token file a client reads; a token is one header line."""

MIN_SHARED_SECRET_BYTES: Final = 32
"""Shortest HS256 secret, after trimming."""

JWT_LIFETIME_SECONDS: Final = 300
"""A JWT is minted for every dial, so it only has to outlive the upgrade and some clock skew."""

DEFAULT_SKEW_SECONDS: Final = 30
"""How far two clocks may differ unless told otherwise."""

MAX_SKEW_SECONDS: Final = 2**63 - 1

_MISSING: Final = Refusal(status=401, body="missing websocket bearer token")
_MALFORMED: Final = Refusal(status=401, body="invalid authorization header")
_WRONG_TOKEN: Final = Refusal(status=401, body="invalid websocket bearer token")
_BAD_JWT: Final = Refusal(status=401, body="invalid websocket jwt")
_EXPIRED: Final = Refusal(status=401, body="expired websocket jwt")
_TOO_EARLY: Final = Refusal(status=401, body="websocket jwt is not valid yet")
_WRONG_ISSUER: Final = Refusal(status=401, body="websocket jwt issuer mismatch")
_WRONG_AUDIENCE: Final = Refusal(status=401, body="websocket jwt audience mismatch")

_SHOWN_DIGITS: Final = 12
_SHOWN_SUBJECT: Final = 200

_HEX_DIGEST: Final = re.compile("[0-9A-Fa-f]{64}")
_VISIBLE: Final = re.compile("[\x20-\x7e\t]*")
_TOKEN: Final = re.compile("[\x21-\x7e]+")


class TokenTextFault(ValueError):
    """What a token file holds is no token; the text says how, and never what it holds."""


class DigestFault(ValueError):
    """A text is not a SHA-256 in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who came in, in words that may be logged.

    Attributes:
        name: ``sha256:`` and the first digits of the token's digest, or ``sub:`` and a JWT's subject.
        valid_until: Last Unix second at which the credential would be taken; None has no end.
    """

    name: str
    valid_until: int | None = None


class Verifier(Protocol):
    """Judges the Authorization headers of an upgrade."""

    def verify(self, authorization: Sequence[str], *, now: float) -> Refusal | None:
        """Give None for a good credential, else the 401 the real server answers.

        Args:
            authorization: The values of all Authorization headers, in order.
            now: Unix time in seconds.
        """

    def identify(self, authorization: Sequence[str]) -> Principal:
        """Say who showed a credential that :meth:`verify` took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityVerifier:
    """Takes one fixed token, of which only the digest is kept.

    Attributes:
        sha256: 32 bytes.
    """

    sha256: bytes

    @classmethod
    def from_token(cls, token: Secret) -> CapabilityVerifier:
        """Take the token itself and forget it."""
        return cls(sha256=hashlib.sha256(token.reveal().encode()).digest())

    @classmethod
    def from_hex(cls, digest: str) -> CapabilityVerifier:
        """Take the digest as 64 hex digits, either case, space around it allowed.

        Raises:
            DigestFault: It is something else.
        """
        return cls(sha256=bytes.fromhex(parse_digest(digest)))

    def verify(self, authorization: Sequence[str], *, now: float) -> Refusal | None:
        """See :class:`Verifier`; the time does not matter here."""
        del now
        token = read_bearer(authorization)
        if isinstance(token, Refusal):
            return token
        found = hashlib.sha256(token.reveal().encode()).digest()
        return None if hmac.compare_digest(found, self.sha256) else _WRONG_TOKEN

    def identify(self, authorization: Sequence[str]) -> Principal:
        """See :class:`Verifier`; there is one token, so the digest's beginning names it."""
        del authorization
        return Principal(name=f"sha256:{self.sha256.hex()[:_SHOWN_DIGITS]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBearerVerifier:
    """Takes HS256 JWTs signed with a shared secret.

    Attributes:
        secret: At least :data:`MIN_SHARED_SECRET_BYTES` long; whoever reads it checks that.
        issuer: What ``iss`` must be; blank means it is not checked.
        audience: What ``aud`` must be or contain; blank means it is not checked.
        skew_seconds: How far the clocks may differ.
    """

    secret: Secret
    issuer: str = ""
    audience: str = ""
    skew_seconds: int = DEFAULT_SKEW_SECONDS

    def verify(self, authorization: Sequence[str], *, now: float) -> Refusal | None:
        """See :class:`Verifier`. ``iat`` is not looked at, and a token may live as long as it says."""
        token = read_bearer(authorization)
        if isinstance(token, Refusal):
            return token
        claims = _read_claims(token, self.secret)
        if claims is None:
            return _BAD_JWT
        second = int(now)
        if second > claims.expires + self.skew_seconds:
            return _EXPIRED
        if claims.not_before is not None and second < claims.not_before - self.skew_seconds:
            return _TOO_EARLY
        if (issuer := self.issuer.strip()) and claims.issuer != issuer:
            return _WRONG_ISSUER
        if (audience := self.audience.strip()) and audience not in claims.audiences:
            return _WRONG_AUDIENCE
        return None

    def identify(self, authorization: Sequence[str]) -> Principal:
        """See :class:`Verifier`."""
        token = read_bearer(authorization)
        claims = None if isinstance(token, Refusal) else _read_claims(token, self.secret)
        if isinstance(token, Refusal) or claims is None:
            return Principal(name="unknown", valid_until=0)
        subject = claims.subject[:_SHOWN_SUBJECT]
        name = f"sub:{subject}" if subject else f"sha256:{digest(token)[:_SHOWN_DIGITS]}"
        return Principal(name=name, valid_until=claims.expires + self.skew_seconds)


def read_bearer(authorization: Sequence[str]) -> Secret | Refusal:
    """Find the bearer token in the Authorization headers; the first header alone counts.

    The scheme's case does not matter, white space around the token is dropped, a tab does not
    separate scheme and token, and a header that is not visible ASCII is malformed.
    """
    if not authorization:
        return _MISSING
    value = authorization[0]
    scheme, space, token = value.partition(" ")
    token = token.strip()
    if not _VISIBLE.fullmatch(value) or not space or scheme.lower() != "bearer" or not token:
        return _MALFORMED
    return Secret(token)


def trim_token(raw: bytes) -> str:
    """Give the text of a token or secret file without the white space around it.

    Raises:
        TokenTextFault: It is not UTF-8, or nothing is left.
    """
    try:
        text = raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise TokenTextFault("is not UTF-8 text") from None
    if not text:
        raise TokenTextFault("is empty")
    return text


def parse_token(raw: bytes) -> Secret:
    """Read a token that is to be sent: one line of visible ASCII, at most :data:`MAX_TOKEN_BYTES`.

    Raises:
        TokenTextFault: It is empty, too large, or no header could carry it.
    """
    if len(raw) > MAX_TOKEN_BYTES:
        raise TokenTextFault(f"is larger than {MAX_TOKEN_BYTES} bytes")
    text = trim_token(raw)
    if not _TOKEN.fullmatch(text):
        raise TokenTextFault("holds white space or characters a header cannot carry")
    return Secret(text)


def parse_shared_secret(raw: bytes) -> Secret:
    """Read an HS256 secret.

    Raises:
        TokenTextFault: It is empty, or shorter than :data:`MIN_SHARED_SECRET_BYTES` after trimming.
    """
    text = trim_token(raw)
    if len(text.encode()) < MIN_SHARED_SECRET_BYTES:
        raise TokenTextFault(f"must be at least {MIN_SHARED_SECRET_BYTES} bytes")
    return Secret(text)


def parse_digest(text: str) -> str:
    """Give a SHA-256 as 64 lower-case hex digits.

    Raises:
        DigestFault: The text, trimmed, is not 64 hex digits.
    """
    trimmed = text.strip()
    if not _HEX_DIGEST.fullmatch(trimmed):
        raise DigestFault("must be a 64-character hex SHA-256 digest")
    return trimmed.lower()


def digest(token: Secret) -> str:
    """Give the SHA-256 of a token in hex, to compare with ``--ws-token-sha256`` or to show to people."""
    return hashlib.sha256(token.reveal().encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A shared secret and what JWTs made with it say.

    Attributes:
        secret: Already trimmed.
        issuer: ``iss``, left out when blank.
        audience: ``aud``, left out when blank.
    """

    secret: Secret
    issuer: str = ""
    audience: str = ""

    def mint(self, *, now: float) -> Secret:
        """Make a JWT for one dial; see :func:`mint`."""
        return mint(
            self.secret,
            now=now,
            lifetime_seconds=JWT_LIFETIME_SECONDS,
            issuer=self.issuer,
            audience=self.audience,
        )


def mint(
    secret: Secret, *, now: float, lifetime_seconds: int, issuer: str = "", audience: str = ""
) -> Secret:
    """Make an HS256 JWT that an app server with the same secret takes.

    Args:
        secret: The shared secret, already trimmed.
        now: Unix time in seconds, by the clock of whoever will judge it; ``nbf`` is this.
        lifetime_seconds: From now to ``exp``.
        issuer: ``iss``, left out when blank.
        audience: ``aud``, left out when blank.
    """
    import jwt  # 160 ms: only who needs it pays

    claims: dict[str, object] = {"iat": int(now), "nbf": int(now), "exp": int(now) + lifetime_seconds}
    if issuer.strip():
        claims["iss"] = issuer.strip()
    if audience.strip():
        claims["aud"] = audience.strip()
    return Secret(jwt.encode(claims, secret.reveal(), algorithm="HS256"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claims:
    expires: int
    not_before: int | None
    issuer: str | None
    audiences: tuple[str, ...]
    subject: str = ""


_UNREAD_HEADERS: Final = ("crit", "jwk", "x5c", "b64")
"""Header members that change what a signature means, or bring a key along: refused, never ignored."""

_TEXT_HEADERS: Final = ("typ", "cty", "kid", "jku", "x5u", "x5t", "x5t#S256")

_CLAIMS: Final = ("exp", "nbf", "iss", "aud")


def _read_claims(token: Secret, secret: Secret) -> _Claims | None:
    """Check form, header and signature; give the claims we judge, or None for anything malformed."""
    import jwt

    parts = token.reveal().split(".")
    if len(parts) != 3 or not all(_is_canonical_base64url(part) for part in parts):
        return None  # PyJWT takes padding and stray characters, so one token would have many spellings
    try:
        found = jwt.PyJWS().decode_complete(token.reveal(), secret.reveal(), algorithms=["HS256"])
        payload = _read_json(found["payload"])
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        return None
    header = found["header"]
    if any(name in header for name in _UNREAD_HEADERS):
        return None
    if any(not isinstance(header.get(name, ""), str) for name in _TEXT_HEADERS):
        return None
    return _judge_types(payload) if isinstance(payload, dict) else None


def _judge_types(claims: Mapping[str, object]) -> _Claims | None:
    expires, not_before, issuer, audience = (claims.get(name) for name in _CLAIMS)
    listed = audience if isinstance(audience, list) else [] if audience is None else [audience]
    audiences = tuple(each for each in listed if isinstance(each, str))
    if not _is_i64(expires) or not (not_before is None or _is_i64(not_before)):
        return None
    if not (issuer is None or isinstance(issuer, str)) or len(audiences) != len(listed):
        return None
    subject = claims.get("sub")
    return _Claims(
        expires=expires,
        not_before=not_before,
        issuer=issuer,
        audiences=audiences,
        subject=subject if isinstance(subject, str) else "",
    )


def _is_i64(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_canonical_base64url(part: str) -> bool:
    try:
        decoded = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    return base64.urlsafe_b64encode(decoded).rstrip(b"=").decode("ascii") == part


def _read_json(raw: bytes) -> object:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            if any(names.count(name) > 1 for name in _CLAIMS):
                raise ValueError("a claim is there twice")
        return found

    def refuse(constant: str) -> object:
        raise ValueError(constant)

    # "-0" is a float to the real server's parser.
    return json.loads(
        raw.decode("utf-8"),
        object_pairs_hook=once,
        parse_constant=refuse,
        parse_int=lambda digits: 0.0 if digits == "-0" else int(digits),
    )
