"""``codex-ssh selftest``: does the link to a host hold, and heal, on the user's own path?

Lives here: the flags, the order of the checks, the scratch thread's beginning and end. Not here: the checks
(:mod:`codex_ssh.cli.checks`) and what is printed (:mod:`codex_ssh.cli.card`).
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from codex_ssh.cli.options import (
    add_connection_options,
    build_profile,
    build_prompter,
    host_argument,
    load_settings,
)
from codex_ssh.local.log import log_to_stderr

if TYPE_CHECKING:
    from codex_ssh.cli.card import Card
    from codex_ssh.core.question import Prompter
    from codex_ssh.link.way import Profile

NAME = "selftest"
HELP = "break the link to a host on purpose, and see that it heals and loses nothing"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("host", metavar="HOST", type=host_argument, help="alias, USER@HOST or USER@HOST:PORT")
    parser.add_argument(
        "--with-model", action="store_true", help="also what needs a turn of the model, which costs one"
    )
    parser.add_argument(
        "--reconnect-for",
        metavar="SECONDS",
        type=float,
        default=30.0,
        help="how long a broken link may take to come back (30)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    add_connection_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do the checks; the exit code says whether one failed."""
    from codex_ssh.cli.card import JsonCard, TextCard
    from codex_ssh.cli.run import run_async

    log_to_stderr(arguments.verbosity)
    arguments.share = False  # connections are broken on purpose
    effective = load_settings(arguments, arguments.host)
    profile = build_profile(arguments, arguments.host, effective.settings)
    card: Card = JsonCard() if arguments.json else TextCard()
    return run_async(
        _check(arguments, profile, build_prompter(arguments), card, model=effective.settings.model)
    )


async def _check(
    arguments: argparse.Namespace, profile: Profile, prompter: Prompter, card: Card, *, model: str
) -> int:
    import asyncio

    from codex_ssh.cli.bench import Bench, tidy
    from codex_ssh.cli.card import Outcome, Result
    from codex_ssh.cli.checks import CHECKS, perform
    from codex_ssh.cli.output import note, warn
    from codex_ssh.cli.witness import Witness
    from codex_ssh.errors import CodexSshError, ExitCode
    from codex_ssh.link.lifeline import open_lifeline
    from codex_ssh.tui.bridge import TuiOptions
    from codex_ssh.tui.chat import open_chat

    results: list[Result] = []

    def checked(result: Result) -> None:
        results.append(result)
        card.checked(result)

    options = TuiOptions(model=model, approval_policy="untrusted", sandbox="read-only")
    started = asyncio.get_running_loop().time()
    try:
        async with open_lifeline(profile, prompter, lambda: prompter, waits_for_user=False) as line:
            first = await anext(line.sessions())
            witness = Witness(line, first)
            async with open_chat(witness, options) as chat:
                for warning in line.facts.warnings:
                    warn(warning)
                card.connected(line.facts)
                bench = Bench(
                    line=line,
                    witness=witness,
                    chat=chat,
                    patience=arguments.reconnect_for,
                    with_model=arguments.with_model,
                    connect_seconds=asyncio.get_running_loop().time() - started,
                )
                left = ""
                try:
                    for check in CHECKS:
                        note(f"{check.name}: {check.doing}")
                        checked(await perform(check, bench))
                finally:
                    left = await tidy(bench)
                card.ended(line.facts.host, results, left)
    except CodexSshError as error:
        if not results:
            checked(Result(check=CHECKS[0].name, outcome=Outcome.FAILED, words=str(error)))
        raise
    failed = any(result.outcome is Outcome.FAILED for result in results)
    return ExitCode.CHECK_FAILED if failed else ExitCode.DONE
