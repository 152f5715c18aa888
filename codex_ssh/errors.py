"""Every error codex-ssh raises on purpose: one tree, facts as attributes, the sentence in ``__str__``.

What lives here: the tree, the stages a person sees, the exit codes. What does not: how a foreign
exception becomes one of ours (that table stands where the foreign exception occurs), and how an
error is printed (:mod:`codex_ssh.cli.output`).

The tree::

    CodexSshError
    ├── UsageError              2    the command line is wrong
    │   └── ImageRefused        2    a file that was to go along is not there, or no image, or too large
    ├── ConfigError             3    a config file or an environment variable is wrong
    ├── StageError                   something on the way to the devbox failed; names its stage
    │   ├── HostUnreachable     4
    │   ├── LoginRefused        5
    │   ├── HostKeyRefused      5
    │   ├── TlsRefused          5
    │   ├── AppServerError      6
    │   │   └── OwnerNotProved  6
    │   ├── TokenError          7
    │   │   └── CredentialRefused 7  the server answered 401 or 403
    │   ├── ForwardError        8
    │   ├── ProtocolViolated    8
    │   └── LinkLost            9
    ├── RpcFailed               10   the app server answered a request with an error
    │   └── NotAllowed          10   a view that only approves was to do something else
    ├── TurnFailed              10
    ├── CopyFailed              12   a file could not be read, written, or is in the way
    ├── DevboxFailed                 a file or a repository there is not what was wanted
    ├── DeskFailed                   a clipboard, an editor, a browser of this machine did not do it
    └── Interrupted             130/143
"""

from __future__ import annotations

import enum
from typing import ClassVar, Final

SERVER_OVERLOADED: Final = -32001
"""The app server's error code for a request it had no room for."""


class ExitCode(enum.IntEnum):
    """What the process exits with. ``docs/reference/exit-codes.md`` is compared with this."""

    DONE = 0
    BUG = 1
    USAGE = 2
    CONFIG = 3
    UNREACHABLE = 4
    REFUSED = 5
    APP_SERVER = 6
    TOKEN = 7
    FORWARD = 8
    LINK_LOST = 9
    TURN_FAILED = 10
    CHECK_FAILED = 11
    COPY_FAILED = 12
    SIGINT = 130
    SIGTERM = 143


class Stage(enum.Enum):
    """Where on the way to the devbox we are; the words a person reads, in the order of the flow."""

    SSH = "ssh"
    APP_SERVER = "app server"
    TOKEN = "token"  # noqa: S105 - the stage's name, not a secret
    FORWARD = "forward"
    WEBSOCKET = "websocket"
    SESSION = "session"
    DOOR = "door"


class CodexSshError(Exception):
    """Root of the tree.

    Args:
        message: One line, lower case, no full stop; names the thing in quotes.
        hint: Something the reader can do about it; empty when there is nothing honest to say.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(CodexSshError):
    """The command line asks for something that cannot be meant."""

    exit_code = ExitCode.USAGE


class ImageRefused(UsageError):
    """A file cannot go along with a message as an image: not there, unreadable, no image, too large.

    Args:
        path: The file as it was named; empty for the clipboard.
    """

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class ConfigError(CodexSshError):
    """A config file or environment variable is wrong; the message names file and key."""

    exit_code = ExitCode.CONFIG


class StageError(CodexSshError):
    """Something on the way to the devbox failed.

    Args:
        message: What happened, in our words.
        stage: Where.
        host: The host as the user typed it.
        said: What the other side said, verbatim (a 401 body, a remote stderr tail); may be empty.
            Remote text: whoever prints it makes control characters harmless first.
        hint: Something to do.
    """

    def __init__(self, message: str, *, stage: Stage, host: str = "", said: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.stage = stage
        self.host = host
        self.said = said

    def __str__(self) -> str:
        where = f"{self.host}: " if self.host else ""
        return f"{where}{self.stage.value}: {self.message}"


class HostUnreachable(StageError):
    """No SSH server could be reached: refused, timed out, no such name, no route.

    Args:
        answered: Somebody took the connection, if only to drop it, so every attempt costs somebody something.
    """

    exit_code = ExitCode.UNREACHABLE

    def __init__(
        self,
        message: str,
        *,
        stage: Stage,
        host: str = "",
        said: str = "",
        hint: str = "",
        answered: bool = False,
    ) -> None:
        super().__init__(message, stage=stage, host=host, said=said, hint=hint)
        self.answered = answered


class LoginRefused(StageError):
    """The SSH server took none of our keys, passwords or answers. Never retried by itself."""

    exit_code = ExitCode.REFUSED


class HostKeyRefused(StageError):
    """The server's host key is unknown, changed or revoked. Nothing secret has been sent."""

    exit_code = ExitCode.REFUSED


class TlsRefused(StageError):
    """The certificate or key of a ``wss://`` server could not be verified, and no token was sent.

    Or the server, which was verified, wants another certificate of us.
    """

    exit_code = ExitCode.REFUSED


class AppServerError(StageError):
    """The app server is missing, cannot be started, or is not one we may use."""

    exit_code = ExitCode.APP_SERVER


class OwnerNotProved(AppServerError):
    """The listener is not (provably) the login user's; no credential has been sent."""


class TokenError(StageError):
    """The token is missing, unsafe or unreadable."""

    exit_code = ExitCode.TOKEN


class CredentialRefused(TokenError):
    """The app server refused the upgrade with 401 or 403; ``said`` is its body.

    Args:
        status: The HTTP status.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        stage: Stage,
        host: str = "",
        said: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, stage=stage, host=host, said=said, hint=hint)
        self.status = status


class ForwardError(StageError):
    """The SSH server would not open the channel to the app server."""

    exit_code = ExitCode.FORWARD


class ProtocolViolated(StageError):
    """The other side answered something HTTP, WebSocket or JSON-RPC does not allow."""

    exit_code = ExitCode.FORWARD


class LinkLost(StageError):
    """A link that worked is gone; ``said`` is the reason the library gave."""

    exit_code = ExitCode.LINK_LOST


class RpcFailed(CodexSshError):
    """The app server answered a request with a JSON-RPC error.

    Args:
        method: What was asked.
        code: JSON-RPC error code; codex uses -32600 for almost everything, -32001 for overload.
        said: The server's message, verbatim.
        data: The error's ``data`` member as decoded JSON, or None.
    """

    exit_code = ExitCode.TURN_FAILED

    def __init__(self, method: str, *, code: int, said: str, data: object = None) -> None:
        super().__init__(f"app server refused {method!r} ({code})")
        self.method = method
        self.code = code
        self.said = said
        self.data = data

    @property
    def is_overload(self) -> bool:
        """Whether the server had no room for the request: it did nothing, and may be asked again."""
        return self.code == SERVER_OVERLOADED

    @property
    def is_shutting_down(self) -> bool:
        """Whether the server is about to end and takes nothing new: it did nothing with the request."""
        return isinstance(self.data, dict) and self.data.get("reason") == "serverShuttingDown"

    def __str__(self) -> str:
        return f"{self.message}: {self.said}"


class NotAllowed(RpcFailed):
    """A view that only approves did not ask the app server for what would change something.

    Args:
        method: What was not asked.
    """

    def __init__(self, method: str) -> None:
        super().__init__(method, code=0, said="")

    def __str__(self) -> str:
        return f"this view only approves: {self.method} is not asked"


class TurnFailed(CodexSshError):
    """A turn ended as failed or interrupted.

    Args:
        status: The turn's status, the app server's own word.
        said: The server's error message, verbatim; may be empty.
    """

    exit_code = ExitCode.TURN_FAILED

    def __init__(self, status: str, *, said: str = "", hint: str = "") -> None:
        super().__init__(f"the turn ended as {status!r}", hint=hint)
        self.status = status
        self.said = said


class CopyFailed(CodexSshError):
    """A file or a folder could not be copied.

    Args:
        verb: What could not be done, for a message.
        path: Which file or folder.
        where: Which machine it is on, as the user knows it.
        said: Why, in that machine's words or ours; remote text may be among them.
        is_full: There is no room: every other file would fail too.
    """

    exit_code = ExitCode.COPY_FAILED

    def __init__(
        self, verb: str, path: bytes, *, where: str, said: str, is_full: bool = False, hint: str = ""
    ) -> None:
        name = path.decode("utf-8", "backslashreplace")
        super().__init__(f"cannot {verb} {name!r} on {where}", hint=hint)
        self.path = path
        self.where = where
        self.said = said
        self.is_full = is_full


class DevboxFailed(CodexSshError):
    """The app server answered, and what it found on the devbox is not what was wanted.

    No repository, a file that is too large to show, a directory that is not there.
    """


class DeskFailed(CodexSshError):
    """Something on the user's own machine did not do what the TUI asked of it: clipboard, editor, browser.

    It is shown, and ends nothing.
    """


class Interrupted(CodexSshError):
    """A signal ended us; everything we opened is closed.

    Args:
        exit_code: 130 for SIGINT, 143 for SIGTERM and SIGHUP.
    """

    def __init__(self, code: ExitCode = ExitCode.SIGINT) -> None:
        super().__init__("interrupted")
        self.exit_code = code  # type: ignore[misc]
