"""``codex-ssh stdio``: what ``codex app-server`` is on pipes, on a devbox."""

from __future__ import annotations

import argparse
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from codex_ssh.cli.options import (
    add_connection_options,
    build_profile,
    build_prompter,
    host_argument,
    load_settings,
)
from codex_ssh.cli.output import warn
from codex_ssh.local.log import log_to_stderr

if TYPE_CHECKING:
    from codex_ssh.external.stdio import Connect
    from codex_ssh.link.way import Profile, Way
    from codex_ssh.link.websocket import WebSocket

NAME = "stdio"
HELP = "speak the app-server protocol on stdin and stdout, for programs that launch codex app-server"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("host", metavar="HOST", type=host_argument, help="alias, USER@HOST or USER@HOST:PORT")
    add_connection_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Pass lines and frames until stdin ends."""
    from codex_ssh.cli.run import run_async

    log_to_stderr(arguments.verbosity)
    effective = load_settings(arguments, arguments.host)
    profile = build_profile(arguments, arguments.host, effective.settings)
    return run_async(_pass(arguments, profile))


async def _pass(arguments: argparse.Namespace, profile: Profile) -> int:
    from codex_ssh.external.stdio import StdioRelay
    from codex_ssh.link.supervisor import open_supervised_way
    from codex_ssh.link.way import open_way
    from codex_ssh.link.websocket import open_websocket
    from codex_ssh.local.stdio_pipes import open_stdio_client
    from codex_ssh.local.terminal import SilentPrompter

    def connect_first() -> AbstractAsyncContextManager[Way]:
        return open_way(profile, build_prompter(arguments))

    def connect_again() -> AbstractAsyncContextManager[Way]:
        return open_way(profile, SilentPrompter())

    @asynccontextmanager
    async def open_link() -> AsyncGenerator[Connect, None]:
        async with open_supervised_way(connect_first, connect_again) as way:
            for warning in way.warnings:
                warn(warning)

            def connect() -> AbstractAsyncContextManager[WebSocket]:
                return open_websocket(way.dial, way.host)

            yield connect

    async with open_stdio_client() as client:
        await StdioRelay(client, str(profile.host)).run(open_link)
    return 0
