"""``codex-ssh demo``: everything on this machine, for a first look and for tests."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from codex_ssh.cli.connect import add_front_end_options, run_front_end
from codex_ssh.cli.images import read_images
from codex_ssh.cli.options import add_connection_options, build_profile, build_prompter, load_settings
from codex_ssh.cli.output import note
from codex_ssh.core.host import Host
from codex_ssh.local.log import log_to_stderr

if TYPE_CHECKING:
    from codex_ssh.demo.devbox import Devbox

NAME = "demo"
HELP = "try it with nothing set up: an SSH server, an app server and the TUI, all on this machine"

_DEVBOX = Host(name="demo")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--engine",
        choices=("rehearsal", "codex"),
        default="rehearsal",
        help="rehearsal needs no account and no network, and is not Codex; codex runs the one found here",
    )
    parser.add_argument("--prompt", metavar="TEXT", default="", help="run one turn without a TUI")
    add_front_end_options(parser)
    parser.add_argument("-v", dest="verbosity", action="count", default=0, help="say what happens")


def run(arguments: argparse.Namespace) -> int:
    """Make the devbox, connect to it as to any host, and clear it away."""
    from codex_ssh.cli.run import run_async

    log_to_stderr(arguments.verbosity)
    return run_async(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    from codex_ssh.demo.devbox import open_devbox
    from codex_ssh.external.launch import find_codex

    engine = find_codex() if arguments.engine == "codex" else None
    async with open_devbox(engine) as devbox:
        if engine is None:
            note("demo: everything runs on this machine; the rehearsal engine answers, which is not Codex")
        return await _connect(arguments, devbox)


async def _connect(arguments: argparse.Namespace, devbox: Devbox) -> int:
    client = _client_arguments(arguments, devbox)
    effective = load_settings(client, _DEVBOX)
    profile = build_profile(client, _DEVBOX, effective.settings)
    prompter = build_prompter(client)
    if arguments.prompt:
        from codex_ssh.cli.approval import ApprovalPolicy
        from codex_ssh.cli.printer import TextPrinter
        from codex_ssh.cli.turn import Opening, run_turn

        opening = Opening(
            prompt=arguments.prompt,
            attachments=read_images(arguments.image),
            cwd=effective.settings.cd,
            model=effective.settings.model,
        )
        return await run_turn(profile, prompter, opening, ApprovalPolicy.ALL, TextPrinter())
    return await run_front_end(client, profile, effective.settings, prompter, goes_on=False)


def _client_arguments(arguments: argparse.Namespace, devbox: Devbox) -> argparse.Namespace:
    """The flags a person would give to reach this devbox, on top of the demo's own."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_connection_options(parser)
    words = ["-F", str(devbox.ssh_config), "--endpoint", str(devbox.endpoint)]
    return parser.parse_args(words, namespace=argparse.Namespace(**vars(arguments)))
