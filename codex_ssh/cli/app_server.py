"""``codex-ssh app-server``: the listener half on the command line.

Lives here: its flags, and its exit codes (those of ``codex app-server``: 1 for auth flags and busy ports,
2 for usage). Not here: serving (:mod:`codex_ssh.cli.app_server_run`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NAME = "app-server"
HELP = "listen as `codex app-server` does, with a real codex or the rehearsal engine (not Codex) behind it"

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
    """Declare the flags: those of ``codex app-server``, then ours."""
    parser.description = (
        "Listen as `codex app-server` does. Behind it runs a real codex (`--engine codex`), or the "
        "rehearsal engine: no model, no network, not Codex."
    )
    parser.allow_abbrev = False
    add = parser.add_argument
    add(
        "action",
        nargs="?",
        choices=["status", "stop"],
        metavar="status|stop",
        help="show, or stop, what runs detached; with --listen only that one",
    )
    add("--detach", action="store_true", help="run in the background; return when it listens")
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--listen",
        metavar="URL",
        action=_Once,
        help="`stdio://` (default), `unix://`, `unix://PATH`, `ws://IP:PORT`, `wss://IP:PORT` or `off`",
    )
    place.add_argument("--stdio", action="store_true", help="the same as `--listen stdio://`")
    add("--tls-cert", type=_path, metavar="PATH", action=_Once, help="PEM certificate chain for wss://")
    add("--tls-key", type=_path, metavar="PATH", action=_Once, help="its PEM key, readable by you alone")
    add(
        "--tls-client-ca",
        type=_path,
        metavar="PATH",
        action=_Once,
        help="let in only clients with a certificate of this authority (PEM)",
    )
    add(
        "--engine",
        choices=["rehearsal", "codex"],
        metavar="ENGINE",
        action=_Once,
        help="what answers: codex (a real one, run behind the listener), or rehearsal",
    )
    add("--upstream", metavar="URL", action=_Once, help="join clients to this app server instead")
    add(
        "--upstream-token-file",
        type=_path,
        metavar="PATH",
        action=_Once,
        help="file with the token that app server wants",
    )
    _add_codex_flags(parser)
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
    add("--ws-close-expired", action="store_true", help="end a connection when its credential ends")
    add("--audit-log", type=_path, metavar="PATH", action=_Once, help="write who came and called what")
    add("--max-connections", type=_count, metavar="N", action=_Once, help="at once (default: 4096)")


def _add_codex_flags(parser: argparse.ArgumentParser) -> None:
    """Declare what ``codex app-server`` takes for its engine; the rehearsal does not look at it."""
    add = parser.add_argument
    add("-c", "--config", metavar="KEY=VALUE", action="append", default=[], help="a setting for codex")
    add("--enable", metavar="FEATURE", action="append", default=[], help="a feature for codex")
    add("--disable", metavar="FEATURE", action="append", default=[], help="a feature codex goes without")
    add("--strict-config", action="store_true", help="let codex refuse unknown settings")


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


def _count(text: str) -> int:
    if (number := _seconds(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return number


def run(args: argparse.Namespace) -> int:
    """Serve until a signal says otherwise; give the exit code."""
    from codex_ssh.cli import app_server_run, app_server_service
    from codex_ssh.errors import CodexSshError, UsageError

    try:
        if args.action is not None:
            return app_server_service.control(args.action, args.listen)
        plan = app_server_run.read_plan(args)
        if args.detach:
            return app_server_service.detach(plan, flag_words(args))
        return app_server_run.serve(plan)
    except UsageError as error:
        print(f"error: invalid value '{args.listen}' for '--listen <URL>': {error}", file=sys.stderr)
        return USAGE
    except CodexSshError as error:
        print(f"Error: {error.message}", file=sys.stderr)
        if said := getattr(error, "said", ""):
            print(said, file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return FAILED


def flag_words(args: argparse.Namespace) -> list[str]:
    """Give the flags again as words, for another process; paths are absolute by now."""
    parser = argparse.ArgumentParser()
    configure(parser)
    words: list[str] = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to ask for them
        value = getattr(args, action.dest, None)
        if not action.option_strings or action.dest in ("help", "detach") or value in (None, False, []):
            continue
        flag = action.option_strings[-1]
        words += [flag if each is True else f"{flag}={each}" for each in _as_list(value)]
    return words


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
