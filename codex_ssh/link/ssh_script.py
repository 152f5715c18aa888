"""One script running on the devbox: what goes into its shell and what comes out.

Lives here: the session object every client drives for ``exec /bin/sh -s``, and its time limit.
Not here: opening it, and what a lost connection means (:mod:`codex_ssh.link.ssh_asyncssh` and its fellows).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, cast

from codex_ssh.errors import AppServerError, ForwardError, Stage
from codex_ssh.link.ssh import Ran

if TYPE_CHECKING:
    import asyncssh

STDERR_TAIL: Final = 16 * 1024
"""Bytes of stderr kept, the last ones."""


SHELL: Final = "exec /bin/sh -s"
"""What the login shell is asked to run: words fish, tcsh and nu read as sh does."""

_WORDS_LIMIT: Final = 4096

_WINDOWS: Final = re.compile(rb"'?exec'? ?:?.{0,40}is not recognized as", re.DOTALL)
"""cmd.exe: ``'exec' is not recognized as an internal or external command``; PowerShell: ``exec : The term
'exec' is not recognized as the name of a cmdlet``."""


def refuse_windows(ran: Ran, *, host: str, server: str) -> None:
    """Say so when it was no POSIX shell that answered, but one of Windows.

    Args:
        ran: What came of ``exec /bin/sh -s``.
        host: The word for messages.
        server: The SSH server's own version, where it is known.

    Raises:
        AppServerError: It is a native Windows host.
    """
    if ran.status in (0, None):
        return
    words = ran.stderr + ran.stdout[:_WORDS_LIMIT]
    # Windows speaks many languages; a WSL shell behind the same server would have run the script.
    silent = "for_Windows" in server and not ran.stdout
    if silent or _WINDOWS.search(words):
        raise AppServerError(
            "this is a native Windows host, which is not supported yet",
            stage=Stage.APP_SERVER,
            host=host,
            said=words.decode(errors="replace").strip(),
            hint="run sshd and codex inside WSL there, and connect to that",
        )


async def start_shell(connection: asyncssh.SSHClientConnection, session: ScriptSession) -> None:
    """Open a session that runs ``/bin/sh``; raises what asyncssh does."""
    # It has every method of SSHClientSession; asyncssh is not imported here to subclass it.
    factory = cast("Callable[[], asyncssh.SSHClientSession[bytes]]", lambda: session)
    # Everything said here wins over the config: RemoteCommand, RequestTTY, ForwardX11.
    await connection.create_session(
        factory, SHELL, subsystem=None, request_pty=False, x11_forwarding=False, encoding=None
    )


class ScriptSession:
    """Feeds the script to the shell's stdin, and collects what it prints.

    Args:
        script: Shell text.
        limit: Bytes of stdout kept; what is beyond is read and dropped, so that the script can end.
        loop: The running loop.
        sent: The shell has been given the script already, and the end of input.
    """

    def __init__(
        self, script: str, limit: int, loop: asyncio.AbstractEventLoop, *, sent: bool = False
    ) -> None:
        self._script = script.encode(errors="surrogateescape")
        self._limit = limit
        self._sent = sent
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._truncated = False
        self._status: int | None = None
        self._signalled = False
        self._given_up = False
        self.ended: asyncio.Future[Exception | None] = loop.create_future()
        """Done when the channel is closed; the reason when the connection went with it."""

    @property
    def broke_off(self) -> bool:
        """Whether the channel closed before the shell said how it ended."""
        return self._status is None and not self._signalled

    def connection_made(self, channel: asyncssh.SSHClientChannel[bytes]) -> None:
        """The channel is open; the shell is not running yet."""
        self._channel = channel

    def session_started(self) -> None:
        """The shell runs: give it the script, then the end of input."""
        # A ForceCommand may have ended by now without reading anything.
        if self._sent or self._given_up or self._channel is None or self._channel.is_closing():
            return
        self._channel.write(self._script)
        self._channel.write_eof()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Keep what fits."""
        if datatype is not None:
            self._stderr += data
            del self._stderr[:-STDERR_TAIL]
            return
        room = self._limit - len(self._stdout)
        self._truncated = self._truncated or len(data) > room
        self._stdout += data[: max(room, 0)]

    def eof_received(self) -> bool:
        """No more output; the exit status is still to come."""
        return True

    def exit_status_received(self, status: int) -> None:
        """The shell ended by itself."""
        self._status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:  # noqa: FBT001 - asyncssh's signature
        """The shell was killed."""
        self._signalled = True

    def xon_xoff_requested(self, client_can_do: bool) -> None:  # noqa: FBT001 - asyncssh's signature
        """Only for terminals."""

    def pause_writing(self) -> None:
        """The script is long; asyncssh keeps the rest until there is room."""

    def resume_writing(self) -> None:
        """There is room again."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed."""
        self._channel = None
        if not self.ended.done():
            self.ended.set_result(exc)

    def abort(self) -> None:
        """Close the channel now and end what runs in it; a script that has not begun never will.

        Closing alone would leave a silent program running on the devbox: without a terminal there is no
        hang-up. OpenSSH 7.9 and later pass the signal on, though not to root's programs.
        """
        self._given_up = True
        if self._channel is not None:
            with contextlib.suppress(OSError):  # closed meanwhile
                self._channel.terminate()
            self._channel.abort()

    @asynccontextmanager
    async def limit(self, seconds: float, host: str) -> AsyncGenerator[None, None]:
        """Bound the block that opens the session and waits for its end; after it nothing runs any more.

        Args:
            seconds: For all of it.
            host: The word for messages.

        Raises:
            ForwardError: It took longer.
        """
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise ForwardError(
                f"a script did not end within {seconds:g} s",
                stage=Stage.SSH,
                host=host,
                said=self.tail(),
                hint="the host may be overloaded, or a file system of its may hang",
            ) from None
        finally:
            self.abort()

    def tail(self) -> str:
        """The end of its stderr."""
        return self._stderr.decode(errors="replace").strip()

    def ran(self) -> Ran:
        """The result."""
        return Ran(
            status=self._status,
            stdout=bytes(self._stdout),
            stderr=bytes(self._stderr),
            truncated=self._truncated,
        )
