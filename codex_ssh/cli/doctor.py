"""``codex-ssh doctor``: check a host step by step, or this machine.

Lives here: the flags and what is printed. Not here: climbing (:mod:`codex_ssh.link.checkup`) and looking at
this machine (:mod:`codex_ssh.local.machine`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import textwrap
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codex_ssh.cli.options import (
    add_connection_options,
    build_profile,
    build_prompter,
    host_argument,
    load_settings,
    name_of_command,
)
from codex_ssh.cli.output import note
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.redact import redact
from codex_ssh.errors import UsageError
from codex_ssh.local.files import create_private
from codex_ssh.local.log import keep_log, log_to_stderr

if TYPE_CHECKING:
    from codex_ssh.core.checkup import Checkup, Rung
    from codex_ssh.core.rpc import Json

NAME = "doctor"
HELP = "check a host step by step and say what is wrong and what to do; without a host, this machine"

_COLOURS: Final = {"ok": "\033[32m", "warning": "\033[33m", "failed": "\033[1;31m", "skipped": "\033[2m"}
_OFF: Final = "\033[0m"

_NARROWEST: Final = 24
"""Columns the text keeps, however narrow the terminal is."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "host",
        metavar="HOST",
        type=host_argument,
        nargs="?",
        help="alias, USER@HOST or USER@HOST:PORT; without it this machine is checked",
    )
    parser.add_argument("--start", action="store_true", help="start an app server there when none runs")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")
    parser.add_argument(
        "--bundle", metavar="FILE", help="write all of it and the log to a new file, credentials masked"
    )
    add_connection_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check, print, and give the exit code of the step that failed, if one did."""
    from codex_ssh.local.machine import check_machine, read_facts

    log_to_stderr(arguments.verbosity)
    if arguments.bundle and os.path.lexists(arguments.bundle):
        raise UsageError(f"{arguments.bundle!r} is there already", hint="name a new file")
    log = keep_log() if arguments.bundle else deque[str]()
    tell = _keep_quiet if arguments.json else _print_rung
    if arguments.host is None and arguments.exec:
        arguments.host = name_of_command(arguments.exec)
    if arguments.host is None:
        if arguments.start:
            raise UsageError("--start goes with a host", hint="codex-ssh doctor --start HOST")
        return _finish(arguments, check_machine(read_facts(), tell), log)
    # A login is what is looked at, and every question of it.
    arguments.share = arguments.fast_path = False
    effective = load_settings(arguments, arguments.host)
    profile = build_profile(arguments, arguments.host, effective.settings)
    from codex_ssh.cli.run import run_async
    from codex_ssh.link.checkup import check_host

    prompter, here = build_prompter(arguments), read_facts()

    async def check() -> int:
        checkup = await check_host(profile, prompter, may_start=arguments.start, here=here, tell=tell)
        return _finish(arguments, checkup, log)

    return run_async(check())


def _finish(arguments: argparse.Namespace, checkup: Checkup, log: Iterable[str]) -> int:
    from codex_ssh.core.checkup import checkup_shape

    if arguments.bundle:
        bundle = {**checkup_shape(checkup), "log": list(log)}
        create_private(Path(arguments.bundle), json.dumps(bundle, indent=2) + "\n")
        note(f"written: {arguments.bundle}; read it before you send it")
    if arguments.json:
        print(json.dumps(checkup_shape(checkup)), flush=True)
        return checkup.exit_code
    _print_facts("here", checkup.here)
    _print_facts("there", checkup.there)
    print()
    print(_verdict(checkup), flush=True)
    return checkup.exit_code


def _verdict(checkup: Checkup) -> str:
    failed, warnings = checkup.failed, sum(len(rung.warnings) for rung in checkup.rungs)
    if failed is not None:
        return f"stopped at {failed.name!r} (exit code {int(checkup.exit_code)})"
    so_far = " so far as it goes without an app server" if not checkup.reached_top else ""
    worth = f", {warnings} warning{'' if warnings == 1 else 's'}" if warnings else ""
    return f"nothing failed{so_far}{worth}"


def _keep_quiet(rung: Rung) -> None:
    """Say nothing: the JSON object comes at the end."""


def _print_rung(rung: Rung) -> None:
    time = "" if rung.ms is None else f"{rung.ms:.0f} ms"
    state = rung.state.value
    head = f"{state:<7}  {rung.name:<10} {time:>8}  "
    lines = list(_wrapped([*rung.found, *_troubles(rung)], indent=len(head)))
    first, *rest = lines or [""]
    print(f"{_styled(f'{state:<7}', _COLOURS[state])}{head[7:]}{first}".rstrip())
    for line in rest:
        print(f"{' ' * len(head)}{line}")
    sys.stdout.flush()


def _troubles(rung: Rung) -> Iterator[str]:
    for warning in rung.warnings:
        yield f"warning: {warning}"
    if rung.cause is not None:
        yield rung.cause.message
        if rung.cause.said and rung.cause.said not in rung.cause.message:
            yield f"it said: {rung.cause.said}"
        if rung.cause.fix:
            yield f"fix: {rung.cause.fix}"


def _wrapped(texts: list[str], *, indent: int) -> Iterator[str]:
    width = max(shutil.get_terminal_size().columns - indent, _NARROWEST)
    for text in texts:
        for line in plain_lines(redact(text)).splitlines():
            # A long path stays whole, to be copied.
            yield from textwrap.wrap(
                line, width, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
            )


def _print_facts(where: str, facts: Mapping[str, Json]) -> None:
    if not facts:
        return
    print(f"\n{where}:")
    width = max(map(len, facts))
    for name, value in facts.items():
        text = plain_line(redact(_worded(value)))
        lines = list(_wrapped([text], indent=width + 4)) or ["-"]
        print(f"  {name:<{width}}  {lines[0]}")
        for line in lines[1:]:
            print(f"{' ' * (width + 4)}{line}")


def _worded(value: Json) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None | "":
            return ""
        case list():
            return ", ".join(map(_worded, value))
        case dict():
            return ", ".join(f"{name} {_worded(one)}".strip() for name, one in value.items())
        case _:
            return str(value)


def _styled(text: str, style: str) -> str:
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"{style}{text}{_OFF}"
