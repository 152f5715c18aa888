"""A look at many hosts: what their threads do, who does not answer, and how many are looked at at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from codex_ssh.core.config import WssFallback
from codex_ssh.core.endpoint import WssEndpoint
from codex_ssh.core.fleet import Doing, HostReport, Reach
from codex_ssh.core.host import parse_host
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ConfigError
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.direct import Direct
from codex_ssh.link.fleet import Target, look_at_fleet
from codex_ssh.link.tls import TlsOptions
from codex_ssh.link.way import Profile
from codex_ssh.local.tasks import open_tasks
from codex_ssh.tui.chat import Chat
from tests.conftest import StartCodex, StartSshd
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import ours
from tests.integration.test_thread_held import chat_with
from tests.support.codex import CodexBinary, require_codex
from tests.support.model import Model
from tests.support.sink import Sink
from tests.support.sshd import Sshd
from tests.support.tls import open_tls_front
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

LONG = 600.0
"""A limit that ends nothing in a test."""


def config_of(sshd: Sshd, names: Sequence[str], port: int | None = None) -> str:
    """A client config in which the server has these names, and maybe another port."""
    text = sshd.ssh_config.read_text().replace(f"Port {sshd.port}", f"Port {port or sshd.port}")
    return "".join(text.replace(f"Host {sshd.alias}\n", f"Host {name}\n") for name in names)


def target(host: str, config: Path, **wanted: str) -> Target:
    return Target(
        host=host,
        profile=Profile(
            host=parse_host(host),
            ssh=SshOptions(config_file=str(config)),
            wanted=Wanted(**wanted),  # type: ignore[arg-type]
        ),
    )


async def reports(targets: Sequence[Target], *, limit: float = LONG) -> dict[str, HostReport]:
    told: list[HostReport] = []
    await look_at_fleet(targets, told.append, limit=limit, clock=lambda: 1000.0)
    assert sorted(report.host for report in told) == sorted(target.host for target in targets)
    return {report.host: report for report in told}


def is_over(chat: Chat) -> bool:
    """Whether something was said, and the turn is over."""
    return chat.has_turns and chat.transcript is not None and not chat.transcript.state.is_running


async def test_what_threads_do_is_told_and_nothing_is_disturbed(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary, model: Model
) -> None:
    flags = ("-c", 'sandbox_mode="workspace-write"')
    server = await start_codex(codex_binary, codex_home=sshd.home / ".codex", flags=flags)
    async with (
        chat_with(sshd, server, None) as failed,
        chat_with(sshd, server, None) as idle,
        chat_with(sshd, server, None) as running,
        chat_with(sshd, server, None) as waiting,
        chat_with(sshd, server, None),  # a thread without a turn is no thread yet
    ):
        failed.send("fail 400")
        idle.send("say a word")
        await until(lambda: is_over(failed) and is_over(idle), "two turns")
        running.send("hold on")
        await model.wait_holding()
        waiting.send("escalate: touch never")
        await until(lambda: waiting.asks, "it asks")

        looked = Target(host="devbox", profile=profile(sshd, server))
        (report,) = (await reports([looked])).values()
        assert (report.reach, report.version, report.at) == (Reach.UP, codex_binary.version(), 1000.0)
        assert [(thread.doing, thread.title) for thread in report.threads] == [
            (Doing.WAITING, "escalate: touch never"),
            (Doing.FAILED, "fail 400"),
            (Doing.RUNNING, "hold on"),
            (Doing.IDLE, "say a word"),
        ]
        assert report.threads[0].cwd == str(server.cwd)
        assert report.clients == 5
        # Nobody joined a thread: what waits still waits, and its own client alone is asked.
        assert waiting.asks
        waiting.interrupt()
        model.release()
        await until(lambda: is_over(running) and is_over(waiting), "the end")


async def test_nothing_is_started_nothing_is_asked_and_the_rest_is_said(
    start_sshd: StartSshd, tmp_path: Path
) -> None:
    bare = await start_sshd("bare")
    idle = await start_sshd("idle")
    idle.install(require_codex("pypi").path, "codex")
    asks = await start_sshd("asks", lines=["PasswordAuthentication yes", "PubkeyAuthentication no"])
    config = tmp_path / "config"
    unknown = config_of(bare, ["unknown"]).replace("StrictHostKeyChecking yes", "StrictHostKeyChecking ask")
    config.write_text(
        "".join(one.ssh_config.read_text() for one in (bare, idle, asks))
        + unknown.replace(str(bare.known_hosts), str(tmp_path / "none"))
        + config_of(bare, ["refused"]).replace("IdentityFile", "IdentityFile none\n    #")
        + config_of(bare, ["off"], port=1)
    )
    names = ("bare", "idle", "asks", "unknown", "refused", "off")
    wrong = Target(host="wrong", profile=None, wrong=ConfigError("no such key", hint="look"))
    asleep = replace(target("bare", config), host="asleep", wakes=True)
    found = await reports([*(target(name, config) for name in names), wrong, asleep])

    assert {name: report.reach for name, report in found.items()} == {
        "bare": Reach.NO_SERVER,
        "idle": Reach.NO_SERVER,
        "asks": Reach.ASKS,
        "unknown": Reach.ASKS,
        "refused": Reach.REFUSED,
        "off": Reach.OFF,
        "wrong": Reach.TROUBLE,
        "asleep": Reach.LEFT,
    }
    assert (found["bare"].why, found["idle"].on_disk) == ("no codex was found there", "0.163.0")
    assert found["asks"].why == "it asks for a password"
    assert "host key" in found["unknown"].why
    assert "Connection refused" in found["off"].why
    assert (found["wrong"].why, found["wrong"].hint) == ("no such key", "look")
    assert ours(idle) == []


@asynccontextmanager
async def looking(targets: Sequence[Target], *, at_once: int) -> AsyncGenerator[list[HostReport], None]:
    """Look meanwhile, for ever at hosts that do not answer."""
    told: list[HostReport] = []
    async with open_tasks() as tasks:
        tasks.start(look_at_fleet(targets, told.append, limit=LONG, at_once=at_once))
        yield told


async def test_hosts_that_do_not_answer_hold_nobody_up(sshd: Sshd, sink: Sink, tmp_path: Path) -> None:
    dead, refused, alive = [f"dead{n}" for n in range(3)], ["off1", "off2"], [f"box{n}" for n in range(15)]
    config = tmp_path / "config"
    config.write_text(config_of(sshd, dead, sink.port) + config_of(sshd, refused, 1) + config_of(sshd, alive))
    # Those that are dead come first: they are the worst case.
    targets = [target(name, config) for name in (*dead, *refused, *alive)]
    async with looking(targets, at_once=20) as told:
        await until(lambda: len(told) == 17, "all others are told", show=lambda: told)
        assert {report.host for report in told} == {*refused, *alive}
        assert sink.connections == 3
        assert sshd.logins == 15


async def test_only_so_many_are_looked_at_at_a_time(sshd: Sshd, sink: Sink, tmp_path: Path) -> None:
    config = tmp_path / "config"
    dead = [f"dead{n}" for n in range(6)]
    config.write_text(config_of(sshd, dead, sink.port) + config_of(sshd, ["box"]))
    targets = [target(name, config) for name in ("box", *dead)]
    async with looking(targets, at_once=2) as told:
        # The host that answers makes room for one more; then two that do not answer have both places.
        await until(lambda: [report.host for report in told] == ["box"] and sink.connections == 2, "two")
        async with looking([target("box", config)], at_once=1) as other:
            await until(lambda: other, "a whole look, longer than one more would take to begin")
        assert sink.connections == 2


async def test_the_limit_ends_a_look_and_whoever_had_to_wait_is_tried_all_the_same(
    sshd: Sshd, sink: Sink, tmp_path: Path
) -> None:
    config, names = tmp_path / "config", ["dead1", "dead2", "dead3", "dead4"]
    config.write_text(config_of(sshd, names, sink.port))
    told: list[HostReport] = []
    await look_at_fleet([target(name, config) for name in names], told.append, limit=1, at_once=2)
    assert [(report.reach, report.why) for report in told] == 4 * [(Reach.OFF, "no answer within 1 s")]
    assert sink.connections == 4


async def test_a_look_that_got_in_says_so(sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(config_of(sshd, ["hung"]))
    (sshd.home / "bin" / "uname").write_text("#!/bin/sh\nexec sleep 60\n")
    (sshd.home / "bin" / "uname").chmod(0o755)
    for limit in (1, 4, 16):  # a busy machine may not be through the login any sooner
        (hung,) = (await reports([target("hung", config)], limit=limit)).values()
        if hung.reach is not Reach.OFF:
            break
    assert hung.reach is Reach.TROUBLE
    assert hung.why == f"there is an SSH server, and nothing more came within {limit} s"


async def test_a_look_that_is_cancelled_leaves_nothing(sshd: Sshd, sink: Sink, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(config_of(sshd, ["dead"], sink.port))
    async with looking([target("dead", config)], at_once=1) as told:
        await until(lambda: sink.connections == 1, "it is tried")
    assert told == []
    assert len(asyncio.all_tasks()) == 1


async def test_where_ssh_does_not_answer_it_goes_by_wss_if_it_may(
    sshd: Sshd, sink: Sink, start_codex: StartCodex, tmp_path: Path
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    config = tmp_path / "config"
    config.write_text(config_of(sshd, ["off"], 1) + config_of(sshd, ["silent"], sink.port))
    async with open_tls_front(tmp_path / "tls", to_port=server.port) as front:

        def direct(host: str, fallback: WssFallback) -> Target:
            named = target(host, config)
            assert named.profile is not None
            profile = replace(
                named.profile,
                given=lambda: Secret(server.token),
                wss=WssEndpoint(host="127.0.0.1", port=front.port),
                wss_fallback=fallback,
                direct=Direct(tls=TlsOptions(ca_file=str(front.ca_file))),
            )
            return replace(named, profile=profile)

        found = await reports([direct("off", WssFallback.AUTO), direct("silent", WssFallback.AUTO)])
        assert {report.reach for report in found.values()} == {Reach.UP}
        assert {report.version for report in found.values()} == {server.binary.version()}
        asks = await reports([direct("off", WssFallback.ASK)])
        assert asks["off"].reach is Reach.OFF
