"""``codex-ssh hosts``: the aliases of the ssh config, and threads seen there; completion asks it."""

from __future__ import annotations

import argparse
import json

from codex_ssh.core.host import parse_host
from codex_ssh.errors import UsageError

NAME = "hosts"
HELP = "list the hosts the ssh config and the config file name"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "-F", "--ssh-config", metavar="FILE", default="", help="ssh config instead of ~/.ssh/config"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line instead of names")
    parser.add_argument(
        "--threads", action="store_true", help="list the threads last seen on the hosts named, or on all"
    )
    parser.add_argument(
        "words", metavar="WORD", nargs="*", help="with --threads: a host; what is none is passed over"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print one alias a line on stdout; nothing is run and nobody is asked."""
    if arguments.threads:
        return _list_threads(arguments)
    if arguments.words:
        raise UsageError("words want --threads", hint="without it every host is listed")
    from codex_ssh.local.ssh_hosts import list_aliases, list_hosts

    for alias in list_aliases(arguments.ssh_config) if arguments.ssh_config else list_hosts():
        if arguments.json:
            print(json.dumps({"host": alias.name, "file": alias.path, "line": alias.line}))
        else:
            print(alias.name)
    return 0


def _list_threads(arguments: argparse.Namespace) -> int:
    from codex_ssh.local.paths import threads_dir
    from codex_ssh.local.seen_threads import hosts_with_threads, read_threads

    directory = threads_dir()
    hosts = hosts_with_threads(directory)
    named = [host for word in arguments.words if (host := _host(word)) in hosts]
    for host in dict.fromkeys(named) or hosts:
        for number, title in read_threads(directory, host):
            if arguments.json:
                print(json.dumps({"host": host, "threadId": number, "title": title}))
            else:
                print(f"{number}\t{title}")
    return 0


def _host(word: str) -> str:
    try:
        return str(parse_host(word))
    except UsageError:
        return ""
