"""``codex-ssh app-server``: the listener half on the command line.

Lives here: its flags, its signals, its exit codes (those of ``codex app-server``: 1 for auth flags and busy
ports, 2 for usage). Not here: listening (:mod:`codex_ssh.server.listener`) and the engine behind it
(:mod:`codex_ssh.server.rehearsal`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codex_ssh.server.listener import ListenerConfig

NAME = "app-server"
HELP = "listen as `codex app-server` does, with the built-in rehearsal engine (not Codex)"

DONE, FAILED, USAGE = 0, 1, 2

_MAX_U64 = 2**64 - 1


class _Once(argparse.Action):
    """A flag that may be given once, and not empty; clap is as strict."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest) is not self.default:
            parser.error(f"the argument '{option_string} <{self.metavar}>' cannot be used multiple times")
        setattr(namespace, self.dest, values)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the flags, which are those of ``codex app-server`` plus ``--engine``."""
    parser.description = (
        "Listen as `codex app-server` does. The engine behind it is the rehearsal engine: "
        "no model, no network, not Codex."
    )
    parser.allow_abbrev = False
    add = parser.add_argument
    add("--listen", metavar="URL", action=_Once, help="`unix://`, `unix://PATH` or `ws://IP:PORT`")
    add("--engine", choices=["rehearsal"], metavar="ENGINE", action=_Once, help="what answers: rehearsal")
    add(
        "--ws-auth",
        choices=["capability-token", "signed-bearer-token"],
        metavar="MODE",
        action=_Once,
        help="how clients prove themselves: capability-token or signed-bearer-token",
    )
    add("--ws-token-file", type=_path, metavar="PATH", action=_Once, help="file with the capability token")
    add("--ws-token-sha256", metavar="HEX", action=_Once, help="SHA-256 of the capability token")
    add(
        "--ws-shared-secret-file", type=_path, metavar="PATH", action=_Once, help="file with the HS256 secret"
    )
    add("--ws-issuer", metavar="ISSUER", action=_Once, help="the `iss` a JWT must have")
    add("--ws-audience", metavar="AUDIENCE", action=_Once, help="the `aud` a JWT must have")
    add(
        "--ws-max-clock-skew-seconds",
        type=_seconds,
        metavar="SECONDS",
        action=_Once,
        help="how far the clocks may differ (default: 30)",
    )


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("a value is required")
    return Path(text).absolute()


def _seconds(text: str) -> int:
    if not text.removeprefix("+").isascii() or not text.removeprefix("+").isdigit():
        raise argparse.ArgumentTypeError(f"invalid digit found in string: '{text}'")
    if (number := int(text)) > _MAX_U64:
        raise argparse.ArgumentTypeError(f"number too large to fit in target type: '{text}'")
    return number


def run(args: argparse.Namespace) -> int:
    """Serve until a signal says otherwise; give the exit code."""
    from codex_ssh.errors import CodexSshError, UsageError

    try:
        config = _read_config(args)
    except UsageError as error:
        print(f"error: invalid value '{args.listen}' for '--listen <URL>': {error}", file=sys.stderr)
        return USAGE
    except CodexSshError as error:
        return _fail(error)
    return _serve(config, names_engine=args.engine is None)


def _read_config(args: argparse.Namespace) -> ListenerConfig:
    from codex_ssh.errors import ConfigError
    from codex_ssh.server.address import NoAddress, StdioAddress, parse_listen
    from codex_ssh.server.auth import AuthFlags, AuthMode, read_verifier
    from codex_ssh.server.listener import ListenerConfig

    address = parse_listen("stdio://" if args.listen is None else args.listen)
    verifier = read_verifier(
        AuthFlags(
            mode=AuthMode(args.ws_auth) if args.ws_auth else None,
            token_file=args.ws_token_file,
            token_sha256=args.ws_token_sha256,
            shared_secret_file=args.ws_shared_secret_file,
            issuer=args.ws_issuer,
            audience=args.ws_audience,
            max_clock_skew_seconds=args.ws_max_clock_skew_seconds,
        )
    )
    match address:
        case NoAddress():
            raise ConfigError("no transport configured; use --listen or enable remote control")
        case StdioAddress():
            raise ConfigError(
                "the rehearsal engine does not serve `stdio://`",
                hint="give --listen ws://127.0.0.1:0 or --listen unix://PATH",
            )
        case _:
            return ListenerConfig(address=address, verifier=verifier, codex_home=_codex_home())


def _codex_home() -> Path:
    """Where a control socket belongs, as for the real server."""
    import os

    given = os.environ.get("CODEX_HOME")
    return Path(given) if given else Path.home() / ".codex"


def _serve(config: ListenerConfig, *, names_engine: bool) -> int:
    import asyncio
    import logging

    from codex_ssh.errors import CodexSshError

    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    if names_engine:
        print("no --engine given: this is the rehearsal engine, not Codex", file=sys.stderr)
    try:
        asyncio.run(_serve_until_signal(config))
    except CodexSshError as error:
        return _fail(error)
    return DONE


async def _serve_until_signal(config: ListenerConfig) -> None:
    """Serve; the first signal drains, the second one ends at once. All three signals mean the same."""
    import asyncio
    import signal
    from contextlib import AsyncExitStack
    from tempfile import TemporaryDirectory

    from codex_ssh.server.listener import open_listener
    from codex_ssh.server.rehearsal.engine import open_rehearsal

    first, second = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (second if first.is_set() else first).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal)
    async with AsyncExitStack() as stack:
        private = stack.enter_context(TemporaryDirectory(prefix="codex-ssh-rehearsal-"))
        engine = await stack.enter_async_context(open_rehearsal(codex_home=Path(private)))
        listener = await stack.enter_async_context(open_listener(config, engine))
        print(listener.banner, end="", file=sys.stderr, flush=True)
        await first.wait()
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(listener.drain())
            forced = group.create_task(second.wait())
            await asyncio.wait([draining, forced], return_when=asyncio.FIRST_COMPLETED)
            draining.cancel()
            forced.cancel()


def _fail(error: Exception) -> int:
    from codex_ssh.errors import CodexSshError

    message = error.message if isinstance(error, CodexSshError) else str(error)
    print(f"Error: {message}", file=sys.stderr)
    if isinstance(error, CodexSshError) and error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)
    return FAILED
