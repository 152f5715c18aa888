"""How the official TUI is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_ssh.core.secret import Secret
from codex_ssh.errors import UsageError
from codex_ssh.external.launch import (
    TOKEN_VARIABLE,
    FrontEndOptions,
    codex_arguments,
    codex_environment,
    find_codex,
)

URL = "ws://127.0.0.1:4500"
REMOTE = ["--remote", URL, "--remote-auth-token-env", TOKEN_VARIABLE]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (FrontEndOptions(), REMOTE),
        (FrontEndOptions(cd="/srv", model="m"), [*REMOTE, "--cd", "/srv", "--model", "m"]),
        (FrontEndOptions(prompt="--help me"), [*REMOTE, "--", "--help me"]),
        (
            FrontEndOptions(images=("/a b.png", "/-c.png"), prompt="look"),
            [*REMOTE, "--image=/a b.png", "--image=/-c.png", "--", "look"],
        ),
        (FrontEndOptions(resume=""), ["resume", *REMOTE]),
        (FrontEndOptions(resume="t-1", prompt="go on"), ["resume", *REMOTE, "--", "t-1", "go on"]),
        (FrontEndOptions(last=True), ["resume", "--last", *REMOTE]),
    ],
)
def test_its_arguments_name_the_token_and_never_hold_it(options: FrontEndOptions, words: list[str]) -> None:
    assert codex_arguments(URL, options) == words


def test_a_socket_takes_no_token() -> None:
    assert codex_arguments("unix:///d", FrontEndOptions()) == ["--remote", "unix:///d"]


def test_its_environment_holds_the_doors_token_and_no_other() -> None:
    ours = {"PATH": "/bin", "CODEX_SSH_WSS": "x", "MY_TOKEN": "the-servers", "CODEX_HOME": "/h"}
    assert codex_environment(ours, Secret("doors"), without=["MY_TOKEN"]) == {
        "PATH": "/bin",
        "CODEX_HOME": "/h",
        TOKEN_VARIABLE: "doors",
    }


def test_npms_shim_is_passed_over_for_the_program_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "node_modules" / "@openai"
    shim = package / "codex" / "bin" / "codex.js"
    native = package / "codex-linux-x64" / "vendor" / "x86_64-unknown-linux-musl" / "bin" / "codex"
    for file in (shim, native):
        file.parent.mkdir(parents=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "codex").symlink_to(shim)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_codex() == native


def test_no_codex_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="no 'codex' on this machine"):
        find_codex()
