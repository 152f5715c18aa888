"""Log in to one SSH server over a way that is open: host key, then keys, then questions.

Lives here: the answers asyncssh asks its owner for, and the options it is given.
Not here: how the byte stream is opened (:mod:`codex_ssh.link.ssh_way`), what failures mean
(:mod:`codex_ssh.link.ssh_failure`), and what the connection is used for (:mod:`codex_ssh.link.ssh_asyncssh`).

asyncssh never sees the user's config: it gets explicit options and ``config=None``. It ignores what it does
not know and rejects much that ``ssh`` accepts.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncssh
from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs
from asyncssh.public_key import get_certificate_algs, get_public_key_algs

from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_config import GCM, SshConfig
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import (
    CodexSshError,
    ConfigError,
    HostKeyRefused,
    LoginRefused,
    Stage,
)
from codex_ssh.link.host_keys import Doubt, HostKeys
from codex_ssh.link.ssh_failure import timed_out, translate
from codex_ssh.link.ssh_keys import KeyRing
from codex_ssh.link.ssh_patience import Patience, PatientPrompter
from codex_ssh.link.ssh_way import GatedWay, Way
from codex_ssh.local.tasks import open_tasks

_CLOSE_SECONDS: Final = 2.0
"""How long a connection may take to end; then it is left to the garbage."""

_ROUNDS_AT_MOST: Final = 20
"""Keyboard-interactive rounds within one attempt."""

# What asyncssh reads an RSA key with takes 160 ms to prove what the file's owner already knows.
asyncssh.set_default_skip_rsa_key_validation(True)


class Owner(asyncssh.SSHClient):
    """Answers what asyncssh asks while it logs in, and remembers why the connection ended.

    Args:
        config: The resolved host.
        host: The host or hop, as the person knows it; the word for messages.
        options: For the limits.
        prompter: Gets the questions.
        patience: The clock.
    """

    def __init__(
        self, config: SshConfig, host: str, options: SshOptions, prompter: Prompter, patience: Patience
    ) -> None:
        self._config = config
        self._host = host
        self._options = options
        self._patience = patience
        self._prompter = PatientPrompter(prompter, patience)
        self._passwords = 0
        self._interactive = 0
        self._rounds = 0
        self._ring = KeyRing(config, host, self._prompter, patience)
        self._accepted: bytes | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._doubt: asyncio.Future[Doubt | None] = asyncio.get_running_loop().create_future()
        self.host_keys = HostKeys(config, host)
        self.way: GatedWay | None = None
        self.failure: CodexSshError | None = None
        """What we found wrong ourselves; it tells more than what asyncssh makes of it."""
        self.offered: list[str] = []
        """What was tried, for the message when the login is refused."""
        self.server_takes: Sequence[str] = ()
        """The methods the server would take, the last time it said."""
        self.logging_in = False
        self.closing = False
        """Whether we end the connection ourselves."""
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        """Done when the connection is gone; the reason, or None for an orderly end."""

    # ------------------------------------------------------------ the host key

    async def settle_doubt(self) -> None:
        """Ask about an unknown host key, then let the login go on. A no is kept, not raised."""
        doubt = await self._doubt
        if doubt is None:
            return
        try:
            await self.host_keys.settle(doubt, self._prompter)
        except CodexSshError as error:
            self.failure = error
            if self._connection is not None:
                self._connection.abort()
        else:
            assert self.way is not None
            assert self.way.gate is not None
            self.way.gate.open()

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Decide about a plain host key; called again at every new key exchange."""
        blob = key.public_data
        if self._accepted is not None:
            # RFC 4253 section 9 lets a server change its key then; OpenSSH does not, and neither do we.
            return blob == self._accepted
        try:
            doubt = self.host_keys.judge(blob)
        except HostKeyRefused as error:
            self.failure = error
            return False
        self._accepted = blob
        if doubt is not None:
            assert self.way is not None
            assert self.way.gate is not None
            self.way.gate.shut()
        if not self._doubt.done():
            self._doubt.set_result(doubt)
        return True

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Decide about the key that signed a host certificate."""
        try:
            return self.host_keys.judge_authority(key.public_data)
        except HostKeyRefused as error:
            self.failure = error
            return False

    # ------------------------------------------------------------ the login

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """The way is open."""
        self._connection = conn

    def begin_auth(self, username: str) -> None:
        """The host key is good; the login has its own limit."""
        self._no_doubt()  # a host certificate never comes by validate_host_public_key
        self.logging_in = True
        self._patience.start_over(self._options.login_timeout)

    def auth_banner_received(self, msg: str, lang: str) -> None:
        """Show what the server shows before a login."""
        self._prompter.tell(self._host, msg)

    def auth_completed(self) -> None:
        """We are in."""
        self._ring.close()
        if self.way is not None:
            self.way.settle()

    async def public_key_auth_requested(self) -> asyncssh.SSHKeyPair | None:
        """Give the next key to offer; None when there is none left."""
        self._note_methods()
        pair = await self._ring.next_offer()
        if pair is None:
            return None
        self.offered.append(f"key {pair.get_comment(errors='replace') or pair.get_algorithm()}")
        return pair

    async def password_auth_requested(self) -> str | None:
        """Ask for the password, as often as NumberOfPasswordPrompts says."""
        self._note_methods()
        if self._silent() or self._passwords >= self._config.password_prompts:
            return None
        self._passwords += 1
        self.offered.append("password")
        answer = await self._ask(
            QuestionKind.PASSWORD, f"password for {self._config.user}@{self._config.hostname}: ", echo=False
        )
        return answer.reveal()

    def kbdint_auth_requested(self) -> str | None:
        """Say whether questions of the server's can be answered."""
        self._note_methods()
        if self._silent() or self._interactive >= self._config.password_prompts:
            return None
        self._interactive += 1
        self._rounds = 0
        self.offered.append("keyboard-interactive")
        return ""

    async def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        """Answer one round of questions."""
        self._rounds += 1
        if self._rounds > _ROUNDS_AT_MOST:
            return None
        lead = "\n".join(text for text in (name, instructions) if text.strip())
        if not prompts:
            if lead:
                self._prompter.tell(self._host, lead)
            return []
        answers = []
        for index, (text, echo) in enumerate(prompts):
            answer = await self._ask(
                QuestionKind.KEYBOARD_INTERACTIVE, text, echo=echo, lead=lead if index == 0 else ""
            )
            answers.append(answer.reveal())
        return answers

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.let_go()
        if not self.lost.done():
            self.lost.set_result(exc)

    def let_go(self) -> None:
        """Let the agent go, and stop waiting for a doubt."""
        self._ring.close()
        self._no_doubt()

    def _no_doubt(self) -> None:
        if not self._doubt.done():
            self._doubt.set_result(None)

    @property
    def notes(self) -> list[str]:
        """Keys that were passed over, and why."""
        return self._ring.notes

    async def _ask(self, kind: QuestionKind, text: str, *, echo: bool, lead: str = "") -> Secret:
        answer = await self._prompter.ask(
            Question(kind=kind, host=self._host, text=text, echo=echo, lead=lead)
        )
        if answer is None:
            raise LoginRefused(
                f"the {kind.value} question was not answered", stage=Stage.SSH, host=self._host
            )
        return answer

    def _silent(self) -> bool:
        """Whether no password may go out: nobody to ask, or a host key that ``no`` let pass."""
        return self._config.batch or self.host_keys.changed_but_allowed

    def _note_methods(self) -> None:
        if self._connection is not None:
            self.server_takes = self._connection.get_server_auth_methods()


@asynccontextmanager
async def open_login(
    config: SshConfig, host: str, options: SshOptions, prompter: Prompter, way: Way
) -> AsyncGenerator[tuple[asyncssh.SSHClientConnection, Owner], None]:
    """Open the way, log in, and hold the connection while the block lasts. One TCP connection, one login.

    Args:
        config: The resolved host.
        host: The host or hop, as the person knows it.
        options: For the limits.
        prompter: Gets the questions.
        way: Opens the byte stream.

    Raises:
        HostUnreachable: Nothing answered, or not as an SSH server does, or not in time.
        HostKeyRefused: The host key is not trusted. Nothing of the login has been sent.
        LoginRefused: The server took nothing we have.
        ConfigError: The config leaves no algorithm both sides know.
    """
    patience = Patience(options.connect_timeout if config.connect_timeout is None else config.connect_timeout)
    owner = Owner(config, host, options, prompter, patience)
    owner.way = GatedWay(way)
    try:
        connection = await _log_in(owner, config, host, options, patience)
        try:
            yield connection, owner
        finally:
            owner.closing = True
            connection.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await connection.wait_closed()
    finally:
        owner.let_go()


async def _log_in(
    owner: Owner, config: SshConfig, host: str, options: SshOptions, patience: Patience
) -> asyncssh.SSHClientConnection:
    arguments = _arguments(owner, config, options)
    try:
        async with patience.limit(), open_tasks() as tasks:
            tasks.start(owner.settle_doubt())
            connection = await asyncssh.connect(config.hostname, config.port, **arguments)
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
        "tunnel": owner.way,
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
