"""Keys on security hardware, which an agent signs with, on a real sshd with both clients."""

import asyncio
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import LoginRefused
from tests.support.answers import Answers
from tests.support.sk_agent import KINDS, UNTOUCHED, SkAgent, open_sk_agent
from tests.support.ssh_clients import open_ssh, surprises
from tests.support.sshd import Sshd, open_sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.usefixtures("ssh_client"), pytest.mark.sshd]


async def enter(sshd: Sshd, agent: SkAgent, person: Answers, *more: str, **limits: float) -> bytes:
    config = sshd.client_config(f"IdentityAgent {agent.socket}", *more, name="mine")
    options = SshOptions(config_file=str(config), **limits)  # type: ignore[arg-type]
    async with open_ssh(parse_host(sshd.alias), options, person) as ssh:
        return (await ssh.run("echo in", timeout=10)).stdout


def let_in(sshd: Sshd, agent: SkAgent) -> None:
    (sshd.directory / "authorized_keys").write_text(agent.public.read_text())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("named", [True, False], ids=["named", "among others"])
async def test_a_key_on_security_hardware_logs_in_through_the_agent(
    short_path: Path, kind: str, *, named: bool
) -> None:
    async with open_sshd(short_path / "sshd") as sshd, open_sk_agent(short_path, kind) as agent:
        let_in(sshd, agent)
        more = [f"IdentityFile {agent.public}"] if named else ["IdentitiesOnly no"]
        person = Answers()
        assert await enter(sshd, agent, person, *more) == b"in\n"
        assert person.questions == []
        assert f"Accepted publickey for {sshd.user}" in sshd.log
        assert f"{'ED25519' if 'ed25519' in kind else 'ECDSA'}-SK" in sshd.log
        assert (sshd.connections - surprises(sshd.alias), sshd.logins) == (1, 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_signature_without_a_touch_is_refused_by_the_server(short_path: Path, kind: str) -> None:
    # Shows too that the server checks what the agent signed.
    async with (
        open_sshd(short_path / "sshd") as sshd,
        open_sk_agent(short_path, kind, flags=UNTOUCHED) as agent,
    ):
        let_in(sshd, agent)
        with pytest.raises(LoginRefused):
            await enter(sshd, agent, Answers(), f"IdentityFile {agent.public}")
        assert (sshd.connections - surprises(sshd.alias), sshd.logins) == (1, 0)


# ssh says nothing while an agent takes its time, and our limit for it is the sum of two.
@pytest.mark.ssh_client("asyncssh")
async def test_a_late_touch_still_logs_in_and_the_person_is_told_what_is_waited_for(short_path: Path) -> None:
    async with (
        open_sshd(short_path / "sshd") as sshd,
        open_sk_agent(short_path, KINDS[0], touched=False) as agent,
    ):
        let_in(sshd, agent)
        person = Answers()

        async def touch() -> None:
            await until(agent.asked.exists, "a signature is wanted")
            await until(lambda: person.told, "the person is told")
            agent.touch.touch()

        async with asyncio.TaskGroup() as group:
            group.create_task(touch())
            # Both limits are shorter than the time until the person is told.
            entered = group.create_task(
                enter(sshd, agent, person, f"IdentityFile {agent.public}", login_timeout=0.8)
            )
        assert entered.result() == b"in\n"
        assert "touch" in person.told[0]
        assert "a-key-in-hand" in person.told[0]


async def test_giving_up_while_the_key_waits_for_a_touch_leaves_nothing(short_path: Path) -> None:
    async with (
        open_sshd(short_path / "sshd") as sshd,
        open_sk_agent(short_path, KINDS[0], touched=False) as agent,
    ):
        let_in(sshd, agent)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(enter(sshd, agent, Answers(), f"IdentityFile {agent.public}"))
            await until(agent.asked.exists, "a signature is wanted")
            task.cancel()
        assert task.cancelled()
        await until(lambda: not sshd.connection_pids(), "the connection is closed")
