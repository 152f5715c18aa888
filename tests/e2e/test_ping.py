"""``codex-ssh ping``: three round trips, each on its own, and a peer that does not answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import StartCodex
from tests.support.cli import codex_ssh
from tests.support.codex import CodexAppServer
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex) -> CodexAppServer:
    return await start_codex(codex_home=sshd.home / ".codex")


def words(sshd: Sshd, server: CodexAppServer) -> tuple[str, ...]:
    return ("ping", "-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint), "devbox")


@pytest.mark.parametrize("client", ["asyncssh", "openssh"])
async def test_it_measures_each_way_as_often_as_asked(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path, client: str
) -> None:
    done = await codex_ssh(*words(sshd, server), "--ssh", client, "-c", "3", "--json", home=tmp_path)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["host"], found["count"], list(found["ms"])) == ("devbox", 3, ["ssh", "ws", "rpc"])
    for row in found["ms"].values():
        assert 0 < row["min"] <= row["median"] <= row["max"]
    assert sshd.logins == 1


async def test_the_table_says_what_each_is(sshd: Sshd, server: CodexAppServer, tmp_path: Path) -> None:
    done = await codex_ssh(*words(sshd, server), home=tmp_path)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "devbox over ssh, 5 times each, in milliseconds"
    assert [line.split()[0] for line in lines[2:]] == ["ssh", "ws", "rpc"]


async def test_a_count_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    done = await codex_ssh("ping", "-c", "0", "devbox", home=tmp_path)
    assert done.code == 2
    assert "a number from 1 to 10000" in done.err


async def test_what_is_not_there_ends_with_its_stages_code(sshd: Sshd, tmp_path: Path) -> None:
    flags = ("-F", str(sshd.ssh_config), "--endpoint", "ws://127.0.0.1:1")
    done = await codex_ssh("ping", *flags, "devbox", home=tmp_path)
    assert done.code == 6
    assert done.out == ""
