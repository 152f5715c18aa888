"""The keys we can log in with, in the order OpenSSH offers them.

Lives here: identity files, the agent, certificates, and unlocking an encrypted file once the server wants it.
Not here: the login itself (:mod:`codex_ssh.link.ssh_login`).

Order (``pubkey_prepare`` of OpenSSH's sshconnect2.c): agent keys that an identity file names, other agent
keys unless ``IdentitiesOnly``, then keys that are only in files; a key's certificate goes before the key. An
encrypted file is offered by its public half, so a passphrase is asked for only when it will be used.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import copy
import hashlib
import os
import stat
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncssh

from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.core.value import dataclass
from codex_ssh.link.ssh_patience import Patience
from codex_ssh.local.tasks import open_tasks

_FILE_LIMIT: Final = 1024 * 1024
_PASSPHRASES_AT_MOST: Final = 3
_AGENT_SECONDS: Final = 1.0
"""An agent that takes longer for a signature waits for a person: for a touch, a PIN or a yes."""

_MAGIC: Final = b"openssh-key-v1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class _IdentityFile:
    """One identity file that exists.

    Attributes:
        path: As configured.
        public: The public key, or None when only the passphrase would tell it.
        private: The file's bytes; empty when only the public half is there (the agent has the other).
    """

    path: str
    public: asyncssh.SSHKey | None
    private: bytes


class KeyRing:
    """What can be offered to one host.

    Args:
        config: The resolved host.
        host: The host or hop, as the person knows it.
        prompter: Gets the questions for passphrases.
        patience: The clock; it stands still while an agent signs.
    """

    def __init__(self, config: SshConfig, host: str, prompter: Prompter, patience: Patience) -> None:
        self._config = config
        self._host = host
        self._prompter = prompter
        self._patience = patience
        self._agent: asyncssh.SSHAgentClient | None = None
        self._queue: list[asyncssh.SSHKeyPair | _IdentityFile] | None = None
        self._certificates: Sequence[asyncssh.SSHCertificate] = ()
        self.notes: list[str] = []
        """Keys that were passed over, and why; for the message when the login is refused."""

    async def next_offer(self) -> asyncssh.SSHKeyPair | None:
        """Give the next key; None when there is none left. A file is read only when its turn has come."""
        if self._queue is None:
            self._queue = await self._collect()
        while self._queue:
            candidate = self._queue.pop(0)
            if isinstance(candidate, asyncssh.SSHKeyPair):
                return candidate
            self._queue[:0] = await self._load(candidate)
        return None

    async def prefer(self, digest: str) -> asyncssh.SSHKeyPair | None:
        """Put a key in front, where it is here and nobody has to be asked for it; None where it is not.

        Args:
            digest: SHA-256 of its public half, in hex.
        """
        if self._queue is None:
            self._queue = await self._collect()
        for place, candidate in enumerate(self._queue):
            if isinstance(candidate, asyncssh.SSHKeyPair):
                pairs = [candidate]
            elif candidate.public is not None and _digest(candidate.public.public_data) == digest:
                pairs = await self._load(candidate)
            else:
                continue
            for pair in pairs:
                asks = isinstance(pair, _FileKey) and pair.is_locked
                if _digest(pair.public_data) == digest and not asks:
                    self._queue[place : place + 1] = pairs
                    self._queue.remove(pair)
                    self._queue.insert(0, pair)
                    return pair
        return None

    async def _collect(self) -> list[asyncssh.SSHKeyPair | _IdentityFile]:
        queue: list[asyncssh.SSHKeyPair | _IdentityFile] = []
        files = await asyncio.to_thread(self._read_files)
        self._certificates = certificates = await asyncio.to_thread(self._read_certificates)
        in_agent = await self._read_agent()
        named = [file.public.public_data for file in files if file.public is not None]
        named += [certificate.public_data for certificate in certificates]
        order = {blob: index for index, blob in enumerate(named)}
        agent_keys = [key for key in in_agent if not self._config.identities_only or key.public_data in order]
        for key in sorted(agent_keys, key=lambda key: order.get(key.public_data, len(order))):
            queue += [
                _agent_key_with(key, certificate) for certificate in self._certificates_of(key.public_data)
            ]
            queue.append(key)
        offered = {key.public_data for key in agent_keys}
        queue += [
            file
            for file in files
            if file.private and (file.public is None or file.public.public_data not in offered)
        ]
        return queue

    def close(self) -> None:
        """Let the agent go."""
        if self._agent is not None:
            self._agent.close()
            self._agent = None

    async def unlock(self, path: str, private: bytes) -> asyncssh.SSHKey | None:
        """Decrypt a key file, asking for its passphrase; None when nobody knows it."""
        if self._config.batch:
            self.notes.append(f"{path} needs a passphrase, and BatchMode is on")
            return None
        for tries_left in reversed(range(_PASSPHRASES_AT_MOST)):
            answer = await self._prompter.ask(
                Question(kind=QuestionKind.PASSPHRASE, host=self._host, text=f"passphrase for key '{path}': ")
            )
            if answer is None or not answer:
                break
            try:
                return await asyncio.to_thread(asyncssh.import_private_key, private, answer.reveal())
            except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
                if tries_left:
                    self._prompter.tell(self._host, "that passphrase is wrong")
        self.notes.append(f"{path} stayed locked")
        return None

    def _read_files(self) -> list[_IdentityFile]:
        files = []
        for path in self._config.identity_files:
            private = self._read_private(path)
            public = _read_public(f"{path}.pub") or _public_half(private)
            if public is None and private and not private.lstrip().startswith(b"-----BEGIN"):
                # IdentityFile may name the public half of a key that only the agent has.
                public, private = _parse_public(private), b""
            if private or public is not None:
                files.append(_IdentityFile(path=path, public=public, private=private))
        return files

    def _read_private(self, path: str) -> bytes:
        try:
            with Path(path).open("rb") as file:
                status = os.fstat(file.fileno())
                data = file.read(_FILE_LIMIT)
        except OSError as error:
            if self._config.identity_files_named and not isinstance(error, FileNotFoundError):
                self.notes.append(f"{path} cannot be read: {error.strerror}")
            return b""
        # OpenSSH's rule (sshkey_perm_ok): a private key of ours that others may read is not used.
        if b"PRIVATE KEY" in data and status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) & 0o077:
            self.notes.append(
                f"{path} is open to others (mode {stat.S_IMODE(status.st_mode):04o}): chmod 600 it"
            )
            return b""
        return data

    def _read_certificates(self) -> list[asyncssh.SSHCertificate]:
        certificates = []
        beside = [f"{path}-cert.pub" for path in self._config.identity_files]
        for path in (*self._config.certificate_files, *beside):
            with contextlib.suppress(OSError, asyncssh.KeyImportError):
                certificates.append(asyncssh.read_certificate(path))
        return certificates

    @asynccontextmanager
    async def waiting_for_agent(self, comment: str) -> AsyncGenerator[None, None]:
        """Stop the clock: an agent may ask its person something. After a while, say what is waited for."""

        async def tell() -> None:
            await asyncio.sleep(_AGENT_SECONDS)
            self._prompter.tell(
                self._host, f"the agent takes its time with {comment!r}: touch the key, or answer the agent"
            )

        # The server's own limit for a login still runs, so a dead agent is no wait for ever.
        with self._patience.question():
            async with open_tasks() as tasks:
                tasks.start(tell())
                yield

    async def _read_agent(self) -> Sequence[asyncssh.SSHAgentKeyPair]:
        if not self._config.identity_agent:
            return ()
        try:
            self._agent = await asyncssh.connect_agent(self._config.identity_agent)
            agent, keys = self._agent, await self._agent.get_keys()
        except (OSError, ValueError) as error:
            self.notes.append(f"the agent at {self._config.identity_agent} does not answer: {error}")
            return ()
        return [
            _AgentKey(self, agent, key.algorithm, key.public_data, key.get_comment_bytes() or b"")
            for key in keys
        ]

    def _certificates_of(self, public_data: bytes) -> list[asyncssh.SSHCertificate]:
        return [
            certificate for certificate in self._certificates if certificate.key.public_data == public_data
        ]

    async def _load(self, file: _IdentityFile) -> list[asyncssh.SSHKeyPair]:
        key: asyncssh.SSHKey | None
        try:
            key = await asyncio.to_thread(asyncssh.import_private_key, file.private)
        except asyncssh.KeyImportError as error:
            key = None
            if not _is_encrypted(error):
                self.notes.append(f"{file.path} cannot be read: {error}")
                return []
        if key is None and file.public is None:
            key = await self.unlock(file.path, file.private)
            if key is None:
                return []
        public = key or file.public
        assert public is not None
        if public.get_algorithm().startswith("sk-"):
            self.notes.append(f"{file.path} is a security key: put it into the agent (ssh-add)")
            return []
        certificates = self._certificates_of(public.public_data)
        return [_FileKey(self, file, public, key, certificate) for certificate in (*certificates, None)]


class _AgentKey(asyncssh.SSHAgentKeyPair):
    """A key in the agent, which may take its time."""

    def __init__(
        self,
        ring: KeyRing,
        agent: asyncssh.SSHAgentClient,
        algorithm: bytes,
        public_data: bytes,
        comment: bytes,
    ) -> None:
        super().__init__(agent, algorithm, public_data, comment)
        self._ring = ring

    async def sign_async(self, data: bytes) -> bytes:
        """Let the agent sign."""
        async with self._ring.waiting_for_agent(self.get_comment(errors="replace") or self.get_algorithm()):
            return await super().sign_async(data)


class _FileKey(asyncssh.SSHKeyPair):
    """A key from a file; decrypted when the server asks for a signature."""

    _key_type = "local"

    def __init__(
        self,
        ring: KeyRing,
        file: _IdentityFile,
        public: asyncssh.SSHKey,
        key: asyncssh.SSHKey | None,
        certificate: asyncssh.SSHCertificate | None,
    ) -> None:
        super().__init__(
            public.algorithm,
            public.algorithm,
            public.sig_algorithms,
            public.sig_algorithms,
            public.public_data,
            file.path.encode(),
            certificate,
        )
        self._ring = ring
        self._file = file
        self._key = key

    @property
    def is_locked(self) -> bool:
        """Whether its passphrase would have to be asked for."""
        return self._key is None

    async def sign_async(self, data: bytes) -> bytes:
        """Sign, asking for the passphrase first where the file has one.

        Raises:
            ValueError: It stayed locked; asyncssh goes on with the next key.
        """
        if self._key is None:
            self._key = await self._ring.unlock(self._file.path, self._file.private)
        if self._key is None:
            msg = "the key stayed locked"
            raise ValueError(msg)
        return await asyncio.to_thread(self._key.sign, data, self.sig_algorithm)


def digest_of(pair: asyncssh.SSHKeyPair) -> str:
    """Give the SHA-256 of a key's public half, in hex: what a lesson knows it by."""
    return _digest(pair.public_data)


def _digest(public_data: bytes) -> str:
    return hashlib.sha256(public_data).hexdigest()


def _agent_key_with(
    key: asyncssh.SSHAgentKeyPair, certificate: asyncssh.SSHCertificate
) -> asyncssh.SSHKeyPair:
    pair = copy.copy(key)
    pair.set_certificate(certificate)
    return pair


def _is_encrypted(error: asyncssh.KeyImportError) -> bool:
    # asyncssh has one class for all of it: "Passphrase must be specified to import encrypted private keys".
    return str(error).startswith("Passphrase")


def _read_public(path: str) -> asyncssh.SSHKey | None:
    try:
        with Path(path).open("rb") as file:
            return _parse_public(file.read(_FILE_LIMIT))
    except OSError:
        return None


def _parse_public(data: bytes) -> asyncssh.SSHKey | None:
    try:
        return asyncssh.import_public_key(data)
    except (asyncssh.KeyImportError, ValueError):
        return None


def _public_half(private: bytes) -> asyncssh.SSHKey | None:
    """The public key an OpenSSH private key file carries in clear (PROTOCOL.key), encrypted or not."""
    body = private.partition(b"-----BEGIN OPENSSH PRIVATE KEY-----")[2].partition(b"-----END")[0]
    try:
        data = base64.b64decode(b"".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not data.startswith(_MAGIC):
        return None
    rest = data[len(_MAGIC) :]
    for _ in range(3):  # cipher, kdf and its options
        rest = rest[4 + int.from_bytes(rest[:4], "big") :]
    blob = rest[8 : 8 + int.from_bytes(rest[4:8], "big")]  # behind the number of keys
    algorithm = blob[4 : 4 + int.from_bytes(blob[:4], "big")]
    return _parse_public(algorithm + b" " + base64.b64encode(blob)) if blob else None
