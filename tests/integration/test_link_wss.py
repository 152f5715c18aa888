"""The direct way: wss behind a real TLS front with a test authority, and when it is taken."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from codex_ssh.core.config import WssFallback
from codex_ssh.core.endpoint import WssEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.methods import thread_list
from codex_ssh.core.question import Question, QuestionKind
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.core.token import SignedBearerVerifier, Signer
from codex_ssh.errors import (
    ConfigError,
    CredentialRefused,
    HostKeyRefused,
    HostUnreachable,
    LoginRefused,
    TlsRefused,
)
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import open_link, open_session
from codex_ssh.link.direct import Direct
from codex_ssh.link.tls import TlsOptions
from codex_ssh.link.way import Profile, open_way
from codex_ssh.link.wss import WssDial
from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from tests.conftest import StartCodex
from tests.integration.test_link_dial import Nobody, at
from tests.support import processes
from tests.support.codex import CodexAppServer
from tests.support.require import require_program
from tests.support.sshd import Sshd
from tests.support.tls import Front, make_authority, open_tls_front
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


class Answering(Nobody):
    """A person who answers one question."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[Question] = []

    async def ask(self, question: Question) -> Secret | None:
        self.asked.append(question)
        return Secret(self.answer)


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex) -> CodexAppServer:
    return await start_codex(codex_home=sshd.home / ".codex")


@pytest.fixture
async def front(server: CodexAppServer, tmp_path: Path) -> AsyncGenerator[Front, None]:
    async with open_tls_front(tmp_path / "tls", to_port=server.port) as front:
        yield front


def by_wss(sshd: Sshd, server: CodexAppServer, front: Front) -> Profile:
    return Profile(
        host=parse_host(sshd.alias),
        ssh=SshOptions(config_file=str(sshd.ssh_config)),
        wanted=at(server),
        given=lambda: Secret(server.token),
        wss=WssEndpoint(host="127.0.0.1", port=front.port),
        wss_only=True,
        direct=Direct(tls=TlsOptions(ca_file=str(front.ca_file))),
    )


async def test_a_session_runs_over_wss_without_any_ssh(
    sshd: Sshd, server: CodexAppServer, front: Front
) -> None:
    async with open_link(by_wss(sshd, server, front), Nobody()) as link:
        assert link.facts.transport == "wss"
        assert (await link.call(thread_list())).data == ()
    assert sshd.connections == 0
    assert b"Origin" not in front.heard


async def test_the_token_is_read_over_ssh_when_nothing_here_names_one(
    sshd: Sshd, server: CodexAppServer, front: Front
) -> None:
    profile = replace(by_wss(sshd, server, front), given=lambda: None)
    async with open_link(profile, Nobody()) as link:
        assert link.facts.transport == "wss"
    assert sshd.logins == 1


async def test_the_recipes_token_is_read_without_starting_anything(
    sshd: Sshd, server: CodexAppServer, front: Front
) -> None:
    profile = replace(by_wss(sshd, server, front), given=lambda: None, wanted=Wanted())
    async with open_link(profile, Nobody()) as link:
        assert link.facts.transport == "wss"
    assert not (sshd.home / ".codex-ssh").exists()


async def test_without_ssh_and_without_a_source_the_missing_token_is_said(
    sshd: Sshd, server: CodexAppServer, front: Front
) -> None:
    await sshd.stop()
    profile = replace(
        by_wss(sshd, server, front), given=lambda: None, wss_only=False, wss_fallback=WssFallback.AUTO
    )
    with pytest.raises(ConfigError, match="there is no token") as caught:
        async with open_link(profile, Nobody()):
            pytest.fail("nothing was sent")
    assert "token_path" in caught.value.hint
    assert front.heard == b""


@pytest.mark.parametrize("fault", ["authority", "name", "token"])
async def test_what_the_server_or_its_certificate_says_is_told(
    sshd: Sshd, server: CodexAppServer, front: Front, tmp_path: Path, fault: str
) -> None:
    profile = by_wss(sshd, server, front)
    if fault == "authority":
        with pytest.raises(TlsRefused) as refused:
            async with open_link(replace(profile, direct=Direct()), Nobody()):
                pytest.fail("nothing was sent")
        assert "unable to get local issuer certificate" in refused.value.said
        assert "--tls-ca" in refused.value.hint
        assert front.heard == b""
    elif fault == "name":
        async with open_tls_front(tmp_path / "other", to_port=server.port, name="other.example") as other:
            wrong = replace(by_wss(sshd, server, other))
            with pytest.raises(TlsRefused) as refused:
                async with open_link(wrong, Nobody()):
                    pytest.fail("nothing was sent")
            assert "127.0.0.1" in refused.value.said
            assert other.heard == b""
    else:
        with pytest.raises(CredentialRefused) as denied:
            async with open_link(replace(profile, given=lambda: Secret("wrong")), Nobody()):
                pytest.fail("it must not be taken")
        assert denied.value.said == "invalid websocket bearer token"


async def test_an_unreachable_ssh_falls_back_as_the_policy_says(
    sshd: Sshd, server: CodexAppServer, front: Front
) -> None:
    await sshd.stop()
    profile = replace(by_wss(sshd, server, front), wss_only=False)
    async with open_link(replace(profile, wss_fallback=WssFallback.AUTO), Nobody()) as link:
        assert link.facts.transport == "wss"
    person = Answering("yes")
    async with open_link(profile, person) as link:
        assert link.facts.transport == "wss"
    assert [question.kind for question in person.asked] == [QuestionKind.CONFIRM]
    for prompter, policy in ((Answering("no"), WssFallback.ASK), (Nobody(), WssFallback.NEVER)):
        with pytest.raises(HostUnreachable):
            async with open_link(replace(profile, wss_fallback=policy), prompter):
                pytest.fail("it was declined")


async def test_a_refused_login_or_host_key_never_falls_back(
    sshd: Sshd, server: CodexAppServer, front: Front
) -> None:
    profile = replace(by_wss(sshd, server, front), wss_only=False, wss_fallback=WssFallback.AUTO)
    keys = sshd.directory / "authorized_keys"
    kept = keys.read_text()
    keys.write_text("")
    with pytest.raises(LoginRefused):
        async with open_link(profile, Nobody()):
            pytest.fail("it was refused")
    keys.write_text(kept)
    name, kind, key = sshd.known_hosts.read_text().split()[:3]
    sshd.known_hosts.write_text(f"{name} {kind} {key[:-8]}{key[-8:].swapcase()}\n")
    with pytest.raises(HostKeyRefused):
        async with open_link(profile, Nobody()):
            pytest.fail("it was refused")
    assert front.heard == b""


async def test_a_jwt_is_made_for_every_dial_from_the_secret_read_over_ssh(
    sshd: Sshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    secret = tmp_path / "shared"
    secret.write_text("s" * 32)
    secret.chmod(0o600)
    flags = ("--ws-auth", "signed-bearer-token", "--ws-shared-secret-file", str(secret), "--ws-issuer", "me")
    server = await start_codex(codex_home=sshd.home / ".codex", auth=False, flags=flags)
    async with open_tls_front(tmp_path / "tls", to_port=server.port) as front:
        profile = replace(by_wss(sshd, server, front), given=lambda: None)
        async with open_way(profile, Nobody()) as way:
            for _ in range(2):
                async with open_session(way) as link:
                    assert (await link.call(thread_list())).data == ()
        shown = re.findall(rb"(?i)authorization: Bearer (\S+)", bytes(front.heard))
        assert len(shown) == 2
        assert all(jwt.count(b".") == 2 for jwt in shown)
        assert secret.read_bytes() not in front.heard
    assert sshd.logins == 1


async def test_nginx_as_the_front_tells_the_time_and_asks_for_a_certificate(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    nginx = require_program("nginx", "nginx: apt-get install nginx-light")
    authority = make_authority(tmp_path / "authority")
    chain, own = authority.issue("127.0.0.1"), authority.issue("me", file="me.pem")
    secret = Secret("s" * 32)
    verifier = SignedBearerVerifier(secret=secret)
    inner = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0), verifier=verifier)
    endpoint = WssEndpoint(host="127.0.0.1", port=unused_tcp_port)
    async with open_rehearsal(codex_home=tmp_path) as engine, open_listener(inner, engine) as listener:
        config = tmp_path / "nginx.conf"
        config.write_text(
            f"""
            daemon off; master_process off; error_log stderr; pid {tmp_path}/nginx.pid;
            events {{}}
            http {{
              access_log off; client_body_temp_path {tmp_path}; proxy_temp_path {tmp_path};
              fastcgi_temp_path {tmp_path}; uwsgi_temp_path {tmp_path}; scgi_temp_path {tmp_path};
              server {{
                listen 127.0.0.1:{endpoint.port} ssl;
                ssl_certificate {chain}; ssl_certificate_key {chain};
                ssl_client_certificate {authority.ca_file}; ssl_verify_client on;
                location / {{
                  proxy_pass http://{listener.address}; proxy_http_version 1.1;
                  proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
                }}
              }}
            }}
            """
        )
        process = await asyncio.create_subprocess_exec(nginx, "-c", config, "-p", tmp_path)
        try:
            await until(lambda: is_open(endpoint.port), "nginx listens")
            ca_file = str(authority.ca_file)
            with pytest.raises(TlsRefused, match="wants a certificate of us") as refused:
                await WssDial(endpoint, credential=None, tls=TlsOptions(ca_file=ca_file))(asyncio.Protocol)
            assert "--tls-cert" in refused.value.hint
            foreign = make_authority(tmp_path / "other").issue("me", file="me.pem")
            with pytest.raises(TlsRefused, match="does not take our certificate"):
                options = TlsOptions(ca_file=ca_file, cert_file=str(foreign))
                await WssDial(endpoint, credential=None, tls=options)(asyncio.Protocol)
            dial = WssDial(
                endpoint,
                credential=Signer(secret=secret),
                tls=TlsOptions(ca_file=ca_file, cert_file=str(own)),
                clock=lambda: time.time() - 3600,
            )
            await dial(Hangup)  # by the front's own clock
        finally:
            await processes.end(process)


class Hangup(asyncio.Protocol):
    """Takes the connection and ends it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
