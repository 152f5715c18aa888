"""``codex-ssh forward``: ports of the devbox on this machine, or what listens there."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codex_ssh.cli.options import (
    add_connection_options,
    build_profile,
    build_prompter,
    host_argument,
    load_settings,
)
from codex_ssh.cli.output import note, warn
from codex_ssh.cli.slow import say_connecting, told_when_slow
from codex_ssh.core.lifecycle import LinkState, LinkStatus
from codex_ssh.core.listening import Listening
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.ports import (
    Deny,
    Direction,
    Forward,
    Wish,
    read_remote_wish,
    read_socks_wish,
    read_wish,
)
from codex_ssh.core.terminal_codes import link_sequence
from codex_ssh.errors import ForwardError, Stage, UsageError
from codex_ssh.local.log import log_to_stderr

if TYPE_CHECKING:
    from codex_ssh.link.forwards import Forwards
    from codex_ssh.link.ssh import Ssh
    from codex_ssh.link.way import Profile

NAME = "forward"
HELP = "open ports of the host on this machine, or list what listens there"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("host", metavar="HOST", type=host_argument, help="alias, USER@HOST or USER@HOST:PORT")
    parser.add_argument(
        "wishes",
        metavar="PORT",
        nargs="*",
        type=_argument(read_wish),
        help="of the host; LOCAL:PORT names the one here, 0 takes a free one; none lists what listens there",
    )
    parser.add_argument(
        "-R",
        dest="back",
        metavar="PORT",
        action="append",
        default=[],
        type=_argument(read_remote_wish),
        help="the other way: the host listens on PORT, or of REMOTE:PORT on REMOTE, and this machine answers",
    )
    parser.add_argument(
        "-D",
        dest="socks",
        metavar="PORT",
        action="append",
        default=[],
        type=_argument(read_socks_wish),
        help="a SOCKS proxy on PORT here, 0 for a free one: its clients go wherever the host can",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")
    add_connection_options(parser)


def _argument(read: Callable[[str], Wish]) -> Callable[[str], Wish]:
    def parse(text: str) -> Wish:
        try:
            return read(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(f"{error} ({error.hint})") from None

    return parse


def run(arguments: argparse.Namespace) -> int:
    """List, or open and hold until the link is lost for good or a signal comes."""
    log_to_stderr(arguments.verbosity)
    settings = load_settings(arguments, arguments.host).settings
    say_connecting(arguments.host)
    from codex_ssh.cli.run import run_async

    profile = build_profile(arguments, arguments.host, settings)
    if profile.wss_only:
        raise ForwardError(
            "a port needs SSH, and --wss has none",
            stage=Stage.FORWARD,
            host=str(profile.host),
            hint="leave --wss away",
        )
    if arguments.back:
        # Nobody makes the connection of another window listen.
        profile = replace(profile, ssh=replace(profile.ssh, share=False))
    wishes = [*arguments.wishes, *arguments.back, *arguments.socks]
    return run_async(_run(arguments, profile, wishes, settings.forward_deny))


async def _run(arguments: argparse.Namespace, profile: Profile, wishes: list[Wish], deny: Deny) -> int:
    from codex_ssh.link.forwards import open_forwards, open_supervised_host
    from codex_ssh.link.way import open_host

    host = str(profile.host)

    def log_in() -> AbstractAsyncContextManager[Ssh]:
        return open_host(profile, build_prompter(arguments))

    with told_when_slow(f"{host}: connecting", is_said=True) as connected:
        async with (
            open_supervised_host(log_in, log_in, host) as (current, supervisor),
            open_forwards(current, host, deny=deny) as forwards,
        ):
            connected()
            if not wishes:
                _list(arguments, host, await forwards.listening())
                return 0
            await _open(arguments, forwards, wishes)
            tell = _Telling(host, supervisor.status)
            supervisor.on_change = lambda: tell.look(supervisor.status)
            await supervisor.wait_stopped()
    return 0


async def _open(arguments: argparse.Namespace, forwards: Forwards, wishes: list[Wish]) -> None:
    opened = [await forwards.open(wish) for wish in wishes]
    if arguments.json:
        facts = {"host": forwards.host, "forwards": [_facts(one) for one in opened]}
        print(json.dumps(facts), flush=True)
        return
    for one in opened:
        if one.note and one.is_reused:
            note(f"{forwards.host} {one.far}: {one.note}, so nothing more listens")
        elif one.note:
            warn(f"{forwards.host} {one.far}: {one.note}, so it is {one.local}")
        print(_line(one, forwards.host), flush=True)
    note(f"open until Ctrl-C, and back by themselves when the link to {forwards.host} was lost")


def _line(one: Forward, host: str) -> str:
    said = one.said(plain_line(host))
    if sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and one.direction is Direction.LOCAL:
        return said.replace(one.url, link_sequence(one.url, one.url), 1)
    return said


def _facts(one: Forward) -> dict[str, Any]:
    return {
        "direction": one.direction.value,
        "local": one.local,
        "remote": one.remote,
        **({"host": one.host} if one.host else {}),
        "url": one.url,
        "reused": one.is_reused,
        "note": one.note,
    }


def _list(arguments: argparse.Namespace, host: str, listening: Listening) -> None:
    if arguments.json:
        ports = [
            {
                "port": one.port,
                "hosts": list(one.hosts),
                "process": one.process,
                "exposed": one.is_exposed,
            }
            for one in listening.ports
        ]
        print(json.dumps({"host": host, "listening": ports}), flush=True)
        return
    for one in listening.ports:
        wide = "  (on every address, so others can reach it)" if one.is_exposed else ""
        print(f"{one.port:>5}  {plain_line(one.process)}{wide}".rstrip(), flush=True)
    if not listening.is_seen:
        warn(f"{host}: neither /proc/net/tcp nor ss nor lsof can be read there, so nobody knows what listens")
    elif not listening.ports:
        note(f"nothing of yours listens on the loopback of {host}")
    else:
        note(f"codex-ssh forward {host} {listening.ports[0].port} opens that one here")


class _Telling:
    """Says on stderr when the link is lost, and when it is back."""

    def __init__(self, host: str, status: LinkStatus) -> None:
        self._host = host
        self._is_open = status.state.is_open

    def look(self, status: LinkStatus) -> None:
        is_open = status.state.is_open
        if is_open and not self._is_open:
            note(f"{self._host}: the link is back")
        elif self._is_open and status.state is LinkState.LOST:
            note(f"{self._host}: the link is lost ({plain_line(status.reason)}); it comes back by itself")
        self._is_open = is_open
