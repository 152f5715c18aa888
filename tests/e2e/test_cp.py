"""``codex-ssh cp`` as a person runs it: both ways, what it prints, and what it exits with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartCodex
from tests.support.cli import codex_ssh
from tests.support.sshd import Sshd
from tests.support.tls import open_tls_front

pytestmark = pytest.mark.sshd


async def test_there_and_back(sshd: Sshd, tmp_path: Path) -> None:
    home, there = tmp_path / "laptop", tmp_path / "there"
    there.mkdir()
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "src" / "deep" / "file").write_text("x")
    options = ("-F", str(sshd.ssh_config), "--no-input")
    up = await codex_ssh("cp", *options, "-r", tmp_path / "src", f"devbox:{there}", home=home)
    assert (up.code, up.out) == (0, ""), up.err
    assert "1 file copied, 1 B; checksums equal" in up.err
    down = await codex_ssh("cp", *options, "-r", "--json", f"devbox:{there}/s*", tmp_path / "back", home=home)
    assert down.code == 0, down.err
    told = json.loads(down.out)
    assert (told["direction"], told["copied"], told["bytes"], told["failed"]) == ("down", 1, 1, [])
    assert (tmp_path / "back" / "deep" / "file").read_text() == "x"
    (there / "src" / "deep" / "file").write_text("y")
    refused = await codex_ssh("cp", *options, "-r", tmp_path / "src", f"devbox:{there}", home=home)
    assert refused.code == 12
    assert "a file is there, and not the same" in refused.err
    folder = await codex_ssh("cp", *options, tmp_path / "src", f"devbox:{there}", home=home)
    assert (folder.code, "is a folder" in folder.err) == (2, True)


async def test_what_cannot_be_meant_reaches_no_host(tmp_path: Path) -> None:
    both = await codex_ssh("cp", "a:x", "a:y", home=tmp_path)
    assert (both.code, "both sides" in both.err) == (2, True)
    twice = await codex_ssh("cp", "x", "a:y", "--force", "--conflict", "skip", home=tmp_path)
    assert (twice.code, "says otherwise" in twice.err) == (2, True)


@pytest.mark.codex
async def test_without_ssh_by_the_app_server(start_codex: StartCodex, tmp_path: Path) -> None:
    server = await start_codex()
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "a file").write_text("x")
    async with open_tls_front(tmp_path / "tls", to_port=server.port) as front:
        options = (
            *("--no-input", "--json", "--wss", front.url, "--tls-ca", front.ca_file),
            *("--remote-auth-token-env", "TOKEN"),
        )

        async def cp(*words: str | Path) -> dict[str, Any]:
            done = await codex_ssh(
                "cp", *options, *words, home=tmp_path / "laptop", environment={"TOKEN": server.token}
            )
            assert done.code == 0, done.err
            told: dict[str, Any] = json.loads(done.out)
            return told

        up = await cp(tmp_path / "a file", f"devbox:{there}")
        assert (up["copied"], up["failed"]) == (1, [])
        down = await cp("-r", f"devbox:{tmp_path}/th*", tmp_path / "back")
    assert (down["copied"], down["failed"]) == (1, [])
    assert (tmp_path / "back" / "a file").read_text() == "x"
