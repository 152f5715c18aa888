"""Signing in to codex on the devbox, without a TUI: a question, a code, and a wait.

Lives here: what a person at a plain terminal is asked and shown. Not here: the calls and how far a sign-in is
(:mod:`codex_ssh.core.login`), and the TUI's dialog (:mod:`codex_ssh.tui.screens.login_screen`).
"""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from codex_ssh.cli.output import note
from codex_ssh.core.events import decode_event
from codex_ssh.core.login import (
    REFUSED,
    Login,
    LoginStep,
    describe_account,
    describe_place,
    login_by_code,
    login_by_key,
    login_cancel,
)
from codex_ssh.core.methods import account_read
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.rpc import Request
from codex_ssh.core.thread import Turn
from codex_ssh.errors import RpcFailed, StageError
from codex_ssh.link.connect import Link

CANCEL_SECONDS: Final = 2.0
"""How long Ctrl-C waits for the app server to take the code back."""


async def sign_in(link: Link, prompter: Prompter, why: str) -> bool:
    """Offer to sign in, and do it; tells whether somebody is signed in now.

    Without a terminal nobody is asked, and nothing happens. Ctrl-C takes a code back.

    Args:
        link: Whose app server signs in.
        prompter: Asks.
        why: Why it is offered, in words.

    Raises:
        LinkLost: The link went away meanwhile.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    login = Login(why=why)
    while login.step is LoginStep.CHOOSING:
        lead = [f"it did not work: {plain_line(login.said)}"] if login.said else []
        way = await _ask(
            link, prompter, [*lead, f"{why}. sign in to codex on {describe_place(link.facts)}?", *_WAYS]
        )
        try:
            if way == "1":
                login = await _by_code(link, prompter, login.starting())
            elif way == "2":
                login = await _by_key(link, prompter, login.starting())
            else:
                return False
        except RpcFailed as failed:
            login = login.failed(failed.said)
    note(f"signed in on {plain_line(describe_place(link.facts))}{await _with_what(link)}")
    return True


async def sign_in_after(link: Link, prompter: Prompter, turn: Turn, thread_id: str) -> str:
    """Offer to sign in when a turn failed for want of it; give what to do then, empty when nothing helps."""
    if turn.error is None or not turn.error.is_unauthorized:
        return ""
    try:
        if not (await link.call(account_read())).login_required:
            return ""  # a provider with a key of its own is not helped by a sign-in
    except RpcFailed:  # codex cannot say whose the dead credentials are
        pass
    if await sign_in(link, prompter, REFUSED):
        return f"signed in now; run it again, or go on with --resume {thread_id}"
    how = "run there" if link.facts.transport.startswith("exec") else f"ssh -t {link.facts.host}"
    return f"sign in there: {how} codex login --device-auth"


_WAYS: Final = (
    "  1 - with ChatGPT: a code you enter in a browser, on any machine",
    "  2 - with an API key",
    "  enter - not now",
)


async def _ask(link: Link, prompter: Prompter, lead: list[str]) -> str:
    question = Question(
        kind=QuestionKind.CONFIRM, host=link.facts.host, lead="\n".join(lead), text="[1/2]? ", echo=True
    )
    try:
        answer = await prompter.ask(question)
    except StageError:  # nobody can be asked
        return ""
    return answer.reveal().strip() if answer is not None else ""


async def _by_key(link: Link, prompter: Prompter, login: Login) -> Login:
    question = Question(
        kind=QuestionKind.PASSWORD,
        host=link.facts.host,
        text="the API key, which is stored on the devbox only: ",
    )
    key = await prompter.ask(question)
    if not key:
        return login.failed("")
    await link.call(login_by_key(key))
    return login.done()


async def _by_code(link: Link, prompter: Prompter, login: Login) -> Login:
    code = await link.call(login_by_code())
    login = login.waiting(code)
    prompter.tell(
        link.facts.host,
        f"open this in a browser, anywhere, and sign in:\n  {code.url}\n"
        f"then enter this code, which is good for 15 minutes:\n  {code.code}\n"
        "waiting; ctrl-c cancels",
    )
    try:
        async for message in link.incoming():
            if not isinstance(message, Request):
                login = login.heard(decode_event(message))
            if login.step is not LoginStep.WAITING:
                return login
    except asyncio.CancelledError:
        await _take_back(link, code.login_id)
        raise
    raise AssertionError  # incoming() ends by raising


async def _take_back(link: Link, login_id: str) -> None:
    try:
        async with asyncio.timeout(CANCEL_SECONDS):
            await link.call(login_cancel(login_id))
    except (TimeoutError, RpcFailed, StageError):
        note("the code may still be good: the app server did not answer")


async def _with_what(link: Link) -> str:
    try:
        return f" with {plain_line(describe_account(await link.call(account_read())))}"
    except RpcFailed:
        return ""
