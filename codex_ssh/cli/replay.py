"""``codex-ssh replay``: a recorded session in the TUI, without any network."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from codex_ssh.errors import ExitCode, UsageError
from codex_ssh.local.log import log_to_file, log_to_stderr
from codex_ssh.local.paths import log_dir

if TYPE_CHECKING:
    from codex_ssh.core.tui_settings import TuiSettings
    from codex_ssh.tui.player import Player

NAME = "replay"
HELP = "show a session that was recorded with --record"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("file", metavar="FILE", type=Path, help="what --record wrote")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--speed", metavar="X", type=_speed, default=1.0, help="so many times as fast; 0 shows all at once"
    )
    how.add_argument("--all", dest="speed", action="store_const", const=0.0, help="the same as --speed 0")
    how.add_argument("--text", action="store_true", help="print the conversation as text instead")
    parser.add_argument("-v", dest="verbosity", action="count", default=0, help="say what happens")


def run(arguments: argparse.Namespace) -> int:
    """Read the file and show it."""
    from codex_ssh.cli.run import run_async
    from codex_ssh.local.config_file import read_tui_settings
    from codex_ssh.local.recording_file import load_recording
    from codex_ssh.tui.player import Player

    log_to_stderr(arguments.verbosity)
    recording = load_recording(arguments.file)
    settings = read_tui_settings().settings
    if arguments.text or settings.screen_reader:
        return run_async(_print(Player(recording, speed=0.0)))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("a replay needs a terminal", hint="--text prints the conversation")
    return run_async(_show(Player(recording, speed=arguments.speed), settings, arguments.verbosity))


async def _show(player: Player, settings: TuiSettings, verbosity: int) -> int:
    from codex_ssh.local.collector import no_collections
    from codex_ssh.local.hangup import hangup_is_told

    with no_collections():
        from codex_ssh.tui.replay_app import run_replay

    log_to_file(log_dir() / "tui.log", verbosity)
    try:
        async with hangup_is_told():
            await run_replay(player, settings)
    finally:
        log_to_stderr(verbosity)
    return ExitCode.DONE


async def _print(player: Player) -> int:
    from codex_ssh.tui.replay_text import replay_text

    print(await replay_text(player))
    return ExitCode.DONE


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed < 1e6:
        raise argparse.ArgumentTypeError(f"not a speed: {text!r}")
    return speed
