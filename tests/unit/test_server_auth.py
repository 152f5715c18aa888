"""From auth flags to a verifier; the sentences are compared with the real codex in the conformance test."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_ssh.core.secret import Secret
from codex_ssh.core.token import CapabilityVerifier, SignedBearerVerifier
from codex_ssh.errors import ConfigError
from codex_ssh.server.auth import AuthFlags, AuthMode, read_verifier


def test_no_flags_mean_no_auth() -> None:
    assert read_verifier(AuthFlags()) is None


def test_a_token_file_is_trimmed(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("  sesame\n")
    file.chmod(0o600)
    flags = AuthFlags(mode=AuthMode.CAPABILITY, token_file=file)
    assert read_verifier(flags) == CapabilityVerifier.from_token(Secret("sesame"))


def test_a_digest_stands_for_its_token() -> None:
    verifier = CapabilityVerifier.from_token(Secret("sesame"))
    flags = AuthFlags(mode=AuthMode.CAPABILITY, token_sha256=verifier.sha256.hex().upper())
    assert read_verifier(flags) == verifier


def test_a_shared_secret_comes_with_what_it_checks(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("x" * 32)
    file.chmod(0o600)
    flags = AuthFlags(
        mode=AuthMode.SIGNED_BEARER,
        shared_secret_file=file,
        issuer=" me ",
        audience="",
        max_clock_skew_seconds=0,
    )
    wanted = SignedBearerVerifier(secret=Secret("x" * 32), issuer="me", skew_seconds=0)
    assert read_verifier(flags) == wanted


def test_no_message_holds_the_secret(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("canary")
    file.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        read_verifier(AuthFlags(mode=AuthMode.SIGNED_BEARER, shared_secret_file=file))
    assert "canary" not in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        read_verifier(AuthFlags(mode=AuthMode.CAPABILITY, token_sha256="canary"))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_secret_file_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text("sesame")
    file.chmod(mode)
    with pytest.raises(ConfigError, match="open to other users") as caught:
        read_verifier(AuthFlags(mode=AuthMode.CAPABILITY, token_file=file))
    assert caught.value.hint == f"chmod 600 {file}"
