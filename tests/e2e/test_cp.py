"""``codex-ssh cp`` as a person runs it: both ways, what it prints, and what it exits with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartCodex, StartTmux
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.faults import open_faulty_relay
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


@pytest.mark.tmux
async def test_a_person_is_asked_sees_how_far_it_is_and_may_stop(
    sshd: Sshd, start_tmux: StartTmux, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "big").write_text("old")
    (tmp_path / "big").write_bytes(os.urandom(3_000_000))
    async with open_faulty_relay(sshd.port) as relay:
        lines = (f"Port {relay.port}", f"HostKeyAlias [127.0.0.1]:{sshd.port}")
        config = sshd.client_config(*lines, name="relayed")
        words: list[str | Path] = [*PROGRAM, "cp", "-F", config, tmp_path / "big", f"devbox:{there}"]
        environment = client_environment(tmp_path / "laptop", TERM="xterm-256color", PYTHONDEVMODE="")
        terminal = await start_tmux(words, environment=environment)
        await terminal.wait_text(
            "there: a file with 3 B of", "replace? (y)es, (n)o, (r)ename the new, (q)uit; Y, N, R: all:"
        )
        relay.delay = 0.05
        await terminal.type("r")
        await terminal.key("Enter")
        await terminal.wait_screen(
            lambda screen: "of 3.0 MB" in screen and " 0% 0 B" not in screen, "some of it is there"
        )
        await terminal.key("C-c")
        relay.delay = 0.0
        await terminal.wait_text("stopped; the same command goes on where this one ended")
        assert await terminal.wait_exit() == 130
    assert (there / "big").read_text() == "old"
    assert len(os.listdir(there)) == 2
    again = await codex_ssh(
        *("cp", "-F", sshd.ssh_config, "--conflict", "rename", "--json", tmp_path / "big"),
        f"devbox:{there}",
        home=tmp_path / "laptop",
    )
    assert again.code == 0, again.err
    assert json.loads(again.out)["resumedBytes"] > 0
    assert sorted(os.listdir(there)) == ["big", "big (2)"]


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
