"""Keywords of an ssh config that are set and have no effect."""

from __future__ import annotations

import pytest

from codex_ssh.core.ssh_config import LocalFacts, SshConfig, parse_ssh_config
from codex_ssh.core.ssh_ignored import list_ignored

FACTS = LocalFacts(home="/home/me", user="me", uid=1000, hostname="laptop", environment={})


def read(*lines: str) -> SshConfig:
    return parse_ssh_config("\n".join(lines), alias="devbox", facts=FACTS, exists=lambda _: False)


def test_what_ssh_prints_by_itself_is_nothing_that_is_set() -> None:
    config = read(
        "requesttty auto",
        "sessiontype default",
        "tunnel false",
        "forwardx11 no",
        "addkeystoagent false",
        "connectionattempts 1",
        "securitykeyprovider internal",
    )
    assert list_ignored(config, by_asyncssh=True) == ()


@pytest.mark.parametrize(
    ("line", "keyword"),
    [
        ("requesttty force", "RequestTTY"),
        ("remotecommand tmux attach", "RemoteCommand"),
        ("localforward 8080 [localhost]:80", "LocalForward"),
        ("forwardx11 yes", "ForwardX11"),
        ("connectionattempts 3", "ConnectionAttempts"),
    ],
)
def test_what_neither_client_follows_is_named_for_both(line: str, keyword: str) -> None:
    assert list_ignored(read(line), by_asyncssh=True) == (keyword,)
    assert list_ignored(read(line), by_asyncssh=False) == (keyword,)


@pytest.mark.parametrize(
    ("line", "keyword"),
    [
        ("gssapiauthentication yes", "GSSAPIAuthentication"),
        ("knownhostscommand /bin/keys", "KnownHostsCommand"),
        ("pkcs11provider /lib/x.so", "PKCS11Provider"),
    ],
)
def test_what_only_ssh_follows_is_named_for_asyncssh(line: str, keyword: str) -> None:
    assert list_ignored(read(line), by_asyncssh=True) == (keyword,)
    assert list_ignored(read(line), by_asyncssh=False) == ()
