"""The parser and the choice of a command.

Lives here: which commands there are, and ``codex-ssh HOST`` standing for ``codex-ssh connect HOST``.
Not here: what a command does (its own module), the flags of a connection
(:mod:`codex_ssh.cli.options`), and how an outcome is printed (:mod:`codex_ssh.cli.output`).

Every command module has ``NAME``, ``HELP``, ``configure(parser)`` and ``run(arguments)``, and imports
nothing heavy at its top: ``--help`` and completion load neither asyncssh nor Textual nor PyJWT. A command
line loads the module of its own command and no other.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol, cast

from codex_ssh import __version__
from codex_ssh.cli.output import fail
from codex_ssh.errors import CodexSshError, ExitCode

_SIGPIPE = 128 + 13
"""What a shell shows for a program that SIGPIPE ended."""


class Command(Protocol):
    """What a command module looks like."""

    NAME: str
    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it, and give the exit code."""


COMMANDS: Final[Mapping[str, str]] = {
    "connect": "connect",
    "exec": "execute",
    "tunnel": "tunnel",
    "stdio": "stdio",
    "forward": "forward",
    "server": "server",
    "cp": "cp",
    "ps": "ps",
    "doctor": "doctor",
    "ping": "ping",
    "token": "token",
    "selftest": "selftest",
    "app-server": "app_server",
    "hosts": "hosts",
    "config": "config",
    "demo": "demo",
    "replay": "replay",
    "completion": "completion",
}
"""Names, in the order of the help, and the modules of :mod:`codex_ssh.cli` that have them."""

_CONNECT: Final = "connect"

_DESCRIPTION = """\
From this machine to a running Codex turn on a devbox: one SSH connection, an app server found or started
on the devbox's loopback, its token read over SSH, and a TUI. Nothing listens on any network."""

_EPILOG = """\
codex-ssh HOST [PROMPT] is the same as codex-ssh connect HOST [PROMPT].
A command's name wins over a host of that name: codex-ssh connect NAME reaches such a host."""


def build_parser() -> argparse.ArgumentParser:
    """Give the whole parser; completion is generated from it."""
    return _build_parsers(COMMANDS)[0]


def _load(name: str) -> Command:
    return cast("Command", importlib.import_module(f"codex_ssh.cli.{COMMANDS[name]}"))


def _build_parsers(
    names: Iterable[str],
) -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Give a parser that knows these commands, and each command's own."""
    parser = argparse.ArgumentParser(
        prog="codex-ssh",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"codex-ssh {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parsers = {}
    for command in map(_load, names):
        own = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=command.HELP,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.configure(own)
        own.set_defaults(run=command.run, verbosity=0)
        parsers[command.NAME] = own
    return parser, parsers


def run(words: Sequence[str]) -> int:
    """Run one command line and give the exit code; errors are printed, never raised."""
    if not words:
        build_parser().print_help(sys.stderr)
        return ExitCode.USAGE
    try:
        arguments = _parse(_with_command(words))
    except SystemExit as ended:  # argparse has printed what is wrong, or the help
        return int(ended.code or 0)
    try:
        code = int(arguments.run(arguments))
        sys.stdout.flush()  # here, where a closed stdout is not yet a complaint of the interpreter's
    except CodexSshError as error:
        return fail(error)
    except KeyboardInterrupt:
        return ExitCode.SIGINT
    except BrokenPipeError:
        # Whoever read our stdout has enough. Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _SIGPIPE
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is reported, not dumped
        return fail(error)
    return code


def _parse(words: list[str]) -> argparse.Namespace:
    """Parse a command line; ``HOST --flag VALUE PROMPT`` too.

    argparse takes HOST and an optional PROMPT in one go, before it looks at the flags between them.
    """
    parser, commands = _build_parsers([words[0]] if words[0] in COMMANDS else COMMANDS)
    arguments, left = parser.parse_known_args(words)
    if not left:
        return arguments
    own = commands.get(words[0])
    if own is None or any(
        word.startswith("-") for word in itertools.takewhile(lambda word: word != "--", left)
    ):
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return own.parse_intermixed_args(words[1:])


def _with_command(words: Sequence[str]) -> list[str]:
    """Put ``connect`` in front of a host that stands where a command would."""
    if not words or words[0] in COMMANDS or words[0] in ("-h", "--help", "--version"):
        return list(words)
    first = next((word for word in words if not word.startswith("-")), "")
    if first in COMMANDS:
        # "codex-ssh -v exec …": the flags belong to the command.
        rest = list(words)
        rest.remove(first)
        return [first, *rest]
    return [_CONNECT, *words]
