"""The way to a host by asyncssh, through whatever hops its config names: one login for each.

Lives here: opening the connection, hop by hop, and what its login teaches the next visit. Not here: the login
(:mod:`codex_ssh.link.ssh_login`), the way by TCP (:mod:`codex_ssh.link.ssh_way`), and what the connection is
used for (:mod:`codex_ssh.link.ssh_asyncssh`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from codex_ssh.core.host import Host, parse_host
from codex_ssh.core.lesson import Lesson, login_of
from codex_ssh.core.question import Prompter
from codex_ssh.core.ssh_config import SshConfig, needs_openssh
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ConfigError, ForwardError, HostUnreachable, LinkLost, Stage, UsageError
from codex_ssh.link.ahead import Ahead
from codex_ssh.link.ssh_asyncssh import PROHIBITED, AsyncsshSsh, load_asyncssh
from codex_ssh.link.ssh_config import read_ssh_config
from codex_ssh.local.lessons import LessonBook
from codex_ssh.local.paths import lessons_dir
from codex_ssh.local.tasks import open_tasks

if TYPE_CHECKING:
    from codex_ssh.link.ssh_way import Way

P = TypeVar("P", bound=asyncio.Protocol)

HOPS_AT_MOST: Final = 8
"""A hop may itself need a hop; a config that goes round in circles ends here."""


@asynccontextmanager
async def open_asyncssh(
    host: Host, options: SshOptions, prompter: Prompter, config: SshConfig, ahead: Ahead | None = None
) -> AsyncGenerator[AsyncsshSsh, None]:
    """Log in to a host, through the hops its config names, and hold the connection while the block lasts.

    Asks what has to be asked, and never tries a second time.

    Args:
        host: As typed.
        options: The SSH flags, and the limits.
        prompter: Gets every question: host keys, passphrases, passwords, codes, of every hop.
        config: What the user's own ``ssh`` resolved the host to.
        ahead: What will be wanted right after the login.

    Raises:
        ConfigError: The ssh config cannot be read or wants what cannot be done.
        HostUnreachable: No SSH server could be reached. Trying again later may help.
        HostKeyRefused: Nothing secret has been sent. Trying again does not help.
        LoginRefused: Trying again does not help, and may lock the account.
        ForwardError: A hop does not let us through.
    """
    async with _open_hop(config, options, prompter, name=str(host), depth=0, ahead=ahead) as ssh:
        yield ssh


@asynccontextmanager
async def _open_hop(
    config: SshConfig,
    options: SshOptions,
    prompter: Prompter,
    *,
    name: str,
    depth: int,
    ahead: Ahead | None = None,
) -> AsyncGenerator[AsyncsshSsh, None]:
    if depth > HOPS_AT_MOST:
        raise too_many_hops(name)
    if depth:  # a hop is only gone through: it has no use for an agent
        config = replace(config, forward_agent="")
    for reason in needs_openssh(config):
        prompter.tell(name, f"{reason}, which has no effect here")
    book, target = LessonBook(lessons_dir()), login_of(config)
    earlier = book.read(target) if options.fast_path else None
    lesson = earlier if earlier is not None and _may_start_fast(config, earlier) else None
    async with AsyncExitStack() as stack:
        way = await _open_way(stack, config, options, prompter, name=name, depth=depth, lesson=lesson)
        # Beside the loop, which goes on connecting meanwhile.
        await asyncio.to_thread(_load_client)
        from codex_ssh.link.ssh_login import open_login

        login = await stack.enter_async_context(
            open_login(config, name, options, prompter, way, lesson=lesson, ahead=ahead)
        )

        def learn() -> None:
            learned = login.owner.learned()
            if learned is None or not options.fast_path:
                return
            if login.surprise and earlier is not None:
                learned = learned.after(earlier.struck(login.surprise))
            elif login.owner.is_plain:
                learned = learned.after(earlier)
            if learned != earlier:
                book.write(target, learned)

        yield AsyncsshSsh(login, host=name, config=config, learn=learn)


def _load_client() -> None:
    load_asyncssh()
    import codex_ssh.link.ssh_login
    import codex_ssh.link.websocket  # noqa: F401 - the imports are the point


def _may_start_fast(config: SshConfig, lesson: Lesson) -> bool:
    allowed = (not config.kex or lesson.kex in config.kex) and (
        not config.signatures or lesson.signature in config.signatures
    )
    # Compression begins with the server's yes to the login, which packets sent before it would miss. A proxy
    # command is run once.
    possible = not config.compression and not config.proxy_command
    return lesson.is_good and allowed and possible and "publickey" in config.methods


async def _open_way(
    stack: AsyncExitStack,
    config: SshConfig,
    options: SshOptions,
    prompter: Prompter,
    *,
    name: str,
    depth: int,
    lesson: Lesson | None,
) -> Way:
    from codex_ssh.link.ssh_hello import make_hello
    from codex_ssh.link.ssh_proxy import open_proxy
    from codex_ssh.link.ssh_way import TcpWay

    if config.jumps:
        # As ssh does it: the last hop is reached through the ones before, each resolved anew, only -F kept.
        hop = parse_hop(config.jumps[-1], config)
        hop_options = replace(options.for_hop(), jump=",".join(config.jumps[:-1]))
        hop_config = await read_ssh_config(hop, hop_options)
        ssh = await stack.enter_async_context(
            _open_hop(hop_config, hop_options, prompter, name=str(hop), depth=depth + 1)
        )
        return HopWay(ssh, config, name)
    if config.proxy_command:
        return await stack.enter_async_context(
            open_proxy(config.proxy_command, lambda text: prompter.tell(name, text))
        )
    straight = TcpWay(config, None if lesson is None else make_hello(lesson))
    stack.callback(straight.forget)
    straight.begin(await stack.enter_async_context(open_tasks()))
    return straight


def too_many_hops(name: str) -> ConfigError:
    """The error for a way that does not end."""
    return ConfigError(f"too many hops on the way to {name!r}", hint="ProxyJump may go round in circles")


def parse_hop(text: str, config: SshConfig) -> Host:
    """Parse one word of a ``ProxyJump``.

    Raises:
        ConfigError: It is no host.
    """
    try:
        return parse_host(text)
    except UsageError as error:
        raise ConfigError(f"ProxyJump of {config.alias!r}: {error.message}", hint=error.hint) from None


class HopWay:
    """The way through a host we are logged in to already.

    Args:
        hop: That host.
        config: Where to go from there.
        name: The host to reach, as the person knows it.
    """

    said = ""

    def __init__(self, hop: AsyncsshSsh, config: SshConfig, name: str) -> None:
        self._hop = hop
        self._config = config
        self._name = name

    async def open(self, factory: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        """Open a channel from the hop.

        Raises:
            HostUnreachable: The hop cannot reach it.
            ForwardError: The hop does not forward.
        """
        config = self._config
        try:
            return await self._hop.open_tcp(factory, config.hostname, config.port)
        except (ForwardError, LinkLost) as error:
            if PROHIBITED in error.said:
                raise
            raise HostUnreachable(
                f"the hop {self._hop.host!r} cannot reach {config.hostname}:{config.port}",
                stage=Stage.SSH,
                host=self._name,
                said=error.said,
                hint="is the host up, and is this its name and port as seen from the hop?",
                answered=True,
            ) from error
