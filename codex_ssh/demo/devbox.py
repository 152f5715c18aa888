"""A devbox made of nothing: an app server and an SSH server on this machine's loopback, and a home.

Everything lies in one private directory and is gone afterwards. What connects to it is the very client a
real host sees; only the config file it reads the host from is ours.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from codex_ssh.core.endpoint import WsEndpoint
from codex_ssh.core.value import dataclass
from codex_ssh.demo.ssh_server import open_ssh_server
from codex_ssh.errors import AppServerError, Stage
from codex_ssh.link.appserver import make_token
from codex_ssh.local.files import private_temp_dir, write_private
from codex_ssh.local.process import end_process
from codex_ssh.local.tasks import open_tasks

START_SECONDS: Final = 20.0

_GREETING: Final = """\
# A workspace

This directory belongs to the codex-ssh demo and is gone when it ends.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Devbox:
    """A running demo devbox.

    Attributes:
        ssh_config: The config file that knows the host ``demo``.
        endpoint: Where its app server listens.
        token_file: The token file it was started with.
        workspace: Its working directory.
    """

    ssh_config: Path
    endpoint: WsEndpoint
    token_file: Path
    workspace: Path


@asynccontextmanager
async def open_devbox(engine: Path | None = None) -> AsyncGenerator[Devbox, None]:
    """Give a devbox that lives as long as the block.

    Args:
        engine: A real codex to run as the app server, with this user's own codex home; None runs the
            rehearsal engine, which needs no account and no network.

    Raises:
        AppServerError: The app server did not start; `said` is what it said.
    """
    with private_temp_dir("codex-ssh-demo-") as private:
        home = private / "home"
        workspace = home / "workspace"
        workspace.mkdir(parents=True, mode=0o700)
        (workspace / "README.md").write_text(_GREETING, encoding="utf-8")
        token_file = home / ".codex" / "app-server-token"
        write_private(token_file, make_token().reveal() + "\n")
        async with (
            _open_app_server(engine, token_file, home=home, workspace=workspace) as port,
            open_ssh_server(
                private,
                user=getpass.getuser(),
                environment={"HOME": str(home), "PATH": os.defpath, "LANG": "C.UTF-8"},
                forward_to=port,
            ) as ssh_config,
        ):
            yield Devbox(
                ssh_config=ssh_config,
                endpoint=WsEndpoint(host="127.0.0.1", port=port),
                token_file=token_file,
                workspace=workspace,
            )


@asynccontextmanager
async def _open_app_server(
    engine: Path | None, token_file: Path, *, home: Path, workspace: Path
) -> AsyncGenerator[int, None]:
    """Run the app server as a child, as it runs on a devbox, and give its port."""
    listen = (
        "--listen",
        "ws://127.0.0.1:0",
        "--ws-auth",
        "capability-token",
        "--ws-token-file",
        str(token_file),
    )
    words: tuple[str | Path, ...]
    environment = dict(os.environ)
    if engine is None:
        words = (sys.executable, "-m", "codex_ssh", "app-server", "--engine", "rehearsal", *listen)
        environment |= {"HOME": str(home), "CODEX_HOME": str(home / ".codex"), "TMPDIR": str(home.parent)}
    else:
        words = (engine, "app-server", *listen)
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=workspace,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # the keyboard's signals do not reach a devbox
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            port = await _read_port(process.stderr)
        async with open_tasks() as tasks:
            # Its stderr must be read, or it would one day wait for somebody to.
            tasks.start(_drain(process.stderr))
            yield port
    except TimeoutError:
        raise AppServerError(
            f"the demo's app server did not start within {START_SECONDS:.0f} seconds",
            stage=Stage.APP_SERVER,
            host="demo",
        ) from None
    finally:
        await _end(process)


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(65536):
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the app server without waiting for its turns: a second signal cuts its drain short."""
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
    await end_process(process)


async def _read_port(stderr: asyncio.StreamReader) -> int:
    said = []
    async for line in stderr:
        text = line.decode("utf-8", "replace").strip()
        said.append(text)
        _, found, address = text.partition("ws://127.0.0.1:")
        if "listening on" in text and found:
            return int("".join(c for c in address.split("\033")[0] if c.isdigit()))
    raise AppServerError(
        "the demo's app server did not start",
        stage=Stage.APP_SERVER,
        host="demo",
        said="\n".join(said[-10:]),
    )
