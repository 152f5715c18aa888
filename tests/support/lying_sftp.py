"""An SFTP server that lies about a folder, or goes away at the worst moment.

Lives here: a real SSH server with a real SFTP session whose lists hold what no disk can.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from codex_ssh.core.host import Host
from codex_ssh.core.ssh_options import SshClient, SshOptions
from tests.support.waiting import until


@dataclass(frozen=True, slots=True, kw_only=True)
class LyingSftp:
    """Where it listens, and how it is reached.

    Attributes:
        renamed: What was renamed, in order; after the first the connection is cut without an answer.
    """

    host: Host
    options: SshOptions
    renamed: list[bytes] = field(default_factory=list)


Lie = Callable[[bytes, Sequence[asyncssh.SFTPName]], Sequence[asyncssh.SFTPName]]
"""Makes of a folder's path and list what is told instead."""


@asynccontextmanager
async def open_lying_sftp(directory: Path, lie: Lie) -> AsyncGenerator[LyingSftp, None]:
    """Serve this machine's files by SFTP, and lie about what is in its folders."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    login = asyncssh.generate_private_key("ssh-ed25519")
    directory.mkdir(parents=True)
    login.write_private_key(directory / "key")
    (directory / "key").chmod(0o600)
    (directory / "authorized").write_bytes(login.export_public_key())

    renamed: list[bytes] = []

    class Server(asyncssh.SFTPServer):
        def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
            os.replace(oldpath, newpath)
            renamed.append(newpath)
            if len(renamed) == 1:
                self.connection.abort()

        async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
            true = []
            # It may have told of a folder that is not there.
            for name in sorted(os.listdir(path) if os.path.isdir(path) else ()):
                place = os.path.join(path, name)
                found = os.lstat(place)
                true.append(asyncssh.SFTPName(name, attrs=asyncssh.SFTPAttrs.from_local(found)))
            for told in lie(path, true):
                yield told

    running: set[asyncssh.SSHServerProcess[bytes]] = set()

    async def run(process: asyncssh.SSHServerProcess[bytes]) -> None:
        running.add(process)
        try:
            await _run(process)
        finally:
            running.discard(process)

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[key],
        authorized_client_keys=str(directory / "authorized"),
        sftp_factory=Server,
        process_factory=run,
        encoding=None,
    )
    async with server:
        port = server.get_port()
        public = key.export_public_key().decode().strip()
        (directory / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
        lines = f"Host liar\n HostName 127.0.0.1\n Port {port}\n User me\n IdentityAgent none\n"
        lines += f" IdentityFile {directory / 'key'}\n IdentitiesOnly yes\n"
        lines += f" UserKnownHostsFile {directory / 'known_hosts'}\n GlobalKnownHostsFile /dev/null\n"
        (directory / "config").write_text(lines)
        options = SshOptions(config_file=str(directory / "config"), client=SshClient.ASYNCSSH)
        yield LyingSftp(host=Host(name="liar"), options=options, renamed=renamed)
    await until(lambda: not running, "what was run there has ended")


async def _run(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Run a command, as sshd does."""
    child = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", process.command or ""),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await process.redirect(stdin=child.stdin, stdout=child.stdout)
        process.exit(await child.wait())
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
        await process.wait_closed()
