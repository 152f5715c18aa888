"""A question of the login on a real terminal: answered, and left by Ctrl-C."""

from pathlib import Path

import pytest

from tests.integration.test_link_ssh_login import PASSPHRASE, let_in, make_key
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment
from tests.support.sshd import open_sshd
from tests.support.tmux import open_tmux
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.tmux]


@pytest.mark.parametrize("client", ["asyncssh", "openssh"])
async def test_ctrl_c_at_a_question_ends_all_of_it_at_once(tmp_path: Path, client: str) -> None:
    key = await make_key(tmp_path / "key", passphrase=PASSPHRASE)
    async with open_sshd(tmp_path / "sshd") as sshd:
        let_in(sshd, key)
        config = sshd.client_config(f"IdentityFile {key}", name="mine")
        argv: list[str | Path] = [*PROGRAM, "exec", "-F", config, "--ssh", client, sshd.alias, "hello"]
        environment = client_environment(tmp_path / "laptop")
        async with open_tmux(argv, environment=environment, columns=120) as terminal:
            await terminal.wait_text("passphrase for key")
            below = processes.descendants(await terminal.pid())
            await terminal.type("not shown")
            await terminal.key("C-c")
            assert await terminal.wait_exit() == 130
            history = await terminal.history()
        assert "not shown" not in history
        assert "Traceback" not in history
        await until(lambda: not any(map(processes.is_alive, below)), "nothing of it runs on")
        await until(lambda: not sshd.connection_pids(), "the connection is closed")
        assert (sshd.connections, sshd.logins) == (1, 0)
