"""What the table of keywords in the reference claims, on a real sshd with both clients.

Keywords with a test of their own elsewhere are not here: keys, host keys, hops, variables.
"""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.question import QuestionKind
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ConfigError, HostUnreachable, LinkLost, LoginRefused
from codex_ssh.link.ssh import Ssh
from tests.integration.test_link_ssh_login import (
    CODE,
    PASSPHRASE,
    PASSWORD,
    enter,
    let_in,
    make_key,
    open_agent,
    open_asking,
)
from tests.support import processes
from tests.support.answers import Answers
from tests.support.require import too_old
from tests.support.serving import serving, serving_at
from tests.support.ssh_clients import open_ssh, surprises
from tests.support.sshd import Sshd, open_sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.usefixtures("ssh_client"), pytest.mark.sshd]


@asynccontextmanager
async def logged_in(
    sshd: Sshd, *lines: str, person: Answers | None = None, **limits: float
) -> AsyncGenerator[Ssh, None]:
    config = sshd.client_config(*lines, name="mine")
    options = SshOptions(config_file=str(config), **limits)  # type: ignore[arg-type]
    async with open_ssh(parse_host(sshd.alias), options, person or Answers()) as ssh:
        yield ssh


async def works(sshd: Sshd, *lines: str, person: Answers | None = None, **limits: float) -> bool:
    async with logged_in(sshd, *lines, person=person, **limits) as ssh:
        return (await ssh.run("echo in", timeout=10)).stdout == b"in\n"


# ---------------------------------------------------------------- algorithms


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["Ciphers aes256-ctr"], "client->server cipher: aes256-ctr "),
        (["Ciphers ^aes192-ctr"], "client->server cipher: aes192-ctr "),
        (["Ciphers aes256-ctr", "MACs hmac-sha2-512"], "MAC: hmac-sha2-512 "),
        (["KexAlgorithms ecdh-sha2-nistp256"], "kex: algorithm: ecdh-sha2-nistp256"),
        (["HostKeyAlgorithms rsa-sha2-256"], "kex: host key algorithm: rsa-sha2-256"),
        (["Compression yes"], "compression: zlib@openssh.com"),
        (["Compression no"], "compression: none"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
async def test_the_algorithms_of_the_config_are_used(tmp_path: Path, lines: list[str], wanted: str) -> None:
    rsa = await make_key(tmp_path / "rsa_host_key", "-t", "rsa", "-b", "2048")
    async with open_sshd(tmp_path / "sshd", lines=["LogLevel DEBUG", f"HostKey {rsa}"]) as sshd:
        name = f"[127.0.0.1]:{sshd.port} "
        sshd.known_hosts.write_text(sshd.known_hosts.read_text() + name + Path(f"{rsa}.pub").read_text())
        assert await works(sshd, *lines)
        assert wanted in sshd.log


async def test_the_signatures_of_the_config_are_the_only_ones_made(tmp_path: Path) -> None:
    key = await make_key(tmp_path / "key", "-t", "rsa", "-b", "2048")
    server = ["PubkeyAcceptedAlgorithms rsa-sha2-256,ssh-ed25519"]
    async with open_sshd(tmp_path / "sshd", lines=server) as sshd:
        let_in(sshd, key, sshd.user_key)
        named = f"IdentityFile {key}"
        assert await works(sshd, named, "PubkeyAcceptedAlgorithms rsa-sha2-256")
        with pytest.raises((LoginRefused, ConfigError)):
            await works(sshd, named, "PubkeyAcceptedAlgorithms rsa-sha2-512")
        # The key that would get in is no RSA key, so it is not offered.
        with pytest.raises((LoginRefused, ConfigError)):
            await works(sshd, "PubkeyAcceptedAlgorithms rsa-sha2-512")
        assert sshd.logins == 1


async def test_a_config_that_leaves_no_cipher_in_common_is_told(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd", lines=["Ciphers aes128-ctr"]) as sshd:
        with pytest.raises((LoginRefused, ConfigError, HostUnreachable)) as caught:
            await works(sshd, "Ciphers aes256-ctr")
        assert "algorithm" in f"{caught.value.message} {caught.value}"
        assert sshd.connections - surprises(sshd.alias) == 1


# ---------------------------------------------------------------- the connection


async def test_the_family_of_the_address_is_the_one_asked_for(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd", lines=["ListenAddress ::1"]) as sshd:
        known = f"[::1]:{sshd.port} " + " ".join(Path(f"{sshd.host_key}.pub").read_text().split()[:2])
        sshd.known_hosts.write_text(f"{sshd.known_hosts.read_text()}{known}\n")
        assert await works(sshd, "HostName ::1", "AddressFamily inet6")
        assert "Connection from ::1 " in sshd.log
        assert await works(sshd, "AddressFamily inet")
        for lines in (["HostName ::1", "AddressFamily inet"], ["AddressFamily inet6"]):
            with pytest.raises(HostUnreachable):
                await works(sshd, *lines)
        assert sshd.connections == 2


async def test_a_shorter_connect_timeout_of_the_config_wins(tmp_path: Path) -> None:
    config = tmp_path / "config"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        config.write_text(f"Host x\n HostName 127.0.0.1\n Port {port}\n ConnectTimeout 1\n")
        options = SshOptions(config_file=str(config), connect_timeout=1000)
        async with asyncio.timeout(30):
            with pytest.raises(HostUnreachable, match=r"does not answer|timed out"):
                async with open_ssh(parse_host("x"), options, Answers()):
                    pytest.fail("nobody answered")


async def test_a_shorter_sign_of_life_of_the_config_wins(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        lines = ("ServerAliveInterval 1", "ServerAliveCountMax 1")
        async with logged_in(sshd, *lines, keepalive_interval=1000, keepalive_count=1000) as ssh:
            await sshd.freeze()
            async with asyncio.timeout(30):
                with pytest.raises(LinkLost):
                    await ssh.wait_lost()
        sshd.thaw()


async def test_a_failed_connect_is_not_repeated(tmp_path: Path) -> None:
    came: list[int] = []

    async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(1)

    async with serving(slam) as port:
        config = tmp_path / "config"
        config.write_text(f"Host x\n HostName 127.0.0.1\n Port {port}\n ConnectionAttempts 5\n")
        with pytest.raises(HostUnreachable):
            async with open_ssh(parse_host("x"), SshOptions(config_file=str(config)), Answers()):
                pytest.fail("nobody answered")
    assert came == [1]


def keepalive_timers(port: int) -> set[str]:
    """The timers of our connections to a port: 02 is a keepalive's, 00 is none."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {line[5][:2] for line in lines if line[2].endswith(f":{port:04X}") and line[3] == "01"}


@pytest.mark.parametrize(("word", "timer"), [("yes", "02"), ("no", "00")])
async def test_the_system_probes_the_connection_where_the_config_says_so(
    tmp_path: Path, word: str, timer: str
) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd, logged_in(sshd, f"TCPKeepAlive {word}"):
        await until(
            lambda: keepalive_timers(sshd.port) == {timer}, "the timer is set", show=lambda: sshd.log[-300:]
        )


# ---------------------------------------------------------------- methods


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("PreferredAuthentications password", [QuestionKind.PASSWORD]),
        ("PreferredAuthentications password,keyboard-interactive", [QuestionKind.PASSWORD]),
        ("PreferredAuthentications keyboard-interactive", [QuestionKind.KEYBOARD_INTERACTIVE] * 2),
        ("PasswordAuthentication no", [QuestionKind.KEYBOARD_INTERACTIVE] * 2),
        ("KbdInteractiveAuthentication no", [QuestionKind.PASSWORD]),
    ],
)
async def test_methods_are_tried_in_the_order_of_the_config_and_no_others(
    tmp_path: Path, line: str, kinds: list[QuestionKind]
) -> None:
    async with open_asking(tmp_path, "password", "keyboard-interactive") as (config, _):
        config.write_text(f"{config.read_text()} {line}\n")
        answers = {QuestionKind.PASSWORD: [PASSWORD], QuestionKind.KEYBOARD_INTERACTIVE: [PASSWORD, CODE]}
        person = Answers(answers)
        assert await enter(config, person) == b"in\n"
        assert person.kinds == kinds


async def test_a_password_is_asked_for_as_often_as_the_config_says(tmp_path: Path) -> None:
    async with open_asking(tmp_path, "password") as (config, connections):
        config.write_text(f"{config.read_text()} NumberOfPasswordPrompts 1\n")
        person = Answers({QuestionKind.PASSWORD: ["wrong", PASSWORD]})
        with pytest.raises(LoginRefused):
            await enter(config, person)
        assert (len(person.questions), len(connections)) == (1, 1)


async def test_no_key_is_offered_where_the_config_says_so(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        with pytest.raises(LoginRefused):
            await works(sshd, "PubkeyAuthentication no")
        assert "publickey" not in sshd.log
        assert sshd.connections - surprises(sshd.alias) == 1


async def test_a_certificate_may_lie_anywhere(tmp_path: Path) -> None:
    authority, key = await make_key(tmp_path / "ca"), await make_key(tmp_path / "key")
    async with open_sshd(tmp_path / "sshd", lines=[f"TrustedUserCAKeys {authority}.pub"]) as sshd:
        argv: list[str | Path] = ["ssh-keygen", "-q", "-s", authority, "-I", "t", "-n", sshd.user]
        assert (await processes.run([*argv, f"{key}.pub"])).code == 0
        let_in(sshd)
        (tmp_path / "key-cert.pub").rename(tmp_path / "elsewhere.pub")
        with pytest.raises(LoginRefused):
            await works(sshd, f"IdentityFile {key}")
        assert await works(sshd, f"IdentityFile {key}", f"CertificateFile {tmp_path}/elsewhere.pub")


@pytest.mark.parametrize("value", ["yes", "confirm", "ask"])
async def test_nothing_typed_is_kept_by_the_agent(short_path: Path, value: str) -> None:
    key = await make_key(short_path / "key", passphrase=PASSPHRASE)
    async with open_sshd(short_path / "sshd") as sshd, open_agent(short_path) as agent:
        let_in(sshd, key)
        person = Answers({QuestionKind.PASSPHRASE: [PASSPHRASE]})
        lines = [f"IdentityAgent {agent}", f"IdentityFile {key}", f"AddKeysToAgent {value}"]
        assert await works(sshd, *lines, person=person)
        assert person.kinds == [QuestionKind.PASSPHRASE]
        listed = await processes.run(
            ["ssh-add", "-l"], environment={**os.environ, "SSH_AUTH_SOCK": str(agent)}
        )
        assert "no identities" in listed.out


# ---------------------------------------------------------------- host keys


async def test_a_key_on_file_for_all_users_is_enough(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        lines = ["UserKnownHostsFile /dev/null", f"GlobalKnownHostsFile {tmp_path}/none {sshd.known_hosts}"]
        assert await works(sshd, *lines)


async def test_checks_beyond_the_files_do_not_disturb(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        # Under another name: with CheckHostIP the address is looked up as well.
        lines = [
            *("HostKeyAlias known", "CheckHostIP yes", "VerifyHostKeyDNS yes", "UpdateHostKeys no"),
            "CASignatureAlgorithms ssh-ed25519",
        ]
        before = sshd.known_hosts.read_text().replace(f"[127.0.0.1]:{sshd.port}", "known")
        sshd.known_hosts.write_text(before)
        person = Answers()
        assert await works(sshd, *lines, person=person)
        assert sshd.known_hosts.read_text() == before
        assert person.questions == []


async def test_a_fingerprint_is_sha256_and_no_picture(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        person = Answers({QuestionKind.HOST_KEY: ["yes"]})
        lines = [
            *(f"UserKnownHostsFile {tmp_path}/none", "StrictHostKeyChecking ask"),
            *("FingerprintHash md5", "VisualHostKey yes"),
        ]
        assert await works(sshd, *lines, person=person)
        asked = f"{person.questions[0].lead}\n{person.questions[0].text}"
        assert "SHA256:" in asked
        assert "MD5:" not in asked
        assert "+--" not in asked + "".join(person.told)


# ---------------------------------------------------------------- resolved by ssh, and passed over


async def test_what_ssh_resolves_in_a_second_pass_counts(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        config = tmp_path / "config"
        rest = sshd.ssh_config.read_text().replace(f"    Port {sshd.port}\n", "")
        config.write_text(f"Include {tmp_path}/more*\n{rest}")
        (tmp_path / "more1").write_text(f"Match final host 127.0.0.1\n Port {sshd.port}\n")
        options = SshOptions(config_file=str(config))
        async with open_ssh(parse_host(sshd.alias), options, Answers()) as ssh:
            assert (await ssh.run("echo in", timeout=10)).stdout == b"in\n"


async def test_a_tag_chooses_what_matches_it(tmp_path: Path) -> None:
    asked = await processes.run(["ssh", "-F", "none", "-G", "-o", "Tag=x", "--", "x"])
    if "Bad configuration option" in asked.err:
        too_old("ssh has Tag since 9.4")
    async with open_sshd(tmp_path / "sshd") as sshd:
        config = sshd.client_config("Tag right", "IdentityFile /nowhere", name="mine")
        config.write_text(f"{config.read_text()}Match tagged right\n  IdentityFile {sshd.user_key}\n")
        async with open_ssh(parse_host(sshd.alias), SshOptions(config_file=str(config)), Answers()) as ssh:
            assert (await ssh.run("echo in", timeout=10)).stdout == b"in\n"


async def test_keywords_the_config_itself_calls_unknown_are_passed_over(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        # As in a config that a Mac shares.
        assert await works(sshd, "IgnoreUnknown UseKeychain,Frob*", "UseKeychain yes", "Frobnicate 7")


async def test_no_display_of_this_machine_is_lent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":7")
    async with open_sshd(tmp_path / "sshd", lines=["X11Forwarding yes", "LogLevel DEBUG"]) as sshd:
        async with logged_in(sshd, "ForwardX11 yes", "ForwardX11Trusted yes") as ssh:
            ran = await ssh.run('echo "${DISPLAY-none}"', timeout=10)
        assert ran.stdout == b"none\n"
        assert "x11-req" not in sshd.log


async def test_a_config_for_sessions_at_a_terminal_leaves_ours_alone(short_path: Path) -> None:
    done = short_path / "done"
    async with open_sshd(short_path / "sshd") as sshd:
        lines = [
            *("PermitLocalCommand yes", f"LocalCommand touch {done}", "EscapeChar none", "LogLevel QUIET"),
            *("StdinNull yes", "SessionType none", "ForkAfterAuthentication yes", "Tunnel yes"),
            *("DynamicForward 127.0.0.1:1", "GatewayPorts yes", "StreamLocalBindMask 0777", "IPQoS lowdelay"),
            *("IgnoreUnknown ChannelTimeout,Obscure*", "ChannelTimeout *=1", "RekeyLimit 1M 1h"),
        ]
        peer = str(short_path / "peer")

        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")

        async with serving_at(peer, greet), logged_in(sshd, *lines) as ssh:
            assert (await ssh.run("echo in", timeout=10)).stdout == b"in\n"
            reader = asyncio.StreamReader()
            transport, _ = await ssh.open_unix(lambda: asyncio.StreamReaderProtocol(reader), peer)
            assert await reader.readexactly(5) == b"hello"
            transport.abort()
        assert not done.exists()
