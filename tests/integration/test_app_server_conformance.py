"""Our listener beside the real one: the same start-ups and raw requests, status and words compared."""

from __future__ import annotations

import argparse
import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.cli import app_server
from codex_ssh.core.secret import Secret
from codex_ssh.core.token import CapabilityVerifier, SignedBearerVerifier, Verifier
from codex_ssh.server.address import TcpAddress
from codex_ssh.server.engine import Client
from codex_ssh.server.listener import ListenerConfig, open_listener
from tests.conformance.play import Answer, ask
from tests.conformance.starts import REFUSED_IN_OTHER_WORDS, REFUSED_STARTS, sentence, write_files
from tests.integration.app_server_cases import (
    REQUESTS,
    SHARED_SECRET,
    STRICTER_REQUESTS,
    STRICTER_TOKENS,
    bearer,
    tokens,
)
from tests.support.codex import TEST_TOKEN, CodexBinary, codex_environment, open_codex
from tests.support.processes import run

pytestmark = pytest.mark.codex


class NoEngine:
    """Listens and says nothing."""

    async def serve(self, client: Client) -> None:
        async for _ in client.frames():
            continue

    async def drain(self) -> None:
        return


@asynccontextmanager
async def open_ours(verifier: Verifier) -> AsyncGenerator[int, None]:
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0), verifier=verifier)
    async with open_listener(config, NoEngine()) as listener:
        assert isinstance(listener.address, TcpAddress)
        yield listener.address.port


async def ask_all(port: int, requests: Mapping[str, bytes]) -> dict[str, Answer]:
    return {name: await ask(port, raw) for name, raw in requests.items()}


def test_the_stricter_cases_are_in_the_tables() -> None:
    assert STRICTER_REQUESTS.keys() <= REQUESTS.keys()
    assert STRICTER_TOKENS.keys() <= tokens(0).keys()


async def test_requests_are_answered_as_codex_answers_them(
    codex_binary: CodexBinary, codex_home: Path, workspace: Path
) -> None:
    verifier = CapabilityVerifier.from_token(Secret(TEST_TOKEN))
    async with open_codex(codex_binary, codex_home, cwd=workspace) as codex, open_ours(verifier) as port:
        theirs = await ask_all(codex.port, REQUESTS)
        ours = await ask_all(port, REQUESTS)
    assert ours == {**theirs, **STRICTER_REQUESTS}
    for name in STRICTER_REQUESTS:
        assert theirs[name] != ours[name], f"{name!r} is no difference any more"


@pytest.mark.parametrize(("issuer", "audience"), [(" me ", "you"), ("  ", "")])
async def test_jwts_are_judged_as_codex_judges_them(
    codex_binary: CodexBinary, codex_home: Path, workspace: Path, issuer: str, audience: str
) -> None:
    secret_file = workspace / "secret"
    secret_file.write_text(f" {SHARED_SECRET}\n")
    secret_file.chmod(0o600)
    flags = ["--ws-auth", "signed-bearer-token", "--ws-shared-secret-file", str(secret_file)]
    flags += ["--ws-issuer", issuer, "--ws-audience", audience]
    verifier = SignedBearerVerifier(secret=Secret(SHARED_SECRET), issuer=issuer, audience=audience)
    async with (
        open_codex(codex_binary, codex_home, cwd=workspace, auth=False, flags=flags) as codex,
        open_ours(verifier) as port,
    ):
        requests = {name: bearer(f"Bearer {jwt}") for name, jwt in tokens(int(time.time())).items()}
        theirs = await ask_all(codex.port, requests)
        ours = await ask_all(port, requests)
    assert ours == {**theirs, **STRICTER_TOKENS}
    assert {answer[0] for answer in theirs.values()} == {101, 401}


@pytest.fixture
def files(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files the start-up cases name, relative to where both run."""
    write_files(workspace)
    monkeypatch.chdir(workspace)
    return workspace


def start_ours(words: Sequence[str]) -> int:
    """Run the command in this process; only for starts that are refused."""
    parser = argparse.ArgumentParser(prog="codex-ssh app-server")
    app_server.configure(parser)
    try:
        return app_server.run(parser.parse_args(["--engine", "rehearsal", *words]))
    except SystemExit as ended:
        return int(ended.code or 0)


@pytest.mark.parametrize("words", REFUSED_STARTS, ids=" ".join)
def test_a_refused_start_is_refused_in_the_same_words(
    codex_binary: CodexBinary,
    tmp_path: Path,
    files: Path,
    words: Sequence[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, said = asyncio.run(start_theirs(codex_binary, tmp_path, files, words))
    assert start_ours(words) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence(printed.err) == sentence(said)
    assert sentence(said)


@pytest.mark.parametrize("words", REFUSED_IN_OTHER_WORDS, ids=" ".join)
def test_a_refused_start_has_the_same_code(
    codex_binary: CodexBinary,
    tmp_path: Path,
    files: Path,
    words: Sequence[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        filled = [word.replace("BUSY", port) for word in words]
        code, _ = asyncio.run(start_theirs(codex_binary, tmp_path, files, filled))
        assert start_ours(filled) == code
    assert code in (1, 2)
    assert "error: " in capsys.readouterr().err.lower()


async def start_theirs(
    binary: CodexBinary, tmp_path: Path, cwd: Path, words: Sequence[str]
) -> tuple[int, str]:
    home = tmp_path / "refused-home"
    home.mkdir(exist_ok=True)
    done = await run([binary.path, "app-server", *words], environment=codex_environment(home), cwd=cwd)
    return done.code, done.err
