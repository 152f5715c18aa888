"""Real codex binaries, and a real ``codex app-server`` on loopback with a scripted model.

Two come with the test dependencies: ``pypi`` (the package ``openai-codex-cli-bin``) and ``npm``
(``@openai/codex``, installed below ``<environment>/npm``).
"""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import processes
from tests.support.require import require
from tests.support.waiting import until

CODEX_NAMES = ("pypi", "npm")
"""Where the binaries come from; the ids of the parametrised fixture ``codex_binary``."""

TEST_TOKEN = "sesame-open-for-tests-only-0123456789"
"""What the token file of a test's app server holds."""

BANNER = re.compile(r"listening on: ws://([0-9.:\[\]]+):(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodexBinary:
    """A native codex."""

    name: str
    path: Path

    def version(self) -> str:
        """The version it prints, as ``0.163.0``."""
        done = subprocess.run(
            [self.path, "--version"], capture_output=True, text=True, timeout=20, check=True
        )
        return done.stdout.split()[-1]

    def put_in(self, directory: Path) -> Path:
        """Make it the ``codex`` of that directory, for a PATH; gives the directory."""
        link = directory / "codex"
        if not link.exists():
            directory.mkdir(parents=True)
            link.symlink_to(self.path)
        return directory


@dataclass(frozen=True, slots=True, kw_only=True)
class CodexAppServer:
    """A running ``codex app-server``.

    Attributes:
        endpoint: ``ws://127.0.0.1:PORT``, or ``unix://PATH``.
        port: 0 for a unix socket.
        token_file: None when it was started without auth.
        token: What is in the file; empty without auth.
        log_file: Its stderr.
    """

    binary: CodexBinary
    endpoint: str
    port: int
    token_file: Path | None
    token: str
    pid: int
    codex_home: Path
    cwd: Path
    log_file: Path

    @property
    def log(self) -> str:
        """What it wrote to stderr so far."""
        return self.log_file.read_text(errors="replace")


def find_codex(name: str) -> CodexBinary | None:
    """The binary of that origin, or None."""
    path = _pypi() if name == "pypi" else _npm()
    return CodexBinary(name=name, path=path) if path is not None else None


def require_codex(name: str = "pypi") -> CodexBinary:
    """The binary of that origin, or a skip (a failure in CI)."""
    hint = "pip install openai-codex-cli-bin" if name == "pypi" else "npm install @openai/codex"
    return require(find_codex(name), f"codex ({name}): {hint}")


def _pypi() -> Path | None:
    try:
        module = importlib.import_module("codex_cli_bin")
    except ImportError:
        return None
    return Path(module.bundled_codex_path())


def _npm() -> Path | None:
    packages = Path(sys.prefix) / "npm" / "node_modules" / "@openai"
    # npm keeps the native binary in a package of its own per platform, older ones inside.
    found = [
        *packages.glob("codex-*/vendor/*/bin/codex"),
        *packages.glob("codex/node_modules/@openai/codex-*/vendor/*/bin/codex"),
    ]
    return found[0] if found else None


def codex_environment(codex_home: Path) -> dict[str, str]:
    """The whole environment of a private codex: nothing of the person who runs the tests."""
    return {
        "CODEX_HOME": str(codex_home),
        "HOME": str(codex_home.parent),
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
    }


def write_token(codex_home: Path) -> Path:
    """Write the token as the documented recipe does, mode 0600, and give the file's path."""
    codex_home.mkdir(mode=0o700, parents=True, exist_ok=True)
    token_file = codex_home / "app-server-token"
    token_file.write_text(TEST_TOKEN + "\n")
    token_file.chmod(0o600)
    return token_file


@asynccontextmanager
async def open_codex(
    binary: CodexBinary,
    codex_home: Path,
    *,
    cwd: Path,
    listen: str = "ws://127.0.0.1:0",
    auth: bool = True,
    flags: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> AsyncGenerator[CodexAppServer, None]:
    """Run ``codex app-server`` until the block ends.

    Args:
        binary: Which one.
        codex_home: Its private CODEX_HOME; its config has been written (``Model.write_config``).
        cwd: Where it runs, and so where turns work.
        listen: ``ws://IP:PORT`` or ``unix://PATH``.
        auth: With ``--ws-auth capability-token``; not for a unix socket.
        flags: More flags.
        environment: More variables.
    """
    argv = [str(binary.path), "app-server", "--listen", listen, *flags]
    token_file = write_token(codex_home) if auth and listen.startswith("ws:") else None
    if token_file is not None:
        argv += ["--ws-auth", "capability-token", "--ws-token-file", str(token_file)]
    log_file = codex_home.parent / f"{codex_home.name}-app-server.log"
    with log_file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=cwd,
            env=codex_environment(codex_home) | dict(environment or {}),
        )
    try:
        endpoint, port = await _ready(process, listen, log_file)
        yield CodexAppServer(
            binary=binary,
            endpoint=endpoint,
            port=port,
            token_file=token_file,
            token=TEST_TOKEN if token_file is not None else "",
            pid=process.pid,
            codex_home=codex_home,
            cwd=cwd,
            log_file=log_file,
        )
    finally:
        await processes.end(process)


async def _ready(process: asyncio.subprocess.Process, listen: str, log_file: Path) -> tuple[str, int]:
    """Wait for the banner, or for the socket to be there."""

    def text() -> str:
        return log_file.read_text(errors="replace")

    if listen.startswith("unix://"):
        path = Path(listen.removeprefix("unix://"))
        await until(lambda: path.exists() or process.returncode is not None, listen, show=text)
        assert process.returncode is None, text()
        return listen, 0
    await until(
        lambda: BANNER.search(text()) or process.returncode is not None,
        "codex app-server prints its banner",
        show=text,
    )
    banner = BANNER.search(text())
    assert banner is not None, f"codex app-server ended with {process.returncode}: {text()}"
    return f"ws://{banner[1]}:{banner[2]}", int(banner[2])
