"""Runs the official TUI against our door.

Lives here: finding ``codex`` on this machine, its argv and environment, and putting the terminal back after
it. Not here: the door (known by the Protocol below) and the link behind it.

Its traps, all closed here: it takes the directory it is started in for the workspace (so it gets an empty one
and the remote ``--cd``), and the app server's token must not reach it (so it gets the door's, by variable).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import termios
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

from codex_ssh.core.secret import Secret
from codex_ssh.core.value import dataclass
from codex_ssh.errors import UsageError
from codex_ssh.local.files import private_temp_dir
from codex_ssh.local.process import end_process

TOKEN_VARIABLE: Final = "CODEX_SSH_DOOR_TOKEN"  # noqa: S105 - a variable's name
"""Names the door's token to the official TUI; it takes tokens by the name of a variable only."""

_SHIM_PLACES: Final = "../../codex-*/vendor/*/bin/codex", "../node_modules/@openai/codex-*/vendor/*/bin/codex"
_LEAVE_FULL_SCREEN: Final = "\033[?1049l\033[?25h\033[?2004l\033[<u\033[0m"


class OpenDoor(Protocol):
    """What is needed of a door."""

    @property
    def endpoint(self) -> object:
        """Its address; ``str`` gives the URL."""

    @property
    def token(self) -> Secret:
        """What a client must show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEndOptions:
    """What the official TUI is asked for.

    Attributes:
        prompt: The first prompt; empty starts with an empty composer.
        images: Absolute paths of images of this machine that go along with it.
        cd: Working directory on the devbox; empty takes the app server's own.
        model: Model; empty takes the devbox's default.
        resume: Thread to resume: an id, empty for its picker; None starts a new one.
        last: Resume the newest thread.
    """

    prompt: str = ""
    images: tuple[str, ...] = ()
    cd: str = ""
    model: str = ""
    resume: str | None = None
    last: bool = False


def find_codex() -> Path:
    """Give this machine's ``codex``; npm's shim is passed over for the program it would start (140 ms).

    Raises:
        UsageError: There is none.
    """
    found = shutil.which("codex")
    if found is None:
        raise UsageError(
            "there is no 'codex' on this machine to run as the TUI",
            hint="install it here, or use our own: --tui builtin",
        )
    real = Path(found).resolve()
    if real.suffix == ".js":
        for pattern in _SHIM_PLACES:
            for native in real.parent.glob(pattern):
                return native.resolve()
    return real


def codex_arguments(url: str, options: FrontEndOptions) -> list[str]:
    """Give the arguments for the official TUI; the token is named, never given."""
    words: list[str] = []
    if options.last or options.resume is not None:
        words.append("resume")
        if options.last:
            words.append("--last")
    words += ["--remote", url]
    if url.startswith("ws"):
        words += ["--remote-auth-token-env", TOKEN_VARIABLE]
    if options.cd:
        words += ["--cd", options.cd]
    if options.model:
        words += ["--model", options.model]
    for image in options.images:
        words.append(f"--image={image}")
    # "--" keeps a prompt that begins with a dash a prompt.
    behind = [word for word in (options.resume, options.prompt) if word]
    return [*words, "--", *behind] if behind else words


def codex_environment(
    environment: Mapping[str, str], token: Secret, *, without: Iterable[str]
) -> dict[str, str]:
    """Give the child's environment: this one's, less our own variables and the named ones, plus the token."""
    hidden = set(without)
    kept = {
        name: value
        for name, value in environment.items()
        if name not in hidden and not name.startswith("CODEX_SSH_")
    }
    return {**kept, TOKEN_VARIABLE: token.reveal()}


async def run_codex_tui(
    door: OpenDoor, codex: Path, options: FrontEndOptions, *, without: Iterable[str] = ()
) -> int:
    """Run the official TUI on this terminal to its end and give its exit code.

    Cancelling ends it with SIGTERM, and with SIGKILL when that is not enough.

    Args:
        door: Open for as long as this runs.
        codex: The program.
        options: What it is asked for.
        without: Variables it must not see, such as the one that holds the app server's token.

    Returns:
        Its own exit code; 128 + N when signal N ended it.
    """
    with private_temp_dir() as empty:
        before = _terminal_state()
        process = await asyncio.create_subprocess_exec(
            codex,
            *codex_arguments(str(door.endpoint), options),
            cwd=empty,
            env=codex_environment(os.environ, door.token, without=without),
        )
        try:
            code = await process.wait()
        finally:
            await end_process(process)
            if process.returncode is None or process.returncode < 0:
                _restore(before)
        return code if code >= 0 else 128 - code


def _terminal_state() -> list[object] | None:
    try:
        return termios.tcgetattr(sys.stdin.fileno())
    except (OSError, ValueError, termios.error):
        return None


def _restore(state: list[object] | None) -> None:
    """Put back a terminal whose program was killed in full screen."""
    if state is None:
        return
    termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, state)  # type: ignore[arg-type]
    if sys.stdout.isatty():
        sys.stdout.write(_LEAVE_FULL_SCREEN)
        sys.stdout.flush()
