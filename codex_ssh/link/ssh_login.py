"""Log in to one SSH server over a way that is open: host key, then keys, then questions.

Lives here: the options asyncssh is given, and the choice between a fast start and a plain one.
Not here: the answers it asks for (:mod:`codex_ssh.link.ssh_owner`), what a fast start is
(:mod:`codex_ssh.link.ssh_fast`), how the byte stream is opened (:mod:`codex_ssh.link.ssh_way`), what failures
mean (:mod:`codex_ssh.link.ssh_failure`), and what the connection is used for
(:mod:`codex_ssh.link.ssh_asyncssh`).

asyncssh never sees the user's config: it gets explicit options and ``config=None``. It ignores what it does
not know and rejects much that ``ssh`` accepts.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncssh
from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs
from asyncssh.public_key import get_certificate_algs, get_public_key_algs

from codex_ssh.core.lesson import Lesson
from codex_ssh.core.question import Prompter
from codex_ssh.core.ssh_config import GCM, SshConfig
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError, StageError
from codex_ssh.link.ahead import SCRIPT_AT_MOST, Ahead, Started
from codex_ssh.link.host_keys import HostKeys
from codex_ssh.link.ssh_failure import timed_out, translate
from codex_ssh.link.ssh_fast import FAST, Connection, Start, Surprise, connect
from codex_ssh.link.ssh_hello import Hello
from codex_ssh.link.ssh_owner import FAST_SECONDS, Owner
from codex_ssh.link.ssh_patience import Patience
from codex_ssh.link.ssh_way import GatedWay, TcpWay, Way
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

_CLOSE_SECONDS: Final = 2.0
"""How long a connection may take to end; then it is left to the garbage."""

# What asyncssh reads an RSA key with takes 160 ms to prove what the file's owner already knows.
asyncssh.set_default_skip_rsa_key_validation(True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One login, as it was made.

    Attributes:
        connection: Logged in.
        owner: Knows when and why it ends.
        started: What was asked together with the login; None where nothing was.
        surprise: Why a fast start was given up for this one; empty where none was.
    """

    connection: Connection
    owner: Owner
    started: Started | None = None
    surprise: str = ""


@asynccontextmanager
async def open_login(
    config: SshConfig,
    host: str,
    options: SshOptions,
    prompter: Prompter,
    way: Way,
    *,
    lesson: Lesson | None = None,
    ahead: Ahead | None = None,
) -> AsyncGenerator[Login, None]:
    """Open the way, log in, and hold the connection while the block lasts.

    One TCP connection, one login; a fast start that met a surprise is followed by a plain one.

    Args:
        config: The resolved host.
        host: The host or hop, as the person knows it.
        options: For the limits.
        prompter: Gets the questions.
        way: Opens the byte stream.
        lesson: What the last visit taught, where a fast start is wanted.
        ahead: What will be wanted next; asked early by a fast start alone.

    Raises:
        HostUnreachable: Nothing answered, or not as an SSH server does, or not in time.
        HostKeyRefused: The host key is not trusted. Nothing of the login has been sent.
        LoginRefused: The server took nothing we have.
        ConfigError: The config leaves no algorithm both sides know.
    """

    def new_owner(lesson: Lesson | None) -> Owner:
        seconds = options.connect_timeout if config.connect_timeout is None else config.connect_timeout
        owner = Owner(config, host, options, prompter, Patience(seconds), lesson=lesson)
        owner.way = GatedWay(way)
        return owner

    hello = way.hello if isinstance(way, TcpWay) else None
    owner = new_owner(lesson)
    try:
        login: Login | None = None
        surprise = ""
        if lesson is not None and await owner.has_key(lesson):
            try:
                login = await _log_in_fast(owner, config, host, options, lesson, hello, ahead)
            except Surprise as met:
                surprise = str(met)
                log.info("no fast start with %s: %s", host, surprise)
        if login is None:
            if isinstance(way, TcpWay) and hello is not None:
                way.forget()
            owner.let_go()
            owner = new_owner(None)
            connection = await _log_in(owner, config, host, options, Start())
            login = Login(connection=connection, owner=owner, surprise=surprise)
        try:
            yield login
        finally:
            owner.closing = True
            login.connection.close()
            await _wait_closed(login.connection)
    finally:
        owner.let_go()


async def _log_in_fast(
    owner: Owner,
    config: SshConfig,
    host: str,
    options: SshOptions,
    lesson: Lesson,
    hello: Hello | None,
    ahead: Ahead | None,
) -> Login:
    """Log in by what the last visit taught.

    Raises:
        Surprise: It did not go as the last time; the connection is gone.
        HostKeyRefused: The key on file is another one.
        HostUnreachable: There is no way there.
    """
    script = ahead.script.encode(errors="surrogateescape") if ahead is not None else b""
    started: Started | None = None
    if ahead is not None and len(script) <= SCRIPT_AT_MOST and FAST.channels:
        started = Started(ahead, sent=FAST.exec)
    start = Start(
        switches=FAST,
        lesson=lesson,
        hello=hello,
        script=script,
        signed=started.begin if started is not None else lambda _: None,
    )
    try:
        connection = await _log_in(owner, config, host, options, start)
    except StageError as error:
        # A key that is known to be wrong stays wrong, and a host without a way has none.
        if error is owner.failure or owner.way is None or owner.way.gate is None:
            raise
        raise Surprise(f"{error.message}{': ' + error.said if error.said else ''}") from error
    try:
        if started is not None:
            async with asyncio.timeout(FAST_SECONDS):
                await started.wait_runs()
    except asyncssh.ChannelOpenError as error:
        if owner.lost.done():
            raise Surprise(str(error)) from error
        started = None  # the server runs no commands: the plain way will say so
    except (Surprise, OSError, asyncssh.Error) as error:  # TimeoutError is an OSError
        connection.abort()
        await _wait_closed(connection)
        raise Surprise(str(error) or "it took no script") from error
    except BaseException:
        connection.abort()
        raise
    return Login(connection=connection, owner=owner, started=started)


async def _wait_closed(connection: Connection) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await connection.wait_closed()


async def _log_in(
    owner: Owner, config: SshConfig, host: str, options: SshOptions, start: Start
) -> Connection:
    arguments = _arguments(owner, config, options)
    if start.lesson is not None:
        arguments["kex_algs"] = [start.lesson.kex]
    try:
        async with owner.patience.limit(), open_tasks() as tasks:
            tasks.start(owner.settle_doubt())
            connection = await connect(arguments, config.hostname, config.port, owner.way, start)
    except Surprise:
        raise
    except TimeoutError as error:
        raise owner.failure or timed_out(owner, config, host) from error
    except Exception as error:
        raise owner.failure or translate(error, owner, config, host) from error
    if owner.failure is not None:
        # A connection we ended ourselves looks like a success to asyncssh.
        raise owner.failure
    return connection


def _arguments(owner: Owner, config: SshConfig, options: SshOptions) -> dict[str, Any]:
    interval, count = options.keepalive_interval, options.keepalive_count
    if config.alive_interval and (not interval or config.alive_interval < interval):
        interval, count = config.alive_interval, config.alive_count
    return {
        "config": None,
        "client_factory": lambda: owner,
        "username": config.user,
        # Empty, so that it asks us; only the key inside a certificate is not shown to us, so it has those.
        "known_hosts": ([], [], [line.encode() for line in owner.host_keys.revoked()]),
        "server_host_key_algs": _host_key_algorithms(owner.host_keys, config),
        "kex_algs": _known(config.kex, get_kex_algs(), "KexAlgorithms", config),
        # "^" moves to the front of asyncssh's own list, which begins with a slow one.
        "encryption_algs": _known(config.ciphers, get_encryption_algs(), "Ciphers", config) or f"^{GCM}",
        "mac_algs": _known(config.macs, get_mac_algs(), "MACs", config),
        "compression_algs": ["zlib@openssh.com", "none"] if config.compression else ["none"],
        "signature_algs": _known(
            config.signatures, get_public_key_algs(), "PubkeyAcceptedAlgorithms", config
        ),
        "preferred_auth": list(config.methods),
        "client_keys": None,
        "x509_trusted_certs": None,
        "x509_trusted_cert_paths": [],
        "gss_host": None,
        "host_based_auth": False,
        "public_key_auth": "publickey" in config.methods,
        "kbdint_auth": "keyboard-interactive" in config.methods,
        "password_auth": "password" in config.methods,
        "agent_forwarding": config.forward_agent or False,
        "x11_forwarding": False,
        "request_pty": False,
        "command": None,
        "env": dict(line.partition("=")[::2] for line in config.set_env),
        "send_env": list(config.send_env),
        "login_timeout": 0,
        "connect_timeout": None,
        "keepalive_interval": interval,
        "keepalive_count_max": max(count, 1),
        "tcp_keepalive": config.tcp_keepalive,
        "utf8_decode_errors": "replace",
    }


def _known(
    wanted: Sequence[str], supported: Sequence[bytes], keyword: str, config: SshConfig
) -> Sequence[str] | tuple[()]:
    """The wanted algorithms asyncssh has, in the wanted order; its own choice when nothing was wanted.

    Raises:
        ConfigError: It has none of them.
    """
    if not wanted:
        return ()
    names = {name.decode() for name in supported}
    if both := [name for name in wanted if name in names]:
        return both
    raise ConfigError(
        f"{keyword} of {config.alias!r} leaves nothing that can be used here: {', '.join(wanted)}",
        hint="allow one more in the ssh config",
    )


def _host_key_algorithms(host_keys: HostKeys, config: SshConfig) -> Sequence[str]:
    """The host key algorithms to ask for: those of keys on file first, so that the server shows one of them.

    Certificates are asked for only when an authority is on file: nothing could be said about them without.
    """
    plain = [name.decode() for name in get_public_key_algs()]
    certificates = [name.decode() for name in get_certificate_algs()] if host_keys.has_authority() else []
    wanted = config.host_keys or (*certificates, *(name for name in plain if name in _PLAIN_HOST_KEYS))
    usable = [name for name in wanted if name in plain or name in certificates]
    if not usable:
        raise ConfigError(
            f"HostKeyAlgorithms of {config.alias!r} leaves nothing that can be used here",
            hint="allow one more in the ssh config",
        )
    known = host_keys.known_types()
    types = {name for kind in known for name in _SIGNED_BY.get(kind, (kind,))}
    return sorted(usable, key=lambda name: (name not in certificates, name not in types))


_PLAIN_HOST_KEYS: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
_SIGNED_BY: Final = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")}
"""Algorithms that show a key of a type, where they have other names than the type."""
