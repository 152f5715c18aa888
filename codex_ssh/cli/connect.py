"""``codex-ssh connect``, the command ``codex-ssh HOST`` stands for: a TUI on the host's app server."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from codex_ssh.cli.images import add_image_option, checked_images, read_images
from codex_ssh.cli.options import (
    add_connection_options,
    build_profile,
    build_prompter,
    host_argument,
    load_settings,
    name_of_command,
)
from codex_ssh.cli.output import note, warn
from codex_ssh.cli.slow import say_connecting, told_when_slow
from codex_ssh.core.config import FrontEnd, Settings
from codex_ssh.core.plain_text import plain_lines
from codex_ssh.core.question import Prompter
from codex_ssh.errors import UsageError
from codex_ssh.local.log import log_to_file, log_to_stderr
from codex_ssh.local.paths import drafts_dir, log_dir, threads_dir

if TYPE_CHECKING:
    from codex_ssh.link.way import Profile

NAME = "connect"
HELP = "open a TUI on the host's app server (what codex-ssh HOST does)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "host",
        metavar="HOST",
        nargs="?",
        type=host_argument,
        help="alias, USER@HOST or USER@HOST:PORT; with --exec any name, or none",
    )
    parser.add_argument("prompt", metavar="PROMPT", nargs="?", default="", help="the first prompt")
    add_front_end_options(parser)
    add_connection_options(parser)


def add_front_end_options(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a TUI."""
    front = parser.add_argument_group("front end")
    front.add_argument("--tui", choices=("builtin", "codex"), help="ours, or the official codex --remote")
    front.add_argument(
        "--screen-reader", action="store_true", help="our TUI as lines, one after the other; no full screen"
    )
    front.add_argument("--cd", metavar="DIR", help="working directory on the devbox")
    front.add_argument("-m", "--model", metavar="MODEL", help="model for new threads")
    add_image_option(front)
    front.add_argument("--resume", metavar="ID", nargs="?", const="", help="resume a thread, or choose one")
    front.add_argument("--last", action="store_true", help="resume the newest thread")
    front.add_argument(
        "--approve-only",
        action="store_true",
        help="look on, answer approvals and questions, and do nothing else",
    )
    front.add_argument(
        "--door", action="store_true", default=None, help="run our own TUI through the local door too"
    )
    front.add_argument(
        "--record", metavar="FILE", default="", help="write the session to a new file, for codex-ssh replay"
    )


def run(arguments: argparse.Namespace) -> int:
    """Connect, run the TUI, and give its exit code."""
    log_to_stderr(arguments.verbosity)
    if arguments.host is None:
        arguments.host = name_of_command(arguments.exec)
    effective = load_settings(arguments, arguments.host)
    say_connecting(arguments.host)
    from codex_ssh.cli.run import run_async

    profile = build_profile(arguments, arguments.host, effective.settings)
    return run_async(run_front_end(arguments, profile, effective.settings, build_prompter(arguments)))


async def run_front_end(
    arguments: argparse.Namespace,
    profile: Profile,
    settings: Settings,
    prompter: Prompter,
    *,
    goes_on: bool = True,
) -> int:
    """Run the chosen front end on a profile; the demo comes in here too.

    Args:
        arguments: The command line.
        profile: How the host is reached.
        settings: What holds for it.
        prompter: Answers questions before the screen is taken.
        goes_on: Whether the host is there afterwards, for the words on leaving.
    """
    if arguments.approve_only and (arguments.prompt or arguments.image):
        raise UsageError("--approve-only says nothing to the model", hint="leave the prompt and --image away")
    if settings.tui is FrontEnd.CODEX:
        if arguments.approve_only:
            raise UsageError("--approve-only is for our own TUI", hint="leave --tui codex away")
        if arguments.record:
            raise UsageError("--record is for our own TUI", hint="leave --tui codex away")
        from codex_ssh.cli.official import run_official
        from codex_ssh.external.launch import FrontEndOptions

        options = FrontEndOptions(
            prompt=arguments.prompt,
            images=checked_images(arguments.image),
            cd=settings.cd,
            model=settings.model,
            resume=arguments.resume,
            last=arguments.last,
        )
        log_to_file(log_dir() / "tui.log", arguments.verbosity)
        try:
            code = await run_official(profile, options, prompter, hidden=settings.token_env)
            if goes_on:
                from codex_ssh.cli.fleet import came_to

                came_to(arguments, str(profile.host))
            return code
        finally:
            log_to_stderr(arguments.verbosity)
    return await _run_ours(arguments, profile, settings, prompter, goes_on=goes_on)


async def _run_ours(
    arguments: argparse.Namespace,
    profile: Profile,
    settings: Settings,
    prompter: Prompter,
    *,
    goes_on: bool,
) -> int:
    from codex_ssh.cli.fleet import came_to
    from codex_ssh.cli.other_hosts import OtherHosts
    from codex_ssh.cli.ports import open_lazy_ports
    from codex_ssh.cli.record import recording_to
    from codex_ssh.link.carrier import LinkCarrier
    from codex_ssh.link.lifeline import open_lifeline
    from codex_ssh.local.collector import no_collections
    from codex_ssh.local.config_file import read_tui_settings
    from codex_ssh.local.desk import open_desk
    from codex_ssh.local.drafts import merge_kept, no_drafts, open_drafts
    from codex_ssh.local.hangup import hangup_is_told
    from codex_ssh.local.seen_threads import see_threads
    from codex_ssh.local.terminal import SilentPrompter
    from codex_ssh.tui.bridge import TuiOptions
    from codex_ssh.tui.dialogs import DialogPrompter

    looks_on = arguments.approve_only
    images = read_images(arguments.image)
    look = read_tui_settings().settings
    dialogs = None if getattr(arguments, "no_input", False) else DialogPrompter(prompter)
    with (
        recording_to(arguments.record) as record,
        no_drafts() if looks_on else open_drafts(drafts_dir(), str(profile.host)) as drafts,
        told_when_slow(f"{profile.host}: connecting", prompter, is_said=True) as connected,
    ):
        async with (
            open_desk(str(profile.host), look) as desk,
            open_lifeline(
                profile, prompter, lambda: dialogs or SilentPrompter(shows=False), passive=settings.passive
            ) as lifeline,
            open_lazy_ports(lifeline.ssh, str(profile.host), settings.forward_deny) as forwards,
            hangup_is_told(),
        ):
            connected()
            carrier = LinkCarrier(lifeline)
            if goes_on:
                came_to(arguments, str(profile.host), lifeline.facts.server_version)
            for warning in lifeline.facts.warnings:
                warn(warning)
            log_to_file(log_dir() / "tui.log", arguments.verbosity)
            options = TuiOptions(
                prompt=arguments.prompt,
                attachments=images,
                cwd=settings.cd,
                model=settings.model,
                resume=arguments.resume,
                offers_running=True,
                last=arguments.last,
                approves_only=looks_on,
                goes_on=goes_on,
                left=merge_kept(drafts.left),
                settings=look,
                forward_ports=settings.forward_ports,
                forward_deny=settings.forward_deny,
            )
            keeper = forwards if lifeline.facts.transport != "wss" and not looks_on else None
            session = record(lifeline)
            if looks_on:
                from codex_ssh.tui.approving import approving

                session = approving(session)
            try:
                if look.screen_reader or arguments.screen_reader:
                    from codex_ssh.local.line_terminal import open_stdio_lines
                    from codex_ssh.tui.line_front import run_lines

                    async with open_stdio_lines() as terminal:
                        outcome = await run_lines(session, options, terminal, drafts, keeper, carrier)
                else:
                    # Only now: whoever cannot connect never pays for Textual, nor sees a screen flash by.
                    with no_collections():
                        from codex_ssh.tui.app import run_tui

                    fleet = OtherHosts(arguments, look, dialogs or SilentPrompter(shows=False))
                    others = fleet if goes_on else None
                    outcome = await run_tui(session, options, drafts, dialogs, desk, keeper, carrier, others)
            finally:
                log_to_stderr(arguments.verbosity)
    if outcome.draft:
        note(f"not sent: {plain_lines(outcome.draft)}")
    if outcome.turn_running:
        note("the turn goes on on the devbox" if goes_on else "the turn ended with the demo")
    if goes_on:
        see_threads(threads_dir(), str(profile.host), outcome.threads)
    if outcome.can_resume and goes_on:
        note(f"to go on: codex-ssh {profile.host} --resume {outcome.thread_id}")
    if outcome.error is not None:
        raise outcome.error
    return 0
