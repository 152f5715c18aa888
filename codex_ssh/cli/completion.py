"""``codex-ssh completion``: the completion script of a shell, from the parser itself."""

from __future__ import annotations

import argparse

NAME = "completion"
HELP = "print a completion script for a shell"

_HOSTS = {
    "bash": "_codex_ssh_hosts",
    "zsh": "_codex_ssh_hosts",
    "fish": "(codex-ssh hosts 2>/dev/null)",
}
"""What offers hosts, in each shell's own words."""

_PREAMBLE = {
    "bash": """\
_codex_ssh_hosts() {
  compgen -W "$(codex-ssh hosts 2>/dev/null)" -- "$1"
}
""",
    "zsh": """\
_codex_ssh_hosts() {
  compadd -- ${(f)"$(codex-ssh hosts 2>/dev/null)"}
}
""",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="whose script")


def run(arguments: argparse.Namespace) -> int:
    """Print the script on stdout."""
    import shtab

    from codex_ssh.cli.main import build_parser

    parser = build_parser()
    _offer_hosts(parser)
    print(shtab.complete(parser, shell=arguments.shell, preamble=_PREAMBLE))  # type: ignore[arg-type]
    return 0


def _offer_hosts(parser: argparse.ArgumentParser) -> None:
    """Complete every HOST argument by ``codex-ssh hosts``."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for own in action.choices.values():
                _offer_hosts(own)
        elif action.metavar == "HOST":
            action.complete = _HOSTS  # type: ignore[attr-defined]
