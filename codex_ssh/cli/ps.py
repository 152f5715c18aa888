"""``codex-ssh ps``: hosts, app servers, and what their threads do, all looked at side by side."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from typing import Final

from codex_ssh.cli.options import host_argument
from codex_ssh.cli.output import note
from codex_ssh.core.fleet import Doing, HostReport, Reach, ago, encode_report
from codex_ssh.core.host import Host
from codex_ssh.core.plain_text import plain_line
from codex_ssh.local.log import log_to_stderr

NAME = "ps"
HELP = "look at all your hosts at once: app servers, and what their threads do"

_COUNTED: Final = {
    Doing.WAITING: "WAIT",
    Doing.RUNNING: "RUN",
    Doing.FAILED: "FAIL",
    Doing.IDLE: "IDLE",
}
_MARKS: Final = {Doing.WAITING: "?", Doing.RUNNING: "▶", Doing.FAILED: "✗"}
_TITLE: Final = 48
"""Characters of a thread's title in the table."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "hosts",
        metavar="HOST",
        nargs="*",
        type=host_argument,
        help="those to look at; else those you were on lately and those the config file names",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a host instead of a table")
    parser.add_argument(
        "-F", "--ssh-config", metavar="FILE", default="", help="ssh config instead of ~/.ssh/config"
    )
    parser.add_argument(
        "-v", dest="verbosity", action="count", default=0, help="say what happens; -vv says more"
    )


def run(arguments: argparse.Namespace) -> int:
    """Look, and print each host as soon as it is known; a host that is off is no failure."""
    from codex_ssh.cli.fleet import usual_hosts
    from codex_ssh.cli.run import run_async
    from codex_ssh.local.config_file import read_config
    from codex_ssh.local.host_command import fleet_settings

    log_to_stderr(arguments.verbosity)
    # Wrong for one host is wrong for that one; wrong as a whole is said once.
    has_command = bool(fleet_settings(read_config()).host_command)
    hosts = list(dict.fromkeys(arguments.hosts)) or usual_hosts()
    if not hosts and not has_command:
        note("no host is known yet: codex-ssh ps HOST, or connect to one")
        return 0
    return run_async(_look(arguments, hosts))


async def _look(arguments: argparse.Namespace, hosts: Sequence[Host]) -> int:
    from codex_ssh.cli.fleet import look_at_hosts
    from codex_ssh.cli.slow import told_when_slow

    waited = [str(host) for host in hosts]
    table = Table(waited, now=time.time)

    def tell(report: HostReport) -> None:
        if report.host in waited:  # not one that host_command has just named
            waited.remove(report.host)
        lines = [json.dumps(encode_report(report))] if arguments.json else table.rows(report)
        print("\n".join(lines), flush=True)

    if not arguments.json:
        print(table.head(), flush=True)
    with told_when_slow(lambda: f"waiting for {', '.join(waited)}"):
        await look_at_hosts(arguments, hosts, tell, are_named=bool(arguments.hosts))
    return 0


class Table:
    """The table of hosts, row by row: its widths are known before the first answer.

    Args:
        hosts: All that will come.
        now: This machine's clock, in seconds since 1970.
    """

    def __init__(self, hosts: Sequence[str], *, now: Callable[[], float]) -> None:
        self._width = max([len("HOST"), *map(len, hosts)])
        self._state = max(len(reach.value) for reach in Reach)
        self._now = now

    def head(self) -> str:
        """The first line."""
        return self._line("HOST", "STATE", list(_COUNTED.values()), "CODEX")

    def rows(self, report: HostReport) -> list[str]:
        """Give a host's rows: the host, what is to be said, and each thread that is not just idle."""
        shown = report.shown
        counts = [str(shown.count(doing)) if shown.reach is Reach.UP else "" for doing in _COUNTED]
        rows = [self._line(report.host, report.reach.value, counts, _version(shown))]
        if report.why:
            hint = f"; {report.hint}" if report.hint else ""
            rows.append(f"  {plain_line(f'{report.why}{hint}')}")
        if report.last is not None:
            rows.append(f"  as it was {ago(self._now() - report.last.at)}")
        for thread in shown.threads:
            if thread.doing in _MARKS:
                age = ago(self._now() - thread.updated_at) if thread.updated_at else ""
                words = [thread.doing.value, _short(thread.title), plain_line(thread.cwd), age]
                rows.append(f"  {_MARKS[thread.doing]} {'  '.join(filter(None, words))}")
        if shown.more:
            rows.append(f"  and {shown.more} more threads")
        return rows

    def _line(self, host: str, state: str, counts: Sequence[str], codex: str) -> str:
        numbers = "".join(f"{count:>6}" for count in counts)
        return f"{host:<{self._width}}  {state:<{self._state}}{numbers}  {codex}".rstrip()


def _version(report: HostReport) -> str:
    running, on_disk = plain_line(report.version), plain_line(report.on_disk)
    if report.is_stale:
        return f"{running}, on disk {on_disk}"
    return running or on_disk


def _short(title: str) -> str:
    line = " ".join(plain_line(title).split())
    return line if len(line) <= _TITLE else f"{line[: _TITLE - 1]}…"
