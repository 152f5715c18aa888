"""``codex-ssh exec`` by ``wss`` as a person types it: pins, JWTs, a proxy, certificates, and exit codes."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.app_server_cases import SHARED_SECRET
from tests.integration.app_server_command import Command, open_command
from tests.support.cli import codex_ssh
from tests.support.processes import Finished
from tests.support.proxy import open_proxy
from tests.support.tls import Authority, make_authority, pin_by_openssl

PROMPT = "say hello without any ssh"
ANSWER = "hello without any ssh\n"
NAME = "devbox.example"
"""Nobody on this machine can resolve it."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path / "authority")


@pytest.fixture
def chain(authority: Authority) -> Path:
    return authority.issue(NAME)


@asynccontextmanager
async def listening(
    chain: Path, tmp_path: Path, workspace: Path, *flags: str | Path
) -> AsyncGenerator[Command, None]:
    """The rehearsal behind TLS and a JWT."""
    secret = tmp_path / "shared"
    secret.write_text(SHARED_SECRET)
    secret.chmod(0o600)
    words = (
        "--engine", "rehearsal", "--listen", "wss://127.0.0.1:0", "--tls-cert", chain, "--tls-key", chain,
        "--ws-auth", "signed-bearer-token", "--ws-shared-secret-file", secret, "--ws-issuer", "me", *flags,
    )  # fmt: skip
    async with open_command(*words, cwd=workspace, tmp_path=tmp_path) as command:
        yield command


async def exec_by(url: str, *words: str | Path, tmp_path: Path, **variables: str) -> Finished:
    """A laptop whose config knows the shared secret; ``variables`` are more of its environment."""
    home = tmp_path / "laptop"
    config = home / ".config" / "codex-ssh" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'[host."devbox"]\nshared_secret_path = "{tmp_path / "shared"}"\njwt_issuer = "me"\n')
    return await codex_ssh(
        *("exec", "--no-input", "--wss", url, *words, "devbox", PROMPT), home=home, environment=variables
    )


async def test_a_pin_and_a_jwt_are_all_it_takes(chain: Path, tmp_path: Path, workspace: Path) -> None:
    async with listening(chain, tmp_path, workspace) as command:
        done = await exec_by(command.endpoint, "--tls-pin", pin_by_openssl(chain), tmp_path=tmp_path)
        assert (done.code, done.out) == (0, ANSWER)
        assert "by wss" in done.err
        wrong = await exec_by(command.endpoint, "--tls-pin", f"sha256:{'0' * 64}", tmp_path=tmp_path)
        assert wrong.code == 5
        assert "not the pinned one" in wrong.err
        assert pin_by_openssl(chain) in wrong.err
        unknown = await exec_by(command.endpoint, tmp_path=tmp_path)
        assert unknown.code == 5
        assert "authority is not known here" in unknown.err
        no_pin = await exec_by(command.endpoint, "--tls-pin", "nonsense", tmp_path=tmp_path)
        assert no_pin.code == 2
    for done in (wrong, unknown, no_pin):
        assert "hint: " in done.err
        assert SHARED_SECRET not in done.err


async def test_a_proxy_of_the_environment_is_used_and_never_for_loopback(
    chain: Path, authority: Authority, tmp_path: Path, workspace: Path
) -> None:
    async with listening(chain, tmp_path, workspace) as command:
        port = int(command.endpoint.rpartition(":")[2])
        async with open_proxy(route=port) as proxy:
            url = f"http://me:canary@127.0.0.1:{proxy.port}"
            trust = ("--tls-ca", authority.ca_file)
            far = f"wss://{NAME}:4443"
            done = await exec_by(far, *trust, tmp_path=tmp_path, HTTPS_PROXY=url)
            assert (done.code, done.out) == (0, ANSWER)
            assert [head.split()[1] for head in proxy.asked] == [f"{NAME}:4443"]
            direct = await exec_by(
                command.endpoint, "--tls-pin", pin_by_openssl(chain), tmp_path=tmp_path, HTTPS_PROXY=url
            )
            assert (direct.code, direct.out) == (0, ANSWER)
            excepted = await exec_by(far, *trust, tmp_path=tmp_path, HTTPS_PROXY=url, NO_PROXY=".example")
            assert excepted.code == 4
            assert len(proxy.asked) == 1
            proxy.refusal = "407 Who are you"
            refused = await exec_by(far, *trust, tmp_path=tmp_path, HTTPS_PROXY=url)
            assert refused.code == 4
            assert "wants other credentials (407)" in refused.err
            assert "Who are you" in refused.err
            assert "canary" not in refused.err
    odd = await exec_by(far, *trust, tmp_path=tmp_path, HTTPS_PROXY="socks5://canary@x:1")
    assert odd.code == 3
    assert "HTTPS_PROXY" in odd.err
    assert "canary" not in odd.err


async def test_a_certificate_of_ours_is_shown_where_it_is_asked_for(
    chain: Path, authority: Authority, tmp_path: Path, workspace: Path
) -> None:
    own = authority.issue("me", file="me.pem")
    pin = ("--tls-pin", pin_by_openssl(chain))
    async with listening(chain, tmp_path, workspace, "--tls-client-ca", authority.ca_file) as command:
        done = await exec_by(command.endpoint, *pin, "--tls-cert", own, tmp_path=tmp_path)
        assert (done.code, done.out) == (0, ANSWER)
        without = await exec_by(command.endpoint, *pin, tmp_path=tmp_path)
        assert without.code == 5
        assert "wants a certificate of us" in without.err
        os.chmod(own, 0o644)
        exposed = await exec_by(command.endpoint, *pin, "--tls-cert", own, tmp_path=tmp_path)
        assert exposed.code == 3
        assert "chmod 600" in exposed.err
