"""One SSH login for several windows: the first one logs in, the others use its connection.

Lives here: finding the window that has it, being that window, and keeping the connection until the last one
has left. Not here: which windows may share (:mod:`codex_ssh.core.shared_login`), the socket they meet at
(:mod:`codex_ssh.local.meeting`), what goes over it (:mod:`codex_ssh.link.holder_server`,
:mod:`codex_ssh.link.holder_ride`), and the process in which the connection goes on after its window
(:mod:`codex_ssh.local.parting`).

There is no process that only holds: whoever logs in holds, and its own channels are as near to the
connection as ever. Whoever comes later asks nobody anything. A connection that is lost is lost for all of
them; the first to come back logs in and holds the new one. So every question comes from the window whose
login it is, and goes to the person in front of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ForwardError, LinkLost
from codex_ssh.link.ahead import Ahead
from codex_ssh.link.holder_ride import NoRide, get_on, open_ride
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.ssh_asyncssh import AsyncsshSsh
from codex_ssh.local import meeting
from codex_ssh.local.meeting import NoPlace, Place
from codex_ssh.local.parting import current_parting
from codex_ssh.local.paths import runtime_dir
from codex_ssh.local.tasks import open_tasks

if TYPE_CHECKING:
    from codex_ssh.link.holder_server import HolderServer

log = logging.getLogger(__name__)

LogIn = Callable[[], AbstractAsyncContextManager[AsyncsshSsh]]

_TRIES: Final = 3
"""Between a look and the next step another window may have come or left."""

_ANSWER_SECONDS: Final = 1.5
"""How long a connection that its window gave up may take to show that it lives."""

_END_SECONDS: Final = 5.0


def current_holder() -> Holder | None:
    """Give the holder of this process; None where nothing is shared, as in a program that imports us."""
    parting = current_parting()
    if parting is None:
        return None
    if parting.stayer is None:
        parting.stayer = Holder(runtime_dir())
    assert isinstance(parting.stayer, Holder)
    return parting.stayer


class Holder:
    """The SSH connections of this process that other windows may use.

    Args:
        directory: Where windows meet.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, Held] = {}

    @property
    def goes_on(self) -> bool:
        """Whether another window still uses one of them."""
        return bool(self._held)

    async def run_on(self) -> None:
        """Hold them until nobody uses them any more; cancelled it ends them."""
        for held in tuple(self._held.values()):
            await held.run_on()

    @asynccontextmanager
    async def open(
        self,
        name: str,
        log_in: LogIn,
        *,
        config: SshConfig,
        options: SshOptions,
        host: str,
        tell: Callable[[str], None],
        ahead: Ahead | None = None,
    ) -> AsyncGenerator[Ssh, None]:
        """Give a connection while the block lasts: another window's, or one that others may use from now on.

        Args:
            name: What windows that may share have in common.
            log_in: Makes a connection.
            config: What the host was resolved to.
            options: The limits.
            host: As typed.
            tell: Gets a line when another window keeps us waiting.
            ahead: What will be wanted first over another window's connection.

        Raises:
            StageError: As `log_in`.
        """
        for _ in range(_TRIES):
            if name in self._held:
                async with self._held[name].join() as ssh:
                    yield ssh
                return
            occupant = meeting.occupant(self._directory, name)
            control = meeting.find(self._directory, name)
            instead_of = None
            if control is not None:
                try:
                    await get_on(control, patience=options.login_timeout, tell=tell)
                except NoRide as no:
                    log.info("no ride over another window's connection: %s", no)
                    control.close()
                    if no.is_busy:
                        break
                    instead_of = occupant if no.is_deaf else None
                except BaseException:
                    control.close()
                    raise
                else:
                    log.info("riding another window's connection")
                    path = self._directory / name
                    async with open_ride(control, path, config, options, host=host, ahead=ahead) as ride:
                        yield ride
                    return
            try:
                place = await meeting.take(self._directory, name, instead_of=instead_of)
            except NoPlace as no_place:
                log.info("this connection is not shared: %s", no_place)
                break
            if place is not None:
                self._held[name] = Held(place, log_in, lambda: self._held.pop(name, None))
        async with log_in() as alone:
            yield alone


class Held:
    """One connection, from its login to the moment nobody uses it.

    Args:
        place: Where other windows find it.
        log_in: Makes it.
        on_end: Called when it is not to be used any more.
    """

    def __init__(self, place: Place, log_in: LogIn, on_end: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()
        self._place: Place | None = place
        self._server: HolderServer | None = None
        self._log_in = log_in
        self._on_end = on_end
        self._users = 0
        self._riders: Callable[[], int] = int
        self._unused = asyncio.Event()
        self._is_lost = False
        self._is_over = False
        self._ready: asyncio.Future[AsyncsshSsh] = loop.create_future()
        # No group of tasks lasts as long: it outlives the window, and the process the window ran in.
        self._task = loop.create_task(self._run())

    @asynccontextmanager
    async def join(self) -> AsyncGenerator[AsyncsshSsh, None]:
        """Use it while the block lasts; whoever is the last one ends it.

        Raises:
            StageError: The login failed.
        """
        self._users += 1
        try:
            yield await asyncio.shield(self._ready)
        except LinkLost:
            # What this window takes for lost may be alive for the others.
            if self._users == 1 and self._riders() and not await self._answers():
                await self._give_up("it did not answer any more")
            raise
        finally:
            self._users -= 1
            if not self._users and not self._ready.done():
                self._task.cancel()  # nobody sits in front of its questions any more
                await self._ended(_END_SECONDS)
            self._look()
            if not self._users and self._unused.is_set():
                await self._ended(_END_SECONDS)

    async def run_on(self) -> None:
        """Hold it until nobody uses it; cancelled it ends now."""
        try:
            await self._ended(None)
        finally:
            self._task.cancel()
            await self._ended(_END_SECONDS)

    async def _ended(self, seconds: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.wait([self._task])

    async def _run(self) -> None:
        from codex_ssh.link.holder_server import HolderServer

        try:
            async with open_tasks() as tasks:
                assert self._place is not None
                server = self._server = HolderServer(self._place.listening, tasks, self._look)
                self._riders = lambda: server.riders
                server.start()
                try:
                    async with self._log_in() as ssh:
                        server.set_up(ssh)
                        self._ready.set_result(ssh)
                        tasks.start(self._watch(ssh, server))
                        await self._unused.wait()
                        await self._close()
                        # Who came in while the place was left is not turned out.
                        while self._riders() and not self._is_lost:
                            self._unused.clear()
                            await self._unused.wait()
                finally:
                    await self._close()  # before those who wait for the login hear of its end
        except asyncio.CancelledError:
            self._ready.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the login
            if self._ready.done():
                log.warning("a shared connection ended: %s", error)
            else:
                self._ready.set_exception(error)
                self._ready.exception()  # whoever waits has it from here on

    async def _watch(self, ssh: AsyncsshSsh, server: HolderServer) -> None:
        try:
            await ssh.wait_lost()
        except LinkLost as lost:
            await self._give_up(lost.said or str(lost), server)

    async def _give_up(self, why: str, server: HolderServer | None = None) -> None:
        log.info("a shared connection is over: %s", why)
        self._is_lost = True
        await self._close()
        if server is not None:
            await server.tell_lost(why)
        self._unused.set()

    async def _answers(self) -> bool:
        """Whether the server still says anything."""
        ssh = self._ready.result()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await ssh.run(":", timeout=2 * _ANSWER_SECONDS)
        except (TimeoutError, LinkLost):
            return False
        except ForwardError:
            return True  # it refuses, so it lives
        return True

    def _look(self) -> None:
        """See whether anybody is left."""
        if not self._users and not self._riders():
            self._retire()
            self._unused.set()

    def _retire(self) -> None:
        """Be joined no more."""
        if not self._is_over:
            self._is_over = True
            self._on_end()

    async def _close(self) -> None:
        """Be found no more."""
        self._retire()
        if self._place is not None:
            if self._server is not None:
                self._server.stop()
            place, self._place = self._place, None
            await place.leave()
