"""Whether the key a server shows is the host's: known_hosts files, the person, and nobody else.

Lives here: reading the files, the decision by ``StrictHostKeyChecking``, the question, recording an
accepted key.
Not here: the file format and the verdict (:mod:`codex_ssh.core.known_hosts`), and holding the login back
until the decision is made (:mod:`codex_ssh.link.ssh_login`).

asyncssh says "Host key is not trusted" for an unknown and for a changed key alike, so the verdict is ours.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from codex_ssh.core.endpoint import is_loopback
from codex_ssh.core.known_hosts import (
    DEFAULT_PORT,
    Finding,
    KnownHost,
    Marker,
    Verdict,
    fingerprint,
    judge_authority,
    judge_key,
    key_type_of,
    key_word,
    known_hosts_line,
    matching,
    name_to_look_up,
    parse_known_hosts,
)
from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.ssh_config import SshConfig, StrictHostKeys
from codex_ssh.core.value import dataclass
from codex_ssh.errors import HostKeyRefused, Stage

_FILE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of a known_hosts file that are looked at."""

_REVOKED_HINT: Final = "ask whoever runs the host: a revoked key may be in the wrong hands"

_KRL_MAGIC: Final = b"SSHKRL\n\0"

_QUESTIONS_AT_MOST: Final = 3
"""How often an answer that is neither yes, no nor the fingerprint is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A key that is accepted only when a person says so, or that is accepted and recorded.

    Attributes:
        blob: The key.
        ask: Whether the person decides; otherwise it is simply recorded.
    """

    blob: bytes
    ask: bool


class HostKeys:
    """The host keys known for one host, and the decision about the one its server shows.

    Args:
        config: The resolved host.
        host: The host or hop, as the person knows it; the word for messages.
    """

    def __init__(self, config: SshConfig, host: str) -> None:
        self._config = config
        self._host = host
        self._name = name_to_look_up(config.hostname, config.port, config.host_key_alias)
        # The name, and the bare host for a port that is not 22: nothing else is ever looked up.
        bare = name_to_look_up(config.hostname, DEFAULT_PORT, config.host_key_alias)
        entries = _read_files((*config.user_known_hosts, *config.global_known_hosts))
        about = {*matching(entries, self._name), *matching(entries, bare)}
        self._entries = tuple(entry for entry in entries if entry in about)
        self._entries += self._read_revoked()
        self.changed_but_allowed = False
        """Whether ``StrictHostKeyChecking no`` let a bad key pass: no password goes out then."""

    def known_types(self) -> tuple[str, ...]:
        """The key types on file for this host, best first asked for: the server shows one of these then."""
        about = self._about()
        return tuple(dict.fromkeys(entry.key_type for entry in about if entry.marker is Marker.NONE))

    def has_authority(self) -> bool:
        """Whether host certificates can be judged."""
        return any(entry.marker is Marker.CERT_AUTHORITY for entry in self._about())

    def revoked(self) -> tuple[str, ...]:
        """Revoked keys for this name, as ``type base64`` lines: asyncssh checks certificates against them."""
        if not self.has_authority():
            return ()
        return tuple(known_hosts_line("", entry.blob).strip() for entry in self._revoked())

    def revocation(self, said: str) -> HostKeyRefused:
        """The error for a certificate that holds a revoked key, or is signed by one."""
        where = ", ".join(f"{entry.path}:{entry.line}" for entry in self._revoked())
        return HostKeyRefused(
            f"the host key is revoked by {where}",
            stage=Stage.SSH,
            host=self._host,
            said=said,
            hint=_REVOKED_HINT,
        )

    def _revoked(self) -> list[KnownHost]:
        return [entry for entry in self._about() if entry.marker is Marker.REVOKED]

    def judge(self, blob: bytes) -> Doubt | None:
        """Decide about a plain key: None accepts it; a :class:`Doubt` is settled before anything is sent.

        Raises:
            HostKeyRefused: Changed, revoked, or unknown where that is not allowed.
        """
        config = self._config
        direct = not config.jumps and not config.proxy_command
        if config.trust_loopback and direct and is_loopback(config.hostname):
            return None
        finding = judge_key(
            self._entries,
            hostname=self._config.hostname,
            port=self._config.port,
            alias=self._config.host_key_alias,
            blob=blob,
        )
        strict = self._config.strict_host_keys
        if finding.verdict is Verdict.TRUSTED:
            return None
        if finding.verdict in (Verdict.CHANGED, Verdict.REVOKED):
            if strict is StrictHostKeys.NO:
                self.changed_but_allowed = True
                return None
            raise self._refusal(finding, blob)
        if strict is StrictHostKeys.YES:
            raise HostKeyRefused(
                f"no host key is on file for {self._name!r}, and StrictHostKeyChecking is yes",
                stage=Stage.SSH,
                host=self._host,
                said=f"{key_word(key_type_of(blob))} key {fingerprint(blob)}",
                hint="compare the fingerprint with the host's, then connect once with ssh and accept it",
            )
        return Doubt(blob=blob, ask=strict is StrictHostKeys.ASK)

    def judge_authority(self, blob: bytes) -> bool:
        """Whether the key that signed a host certificate is a trusted authority for this host.

        Raises:
            HostKeyRefused: It is revoked.
        """
        finding = judge_authority(self._entries, name=self._name, blob=blob)
        if finding.verdict is Verdict.REVOKED:
            raise self._refusal(finding, blob)
        return finding.verdict is Verdict.TRUSTED

    async def settle(self, doubt: Doubt, prompter: Prompter) -> None:
        """Ask the person about an unknown key where that is the rule, and record it when it is accepted.

        Raises:
            HostKeyRefused: The person said no, or nobody can be asked.
        """
        if doubt.ask:
            await self._ask(doubt.blob, prompter)
        self._record(doubt.blob, prompter)

    async def _ask(self, blob: bytes, prompter: Prompter) -> None:
        printed = fingerprint(blob)
        word = key_word(key_type_of(blob))
        unknown = f"the authenticity of {self._name!r} cannot be established"
        if self._config.batch:
            raise self._no(
                unknown, printed, "connect once with ssh and accept the key, or turn BatchMode off"
            )
        question = Question(
            kind=QuestionKind.HOST_KEY,
            host=self._host,
            lead=f"{unknown}\n{word} key fingerprint is {printed}",
            text="connect all the same (yes/no/fingerprint)? ",
            echo=True,
        )
        for _ in range(_QUESTIONS_AT_MOST):
            answer = await prompter.ask(question)
            said = answer.reveal().strip() if answer is not None else "no"
            if said.lower() == "yes" or said == printed:
                return
            if said.lower() == "no":
                break
        raise self._no(
            "the host key was not accepted", printed, "compare the fingerprint with the host's own"
        )

    def _no(self, message: str, printed: str, hint: str) -> HostKeyRefused:
        return HostKeyRefused(message, stage=Stage.SSH, host=self._host, said=printed, hint=hint)

    def _refusal(self, finding: Finding, blob: bytes) -> HostKeyRefused:
        entry = finding.entry
        assert entry is not None
        where = f"{entry.path}:{entry.line}"
        shown = f"{key_word(key_type_of(blob))} key {fingerprint(blob)}"
        if finding.verdict is Verdict.REVOKED:
            return HostKeyRefused(
                f"the host key is revoked by {where}",
                stage=Stage.SSH,
                host=self._host,
                said=shown,
                hint=_REVOKED_HINT,
            )
        return HostKeyRefused(
            f"the host key has changed: {where} has another one for {self._name!r}",
            stage=Stage.SSH,
            host=self._host,
            said=shown,
            hint=f"find out why it changed; if it is meant: ssh-keygen -f '{entry.path}' -R '{self._name}'",
        )

    def _read_revoked(self) -> tuple[KnownHost, ...]:
        """``RevokedHostKeys``, read as lines that revoke a key for every name.

        Raises:
            HostKeyRefused: It cannot be read: ``ssh`` trusts no host key then.
        """
        path = self._config.revoked_host_keys
        if not path:
            return ()
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise self._unusable(path, error.strerror or "") from None
        if data.startswith(_KRL_MAGIC):
            raise self._unusable(path, "it is a key revocation list in binary form")
        lines = data.decode(errors="replace").split("\n")
        return parse_known_hosts("\n".join(f"@revoked * {line}" for line in lines), path)

    def _unusable(self, path: str, said: str) -> HostKeyRefused:
        return HostKeyRefused(
            f"RevokedHostKeys {path!r} cannot be read",
            stage=Stage.SSH,
            host=self._host,
            said=said,
            hint="list the keys as lines, as in a .pub file, or take RevokedHostKeys out of the ssh config",
        )

    def _about(self) -> tuple[KnownHost, ...]:
        return matching(self._entries, self._name)

    def _record(self, blob: bytes, prompter: Prompter) -> None:
        if not self._config.user_known_hosts:
            return
        path = Path(self._config.user_known_hosts[0])
        salt = secrets.token_bytes(20) if self._config.hash_known_hosts else None
        try:
            append_known_host(path, known_hosts_line(self._name, blob, salt=salt))
        except OSError as error:
            # As ssh does: a key that cannot be recorded is asked about again next time.
            prompter.tell(self._host, f"cannot add the host key to {path}: {error.strerror}")


def append_known_host(path: Path, line: str) -> None:
    """Add a line to a known_hosts file in one write; makes the file (0600) and its directory (0700).

    One ``O_APPEND`` write is atomic towards other programs that do the same, ``ssh`` among them. A last line
    without its end gets one first, so that the two do not run into one.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, (b"\n" if torn else b"") + line.encode() + b"\n")
    finally:
        os.close(descriptor)


def _read_files(paths: tuple[str, ...]) -> tuple[KnownHost, ...]:
    entries: list[KnownHost] = []
    for path in paths:
        try:
            with Path(path).open("rb") as file:
                text = file.read(_FILE_LIMIT).decode(errors="surrogateescape")
        except OSError:
            # A list names files that need not exist; a file that cannot be read vouches for nothing.
            continue
        entries += parse_known_hosts(text, path)
    return tuple(entries)
