"""``codex-ssh completion``: the completion script of a shell, from the parser itself."""

from __future__ import annotations

import argparse

NAME = "completion"
HELP = "print a completion script for a shell"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(arguments: argparse.Namespace) -> int:
    """Print the script on stdout."""
    import shtab

    from codex_ssh.cli.main import build_parser

    print(shtab.complete(build_parser(), shell=arguments.shell))
    return 0
