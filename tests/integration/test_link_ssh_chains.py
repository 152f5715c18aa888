"""A key and then a secret, as a real sshd chains them, on the host and on a bastion, with both clients."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.question import QuestionKind
from codex_ssh.core.ssh_options import SshClient, SshOptions
from codex_ssh.errors import LoginRefused
from tests.support.answers import Answers
from tests.support.pam import open_account, open_pam
from tests.support.ssh_clients import open_ssh, surprises, under_test
from tests.support.sshd import Sshd, open_sshd

pytestmark = [
    pytest.mark.usefixtures("ssh_client"),
    pytest.mark.sshd,
    pytest.mark.skipif(os.getuid() != 0, reason="an account with a password and a PAM service need root"),
    pytest.mark.xdist_group("users"),
]

SECRET = "correct horse"
KINDS = {"keyboard-interactive": QuestionKind.KEYBOARD_INTERACTIVE, "password": QuestionKind.PASSWORD}


@asynccontextmanager
async def open_chained(directory: Path, alias: str, second: str) -> AsyncGenerator[tuple[Sshd, str], None]:
    """An sshd that wants a key and a secret, and the client config for it."""
    lines = [f"AuthenticationMethods publickey,{second}"]
    lines.append("PasswordAuthentication yes" if second == "password" else "KbdInteractiveAuthentication yes")
    with open_pam() as service:
        # With PasswordAuthentication sshd compares with the system's own file, as one without PAM does.
        pam = "" if second == "password" else service
        async with (
            open_account(SECRET) as user,
            open_sshd(directory / alias, alias=alias, lines=lines, pam=pam) as sshd,
        ):
            # sshd reads the file as the account.
            for path in (directory, sshd.directory, sshd.directory / "authorized_keys"):
                path.chmod(0o755)
            yield sshd, sshd.client_config(f"User {user}", name="mine").read_text()


async def enter(directory: Path, person: Answers, *blocks: str, host: str = "devbox") -> bytes:
    config = directory / "config"
    config.write_text("\n".join(blocks))
    async with open_ssh(parse_host(host), SshOptions(config_file=str(config)), person) as ssh:
        return (await ssh.run("echo in", timeout=10)).stdout


@pytest.mark.parametrize("second", KINDS)
async def test_a_key_and_then_a_secret_get_in(short_path: Path, second: str) -> None:
    async with open_chained(short_path, "devbox", second) as (sshd, config):
        person = Answers({KINDS[second]: [SECRET]})
        assert await enter(short_path, person, config) == b"in\n"
        assert person.kinds == [KINDS[second]]
        assert person.questions[0].host == "devbox"
        assert not person.questions[0].echo
        assert "Partial publickey" in sshd.log
        assert (sshd.connections - surprises(sshd.alias), sshd.logins) == (1, 1)


@pytest.mark.parametrize("second", KINDS)
async def test_every_hop_of_the_way_may_want_both(short_path: Path, second: str) -> None:
    async with (
        open_chained(short_path, "bastion", second) as (bastion, bastion_config),
        open_chained(short_path, "devbox", second) as (devbox, config),
    ):
        person = Answers({KINDS[second]: [SECRET, SECRET]})
        jump = "Host devbox\n ProxyJump bastion"
        assert await enter(short_path, person, jump, config, bastion_config) == b"in\n"
        assert [question.host for question in person.questions] == ["bastion", "devbox"]
        assert (bastion.connections - surprises(bastion.alias), bastion.logins) == (1, 1)
        assert (devbox.connections - surprises(devbox.alias), devbox.logins) == (1, 1)


@pytest.mark.parametrize("second", KINDS)
async def test_a_wrong_secret_is_asked_for_again_and_the_right_one_gets_in(
    short_path: Path, second: str
) -> None:
    async with open_chained(short_path, "devbox", second) as (sshd, config):
        person = Answers({KINDS[second]: ["wrong", SECRET]})
        assert await enter(short_path, person, config) == b"in\n"
        assert (sshd.connections - surprises(sshd.alias), sshd.logins) == (1, 1)


@pytest.mark.parametrize("where", ["devbox", "bastion"])
@pytest.mark.parametrize("second", KINDS)
async def test_a_wrong_secret_is_one_connection_and_a_refused_login_of_that_hop(
    short_path: Path, second: str, where: str
) -> None:
    async with (
        open_chained(short_path, where, second) as (sshd, config),
        open_sshd(short_path / "other", alias="devbox") as devbox,
    ):
        person = Answers({KINDS[second]: ["wrong"] * 9})
        blocks = [config]
        if where == "bastion":
            blocks = ["Host devbox\n ProxyJump bastion", devbox.ssh_config.read_text(), config]
        with pytest.raises(LoginRefused) as caught:
            await enter(short_path, person, *blocks)
        assert caught.value.host == where
        assert len(person.questions) == 3
        assert (sshd.connections - surprises(sshd.alias), sshd.logins, devbox.connections) == (1, 0, 0)
        if under_test() is SshClient.ASYNCSSH:
            assert second in caught.value.message
