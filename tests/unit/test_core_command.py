"""What an app server's own command line tells."""

from __future__ import annotations

import pytest

from codex_ssh.core.command import (
    CapabilityDigest,
    CapabilityFile,
    NoAuth,
    ServerAuth,
    SignedBearer,
    UnknownAuth,
    is_app_server,
    parse_auth,
    parse_listen,
)

DIGEST = "AB" * 32


@pytest.mark.parametrize(
    ("words", "auth"),
    [
        ("codex app-server --listen ws://127.0.0.1:4500", NoAuth()),
        (
            "codex app-server --ws-auth capability-token --ws-token-file /home/me/.codex/t",
            CapabilityFile(path="/home/me/.codex/t"),
        ),
        ("codex app-server --ws-auth=capability-token --ws-token-file=t", CapabilityFile(path="/work/t")),
        (
            f"codex app-server --ws-auth capability-token --ws-token-sha256 {DIGEST}",
            CapabilityDigest(sha256=DIGEST.lower()),
        ),
        (
            "codex app-server --ws-auth signed-bearer-token --ws-shared-secret-file s --ws-issuer me",
            SignedBearer(path="/work/s", issuer="me"),
        ),
        (
            "codex -cm=x app-server --ws-audience a --ws-auth signed-bearer-token --ws-shared-secret-file /s",
            SignedBearer(path="/s", audience="a"),
        ),
        (
            "node /usr/bin/codex app-server --ws-auth capability-token --ws-token-file /t",
            CapabilityFile(path="/t"),
        ),
        ("codex app-server --ws-auth capability-token", UnknownAuth()),
        ("vim app-server.md", UnknownAuth()),
        ("codex app-server proxy", UnknownAuth()),
        ("codex app-server daemon start", UnknownAuth()),
        ("app-server", UnknownAuth()),
    ],
)
def test_the_auth_mode_is_read_from_the_flags(words: str, auth: ServerAuth) -> None:
    assert parse_auth(words.split(), cwd="/work") == auth


def test_a_value_that_looks_like_a_flag_is_a_value() -> None:
    argv = ["codex", "app-server", "--ws-issuer", "--listen", "--listen", "ws://127.0.0.1:0"]
    assert parse_listen(argv) == "ws://127.0.0.1:0"


def test_only_the_server_itself_counts_as_an_app_server() -> None:
    assert is_app_server(["codex", "app-server"])
    assert not is_app_server(["grep", "-a", "server"])
    assert not is_app_server([])
