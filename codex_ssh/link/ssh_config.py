"""Ask the user's own ``ssh`` what a host stands for.

Lives here: running ``ssh -G`` and collecting the facts its output needs. Where no ``ssh`` program exists,
asyncssh reads the config file.
Not here: what the answer means (:mod:`codex_ssh.core.ssh_config`), and hops: ``ssh -G`` leaves them as
they are, so each is asked about on its own.

``ssh -G`` runs the host's ``Match exec`` lines, as ``ssh`` itself would.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Final

from codex_ssh.core.host import Host
from codex_ssh.core.ssh_config import LocalFacts, SshConfig, parse_ssh_config
from codex_ssh.core.ssh_options import SshOptions, ssh_arguments, ssh_by_hand
from codex_ssh.errors import ConfigError

RESOLVE_TIMEOUT_SECONDS: Final = 15.0
"""For ``ssh -G``: it may run ``Match exec`` commands and ask the name server (``CanonicalizeHostname``)."""


async def read_ssh_config(host: Host, options: SshOptions) -> SshConfig:
    """Resolve a host the way the user's ``ssh`` does.

    Cancelling it ends the ``ssh`` it started.

    Raises:
        ConfigError: ``ssh`` refused its config or a flag; the message is its own, with file and line.
    """
    program = shutil.which("ssh")
    if program is None:
        from codex_ssh.link.ssh_config_asyncssh import read_without_ssh

        return read_without_ssh(host, options, local_facts())
    _check_identity_files(options)
    output = await _run([program, "-G", *ssh_arguments(host, options)], host)
    return parse_ssh_config(
        output,
        alias=host.name,
        facts=local_facts(),
        exists=os.path.exists,
        by_hand=ssh_by_hand(host, options),
    )


def local_facts() -> LocalFacts:
    """What the tokens of a config say about this machine."""
    return LocalFacts(
        home=str(Path.home()),
        user=getpass.getuser(),
        uid=os.getuid(),
        hostname=socket.gethostname(),
        environment=dict(os.environ),
    )


def _check_identity_files(options: SshOptions) -> None:
    for path in options.identity_files:
        # ssh only warns and goes on without it; a key that somebody named and that is not there is a mistake.
        if "%" not in path and not Path(path).expanduser().exists():
            raise ConfigError(f"there is no identity file {path!r}", hint="look at the path behind -i")


async def _run(argv: list[str], host: Host) -> str:
    # Not asyncio's own: cancelled while it connects the pipes, it waits for ever (CPython 3.11) and kills
    # only the program, not what the program started. Here nothing is awaited before we hold the process.
    process = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    begun = threading.Event()

    def read() -> tuple[bytes, bytes]:
        begun.set()
        return process.communicate()

    try:
        async with asyncio.timeout(RESOLVE_TIMEOUT_SECONDS):
            stdout, stderr = await asyncio.to_thread(read)
    except TimeoutError:
        raise ConfigError(
            f"ssh -G {host.name!r} gave no answer in {RESOLVE_TIMEOUT_SECONDS:.0f} s",
            hint="a Match exec line in the ssh config may hang; run ssh -G yourself",
        ) from None
    finally:
        if process.poll() is None:
            # A session of its own: a Match exec command ends with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if not begun.is_set():  # cancelled before there was a thread for it, which would have closed them
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
    if process.returncode != 0:
        lines = stderr.decode(errors="replace").strip().splitlines() or [f"exit status {process.returncode}"]
        raise ConfigError(
            f"ssh cannot read its config for {host.name!r}: {lines[0]}", hint=f"try: ssh -G {host.name}"
        )
    return stdout.decode(errors="surrogateescape")
