"""The conformance suite as a program: it takes any server, agrees with a real one, and can find fault."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.app_server_cases import REQUESTS, STRICTER_REQUESTS
from tests.support.codex import require_codex
from tests.support.processes import run

ROOT = Path(__file__).parents[2]

OTHER_SERVER = """
import re, socket, sys
server = socket.create_server(("127.0.0.1", 0))
print("listening on: ws://127.0.0.1:%d\\nnote: none" % server.getsockname()[1], file=sys.stderr, flush=True)
while True:
    client, _ = server.accept()
    client.recv(200_000)
    client.sendall(b"HTTP/1.1 418 Teapot\\r\\ncontent-length: 2\\r\\n\\r\\nno")
    client.close()
"""


async def play(*command: str | Path) -> tuple[int, dict[str, Any]]:
    done = await run(
        [sys.executable, "-m", "tests.conformance", "--json", "--only", "requests", "--", *command],
        environment={**os.environ, "PYTHONPATH": str(ROOT)},
        seconds=100,
    )
    assert done.out, done.err
    return done.code, json.loads(done.out)


@pytest.mark.codex
async def test_a_real_codex_differs_in_what_is_documented_only() -> None:
    code, found = await play(require_codex().path, "app-server")
    assert code == 0
    assert found["cases"] == 2 * len(REQUESTS)
    assert len(found["differences"]) == 2 * len(STRICTER_REQUESTS)


async def test_a_server_that_answers_otherwise_is_found_out() -> None:
    code, found = await play(sys.executable, "-c", OTHER_SERVER)
    assert code == 1
    assert len(found["differences"]) == found["cases"]
    assert {each["theirs"] for each in found["differences"]} <= {
        "418",  # to HEAD
        "418 no",
        "no answer: ConnectionResetError",
        "no answer: IncompleteReadError",
    }
