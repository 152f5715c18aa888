"""``codex-ssh hosts``: the aliases of the ssh config, for people and for completion."""

from __future__ import annotations

import argparse
import json

NAME = "hosts"
HELP = "list the hosts the ssh config names"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "-F", "--ssh-config", metavar="FILE", default="", help="ssh config instead of ~/.ssh/config"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of names")


def run(arguments: argparse.Namespace) -> int:
    """Print one alias a line on stdout; nothing is run and nobody is asked."""
    from codex_ssh.local.ssh_hosts import list_aliases

    for alias in list_aliases(arguments.ssh_config):
        if arguments.json:
            print(json.dumps({"host": alias.name, "file": alias.path, "line": alias.line}))
        else:
            print(alias.name)
    return 0
