"""``codex-ssh tunnel``: hold a door open for any client."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
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
from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint, parse_endpoint
from codex_ssh.core.secret import Secret
from codex_ssh.errors import UsageError
from codex_ssh.local.files import private_temp_dir, write_private
from codex_ssh.local.log import log_to_stderr

if TYPE_CHECKING:
    from codex_ssh.link.forward import Door
    from codex_ssh.link.way import Profile, Way

NAME = "tunnel"
HELP = "hold a local address open through which any client reaches the app server"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("host", metavar="HOST", type=host_argument, help="alias, USER@HOST or USER@HOST:PORT")
    parser.add_argument(
        "--listen",
        metavar="ADDRESS",
        default="127.0.0.1:0",
        help="127.0.0.1:PORT (0 takes a free one) or unix://PATH in a directory of yours alone",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")
    parser.add_argument("--show-token", action="store_true", help="print the door's token too")
    add_connection_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Open the door and hold it until the link is lost or a signal comes."""
    log_to_stderr(arguments.verbosity)
    at = parse_door_address(arguments.listen)
    effective = load_settings(arguments, arguments.host)
    say_connecting(arguments.host)
    from codex_ssh.cli.run import run_async

    profile = build_profile(arguments, arguments.host, effective.settings)
    return run_async(_hold(arguments, profile, at))


def parse_door_address(text: str) -> WsEndpoint | UnixEndpoint:
    """Parse ``--listen``; port 0 takes a free one.

    Raises:
        UsageError: It is no address, or not on this machine's loopback.
    """
    if text.startswith("unix://"):
        path = text.removeprefix("unix://")
        if not path:
            raise UsageError("--listen unix:// wants a path", hint="write unix://PATH")
        return UnixEndpoint(path=str(Path(path).absolute()))
    name, colon, port = text.removeprefix("ws://").rpartition(":")
    if colon and port == "0":
        endpoint = WsEndpoint(host=name.strip("[]"), port=0)
    else:
        parsed = parse_endpoint(f"ws://{text.removeprefix('ws://')}")
        assert isinstance(parsed, WsEndpoint)
        endpoint = parsed
    if not endpoint.is_loopback:
        raise UsageError(
            f"--listen {text!r} would open the door to others",
            hint="a door opens on loopback or a socket only",
        )
    return endpoint


async def _hold(arguments: argparse.Namespace, profile: Profile, at: WsEndpoint | UnixEndpoint) -> int:
    from codex_ssh.link.forward import open_door
    from codex_ssh.link.supervisor import open_supervised_way
    from codex_ssh.link.way import open_way

    def connect() -> AbstractAsyncContextManager[Way]:
        return open_way(profile, build_prompter(arguments))

    token = Secret(secrets.token_urlsafe(32))
    with (
        private_temp_dir() as private,
        told_when_slow(f"{profile.host}: connecting", is_said=True) as connected,
    ):
        token_file = private / "token"
        async with (
            open_supervised_way(connect, connect) as way,
            open_door(way.dial, at=at, token=token) as door,
        ):
            connected()
            if isinstance(door.endpoint, WsEndpoint):
                write_private(token_file, token.reveal() + "\n")
            for warning in way.warnings:
                warn(warning)
            _announce(arguments, way, door, token_file)
            await way.wait_lost()
    return 0


def _announce(arguments: argparse.Namespace, way: Way, door: Door, token_file: Path) -> None:
    url = str(door.endpoint)
    over_tcp = isinstance(door.endpoint, WsEndpoint)
    if arguments.json:
        facts: dict[str, Any] = {"url": url, "host": way.host, "transport": way.dial.transport}
        if over_tcp:
            facts["tokenFile"] = str(token_file)
        if over_tcp and arguments.show_token:
            facts["token"] = door.token.reveal()
        print(json.dumps(facts), flush=True)
        return
    print(url, flush=True)
    tell_use(way.host, url, token_file if over_tcp else None)
    if over_tcp and arguments.show_token:
        print(f"token: {door.token.reveal()}", flush=True)


def tell_use(host: str, url: str, token_file: Path | None) -> None:
    """Say on stderr how a door is used."""
    note(f"the door to {host} is open until Ctrl-C; use it from this machine:")
    if token_file is None:
        note(f"  codex --remote {url}")
        return
    # Not by note, which would take the command behind TOKEN= for a token and mask it.
    print(f'  export DOOR_TOKEN="$(cat {token_file})"', file=sys.stderr, flush=True)
    note(f"  codex --remote {url} --remote-auth-token-env DOOR_TOKEN")
