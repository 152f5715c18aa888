"""The official TUI on a door of ours, and again when it gave up on a link that took too long to come back.

Lives here: holding the door while it runs, and the offer to start it again. Not here: starting the program
(:mod:`codex_ssh.external.launch`) and the way that heals (:mod:`codex_ssh.link.supervisor`).
"""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from typing import Final

from codex_ssh.cli.output import note, warn
from codex_ssh.core.endpoint import WsEndpoint
from codex_ssh.core.methods import thread_list
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.secret import Secret
from codex_ssh.core.thread import Thread
from codex_ssh.errors import LinkLost, StageError
from codex_ssh.external.launch import FrontEndOptions, find_codex, run_codex_tui
from codex_ssh.link.connect import open_session
from codex_ssh.link.forward import open_door
from codex_ssh.link.supervisor import open_supervised_way
from codex_ssh.link.way import Profile, Way, open_way
from codex_ssh.local.terminal import SilentPrompter

GIVES_UP_SECONDS: Final = 100.0
"""An outage after which the official TUI may have given up: it does after about 120 seconds."""


async def run_official(
    profile: Profile,
    options: FrontEndOptions,
    prompter: Prompter,
    *,
    hidden: str = "",
    gives_up_after: float = GIVES_UP_SECONDS,
) -> int:
    """Run the official TUI to its end, and give its exit code.

    Args:
        profile: How the host is reached.
        options: What it is asked for.
        prompter: Answers questions before it takes the screen, and after it left it.
        hidden: A variable it must not see.
        gives_up_after: Seconds without a link after which it is offered to be started again.

    Raises:
        UsageError: There is no ``codex`` on this machine.
        StageError: The first connection failed.
    """
    codex = find_codex()
    token = Secret(secrets.token_urlsafe(32))
    async with (
        open_supervised_way(
            lambda: open_way(profile, prompter),
            # From then on the terminal is the TUI's: a question ends the link instead.
            lambda: open_way(profile, SilentPrompter(shows=False)),
        ) as way,
        open_door(way.dial, at=WsEndpoint(host="127.0.0.1", port=0), token=token) as door,
    ):
        for warning in way.warnings:
            warn(warning)
        without = [hidden] if hidden in os.environ else []
        while True:
            way.take_longest_outage()
            code = await run_codex_tui(door, codex, options, without=without)
            outage = way.take_longest_outage()
            if outage < gives_up_after:
                return code
            note(f"there was no link for {outage:.0f} seconds, so the official TUI may have given up")
            thread = await _newest_thread(way)
            if thread is None or not await _wants_again(prompter, way.host, thread):
                return code
            options = replace(options, prompt="", images=(), last=False, resume=thread.id)


async def _newest_thread(way: Way) -> Thread | None:
    """Give the thread that was updated last, as soon as there is a link; Ctrl-C ends the wait."""
    note("waiting for the link; Ctrl-C leaves")
    while True:
        try:
            async with open_session(replace(way, check=None)) as link:
                threads = (await link.call(thread_list(limit=1))).data
                return threads[0] if threads else None
        except LinkLost:
            continue  # its dial waits by itself


async def _wants_again(prompter: Prompter, host: str, thread: Thread) -> bool:
    question = Question(
        kind=QuestionKind.CONFIRM,
        host=host,
        lead=f"the link is back; the thread that was updated last: {plain_line(thread.title)}",
        text="go on with it in the official TUI (yes/no)? ",
        echo=True,
    )
    try:
        answer = await prompter.ask(question)
    except StageError:  # nobody can be asked
        note(f"to go on: codex-ssh {host} --tui codex --resume {thread.id}")
        return False
    return answer is not None and answer.reveal().strip().lower() in ("y", "yes", "")
