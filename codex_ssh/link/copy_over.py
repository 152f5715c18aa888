"""A copy over as many connections as it takes.

Lives here: reaching the devbox again and going on, and when that is given up. Not here: the copy
(:mod:`codex_ssh.link.copying`), and when the next attempt is due (:mod:`codex_ssh.core.retry`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

from codex_ssh.errors import ForwardError, LinkLost, Stage
from codex_ssh.link.copying import Copy
from codex_ssh.link.script_tree import open_script_tree
from codex_ssh.link.sftp_tree import open_sftp_tree
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.supervisor import Supervisor, words
from codex_ssh.link.tree import Tree
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

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
    open_host: Callable[[], AbstractAsyncContextManager[Ssh]],
    copy: Copy,
    tell: Callable[[str], None],
    *,
    give_up: float = GIVE_UP_SECONDS,
) -> None:
    """Copy all of it, connecting again as often as the link is lost.

    Args:
        open_host: Logs in.
        copy: What is to be done.
        tell: Hears of a loss, and that it is over.
        give_up: Seconds without a connection after which it ends.

    Raises:
        CopyFailed, UsageError: As :meth:`Copy.go_on`.
        StageError: The first connection failed, or the devbox stays away.
    """
    async with open_tasks() as tasks:
        supervisor: Supervisor[Ssh] = Supervisor(open_host, open_host)
        tasks.start(supervisor.run())
        ssh = await supervisor.first()
        fruitless = 0
        while True:
            before = copy.progress
            try:
                async with open_tree(ssh) as there:
                    return await copy.go_on(there)
            except (LinkLost, ForwardError) as lost:
                fruitless = 0 if copy.progress > before else fruitless + 1
                is_refusal = isinstance(lost, ForwardError) and not copy.progress
                if is_refusal or fruitless >= FRUITLESS:
                    raise
                log.info("%s", words(lost))
                tell("the link is lost; the copy goes on when it is back")
                ssh = await _next(supervisor, ssh, lost, give_up)
                tell("the link is back")


async def _next(supervisor: Supervisor[Ssh], ssh: Ssh, lost: LinkLost | ForwardError, give_up: float) -> Ssh:
    """Give the next connection; that one is not used any more."""
    supervisor.give_up(LinkLost(lost.message, stage=lost.stage, host=lost.host, said=lost.said))
    try:
        async with asyncio.timeout(give_up):
            await supervisor.wait_other_than(ssh)
            return await supervisor.wait_up()
    except TimeoutError:
        raise LinkLost(
            f"the devbox was out of reach for {give_up:.0f} s",
            stage=Stage.SSH,
            host=ssh.host,
            said=supervisor.status.reason,
            hint="the same command goes on where this one ended",
        ) from lost
