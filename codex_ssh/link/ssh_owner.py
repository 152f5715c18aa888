"""What asyncssh asks whoever it logs in for: host keys, keys, passwords, codes; and what became of it.

Lives here: the answers, and the reason the connection ended. Not here: opening the way and asyncssh's
options (:mod:`codex_ssh.link.ssh_login`), which keys there are (:mod:`codex_ssh.link.ssh_keys`), and the
verdict about a host key (:mod:`codex_ssh.link.host_keys`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import asyncssh

from codex_ssh.core.lesson import Lesson
from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import CodexSshError, HostKeyRefused, LoginRefused, Stage
from codex_ssh.link.host_keys import Doubt, HostKeys
from codex_ssh.link.ssh_fast import Connection
from codex_ssh.link.ssh_keys import KeyRing, digest_of
from codex_ssh.link.ssh_patience import Patience, PatientPrompter
from codex_ssh.link.ssh_way import GatedWay

FAST_SECONDS: Final = 5.0
"""How long a fast start may take once the way is open, questions not counted; then it is a plain one."""

_ROUNDS_AT_MOST: Final = 20
"""Keyboard-interactive rounds within one attempt."""


class Owner(asyncssh.SSHClient):
    """Answers what asyncssh asks while it logs in, and remembers why the connection ended.

    Args:
        config: The resolved host.
        host: The host or hop, as the person knows it; the word for messages.
        options: For the limits.
        prompter: Gets the questions.
        patience: The clock.
        lesson: What the last visit taught, for a fast start: no doubt is settled in it.
    """

    def __init__(
        self,
        config: SshConfig,
        host: str,
        options: SshOptions,
        prompter: Prompter,
        patience: Patience,
        *,
        lesson: Lesson | None = None,
    ) -> None:
        self._config = config
        self._host = host
        self._options = options
        self.patience = patience
        self._prompter = PatientPrompter(prompter, patience)
        self._passwords = 0
        self._interactive = 0
        self._rounds = 0
        self._ring = KeyRing(config, host, self._prompter, patience)
        self._lesson = lesson
        self._last_key: asyncssh.SSHKeyPair | None = None
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
        if doubt is not None and self._lesson is not None:
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
        if self._lesson is not None:
            self.patience.start_over(FAST_SECONDS)

    def begin_auth(self, username: str) -> None:
        """The host key is good; the login has its own limit."""
        self._no_doubt()  # a host certificate never comes by validate_host_public_key
        self.logging_in = True
        self.patience.start_over(FAST_SECONDS if self._lesson is not None else self._options.login_timeout)

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
        self._last_key = pair
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
    def is_plain(self) -> bool:
        """Whether everything was asked."""
        return self._lesson is None

    async def has_key(self, lesson: Lesson) -> bool:
        """Whether the key that logged in the last time is here and asks nobody; it is offered first then."""
        return await self._ring.prefer(lesson.key) is not None

    def learned(self) -> Lesson | None:
        """What this login taught; None where it took more than one key, or it cannot be told."""
        connection, key = self._connection, self._last_key
        if not isinstance(connection, Connection) or key is None or self._passwords or self._interactive:
            return None
        if key.algorithm.startswith(b"sk-"):  # a person touches it, and may have to touch it twice
            return None
        return Lesson(
            kex=connection.kex_name,
            key=digest_of(key),
            signature=key.sig_algorithm.decode(),
            server=str(connection.get_extra_info("server_version", "")),
            channel=connection.first_channel or 0,
            # A plain start offers more than a fast one.
            client="" if self.is_plain else str(connection.get_extra_info("client_version", "")),
            offer="" if self.is_plain else connection.offer,
        )

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
