"""``codex-ssh cp``: files and folders to a devbox and back."""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING, Any

from codex_ssh.cli.options import add_connection_options, build_profile, build_prompter, load_settings
from codex_ssh.cli.output import note
from codex_ssh.cli.progress import ProgressLine
from codex_ssh.cli.slow import told_when_slow
from codex_ssh.core.copy_outcome import Outcome
from codex_ssh.core.copy_request import Conflict, CopyRequest, CopyRules, parse_copy
from codex_ssh.core.file_tree import Facts, Spot, shown
from codex_ssh.core.image import size_text
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.errors import CopyFailed, ExitCode, Interrupted, UsageError
from codex_ssh.local.log import log_to_stderr

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from codex_ssh.link.connect import Link
    from codex_ssh.link.ssh import Ssh
    from codex_ssh.link.tree import Tree
    from codex_ssh.link.way import Profile

NAME = "cp"
HELP = "copy files and folders to a devbox, or from it"

_DECISIONS = {"y": Conflict.REPLACE, "n": Conflict.SKIP, "r": Conflict.RENAME}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="sources, then the target; HOST:PATH is on the devbox, relative to the home directory there",
    )
    parser.add_argument(
        "-r", "--recursive", action="store_true", help="folders too, with all that is in them"
    )
    parser.add_argument(
        "--preserve", action="store_true", help="keep the times of the last change; modes are always kept"
    )
    parser.add_argument("-f", "--force", action="store_true", help="replace files that are there")
    parser.add_argument(
        "--conflict",
        choices=tuple(one.value for one in Conflict),
        help="what to do where another file is in the way; ask unless nobody can be asked",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")
    add_connection_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Copy."""
    from codex_ssh.cli.run import run_async

    log_to_stderr(arguments.verbosity)
    request = parse_copy(arguments.paths)
    if arguments.force and arguments.conflict not in (None, Conflict.REPLACE.value):
        raise UsageError("--force replaces, and --conflict says otherwise", hint="give one of the two")
    effective = load_settings(arguments, request.host)
    profile = build_profile(arguments, request.host, effective.settings)
    return run_async(_copy(arguments, request, profile))


def _rules(arguments: argparse.Namespace) -> CopyRules:
    conflict = Conflict.REPLACE if arguments.force else Conflict(arguments.conflict or Conflict.ASK.value)
    if conflict is Conflict.ASK and (arguments.no_input or arguments.json):
        conflict = Conflict.REFUSE
    return CopyRules(folders=arguments.recursive, conflict=conflict, keeps_times=arguments.preserve)


async def _copy(arguments: argparse.Namespace, request: CopyRequest, profile: Profile) -> int:
    import asyncio
    from contextlib import asynccontextmanager

    from codex_ssh.link.connect import Link, open_link
    from codex_ssh.link.copy_over import copy_over, open_tree
    from codex_ssh.link.copying import Copy
    from codex_ssh.link.way import open_host
    from codex_ssh.link.wire_tree import open_wire_tree
    from codex_ssh.local.file_tree import LocalTree

    prompter = build_prompter(arguments)
    line = ProgressLine(shows=not arguments.json)
    copy = Copy(
        LocalTree(),
        is_up=request.is_up,
        sources=request.sources,
        target=request.target,
        rules=_rules(arguments),
        watch=_Watch(line, prompter, str(request.host)),
    )
    begun = time.monotonic()
    try:
        with told_when_slow(f"{profile.host}: connecting", prompter) as connected:

            @asynccontextmanager
            async def open_files(link: Link | Ssh) -> AsyncGenerator[Tree, None]:
                connected()
                async with open_wire_tree(link) if isinstance(link, Link) else open_tree(link) as tree:
                    yield tree

            if profile.wss_only:
                await copy_over(lambda: open_link(profile, prompter), open_files, copy, line.tell)
            else:
                await copy_over(lambda: open_host(profile, prompter), open_files, copy, line.tell)
    except asyncio.CancelledError:
        line.clear()
        note("stopped; the same command goes on where this one ended")
        raise
    finally:
        line.clear()
    outcome = copy.outcome
    if arguments.json:
        print(json.dumps(_facts(request, outcome, time.monotonic() - begun)), flush=True)
    else:
        _say(request, outcome, time.monotonic() - begun, over_wire=profile.wss_only)
    return ExitCode.COPY_FAILED if outcome.failed else ExitCode.DONE


class _Watch:
    """Shows the copy being made, and asks."""

    def __init__(self, line: ProgressLine, prompter: Prompter, host: str) -> None:
        self._line = line
        self._prompter = prompter
        self._host = host
        self._always: Conflict | None = None
        self.planned = line.plan
        self.moved = line.moved
        self.tell = line.tell

    def at(self, spot: Spot) -> None:
        """Name the file."""
        self._line.at(shown(spot.name))

    def checks(self, spot: Spot) -> None:
        """Say that it is compared."""
        self._line.checks(shown(spot.name))

    async def choose(self, spot: Spot, *, there: Facts, coming: Facts) -> Conflict:
        """Ask the person; raises Interrupted when he wants no more of it."""
        if self._always is not None:
            return self._always
        lead = f"{spot.shown} is there\n  there: {_about(there)}\n  new:   {_about(coming)}"
        while True:
            question = Question(
                kind=QuestionKind.CONFIRM,
                host=self._host,
                lead=lead,
                text="replace? (y)es, (n)o, (r)ename the new, (q)uit; Y, N, R: all: ",
                echo=True,
            )
            answer = await self._prompter.ask(question)
            word = answer.reveal().strip()[:1] if answer is not None else "q"
            if word.lower() == "q":
                raise Interrupted
            decision = _DECISIONS.get(word.lower())
            if decision is not None:
                if word.isupper():
                    self._always = decision
                return decision


def _about(facts: Facts) -> str:
    changed = time.strftime(" of %Y-%m-%d %H:%M", time.localtime(facts.mtime)) if facts.mtime else ""
    return f"{facts.kind.value} with {size_text(facts.size)}{changed}"


def _say(request: CopyRequest, outcome: Outcome, seconds: float, *, over_wire: bool) -> None:
    for left in outcome.left_out:
        note(f"left out: {plain_line(left)}")
    if outcome.unchecked and not over_wire:
        note(f"not checked: {request.host} has no sha256sum, shasum or openssl")
    note(outcome.words(seconds=seconds))


def _facts(request: CopyRequest, outcome: Outcome, seconds: float) -> dict[str, Any]:
    return {
        "host": str(request.host),
        "direction": "up" if request.is_up else "down",
        "places": [shown(place) for place in outcome.places],
        "copied": outcome.copied,
        "bytes": outcome.size,
        "resumedBytes": outcome.resumed,
        "begunAgain": outcome.begun_again,
        "connections": outcome.connections,
        "same": outcome.same,
        "skipped": outcome.skipped,
        "unchecked": outcome.unchecked,
        "leftOut": outcome.left_out,
        "failed": [_failure(failed) for failed in outcome.failed],
        "seconds": round(seconds, 3),
    }


def _failure(failed: CopyFailed) -> dict[str, str]:
    return {"path": shown(failed.path), "where": failed.where, "said": failed.said}
