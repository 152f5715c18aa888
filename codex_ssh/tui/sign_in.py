"""Signing in to codex on the devbox, as the TUI drives it.

Lives here: when a sign-in is offered, and what is asked of the server for it. Not here: the screen
(:mod:`codex_ssh.tui.screens.login_screen`). Nothing here imports Textual.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine

from codex_ssh.core.entry import Level
from codex_ssh.core.events import ErrorSaid, Event
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.login import (
    REFUSED,
    Login,
    LoginStep,
    describe_account,
    describe_place,
    login_by_code,
    login_by_key,
    login_cancel,
)
from codex_ssh.core.methods import account_read
from codex_ssh.core.secret import Secret
from codex_ssh.errors import LinkLost, RpcFailed
from codex_ssh.tui.bridge import Conversation

log = logging.getLogger(__name__)


class SignIn:
    """The sign-in that is offered or under way.

    Args:
        conversation: Gives who is asked; another one after each reconnect.
        facts: Gives what is known about the server.
        spawn: Runs something beside the rest.
        changed: Called when anything changed.
        note: Says something in the transcript.

    Attributes:
        login: How far it is; None when none is offered.
    """

    def __init__(
        self,
        conversation: Callable[[], Conversation],
        *,
        facts: Callable[[], ServerFacts],
        spawn: Callable[[Coroutine[None, None, None]], object],
        changed: Callable[[], None],
        note: Callable[[Level, str], None],
    ) -> None:
        self.login: Login | None = None
        self._conversation = conversation
        self._facts = facts
        self._spawn = spawn
        self._changed = changed
        self._note = note

    @property
    def place(self) -> str:
        """Where the credentials are made and kept."""
        return describe_place(self._facts())

    def offer(self, why: str = "") -> None:
        """Offer to sign in, unless that is offered already."""
        if self.login is None:
            self.login = Login(why=why)
            self._changed()

    def hear(self, event: Event) -> None:
        """Take in what the server said."""
        if isinstance(event, ErrorSaid) and event.error.is_unauthorized and not event.will_retry:
            self._spawn(self._offer_if_it_helps())
        if self.login is not None:
            self._become(self.login.heard(event))

    def by_code(self) -> None:
        """Ask for a code to sign in with."""
        if self.login is not None and self.login.step is LoginStep.CHOOSING:
            self._become(self.login.starting())
            self._spawn(self._by_code())

    def by_key(self, key: Secret) -> None:
        """Sign in with an API key."""
        if self.login is not None and self.login.step is LoginStep.CHOOSING:
            self._become(self.login.starting())
            self._spawn(self._by_key(key))

    def give_up(self) -> None:
        """Leave it; a code that is out is taken back."""
        if self.login is not None:
            code, self.login = self.login.code, None
            if code is not None:
                self._spawn(self._cancel(code.login_id))
            self._changed()

    # ---------------------------------------------------------------- what they do

    def _become(self, login: Login) -> None:
        if login.step is LoginStep.DONE:
            self.login = None
            self._spawn(self._tell())
        else:
            self.login = login
        self._changed()

    async def _offer_if_it_helps(self) -> None:
        """A provider with a key of its own is not helped by a sign-in."""
        try:
            account = await self._conversation().call(account_read())
        except RpcFailed as failed:  # codex cannot say whose the dead credentials are
            log.info("who is signed in is not known: %s", failed)
        except LinkLost:
            return
        else:
            if not account.login_required:
                return
        self.offer(REFUSED)

    async def _by_code(self) -> None:
        try:
            code = await self._conversation().call(login_by_code())
        except RpcFailed as failed:
            self._fail(failed.said)
        except LinkLost as lost:
            self._fail(str(lost))
        else:
            if self.login is None:  # given up meanwhile
                await self._cancel(code.login_id)
            elif self.login.step is LoginStep.STARTING:
                self._become(self.login.waiting(code))

    async def _by_key(self, key: Secret) -> None:
        try:
            await self._conversation().call(login_by_key(key))
        except RpcFailed as failed:
            self._fail(failed.said)
        except LinkLost as lost:
            self._fail(str(lost))
        else:
            if self.login is not None:
                self._become(self.login.done())

    async def _cancel(self, login_id: str) -> None:
        try:
            await self._conversation().call(login_cancel(login_id))
        except (RpcFailed, LinkLost) as error:
            log.info("a sign-in could not be taken back: %s", error)

    async def _tell(self) -> None:
        try:
            account = await self._conversation().call(account_read())
        except (RpcFailed, LinkLost) as error:
            log.info("who is signed in is not known: %s", error)
            self._note(Level.INFO, f"signed in on {self.place}")
        else:
            self._note(Level.INFO, f"signed in on {self.place} with {describe_account(account)}")

    def _fail(self, said: str) -> None:
        if self.login is not None:
            self._become(self.login.failed(said))
