"""A real OpenSSH server on loopback, and everything a client needs to log in to it.

It runs as an ordinary process with its own host key, config and authorized_keys, and lets in
the user who runs the tests, by key. A login gets a private HOME, so that no test touches
the real one; its working directory is still the account's own.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import signal
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import processes
from tests.support.require import require_program
from tests.support.waiting import until

TRIES = 5
"""How often another port is tried when somebody else took the free one."""

SFTP = "Subsystem sftp internal-sftp"

SSHD_NAMES = ("sshd", "sshd-session", "sshd-auth")
"""What a connection's processes are called; newer servers use a program of its own."""


@dataclass(slots=True, kw_only=True)
class Sshd:
    """A running sshd and its client side.

    Attributes:
        alias: The ``Host`` in ``ssh_config``.
        port: Where it listens on 127.0.0.1.
        user: Who can log in.
        directory: Everything lies below it.
        home: HOME of a login. ``home/bin`` is first in its PATH.
        ssh_config: For ``ssh -F``.
        user_key: The private key that gets in.
        known_hosts: Holds the host key.
        host_key: The server's private host key; ``.pub`` lies beside it.
    """

    alias: str
    port: int
    user: str
    directory: Path
    home: Path
    ssh_config: Path
    user_key: Path
    known_hosts: Path
    host_key: Path
    _program: Path
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def pid(self) -> int:
        """The listening process."""
        assert self._process is not None, "sshd is down"
        return self._process.pid

    @property
    def log(self) -> str:
        """What sshd logged so far, at level VERBOSE."""
        return (self.directory / "sshd.log").read_text(errors="replace")

    @property
    def logins(self) -> int:
        """How many logins were accepted so far."""
        return len(re.findall(r"^Accepted \S+ for ", self.log, re.MULTILINE))

    @property
    def connections(self) -> int:
        """How many TCP connections came so far."""
        # "Connection from authenticating user" is how it tells of one that broke.
        return len(re.findall(r"^Connection from \S+ port \d+ on ", self.log, re.MULTILINE))

    def install(self, program: Path, name: str) -> Path:
        """Put a program on the PATH of logins, as a link, and give its path there."""
        link = self.home / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(program)
        return link

    def client_config(self, *lines: str, name: str = "ssh_config") -> Path:
        """Write another client config beside the first: these lines for the alias come first."""
        path = self.directory / name
        path.write_text(_client_config(self, lines))
        return path

    def connection_pids(self) -> list[int]:
        """The sshd processes of the open connections, not the programs run over them."""
        return [
            pid
            for pid in processes.descendants(self.pid)
            if (processes.command_line(pid) or [""])[0].split(":")[0].rpartition("/")[2]
            in (*SSHD_NAMES, self._program.name)
        ]

    def cut(self) -> None:
        """Kill every open connection; the server goes on listening."""
        processes.kill(self.connection_pids())

    async def freeze(self) -> None:
        """Stop every open connection: nothing is answered, nothing is closed."""
        await processes.freeze(*self.connection_pids())

    def thaw(self) -> None:
        """Let frozen connections go on."""
        processes.kill(self.connection_pids(), signal.SIGCONT)

    async def stop(self) -> None:
        """End the server and every connection; the port refuses from now on."""
        if self._process is not None:
            connections = self.connection_pids()
            self._process.kill()
            await self._process.wait()
            self._process = None
            processes.kill(connections)

    async def start(self) -> None:
        """Listen again, on the same port and with the same keys."""
        assert self._process is None, "sshd is up"
        seen = self.log.count("Server listening on") if self.port else 0
        with (self.directory / "sshd.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *("-D", "-e", "-f", self.directory / "sshd_config", "-p", str(self.port)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        await until(
            lambda: self.log.count("Server listening on") > seen or process.returncode is not None,
            "sshd listens",
            show=lambda: self.log,
        )
        if process.returncode is not None:
            raise OSError(f"sshd ended with {process.returncode}: {self.log}")
        self._process = process


@asynccontextmanager
async def open_sshd(
    directory: Path,
    *,
    alias: str = "devbox",
    lines: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    pam: str = "",
) -> AsyncGenerator[Sshd, None]:
    """Run sshd until the block ends; whatever was started over it ends then as well.

    Args:
        directory: An empty or missing one; everything is written below it.
        alias: The name in the client config.
        lines: ``sshd_config`` lines that win over ours, such as ``AllowTcpForwarding no``.
        environment: More variables for logins (``SetEnv``); no double quotes in values.
        pam: The PAM service it uses; empty is none.
    """
    program = require_program("sshd", "sshd: apt-get install openssh-server")
    keygen = require_program("ssh-keygen", "ssh-keygen: apt-get install openssh-client")
    home = _make_directories(directory)
    if pam:
        lines = [*lines, "UsePAM yes", *await _name_service(program, pam, directory)]
        # Before OpenSSH 9.8 the service is called as the program is.
        program = directory / pam
        program.symlink_to(require_program("sshd", "sshd"))
    sshd = Sshd(
        alias=alias,
        port=0,
        user=pwd.getpwuid(os.geteuid()).pw_name,
        directory=directory,
        home=home,
        ssh_config=directory / "ssh_config",
        user_key=directory / "user_key",
        known_hosts=directory / "known_hosts",
        host_key=directory / "host_key",
        _program=program,
    )
    for key in (sshd.user_key, sshd.host_key):
        made = await processes.run(
            [keygen, "-q", "-t", "ed25519", "-N", "", "-C", f"test-{key.name}", "-f", key]
        )
        assert made.code == 0, made.err
    (directory / "authorized_keys").write_text(sshd.user_key.with_suffix(".pub").read_text())
    (directory / "sshd_config").write_text(_server_config(sshd, lines, environment or {}))
    await _start_somewhere(sshd)
    key_type, key_text, *_ = sshd.host_key.with_suffix(".pub").read_text().split()
    sshd.known_hosts.write_text(f"[127.0.0.1]:{sshd.port} {key_type} {key_text}\n")
    sshd.ssh_config.write_text(_client_config(sshd, ()))
    try:
        yield sshd
    finally:
        await sshd.stop()
        left = processes.with_variable("HOME", str(home))
        processes.kill(left)
        await until(lambda: not any(map(processes.is_alive, left)), "what logins started ends")


async def _name_service(program: Path, pam: str, directory: Path) -> list[str]:
    line = f"PAMServiceName {pam}"
    (directory / "probe").write_text(f"{line}\n")
    told = await processes.run([program, "-t", "-f", directory / "probe"])
    return [] if "Bad configuration option" in told.err else [line]


def _make_directories(directory: Path) -> Path:
    """Make what sshd and a login need, and give the login's HOME."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd refuses to start without
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    home = directory / "home"
    (home / "bin").mkdir(parents=True)
    home.chmod(0o700)
    (directory / "sshd.log").touch()
    return home


async def _start_somewhere(sshd: Sshd) -> None:
    for tries_left in reversed(range(TRIES)):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            sshd.port = probe.getsockname()[1]
        try:
            await sshd.start()
        except OSError as error:
            if "in use" not in str(error) or not tries_left:
                raise
        else:
            return


def _server_config(sshd: Sshd, lines: Sequence[str], environment: Mapping[str, str]) -> str:
    path = f"{sshd.home / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    variables = {"HOME": str(sshd.home), "PATH": path, **environment}
    # sshd takes the first value of each keyword, so the caller's lines come first.
    return "\n".join(
        [
            *lines,
            "ListenAddress 127.0.0.1",
            f"HostKey {sshd.host_key}",
            f"AuthorizedKeysFile {sshd.directory / 'authorized_keys'}",
            f"PidFile {sshd.directory / 'sshd.pid'}",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "AllowTcpForwarding yes",
            "AllowStreamLocalForwarding yes",
            "MaxStartups 100",
            "LogLevel VERBOSE",
            "PrintMotd no",
            "PrintLastLog no",
            # A second line of one name is an error, so who names any names all.
            *([] if any(line.startswith("Subsystem ") for line in lines) else [SFTP]),
            "SetEnv " + " ".join(f'"{name}={value}"' for name, value in variables.items()),
            "",
        ]
    )


def _client_config(sshd: Sshd, lines: Sequence[str]) -> str:
    return "\n".join(
        [
            f"Host {sshd.alias}",
            *(f"    {line}" for line in lines),
            "    HostName 127.0.0.1",
            f"    Port {sshd.port}",
            f"    User {sshd.user}",
            f"    IdentityFile {sshd.user_key}",
            "    IdentitiesOnly yes",
            "    IdentityAgent none",
            f"    UserKnownHostsFile {sshd.known_hosts}",
            "    GlobalKnownHostsFile /dev/null",
            "    StrictHostKeyChecking yes",
            "",
        ]
    )
