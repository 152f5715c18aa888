"""How often the client waits for the devbox, counted: nobody adds a round trip unseen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codex_ssh.core.endpoint import UnixEndpoint
from codex_ssh.core.host import parse_host
from codex_ssh.core.methods import InitializeResult
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import open_session
from codex_ssh.link.way import Profile, open_way
from tests.conftest import StartCodex
from tests.integration.test_link_dial import Nobody, at
from tests.support.codex import CodexAppServer
from tests.support.lockstep import Lockstep, open_lockstep
from tests.support.ssh_clients import teach
from tests.support.sshd import Sshd
from tests.support.window import as_another_window, open_window

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

FIRST_VISIT = 12
"""Round trips from the TCP connection to the answer to ``initialize``, on a known host with a server that
runs, its owner proved and its token read: TCP 1, SSH version and key exchange 2, new keys 1, login 4, look
around 2, channel 1, upgrade and initialize 1."""

FAST_PATH = 4
"""The same on the next visit: TCP; key exchange; login, probe and channel; upgrade and initialize."""

FAST_PATH_TO_A_SOCKET = FAST_PATH + 1
"""The real app server takes nothing behind the upgrade on a unix socket."""


SECOND_WINDOW = 3
"""A second window while one runs: channels for the script and to the app server; the script; upgrade and
initialize."""


def host_key(sshd: Sshd) -> str:
    """The type and the key."""
    return " ".join(sshd.host_key.with_suffix(".pub").read_text().split()[:2])


def through(relay: Lockstep, sshd: Sshd, server: CodexAppServer) -> Profile:
    """The devbox by the relay's port, under the name its key is known by."""
    sshd.known_hosts.write_text(f"x {host_key(sshd)}\n")
    return Profile(
        host=parse_host(sshd.alias),
        ssh=SshOptions(config_file=str(sshd.ssh_config), port=relay.port, set_options=("HostKeyAlias=x",)),
        wanted=at(server),
    )


async def count(relay: Lockstep, profile: Profile) -> int:
    """Connect, and give how many round trips it took up to the answer to ``initialize``, TCP's left out."""
    before, turns = len(relay.turns), list[int]()

    async def answered(_: InitializeResult) -> tuple[str, ...]:
        turns.extend(relay.turns[before:])
        return ()

    async with open_way(profile, Nobody()) as way, open_session(replace(way, check=answered)) as link:
        assert link.facts.transport in ("ssh", "ssh unix")
    return len(turns)


async def test_a_first_visit_asks_everything_and_the_next_one_says_it(
    sshd: Sshd, start_codex: StartCodex
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    async with open_lockstep(sshd.port) as relay:
        profile = through(relay, sshd, server)
        assert 1 + await count(relay, profile) <= FIRST_VISIT
        await relay.wait_idle()
        assert 1 + await count(relay, profile) <= FAST_PATH


async def test_a_socket_costs_one_round_trip_more(
    sshd: Sshd, start_codex: StartCodex, short_path: Path
) -> None:
    path = str(short_path / "codex.sock")
    server = await start_codex(codex_home=sshd.home / ".codex", listen=f"unix://{path}")
    async with open_lockstep(sshd.port) as relay:
        profile = replace(through(relay, sshd, server), wanted=Wanted(endpoint=UnixEndpoint(path=path)))
        # What the first visit teaches, by a way that takes no turns.
        direct = replace(profile.ssh, port=sshd.port, set_options=())
        with sshd.known_hosts.open("a") as file:
            file.write(f"[127.0.0.1]:{sshd.port} {host_key(sshd)}\n")
        async with open_way(replace(profile, ssh=direct), Nobody()):
            pass
        await teach(profile.host, profile.ssh)
        assert 1 + await count(relay, profile) <= FAST_PATH_TO_A_SOCKET


async def test_a_second_window_asks_for_what_it_needs_and_no_login(
    sshd: Sshd, start_codex: StartCodex, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    async with open_lockstep(sshd.port) as relay:
        profile = through(relay, sshd, server)
        config = sshd.client_config(f"Port {relay.port}", "HostKeyAlias x", name="mine")
        profile = replace(profile, ssh=SshOptions(config_file=str(config), share=True))
        async with open_window(short_path, config, sshd.alias):
            as_another_window(short_path, monkeypatch)
            # A machine with much to do tears a turn in two.
            assert min([await count(relay, profile) for _ in range(2)]) <= SECOND_WINDOW
            assert sshd.connections == 1
