"""Logging in to a real sshd, and to an asyncssh server where questions need no PAM."""

import asyncio
import os
import shlex
import signal
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.question import QuestionKind
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.errors import (
    ConfigError,
    ExitCode,
    ForwardError,
    HostUnreachable,
    Interrupted,
    LoginRefused,
)
from codex_ssh.link.ssh_way import connect_first
from codex_ssh.local.terminal import SilentPrompter
from tests.support import processes
from tests.support.answers import Answers
from tests.support.serving import serving
from tests.support.ssh_clients import open_ssh, surprises, under_test
from tests.support.ssh_servers import end, noted
from tests.support.sshd import Sshd, open_sshd
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("ssh_client")

PASSPHRASE, PASSWORD, CODE = "open sesame", "hunter2", "424242"


async def whoami(sshd: Sshd, config: Path, prompter: Answers | SilentPrompter) -> str:
    """Log in, run something, and give what it printed."""
    options = SshOptions(config_file=str(config))
    async with open_ssh(parse_host(sshd.alias), options, prompter) as ssh:
        ran = await ssh.run("id -un", timeout=10)
    return ran.stdout.decode().strip()


async def make_key(path: Path, *more: str, passphrase: str = "") -> Path:
    made = await processes.run(
        ["ssh-keygen", "-q", "-N", passphrase, "-f", path, *(more or ("-t", "ed25519"))]
    )
    assert made.code == 0, made.err
    return path


def let_in(sshd: Sshd, *keys: Path) -> None:
    lines = [key.with_name(f"{key.name}.pub").read_text() for key in keys]
    (sshd.directory / "authorized_keys").write_text("".join(lines))


@asynccontextmanager
async def open_agent(directory: Path, *keys: Path) -> AsyncGenerator[Path, None]:
    """A real ssh-agent that holds some keys."""
    path = directory / "agent.sock"
    agent = await asyncio.create_subprocess_exec(
        "ssh-agent", "-D", "-a", path, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        environment = {**os.environ, "SSH_AUTH_SOCK": str(path)}

        async def answers() -> bool:
            return (await processes.run(["ssh-add", "-l"], environment=environment)).code < 2

        await until(answers, "the agent answers")
        for key in keys:
            added = await processes.run(["ssh-add", "-q", key], environment=environment)
            assert added.code == 0, added.err
        yield path
    finally:
        agent.terminate()
        await agent.wait()


@pytest.mark.parametrize("kind", [("-t", "ed25519"), ("-t", "rsa", "-b", "2048"), ("-t", "ecdsa")])
async def test_a_key_file_of_any_usual_type_logs_in(tmp_path: Path, kind: Sequence[str]) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        key = await make_key(tmp_path / "key", *kind)
        let_in(sshd, key)
        config = sshd.client_config(f"IdentityFile {key}", name="mine")
        assert await whoami(sshd, config, SilentPrompter()) == sshd.user
        assert (sshd.connections, sshd.logins) == (1, 1)


@pytest.mark.parametrize("public_half", [True, False])
async def test_an_encrypted_key_asks_for_its_passphrase_once_the_server_wants_it(
    tmp_path: Path, *, public_half: bool
) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        unwanted = await make_key(tmp_path / "unwanted", passphrase=PASSPHRASE)
        key = await make_key(tmp_path / "a key", passphrase=PASSPHRASE)
        let_in(sshd, key)
        if not public_half:
            (tmp_path / "a key.pub").unlink()
        config = sshd.client_config(f"IdentityFile {unwanted}", f'IdentityFile "{key}"', name="mine")
        person = Answers({QuestionKind.PASSPHRASE: ["wrong", PASSPHRASE]})
        assert await whoami(sshd, config, person) == sshd.user
        assert [str(key) in question.text for question in person.questions] == [True, True]
        assert sshd.connections == 1


async def test_a_key_in_an_old_encrypted_format_asks_before_it_can_be_offered(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        key = await make_key(tmp_path / "key", "-t", "rsa", "-b", "2048", "-m", "PEM", passphrase=PASSPHRASE)
        let_in(sshd, key)
        (tmp_path / "key.pub").unlink()
        config = sshd.client_config(f"IdentityFile {key}", name="mine")
        person = Answers({QuestionKind.PASSPHRASE: [PASSPHRASE]})
        assert await whoami(sshd, config, person) == sshd.user


async def test_a_key_nobody_unlocks_is_passed_over(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        key = await make_key(tmp_path / "key", passphrase=PASSPHRASE)
        let_in(sshd, key, sshd.user_key)
        config = sshd.client_config(f"IdentityFile {key}", name="mine")
        person = Answers()
        assert await whoami(sshd, config, person) == sshd.user
        assert person.kinds == [QuestionKind.PASSPHRASE]


async def test_nobody_to_ask_is_a_refused_login_that_says_so(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        key = await make_key(tmp_path / "key", passphrase=PASSPHRASE)
        let_in(sshd, key)
        config = sshd.client_config(f"IdentityFile {key}", name="mine")
        with pytest.raises(LoginRefused, match="--no-input") as caught:
            await whoami(sshd, config, SilentPrompter())
        assert "ssh-add" in caught.value.hint
        assert sshd.connections == 1


async def test_the_agent_logs_in_and_named_keys_go_first(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd", lines=["MaxAuthTries 2"]) as sshd:
        others = [await make_key(tmp_path / f"other{number}") for number in range(4)]
        key = await make_key(tmp_path / "key")
        let_in(sshd, key)
        async with open_agent(tmp_path, *others, key) as agent:
            lines = (f"IdentityAgent {agent}", f"IdentityFile {key}.pub", "IdentitiesOnly no")
            config = sshd.client_config(*lines, name="mine")
            assert await whoami(sshd, config, SilentPrompter()) == sshd.user
            key.unlink()
            assert await whoami(sshd, config, SilentPrompter()) == sshd.user


async def test_identities_only_keeps_other_agent_keys_back(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        key = await make_key(tmp_path / "key")
        let_in(sshd, key)
        async with open_agent(tmp_path, key) as agent:
            only = sshd.client_config(f"IdentityAgent {agent}", name="only")
            with pytest.raises(LoginRefused):
                await whoami(sshd, only, SilentPrompter())
            lines = (f"IdentityAgent {agent}", "IdentitiesOnly no")
            assert await whoami(sshd, sshd.client_config(*lines, name="all"), SilentPrompter()) == sshd.user


async def test_a_dead_agent_is_passed_over(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        config = sshd.client_config(f"IdentityAgent {tmp_path}/nobody", name="mine")
        assert await whoami(sshd, config, SilentPrompter()) == sshd.user


@pytest.mark.parametrize("in_agent", [True, False])
async def test_a_certificate_logs_in(tmp_path: Path, *, in_agent: bool) -> None:
    authority = await make_key(tmp_path / "ca")
    key = await make_key(tmp_path / "key")
    async with open_sshd(tmp_path / "sshd", lines=[f"TrustedUserCAKeys {authority}.pub"]) as sshd:
        signed = await processes.run(
            ["ssh-keygen", "-q", "-s", authority, "-I", "test", "-n", sshd.user, f"{key}.pub"]
        )
        assert signed.code == 0, signed.err
        let_in(sshd)
        async with open_agent(tmp_path, key) as agent:
            lines = [f"IdentityFile {key}"]
            if in_agent:
                lines = [
                    f"IdentityAgent {agent}",
                    f"CertificateFile {key}-cert.pub",
                    f"IdentityFile {key}.pub",
                ]
                key.unlink()
            config = sshd.client_config(*lines, name="mine")
            assert await whoami(sshd, config, SilentPrompter()) == sshd.user
        assert "ED25519-CERT" in sshd.log


async def test_a_wrong_key_is_one_connection_and_a_refused_login(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        let_in(sshd)
        with pytest.raises(LoginRefused) as caught:
            await whoami(sshd, sshd.ssh_config, SilentPrompter())
        assert caught.value.exit_code is ExitCode.REFUSED
        assert "publickey" in caught.value.said
        assert str(sshd.user_key) in caught.value.message
        await until(lambda: "preauth" in sshd.log, "sshd notices the end", show=lambda: sshd.log)
        assert (sshd.connections - surprises(sshd.alias), sshd.logins) == (1, 0)
        # The hint is a command that shows the same.
        by_hand = shlex.split(caught.value.hint.partition(": ")[2])
        ran = await processes.run([*by_hand, "true"])
        assert ran.code == 255
        assert f"Offering public key: {sshd.user_key}" in ran.err
        assert "Permission denied (publickey)" in ran.err


async def test_too_many_keys_are_explained(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd", lines=["MaxAuthTries 2"]) as sshd:
        let_in(sshd)
        keys = [await make_key(tmp_path / f"key{number}") for number in range(4)]
        config = sshd.client_config(*(f"IdentityFile {key}" for key in keys), name="mine")
        with pytest.raises(LoginRefused) as caught:
            await whoami(sshd, config, SilentPrompter())
        assert "Too many authentication failures" in caught.value.said
        assert "IdentitiesOnly" in caught.value.hint


async def test_a_key_others_may_read_is_not_used(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        sshd.user_key.chmod(0o644)
        with pytest.raises(LoginRefused) as caught:
            await whoami(sshd, sshd.ssh_config, SilentPrompter())
        assert "chmod 600" in caught.value.hint


async def test_an_identity_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    options = SshOptions(config_file="none", identity_files=(str(tmp_path / "nope"),))
    with pytest.raises(ConfigError, match="nope"):
        async with open_ssh(parse_host("127.0.0.1:1"), options, SilentPrompter()):
            pass


async def test_a_closed_port_is_an_unreachable_host(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        await sshd.stop()
        with pytest.raises(HostUnreachable, match="nothing listens") as caught:
            await whoami(sshd, sshd.ssh_config, SilentPrompter())
        assert caught.value.exit_code is ExitCode.UNREACHABLE
        assert caught.value.said == "Connection refused"


async def test_a_name_nobody_knows_is_an_unreachable_host() -> None:
    with pytest.raises(HostUnreachable, match=r"no such name: 'nobody\.invalid'"):
        async with open_ssh(parse_host("nobody.invalid"), SshOptions(config_file="none"), SilentPrompter()):
            pass


def addresses(*ports: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]


async def test_of_several_addresses_the_one_that_answers_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as good, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = closed.getsockname()[1], good.getsockname()[1]
        closed.close()
        with await connect_first(addresses(*ports), "") as connected:
            assert connected.getpeername() == good.getsockname()
            thin_linear_timeouts = 16
            assert connected.getsockopt(socket.IPPROTO_TCP, thin_linear_timeouts) == 1
        with pytest.raises(ConnectionRefusedError):
            await connect_first(addresses(ports[0], ports[0]), "")


async def test_an_address_that_is_silent_does_not_keep_the_next_one_waiting() -> None:
    # A full backlog answers nothing.
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_server(("127.0.0.1", 0)) as good,
    ):
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(full.getsockname())
            async with asyncio.timeout(10):
                ports = full.getsockname()[1], good.getsockname()[1]
                with await connect_first(addresses(*ports), "") as connected:
                    assert connected.getpeername() == good.getsockname()
        finally:
            for filler in fillers:
                filler.close()


async def test_an_address_that_was_silent_is_asked_anew_beside_the_packet_that_was_lost() -> None:
    def asking(port: int) -> int:
        rows = [line.split()[2:4] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(peer == f"0100007F:{port:04X}" and state == "02" for peer, state in rows)  # SYN_SENT

    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port: int = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(full.getsockname())
            before = asking(port)
            async with asyncio.timeout(20), asyncio.TaskGroup() as group:
                connecting = group.create_task(connect_first(addresses(port), ""))
                await until(lambda: asking(port) >= before + 3, "it asks three times at once")
                full.listen(64)
                with await connecting as connected:
                    assert connected.getpeername() == full.getsockname()
            await until(lambda: asking(port) <= before, "what came too late is closed")
        finally:
            for filler in fillers:
                filler.close()


async def test_an_address_to_connect_from_is_used(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        config = sshd.client_config("BindAddress 127.0.0.7", name="mine")
        assert await whoami(sshd, config, SilentPrompter()) == sshd.user
        assert "Connection from 127.0.0.7" in sshd.log


async def test_a_host_that_never_answers_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        host = parse_host(f"127.0.0.1:{mute.getsockname()[1]}")
        options = SshOptions(config_file="none", connect_timeout=0.3)
        with pytest.raises(HostUnreachable, match="does not answer as an SSH server does"):
            async with open_ssh(host, options, SilentPrompter()):
                pass


async def test_something_else_than_ssh_is_an_unreachable_host() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(answer) as port:
        host = parse_host(f"127.0.0.1:{port}")
        with pytest.raises(HostUnreachable):
            async with open_ssh(host, SshOptions(config_file="none"), SilentPrompter()):
                pass


# ---------------------------------------------------------------- questions


class Asking(asyncssh.SSHServer):
    """A server that takes passwords and asks questions, like one with PAM."""

    def __init__(self, methods: Sequence[str]) -> None:
        self._methods = methods
        self._round = 0

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return "password" in self._methods

    def validate_password(self, username: str, password: str) -> bool:
        return password == PASSWORD

    def kbdint_auth_supported(self) -> bool:
        return "keyboard-interactive" in self._methods

    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        self._round = 0
        return "", "Welcome\x1b[2J", "", [("Password: ", False)]

    def validate_kbdint_response(
        self, username: str, responses: Sequence[str]
    ) -> bool | tuple[str, str, str, list[tuple[str, bool]]]:
        self._round += 1
        if self._round == 1:
            return ("", "", "", [("Code: ", True)]) if list(responses) == [PASSWORD] else False
        return list(responses) == [CODE]


@asynccontextmanager
async def open_asking(directory: Path, *methods: str) -> AsyncGenerator[tuple[Path, list[int]], None]:
    """Such a server on loopback; gives a client config for the host ``asking``, and counts connections."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    connections: list[int] = []

    def serve() -> Asking:
        connections.append(1)
        return Asking(methods)

    async def echo(process: "asyncssh.SSHServerProcess[str]") -> None:
        process.stdout.write("in\n")
        process.exit(0)

    made: list[asyncssh.SSHServerConnection] = []
    server = await asyncssh.create_server(
        noted(serve, made), "127.0.0.1", 0, server_host_keys=[key], process_factory=echo
    )
    try:
        port = server.get_port()
        known = directory / "asking_known"
        known.write_text(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")
        config = directory / "asking_config"
        config.write_text(
            f"Host asking\n HostName 127.0.0.1\n Port {port}\n User me\n UserKnownHostsFile {known}\n"
            " StrictHostKeyChecking yes\n IdentityAgent none\n IdentityFile none\n"
        )
        yield config, connections
    finally:
        await end(server, made)


async def enter(config: Path, prompter: Answers, **limits: float) -> bytes:
    options = SshOptions(config_file=str(config), **limits)  # type: ignore[arg-type]
    async with open_ssh(parse_host("asking"), options, prompter) as ssh:
        return (await ssh.run("true", timeout=10)).stdout


async def test_a_password_is_asked_for_again_when_it_was_wrong(tmp_path: Path) -> None:
    async with open_asking(tmp_path, "password") as (config, connections):
        person = Answers({QuestionKind.PASSWORD: ["wrong", PASSWORD]})
        assert await enter(config, person) == b"in\n"
        assert person.kinds == [QuestionKind.PASSWORD] * 2
        assert person.questions[0].text == "password for me@127.0.0.1: "
        assert not person.questions[0].echo
        assert len(connections) == 1


async def test_a_password_is_asked_for_three_times_at_most(tmp_path: Path) -> None:
    async with open_asking(tmp_path, "password") as (config, connections):
        person = Answers({QuestionKind.PASSWORD: ["wrong"] * 9})
        with pytest.raises(LoginRefused):
            await enter(config, person)
        assert len(person.questions) == 3
        assert len(connections) == 1


async def test_several_rounds_of_questions_are_answered(tmp_path: Path) -> None:
    async with open_asking(tmp_path, "keyboard-interactive") as (config, _):
        person = Answers({QuestionKind.KEYBOARD_INTERACTIVE: [PASSWORD, CODE]})
        assert await enter(config, person) == b"in\n"
        # ssh does not tell its askpass whether an answer may be seen, and shows a title by itself.
        aware = under_test() is SshClient.ASYNCSSH
        assert [(question.text, question.echo) for question in person.questions] == [
            ("Password: ", False),
            ("Code: ", aware),
        ]
        assert person.questions[0].lead == ("Welcome\x1b[2J" if aware else "")


async def test_a_question_nobody_answers_ends_the_login(tmp_path: Path) -> None:
    async with open_asking(tmp_path, "keyboard-interactive", "password") as (config, connections):
        with pytest.raises(LoginRefused, match="not answered"):
            await enter(config, Answers())
        assert len(connections) == 1


async def test_batch_mode_asks_nothing(tmp_path: Path) -> None:
    async with open_asking(tmp_path, "keyboard-interactive", "password") as (config, _):
        config.write_text(config.read_text() + " BatchMode yes\n")
        person = Answers({QuestionKind.PASSWORD: [PASSWORD]})
        with pytest.raises(LoginRefused):
            await enter(config, person)
        assert person.questions == []


async def test_no_time_limit_runs_while_a_question_is_open(tmp_path: Path) -> None:
    async with open_asking(tmp_path, "password") as (config, _):
        person = Answers({QuestionKind.PASSWORD: [PASSWORD]}, hold=asyncio.Event())

        async def think() -> None:
            await until(lambda: person.questions, "the question is asked")
            # Three times the limit of the whole login.
            await asyncio.sleep(1.5)
            assert person.hold is not None
            person.hold.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(think())
            entered = group.create_task(enter(config, person, login_timeout=0.5, connect_timeout=0.5))
        assert entered.result() == b"in\n"


async def test_an_error_of_the_prompter_comes_out_as_it_is(tmp_path: Path) -> None:
    class Leaving(Answers):
        async def ask(self, question: object) -> None:
            raise Interrupted

    async with open_asking(tmp_path, "password") as (config, _):
        with pytest.raises(Interrupted):
            await enter(config, Leaving())


async def test_giving_up_while_a_question_is_open_leaves_nothing(tmp_path: Path) -> None:
    async with open_asking(tmp_path, "password") as (config, connections):
        person = Answers({QuestionKind.PASSWORD: [PASSWORD]}, hold=asyncio.Event())
        async with asyncio.TaskGroup() as group:
            task = group.create_task(enter(config, person))
            await until(lambda: person.questions, "the question is asked")
            task.cancel()
        assert task.cancelled()
        await until(lambda: not client_sockets(config), "the connection is closed")
        assert len(connections) == 1


def client_sockets(config: Path) -> list[str]:
    """Our established connections to the port in a config."""
    port = next(
        line.split()[1] for line in config.read_text().splitlines() if line.strip().startswith("Port ")
    )
    wanted = f"{int(port):04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [line for line in lines if line.split()[2].endswith(f":{wanted}") and line.split()[3] == "01"]


async def test_a_public_key_and_then_a_code_are_both_given(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o600)
    # A real sshd without PAM can chain a key and another key; that is the partial success we need.
    second = await make_key(tmp_path / "second")
    async with open_sshd(tmp_path / "sshd", lines=["AuthenticationMethods publickey,publickey"]) as sshd:
        key.write_public_key(tmp_path / "key.pub")
        let_in(sshd, tmp_path / "key", second)
        config = sshd.client_config(f"IdentityFile {tmp_path / 'key'}", f"IdentityFile {second}", name="mine")
        assert await whoami(sshd, config, SilentPrompter()) == sshd.user
        assert "Partial publickey" in sshd.log


def name_list(names: str) -> bytes:
    return len(names).to_bytes(4, "big") + names.encode()


# With a server that goes this fast, ssh itself hears it only sometimes.
@pytest.mark.ssh_client("asyncssh")
async def test_what_a_server_says_just_before_it_goes_is_heard(tmp_path: Path) -> None:
    # RFC 4253 section 7.1: a key exchange in which nothing fits, and the end right behind it.
    body = bytes([20]) + bytes(16) + name_list("curve25519-sha256") + name_list("ssh-ed25519")
    body += (name_list("none-such") * 2 + name_list("hmac-sha2-256") * 2 + name_list("none") * 2) + bytes(8)
    body += bytes(5)
    padding = 16 - (len(body) + 5) % 8
    packet = (len(body) + padding + 1).to_bytes(4, "big") + bytes([padding]) + body + bytes(padding)

    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-leaving\r\n" + packet)

    async with serving(leave) as port:
        config = tmp_path / "config"
        config.write_text(f"Host leaving\n HostName 127.0.0.1\n Port {port}\n User me\n")
        with pytest.raises(LoginRefused, match="in common"):
            async with open_ssh(parse_host("leaving"), SshOptions(config_file=str(config)), SilentPrompter()):
                pytest.fail("nothing fits")


async def test_a_frozen_server_during_the_login_is_given_up_in_time(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        os.kill(sshd.pid, signal.SIGSTOP)
        try:
            options = SshOptions(config_file=str(sshd.ssh_config), connect_timeout=0.3)
            with pytest.raises(HostUnreachable, match="does not answer"):
                async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()):
                    pass
        finally:
            os.kill(sshd.pid, signal.SIGCONT)


# ---------------------------------------------------------------- what a server hears of a script


class Endless(asyncssh.SSHServerSession[str]):
    """A command that never ends, and writes down what it is told."""

    def __init__(self, heard: list[str]) -> None:
        self._heard = heard

    def exec_requested(self, command: str) -> bool:
        self._heard.append(command)
        return True

    def signal_received(self, signal: str) -> None:
        self._heard.append(signal)


class Open(asyncssh.SSHServer):
    """Lets everybody in."""

    def __init__(self, heard: list[str]) -> None:
        self._heard = heard

    def begin_auth(self, username: str) -> bool:
        return False

    def session_requested(self) -> Endless:
        return Endless(self._heard)


# A control socket has no message for a signal.
@pytest.mark.ssh_client("asyncssh")
async def test_a_script_that_is_given_up_is_told_to_end(tmp_path: Path) -> None:
    # OpenSSH does not pass signals on to programs of root, who may be running this.
    heard: list[str] = []
    key = asyncssh.generate_private_key("ssh-ed25519")
    made: list[asyncssh.SSHServerConnection] = []
    server = await asyncssh.create_server(
        noted(lambda: Open(heard), made), "127.0.0.1", 0, server_host_keys=[key]
    )
    try:
        config = tmp_path / "config"
        config.write_text(
            f"Host open\n HostName 127.0.0.1\n Port {server.get_port()}\n"
            f" UserKnownHostsFile {tmp_path}/known\n"
            " StrictHostKeyChecking accept-new\n IdentityAgent none\n IdentityFile none\n"
        )
        options = SshOptions(config_file=str(config))
        async with open_ssh(parse_host("open"), options, SilentPrompter()) as ssh:
            with pytest.raises(ForwardError, match="did not end"):
                await ssh.run("true", timeout=0.3)
            await until(lambda: len(heard) == 2, "the server hears of it", show=lambda: heard)
        assert heard == ["exec /bin/sh -s", "TERM"]
    finally:
        await end(server, made)
