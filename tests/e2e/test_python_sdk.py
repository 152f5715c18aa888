"""The official Python SDK with our listener: it launches the command itself, or reaches it by ws and wss."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from codex_ssh.core.secret import Secret
from codex_ssh.core.token import mint
from tests.integration.app_server_cases import SHARED_SECRET
from tests.integration.app_server_command import open_command
from tests.support.codex import TEST_TOKEN, CodexBinary, require_codex, write_token
from tests.support.processes import run
from tests.support.tls import write_certificates

pytestmark = pytest.mark.codex

ROOT = Path(__file__).parents[2]
APP_SERVER = (sys.executable, "-m", "codex_ssh", "app-server")


def variables(codex_home: Path, binary: CodexBinary, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(codex_home.parent),
        "CODEX_HOME": str(codex_home),
        "CODEX_SSH_CODEX": str(binary.path),
        **more,
    }


async def turn(prompt: str, *program: str, environment: Mapping[str, str], cwd: Path) -> dict[str, Any]:
    """What the SDK saw of one turn."""
    done = await run(
        [sys.executable, "-m", "tests.support.sdk_turn", prompt, *program], environment=environment, cwd=cwd
    )
    assert done.code == 0, done.err
    seen: dict[str, Any] = json.loads(done.out)
    return seen


@pytest.mark.parametrize("engine", ["codex", "rehearsal"])
async def test_it_launches_our_listener_on_stdio(engine: str, codex_home: Path, workspace: Path) -> None:
    binary = require_codex()
    seen = await turn(
        "say hello to the SDK",
        *APP_SERVER,
        *("--engine", engine, "--listen", "stdio://"),
        environment=variables(codex_home, binary),
        cwd=workspace,
    )
    assert (seen["status"], seen["answer"], seen["turns"]) == ("completed", "hello to the SDK", 1)
    assert seen["models"] > 0
    assert (f"/{binary.version()} " in seen["server"]) is (engine == "codex")


@pytest.mark.parametrize("way", ["ws with a token", "ws with a JWT", "wss"])
async def test_it_works_through_our_listener_with_a_real_codex_behind(
    way: str, codex_binary: CodexBinary, codex_home: Path, workspace: Path, tmp_path: Path
) -> None:
    flags: tuple[str | Path, ...] = ("--listen", "ws://127.0.0.1:0")
    auth: tuple[str | Path, ...] = ("--ws-auth", "capability-token", "--ws-token-file")
    auth = (*auth, write_token(codex_home))
    more = {"TOKEN": TEST_TOKEN}
    if way == "ws with a JWT":
        secret = tmp_path / "secret"
        secret.write_text(SHARED_SECRET)
        secret.chmod(0o600)
        auth = ("--ws-auth", "signed-bearer-token", "--ws-shared-secret-file", secret)
        more["TOKEN"] = mint(Secret(SHARED_SECRET), now=time.time(), lifetime_seconds=600).reveal()
    elif way == "wss":
        ca_file, chain = write_certificates(tmp_path / "tls", "127.0.0.1")
        flags = ("--listen", "wss://127.0.0.1:0", "--tls-cert", chain, "--tls-key", chain)
        more["SSL_CERT_FILE"] = str(ca_file)
    environment = variables(codex_home, codex_binary, **more)
    words = ("--engine", "codex", *flags, *auth)
    async with open_command(*words, cwd=workspace, tmp_path=tmp_path, environment=environment) as command:
        seen = await turn(
            "say hello by another way",
            *(sys.executable, "-m", "tests.support.stdio_bridge", command.endpoint),
            environment=environment,
            cwd=workspace,
        )
    assert (seen["status"], seen["answer"], seen["turns"]) == ("completed", "hello by another way", 1)
    assert f"/{codex_binary.version()} " in seen["server"]
