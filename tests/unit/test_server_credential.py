"""A verifier that follows its file."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from codex_ssh.core.token import Verifier
from codex_ssh.server.auth import AuthFlags, AuthMode, read_verifier
from codex_ssh.server.credential import FileVerifier


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    replace(path, "first")
    return path


@pytest.fixture
def verifier(file: Path) -> FileVerifier:
    def load() -> Verifier:
        found = read_verifier(AuthFlags(mode=AuthMode.CAPABILITY, token_file=file))
        assert found is not None
        return found

    return FileVerifier(path=file, load=load)


def replace(path: Path, text: str, mode: int = 0o600) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.chmod(mode)
    new.replace(path)


def status(verifier: FileVerifier, token: str) -> int:
    refusal = verifier.verify([f"Bearer {token}"], now=0)
    return 101 if refusal is None else refusal.status


def test_a_new_token_counts_at_once_and_the_old_one_no_more(
    verifier: FileVerifier, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert status(verifier, "first") == 101
    replace(file, "second")
    assert status(verifier, "first") == 401
    assert status(verifier, "second") == 101
    assert verifier.generation == 1
    assert "was replaced" in caplog.text
    assert "second" not in caplog.text


@pytest.mark.parametrize("fault", ["gone", "empty", "open to others"])
def test_nobody_comes_in_while_the_file_is_not_good(
    verifier: FileVerifier, file: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    if fault == "gone":
        file.unlink()
    else:
        replace(file, "" if fault == "empty" else "first", 0o600 if fault == "empty" else 0o640)
    assert status(verifier, "first") == 503
    assert status(verifier, "first") == 503
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    replace(file, "first")
    assert status(verifier, "first") == 101
    assert verifier.generation == 0, "it is the same secret"
