"""``codex-ssh config``: what holds for a host and where each value comes from, and the file itself."""

from __future__ import annotations

import argparse
import json
import os

from codex_ssh.cli.options import host_argument
from codex_ssh.cli.output import note, warn
from codex_ssh.errors import ConfigError, UsageError

NAME = "config"
HELP = "show what holds for a host and where it comes from; check or begin the config file"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "action",
        metavar="ACTION",
        choices=("show", "path", "check", "init", "schema"),
        help="show: every setting, its value and its origin; path: where the file is; check: all that is "
        "wrong with it; init: begin one; schema: its JSON schema, for editors",
    )
    parser.add_argument(
        "host", metavar="HOST", nargs="?", type=host_argument, help="for show: whose settings"
    )
    parser.add_argument("--json", action="store_true", help="for show: one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    from codex_ssh.local.paths import config_file

    if arguments.action != "show" and (arguments.host is not None or arguments.json):
        raise UsageError(f"config {arguments.action} takes neither HOST nor --json")
    path = config_file()
    match arguments.action:
        case "path":
            print(path)
        case "show":
            _show(arguments)
        case "check":
            _check()
        case "init":
            _init()
        case "schema":
            from codex_ssh.core.config_schema import config_schema

            print(json.dumps(config_schema(), indent=2, ensure_ascii=False))
    return 0


def _show(arguments: argparse.Namespace) -> None:
    from codex_ssh.core.config import KEYS, Layer
    from codex_ssh.core.config_text import value_text
    from codex_ssh.core.tui_settings import TUI_KEYS
    from codex_ssh.local.config_file import read_tui_settings, settings_for

    host = arguments.host.name if arguments.host is not None else ""
    effective = settings_for(host, Layer(origin="the command line", values={}))
    tui = read_tui_settings()
    rows = [(key, value_text(key, effective.settings), effective.origins.get(key)) for key in KEYS]
    rows += [(f"tui.{key}", value_text(key, tui.settings), tui.origins.get(key)) for key in TUI_KEYS]
    for key, value, origin in rows:
        if arguments.json:
            print(json.dumps({"key": key, "value": value, "origin": origin or "built in"}))
        else:
            print(f"{key} = {value}  # {origin or 'built in'}")


def _check() -> None:
    from codex_ssh.core.config import Layer
    from codex_ssh.core.config_text import faults
    from codex_ssh.local.config_file import read_config, read_tui_settings, settings_for
    from codex_ssh.local.paths import config_file

    path = config_file()
    found = faults(read_config(path), path=str(path))
    for fault in found:
        warn(f"{fault.message}{f' ({fault.hint})' if fault.hint else ''}")
    if found:
        raise ConfigError(f"{path}: {len(found)} fault{'s' if len(found) > 1 else ''}")
    # The environment belongs to what holds, too.
    settings_for("", Layer(origin="the command line", values={}))
    read_tui_settings()
    note(f"{path}: {'nothing is wrong' if path.exists() else 'there is none, and none is needed'}")


def _init() -> None:
    from codex_ssh.core.config_text import starter
    from codex_ssh.local.paths import config_file

    path = config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{str(path)!r} is there already", hint="nothing was changed") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(starter())
    print(path)
