"""``codex-ssh exec``: one turn without a TUI.

Lives here: its flags. Not here: running the turn (:mod:`codex_ssh.cli.turn`) and what is printed
(:mod:`codex_ssh.cli.printer`).
"""

from __future__ import annotations

import argparse
import sys

from codex_ssh.cli.images import add_image_option, read_images
from codex_ssh.cli.options import (
    add_connection_options,
    build_profile,
    build_prompter,
    host_argument,
    load_settings,
)
from codex_ssh.cli.slow import say_connecting
from codex_ssh.errors import UsageError
from codex_ssh.local.log import log_to_stderr

NAME = "exec"
HELP = "run one turn without a TUI: the answer on stdout, progress on stderr"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("host", metavar="HOST", type=host_argument, help="alias, USER@HOST or USER@HOST:PORT")
    parser.add_argument("prompt", metavar="PROMPT", help="what to do; - reads it from stdin")
    turn = parser.add_argument_group("turn")
    turn.add_argument("--cd", metavar="DIR", help="working directory on the devbox")
    turn.add_argument("-m", "--model", metavar="MODEL", help="model for this turn")
    turn.add_argument("--resume", metavar="ID", default="", help="go on with this thread")
    add_image_option(turn)
    turn.add_argument(
        "--approve",
        choices=("ask", "never", "all"),
        help="approvals: ask a person (the default on a terminal), never (decline), all (accept)",
    )
    turn.add_argument(
        "-a",
        "--ask-for-approval",
        choices=("untrusted", "on-request", "never"),
        default="",
        help="when codex asks; the devbox's own config decides if not given",
    )
    turn.add_argument(
        "-s",
        "--sandbox",
        choices=("read-only", "workspace-write", "danger-full-access"),
        default="",
        help="what commands may do; the devbox's own config decides if not given",
    )
    turn.add_argument(
        "--reconnect-for",
        metavar="SECONDS",
        type=float,
        default=600.0,
        help="how long a lost link may take to come back (600); 0 ends at once",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    add_connection_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the turn; the exit code is its outcome."""
    log_to_stderr(arguments.verbosity)
    on_terminal = sys.stdin.isatty() and sys.stderr.isatty() and not arguments.no_input
    approve = arguments.approve or ("ask" if on_terminal else "never")
    if approve == "ask" and not on_terminal:
        raise UsageError("--approve ask needs a terminal", hint="use --approve never or --approve all")
    prompt = sys.stdin.read() if arguments.prompt == "-" else arguments.prompt
    if not prompt.strip():
        raise UsageError("the prompt is empty")
    images = read_images(arguments.image)
    effective = load_settings(arguments, arguments.host)
    say_connecting(arguments.host)
    # asyncio and all that hangs on it: 100 ms that --help and a usage error do without.
    from codex_ssh.cli.approval import ApprovalPolicy
    from codex_ssh.cli.printer import JsonPrinter, TextPrinter
    from codex_ssh.cli.run import run_async
    from codex_ssh.cli.turn import Opening, run_turn

    profile = build_profile(arguments, arguments.host, effective.settings)
    opening = Opening(
        prompt=prompt,
        attachments=images,
        cwd=effective.settings.cd,
        model=effective.settings.model,
        resume=arguments.resume,
        asks_when=arguments.ask_for_approval,
        sandbox=arguments.sandbox,
        patience=arguments.reconnect_for,
    )
    printer = JsonPrinter() if arguments.json else TextPrinter()
    return run_async(run_turn(profile, build_prompter(arguments), opening, ApprovalPolicy(approve), printer))
