"""Every way in, by every way there, with both clients."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.question import QuestionKind
from codex_ssh.core.ssh_options import SshOptions
from tests.integration.test_link_ssh_login import (
    CODE,
    PASSPHRASE,
    PASSWORD,
    Asking,
    let_in,
    make_key,
    open_agent,
)
from tests.support import processes
from tests.support.answers import Answers
from tests.support.ssh_clients import open_ssh, surprises
from tests.support.ssh_servers import end, noted
from tests.support.sshd import open_sshd

pytestmark = pytest.mark.usefixtures("ssh_client")

METHODS = ("key", "agent", "encrypted key", "certificate", "password", "code")
WAYS = ("direct", "one jump", "two jumps", "ProxyCommand")
ROWS = [(method, way) for method in METHODS for way in WAYS]


@dataclass(slots=True, kw_only=True)
class End:
    """A server to log in to.

    Attributes:
        config: Its block of a client config.
        answers: What a person answers it.
        connections: How many came.
    """

    config: str
    answers: Mapping[QuestionKind, Sequence[str]] = field(default_factory=dict)
    connections: Callable[[], int] = lambda: 1


class Forwarding(Asking):
    """Asks, and lets through to other hosts."""

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True


@asynccontextmanager
async def open_asking_end(directory: Path, alias: str, method: str) -> AsyncGenerator[End, None]:
    """A server that wants a password, or a password and a code in two rounds."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    came: list[int] = []
    methods = ["password"] if method == "password" else ["keyboard-interactive"]

    def serve() -> Forwarding:
        came.append(1)
        return Forwarding(methods)

    async def echo(process: "asyncssh.SSHServerProcess[str]") -> None:
        process.stdout.write("in\n")
        process.exit(0)

    made: list[asyncssh.SSHServerConnection] = []
    server = await asyncssh.create_server(
        noted(serve, made), "127.0.0.1", 0, server_host_keys=[key], process_factory=echo
    )
    try:
        port = server.get_port()
        known = directory / f"known-{alias}"
        known.write_text(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")
        answers = {
            "password": {QuestionKind.PASSWORD: [PASSWORD]},
            "code": {QuestionKind.KEYBOARD_INTERACTIVE: [PASSWORD, CODE]},
        }
        yield End(
            config=f"Host {alias}\n HostName 127.0.0.1\n Port {port}\n User me\n UserKnownHostsFile {known}\n"
            " StrictHostKeyChecking yes\n IdentityAgent none\n IdentityFile none\n",
            answers=answers[method],
            connections=lambda: len(came),
        )
    finally:
        await end(server, made)


@asynccontextmanager
async def open_end(stack: AsyncExitStack, directory: Path, method: str) -> AsyncGenerator[End, None]:
    """The host ``target``, which lets in by one method only."""
    if method in ("password", "code"):
        async with open_asking_end(directory, "target", method) as end:
            yield end
        return
    key = await make_key(directory / "key", passphrase=PASSPHRASE if method == "encrypted key" else "")
    authority = await make_key(directory / "ca")
    lines = [f"TrustedUserCAKeys {authority}.pub"] if method == "certificate" else []
    async with open_sshd(directory / "target", alias="target", lines=lines) as sshd:
        let_in(sshd, *([] if method == "certificate" else [key]))
        client = [f"IdentityFile {key}"]
        answers: Mapping[QuestionKind, Sequence[str]] = {}
        if method == "agent":
            agent = await stack.enter_async_context(open_agent(directory, key))
            client = [f"IdentityAgent {agent}", f"IdentityFile {key}.pub"]
            key.unlink()
        if method == "encrypted key":
            answers = {QuestionKind.PASSPHRASE: [PASSPHRASE]}
        if method == "certificate":
            argv: list[str | Path] = [
                "ssh-keygen",
                "-q",
                "-s",
                authority,
                "-I",
                "t",
                "-n",
                sshd.user,
                f"{key}.pub",
            ]
            assert (await processes.run(argv)).code == 0
        yield End(
            config=sshd.client_config(*client, name="mine").read_text(),
            answers=answers,
            connections=lambda: sshd.connections,
        )


async def enter(directory: Path, person: Answers, *blocks: str) -> bytes:
    config = directory / "config"
    config.write_text("\n".join(blocks))
    async with open_ssh(parse_host("target"), SshOptions(config_file=str(config)), person) as ssh:
        return (await ssh.run("echo in", timeout=10)).stdout


@pytest.mark.parametrize(("method", "way"), ROWS)
async def test_every_method_gets_in_by_every_way(tmp_path: Path, method: str, way: str) -> None:
    async with AsyncExitStack() as stack:
        end = await stack.enter_async_context(open_end(stack, tmp_path, method))
        hops = [
            (await stack.enter_async_context(open_sshd(tmp_path / name, alias=name))).ssh_config.read_text()
            for name in ("hop1", "hop2")[: WAYS.index(way) if "jump" in way else 0]
        ]
        first = {
            "direct": "",
            "one jump": "Host target\n ProxyJump hop1",
            "two jumps": "Host target\n ProxyJump hop1,hop2",
            "ProxyCommand": f"Host target\n ProxyCommand {CONNECT}",
        }[way]
        person = Answers(end.answers)
        assert await enter(tmp_path, person, first, end.config, *hops) == b"in\n"
        assert len(person.questions) == sum(map(len, end.answers.values()))
        assert {question.host for question in person.questions} <= {"target"}
        assert end.connections() - surprises("target") == 1


CONNECT = "bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & cat >&3; kill $!'"


@pytest.mark.parametrize("method", ["password", "code"])
async def test_a_bastion_asks_too_and_by_its_own_name(tmp_path: Path, method: str) -> None:
    async with (
        open_asking_end(tmp_path, "bastion", method) as bastion,
        open_sshd(tmp_path / "target", alias="target") as target,
    ):
        person = Answers(bastion.answers)
        blocks = ("Host target\n ProxyJump bastion", target.ssh_config.read_text(), bastion.config)
        assert await enter(tmp_path, person, *blocks) == b"in\n"
        assert {question.host for question in person.questions} == {"bastion"}
        assert (bastion.connections(), target.logins) == (1, 1)
