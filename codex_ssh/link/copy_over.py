"""A copy over as many connections as it takes.

Lives here: going on with the next connection, and when that is given up. Not here: the copy
(:mod:`codex_ssh.link.copying`), and when the next attempt is due (:mod:`codex_ssh.core.retry`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final, TypeVar

from codex_ssh.errors import ForwardError, LinkLost, Stage
from codex_ssh.link.copying import Copy
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.supervisor import Losable, Supervisor, words
from codex_ssh.link.tree import Tree
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Losable)

Lost = LinkLost | ForwardError

GIVE_UP_SECONDS: Final = 600.0
"""How long the devbox may be out of reach before a copy ends; what is there stays for the next one."""

FRUITLESS: Final = 5
"""So many connections in a row may bring nothing."""


@asynccontextmanager
async def open_tree(ssh: Ssh) -> AsyncGenerator[Tree, None]:
    """Give the devbox's files: over SFTP, or by scripts where there is none.

    Raises:
        ForwardError: It has neither.
        LinkLost: The connection went away meanwhile.
    """
    # Both load asyncssh, which is not there yet when nothing is copied, or another window has the connection.
    from codex_ssh.link.script_tree import open_script_tree
    from codex_ssh.link.sftp_tree import open_sftp_tree

    async with AsyncExitStack() as stack:
        tree: Tree
        try:
            tree = await stack.enter_async_context(open_sftp_tree(ssh))
        except ForwardError as refused:
            log.info("no SFTP: %s (%s)", refused, refused.said)
            try:
                tree = await stack.enter_async_context(open_script_tree(ssh))
            except ForwardError:
                raise refused from None
        yield tree


async def copy_over(
    open_one: Callable[[], AbstractAsyncContextManager[T]],
    to_tree: Callable[[T], AbstractAsyncContextManager[Tree]],
    copy: Copy,
    tell: Callable[[str], None],
    *,
    give_up: float = GIVE_UP_SECONDS,
) -> None:
    """Copy all of it over connections of its own, connecting again as often as one is lost.

    Args:
        open_one: Connects.
        to_tree: Gives the devbox's files over a connection.
        copy: What is to be done.
        tell: Hears of a loss, and that it is over.
        give_up: Seconds without a connection after which it ends.

    Raises:
        CopyFailed, UsageError: As :meth:`Copy.go_on`.
        StageError: The first connection failed, or the devbox stays away.
    """
    async with open_tasks() as tasks:
        supervisor: Supervisor[T] = Supervisor(open_one, open_one)
        tasks.start(supervisor.run())
        current = await supervisor.first()

        async def following(lost: Lost) -> AbstractAsyncContextManager[Tree]:
            nonlocal current
            current = await _next(supervisor, current, lost, give_up)
            return to_tree(current)

        await keep_copying(copy, to_tree(current), following, tell)


async def keep_copying(
    copy: Copy,
    opening: AbstractAsyncContextManager[Tree],
    following: Callable[[Lost], Awaitable[AbstractAsyncContextManager[Tree]]],
    tell: Callable[[str], None],
) -> None:
    """Copy all of it, over one connection after the other.

    Args:
        copy: What is to be done.
        opening: The devbox's files over the first.
        following: Gives them over the next one, or raises that there will be none.
        tell: Hears of a loss, and that it is over.

    Raises:
        CopyFailed, UsageError, StageError: As :func:`copy_over`.
    """
    fruitless = 0
    while True:
        before = copy.progress
        try:
            async with opening as there:
                return await copy.go_on(there)
        except (LinkLost, ForwardError) as lost:
            log.info("%s", words(lost))
            fruitless = 0 if copy.progress > before else fruitless + 1
            is_refusal = isinstance(lost, ForwardError) and not copy.progress
            if is_refusal or fruitless >= FRUITLESS:
                raise
            tell("the link is lost; the copy goes on when it is back")
            opening = await following(lost)
            tell("the link is back")


async def _next(supervisor: Supervisor[T], used: T, lost: Lost, give_up: float) -> T:
    """Give the next connection; that one is not used any more."""
    supervisor.give_up(used, LinkLost(lost.message, stage=lost.stage, host=lost.host, said=lost.said))
    try:
        async with asyncio.timeout(give_up):
            await supervisor.wait_other_than(used)
            return await supervisor.wait_up()
    except TimeoutError:
        raise out_of_reach(lost, give_up, supervisor.status.reason) from lost


def out_of_reach(lost: Lost, seconds: float, said: str) -> LinkLost:
    """Give the error for a devbox that stays away."""
    return LinkLost(
        f"the devbox was out of reach for {seconds:.0f} s",
        stage=Stage.SSH,
        host=lost.host,
        said=said,
        hint="the same command goes on where this one ended",
    )
