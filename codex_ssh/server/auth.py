"""The auth flags of an app server: from ``--ws-auth`` and its friends to a verifier.

Lives here: which flags belong together, and reading the secret files. Not here: judging tokens
(:mod:`codex_ssh.core.token`), reading a file again when it has changed
(:mod:`codex_ssh.server.credential`), and where the flags come from (:mod:`codex_ssh.cli.app_server`).

Source: every rule and sentence was run against codex 0.163 and 0.169.
"""

from __future__ import annotations

import enum
import os
import stat
from pathlib import Path

from codex_ssh.core.secret import Secret
from codex_ssh.core.token import (
    DEFAULT_SKEW_SECONDS,
    MAX_SKEW_SECONDS,
    MIN_SHARED_SECRET_BYTES,
    CapabilityVerifier,
    DigestFault,
    SignedBearerVerifier,
    TokenTextFault,
    Verifier,
    parse_shared_secret,
    trim_token,
)
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError


class AuthMode(enum.Enum):
    """The values of ``--ws-auth``."""

    CAPABILITY = "capability-token"
    SIGNED_BEARER = "signed-bearer-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthFlags:
    """The flags as given; None means not given."""

    mode: AuthMode | None = None
    token_file: Path | None = None
    token_sha256: str | None = None
    shared_secret_file: Path | None = None
    issuer: str | None = None
    audience: str | None = None
    max_clock_skew_seconds: int | None = None

    @property
    def secret_file(self) -> Path | None:
        """The file the verifier is made of, if it is made of one."""
        return self.token_file or self.shared_secret_file

    @property
    def has_token_flags(self) -> bool:
        """Whether a flag of the capability mode was given."""
        return self.token_file is not None or self.token_sha256 is not None

    @property
    def has_jwt_flags(self) -> bool:
        """Whether a flag of the signed-bearer mode was given."""
        given = (self.shared_secret_file, self.issuer, self.audience, self.max_clock_skew_seconds)
        return any(each is not None for each in given)


def check_flags(flags: AuthFlags) -> None:
    """Check which flags were given together; no file is read.

    Raises:
        ConfigError: The flags contradict each other, or one is missing.
    """
    match flags.mode:
        case None:
            if flags.has_token_flags or flags.has_jwt_flags:
                raise ConfigError(
                    "websocket auth flags require `--ws-auth capability-token` "
                    "or `--ws-auth signed-bearer-token`"
                )
        case AuthMode.CAPABILITY:
            _check_capability(flags)
        case AuthMode.SIGNED_BEARER:
            _check_signed_bearer(flags)


def _check_capability(flags: AuthFlags) -> None:
    if flags.has_jwt_flags:
        raise ConfigError(
            "`--ws-shared-secret-file`, `--ws-issuer`, `--ws-audience`, and `--ws-max-clock-skew-seconds` "
            "require `--ws-auth signed-bearer-token`"
        )
    if flags.token_file is not None and flags.token_sha256 is not None:
        raise ConfigError("`--ws-token-file` and `--ws-token-sha256` are mutually exclusive")
    if flags.token_sha256 is not None:
        _read_digest(flags.token_sha256)
    elif flags.token_file is None:
        raise ConfigError(
            "`--ws-token-file` or `--ws-token-sha256` is required when `--ws-auth capability-token` is set"
        )


def _check_signed_bearer(flags: AuthFlags) -> None:
    if flags.has_token_flags:
        raise ConfigError(
            "`--ws-token-file` and `--ws-token-sha256` require `--ws-auth capability-token`, "
            "not `signed-bearer-token`"
        )
    if flags.shared_secret_file is None:
        raise ConfigError("`--ws-shared-secret-file` is required when `--ws-auth signed-bearer-token` is set")
    skew = flags.max_clock_skew_seconds
    if skew is not None and skew > MAX_SKEW_SECONDS:
        raise ConfigError("websocket auth clock skew must fit in a signed 64-bit integer")


def read_verifier(flags: AuthFlags) -> Verifier | None:
    """Check the flags and read their files; None means no auth was asked for.

    Raises:
        ConfigError: The flags contradict each other, or a file is not there or not good.
    """
    check_flags(flags)
    if flags.token_sha256 is not None:
        return _read_digest(flags.token_sha256)
    if flags.token_file is not None:
        return _read_token(flags.token_file)
    if flags.shared_secret_file is not None:
        return _read_signed_bearer(flags, flags.shared_secret_file)
    return None


def _read_digest(text: str) -> CapabilityVerifier:
    try:
        return CapabilityVerifier.from_hex(text)
    except DigestFault as fault:
        raise ConfigError(f"--ws-token-sha256 {fault}") from None


def _read_token(path: Path) -> CapabilityVerifier:
    raw = _read_file(path)
    try:
        return CapabilityVerifier.from_token(Secret(trim_token(raw)))
    except TokenTextFault:
        raise ConfigError(f"websocket auth secret {path} must not be empty") from None


def _read_signed_bearer(flags: AuthFlags, path: Path) -> SignedBearerVerifier:
    raw = _read_file(path)
    if not raw.strip():
        raise ConfigError(f"websocket auth secret {path} must not be empty")
    try:
        secret = parse_shared_secret(raw)
    except TokenTextFault:
        raise ConfigError(
            f"signed websocket bearer secret {path} must be at least {MIN_SHARED_SECRET_BYTES} bytes"
        ) from None
    skew = flags.max_clock_skew_seconds
    return SignedBearerVerifier(
        secret=secret,
        issuer=(flags.issuer or "").strip(),
        audience=(flags.audience or "").strip(),
        skew_seconds=DEFAULT_SKEW_SECONDS if skew is None else skew,
    )


def check_private(handle: int, path: Path) -> None:
    """Refuse an open secret file that somebody else can read or write. The real server does not ask.

    Raises:
        ConfigError: It is another user's, or its mode has a bit for group or others.
    """
    facts = os.fstat(handle)
    if facts.st_uid not in (os.geteuid(), 0):
        raise ConfigError(f"websocket auth secret {path} belongs to another user")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        raise ConfigError(f"websocket auth secret {path} is open to other users", hint=f"chmod 600 {path}")


def _read_file(path: Path) -> bytes:
    """Read a secret file; it is opened once, and checked and read through that."""
    try:
        with path.open("rb") as file:
            check_private(file.fileno(), path)
            raw = file.read()
        raw.decode("utf-8")
    except OSError as error:
        why = f"{os.strerror(error.errno or 0)} (os error {error.errno})"
        raise ConfigError(f"failed to read websocket auth secret {path}: {why}") from None
    except UnicodeDecodeError:
        why = "stream did not contain valid UTF-8"
        raise ConfigError(f"failed to read websocket auth secret {path}: {why}") from None
    return raw
