"""The demo's SSH server: asyncssh on a loopback port, one throw-away key each way.

Lives here: what a devbox's sshd does for us and nothing else: log in with one key, run commands without a
terminal, give files by SFTP, and open channels to one port. Not here: the app server behind it
(:mod:`codex_ssh.demo.devbox`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from codex_ssh.link.ssh_asyncssh import load_asyncssh

if TYPE_CHECKING:
    import asyncssh


@asynccontextmanager
async def open_ssh_server(
    private: Path, *, user: str, environment: Mapping[str, str], forward_to: int
) -> AsyncGenerator[Path, None]:
    """Serve SSH on a free loopback port and give an ssh config in which the host is called ``demo``.

    Args:
        private: A directory of mode 0700; keys, known_hosts and the config are written there.
        user: The one login name that is let in.
        environment: What commands see.
        forward_to: The one loopback port channels may go to.
    """
    load_asyncssh()
    import asyncssh

    host_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    _write(private / "id_ed25519", user_key.export_private_key())
    _write(private / "authorized_keys", user_key.export_public_key())

    class Door(asyncssh.SSHServer):
        """Lets one user in, and channels go to one port."""

        def begin_auth(self, username: str) -> bool:
            return True

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return username == user and key == user_key.convert_to_public()

        def connection_requested(
            self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
        ) -> bool:
            return dest_host in ("127.0.0.1", "localhost") and dest_port == forward_to

    class Files(asyncssh.SFTPServer):
        """This machine's files; what is relative begins in the demo's home."""

        def realpath(self, path: bytes) -> bytes | Awaitable[bytes]:
            return environment["HOME"].encode() if path == b"." else super().realpath(path)

    async def run_command(process: asyncssh.SSHServerProcess[bytes]) -> None:
        await _run(process, environment)

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=Door,
        server_host_keys=[host_key],
        process_factory=run_command,
        encoding=None,
        allow_pty=False,
        sftp_factory=Files,
        agent_forwarding=False,
    )
    async with server:
        port = server.get_port()
        public = host_key.export_public_key().decode().strip()
        _write(private / "known_hosts", f"[127.0.0.1]:{port} {public}\n".encode())
        config = private / "ssh_config"
        _write(config, _client_config(private, port, user).encode())
        yield config


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _client_config(private: Path, port: int, user: str) -> str:
    return f"""\
Host demo
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {private}/id_ed25519
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile {private}/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
"""


async def _run(process: asyncssh.SSHServerProcess[bytes], environment: Mapping[str, str]) -> None:
    if process.command is None:
        process.exit(1)
        return
    client, server = process.get_extra_info("peername"), process.get_extra_info("sockname")
    child = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        process.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # As sshd says it: by this the shell knows that it is where the server is.
        env={**environment, "SSH_CONNECTION": " ".join(map(str, (*client[:2], *server[:2])))},
        cwd=environment["HOME"],
        start_new_session=True,  # as sshd does it
    )
    try:
        await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
        process.exit(await child.wait())
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
        # Without this asyncssh leaves its copying half awaited.
        await process.wait_closed()
