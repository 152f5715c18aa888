"""How often the client waits for the devbox, counted: nobody adds a round trip unseen."""

from __future__ import annotations

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.link.connect import Profile, open_link
from tests.conftest import StartCodex
from tests.integration.test_link_dial import Nobody, at
from tests.support.lockstep import open_lockstep
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

PLAIN_PATH = 13
"""Round trips from the TCP connection to the answer to ``initialize``, on a known host with a server that
runs, its owner proved and its token read: TCP 1, SSH version and key exchange 2, login 4, probe 2, channel
1, upgrade 1, initialize 1, and one for the new keys."""


async def test_the_plain_path_takes_no_more_round_trips_than_it_did(
    sshd: Sshd, start_codex: StartCodex
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    async with open_lockstep(sshd.port) as relay:
        profile = Profile(
            host=parse_host(sshd.alias),
            ssh=SshOptions(
                config_file=str(sshd.ssh_config), port=relay.port, set_options=("HostKeyAlias=x",)
            ),
            wanted=at(server),
        )
        # The relay's port is not in known_hosts; an alias of the same key is.
        kind_and_key = sshd.known_hosts.read_text().split()[1:3]
        sshd.known_hosts.write_text(" ".join(["x", *kind_and_key]) + "\n")
        async with open_link(profile, Nobody()) as link:
            assert link.facts.transport == "ssh"
            turns = list(relay.turns)
    assert 1 + len(turns) <= PLAIN_PATH, turns
