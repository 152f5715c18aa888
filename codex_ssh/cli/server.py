"""``codex-ssh server``: the life of the app server on a host.

Lives here: the flags and what is printed. Not here: doing it (:mod:`codex_ssh.link.upkeep`).
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from codex_ssh.cli.options import (
    add_connection_options,
    build_profile,
    build_prompter,
    host_argument,
    load_settings,
)
from codex_ssh.cli.output import note
from codex_ssh.core.plain_text import plain_lines
from codex_ssh.core.sandbox import describe_sandbox
from codex_ssh.errors import UsageError
from codex_ssh.local.log import log_to_stderr

if TYPE_CHECKING:
    from codex_ssh.link.choosing import AppServer
    from codex_ssh.link.ssh import Ssh
    from codex_ssh.link.upkeep import Status
    from codex_ssh.link.way import Profile

NAME = "server"
HELP = "start, stop, restart or look at the app server of a host"

ACTIONS = ("start", "stop", "restart", "status", "logs", "gc")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("action", metavar="ACTION", choices=ACTIONS, help=", ".join(ACTIONS))
    parser.add_argument("host", metavar="HOST", type=host_argument, help="alias, USER@HOST or USER@HOST:PORT")
    parser.add_argument(
        "--when-idle", action="store_true", help="restart: wait until no turn runs and nobody is attached"
    )
    parser.add_argument(
        "--force", action="store_true", help="stop, restart: though turns run or clients are attached"
    )
    parser.add_argument(
        "--lines", metavar="N", type=int, default=100, help="logs: how many; 100 unless given"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")
    add_connection_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do one thing to the host's app server."""
    from codex_ssh.cli.run import run_async

    log_to_stderr(arguments.verbosity)
    if arguments.when_idle and arguments.action != "restart":
        raise UsageError("--when-idle goes with restart", hint="codex-ssh server restart --when-idle HOST")
    if arguments.force and arguments.action not in ("stop", "restart"):
        raise UsageError("--force goes with stop and restart")
    effective = load_settings(arguments, arguments.host)
    profile = build_profile(arguments, arguments.host, effective.settings)
    return run_async(_act(arguments, profile))


async def _act(arguments: argparse.Namespace, profile: Profile) -> int:
    from codex_ssh.link import upkeep
    from codex_ssh.link.way import open_host

    async with open_host(profile, build_prompter(arguments)) as ssh:
        match arguments.action:
            case "start":
                facts = _server(await upkeep.start_server(ssh, profile))
            case "stop":
                outcome = await upkeep.stop_server(ssh, profile, force=arguments.force)
                facts = {"outcome": outcome}
            case "restart":
                app = await upkeep.restart_server(
                    ssh, profile, when_idle=arguments.when_idle, force=arguments.force
                )
                facts = _server(app)
            case "status":
                facts = _status(await upkeep.read_status(ssh, profile, everything=True))
            case "logs":
                return await _print_logs(ssh, arguments)
            case _:
                removed, kept = await upkeep.collect_garbage(ssh)
                facts = {"removed": removed, "kept": kept}
    _print(arguments, {"host": str(profile.host), **facts})
    return 0


async def _print_logs(ssh: Ssh, arguments: argparse.Namespace) -> int:
    from codex_ssh.link import upkeep

    path, text = await upkeep.read_logs(ssh, lines=max(arguments.lines, 1))
    if arguments.json:
        print(json.dumps({"host": ssh.host, "path": path, "lines": text.splitlines()}), flush=True)
    elif path:
        note(f"{path} on {ssh.host}:")
        print(plain_lines(text), flush=True)
    else:
        note(f"no app server was started by codex-ssh on {ssh.host}")
    return 0


def _print(arguments: argparse.Namespace, facts: dict[str, Any]) -> None:
    if arguments.json:
        print(json.dumps(facts), flush=True)
        return
    for name, value in facts.items():
        for one in value if isinstance(value, list) else [value]:
            if one not in ("", None):
                words = {True: "yes", False: "no"}.get(one, one) if isinstance(one, bool) else one
                if isinstance(one, dict):
                    words = " ".join(map(str, one.values()))
                print(f"{name}: {plain_lines(str(words))}", flush=True)


def _server(app: AppServer) -> dict[str, Any]:
    state = app.probe.own_state
    return {
        "endpoint": str(app.endpoint),
        "pid": int(state["pid"]) if app.is_ours and state.get("pid", "").isdigit() else None,
        "codex": app.probe.codex if not app.is_ours else state.get("codex", ""),
        "version": state.get("version", "") if app.is_ours else "",
        "startedByUs": app.is_ours,
        "survivesLogout": state.get("keeps") != "session" if app.is_ours else None,
        "portBecause": state.get("because", "") if app.is_ours else "",
    }


def _status(status: Status) -> dict[str, Any]:
    probe = status.probe
    facts: dict[str, Any] = {"running": status.app is not None}
    if status.app is not None:
        facts |= _server(status.app)
        facts |= {
            "chosen": status.app.chosen,
            "owner": status.app.verdict.because,
            "version": status.version or facts["version"],
            "stale": status.is_stale,
            "turns": status.turns,
            "clients": status.clients,
            "trouble": status.trouble,
        }
    return {
        **facts,
        "passedOver": [f"{step}: {why}" for step, why in status.passed_over.items()],
        "codexOnDisk": probe.codex,
        "codexOnDiskVersion": probe.codex_version,
        "codexFoundBy": probe.codex_from,
        "allCodex": [{"path": found.path, "version": found.version} for found in probe.around.found],
        "codexHome": probe.codex_home,
        "user": probe.user,
        "hostname": probe.hostname,
        "system": f"{probe.os} {probe.arch} {probe.around.libc}".strip(),
        "homeFileSystem": probe.around.home_fs,
        "lingering": probe.around.linger,
        "sandbox": describe_sandbox(probe.around),
        "sandboxStarts": probe.around.sandbox_starts,
    }
