"""Signing in to codex on the devbox: the calls, and how far a sign-in is.

Lives here: the methods of the app server that sign in, and the states both our front ends go through. Not
here: who is signed in (``account/read``, :mod:`codex_ssh.core.methods`), the screen
(:mod:`codex_ssh.tui.screens.login_screen`) and the terminal (:mod:`codex_ssh.cli.sign_in`).

The credentials are made on the devbox and stay there: codex keeps them in its own ``CODEX_HOME``. A key
that is typed here goes over the link once and is kept nowhere.

Source: ``LoginAccountParams`` of ``codex app-server generate-json-schema``, 0.163 and 0.169, and what those
versions do.
"""

from __future__ import annotations

import enum
from dataclasses import field, replace

from codex_ssh.core.call import Call
from codex_ssh.core.events import AccountUpdated, Event, LoginCompleted
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.fields import text_at
from codex_ssh.core.methods import Account
from codex_ssh.core.rpc import Json
from codex_ssh.core.secret import Secret
from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What a person needs to sign in from any browser; codex takes it back after 15 minutes.

    Attributes:
        login_id: Names this sign-in to the server.
        url: Where to go; remote text.
        code: What to enter there; remote text. A credential as long as it is good.
    """

    login_id: str
    url: str
    code: str = field(repr=False)


def login_by_code() -> Call[DeviceCode]:
    """Begin a sign-in by device code; a sign-in that was under way ends as "not completed".

    ``account/login/completed`` follows when the person is done, gave up, or let it lapse.
    """

    def decode(result: Json) -> DeviceCode:
        return DeviceCode(
            login_id=text_at(result, "loginId"),
            url=text_at(result, "verificationUrl"),
            code=text_at(result, "userCode"),
        )

    return Call(method="account/login/start", params={"type": "chatgptDeviceCode"}, decode=decode)


def login_by_key(key: Secret) -> Call[None]:
    """Sign in with an API key; the answer means that it was stored there, not that it is good."""
    return Call(
        method="account/login/start",
        params={"type": "apiKey", "apiKey": key.reveal()},
        decode=lambda _: None,
    )


def login_cancel(login_id: str) -> Call[str]:
    """Give up a sign-in by device code; gives ``canceled`` or ``notFound``."""
    return Call(
        method="account/login/cancel",
        params={"loginId": login_id},
        decode=lambda result: text_at(result, "status"),
    )


class LoginStep(enum.Enum):
    """How far a sign-in is."""

    CHOOSING = "choosing"
    """Nothing was begun, or it failed and may be begun again."""
    STARTING = "starting"
    """The server was asked."""
    WAITING = "waiting"
    """A person has the code."""
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A sign-in and how far it is.

    Attributes:
        why: Why there is one, in words.
        code: The code a person has; None unless :attr:`LoginStep.WAITING`.
        said: Why the last try failed, in the server's words; empty when none did.
    """

    why: str
    step: LoginStep = LoginStep.CHOOSING
    code: DeviceCode | None = None
    said: str = ""

    def starting(self) -> Login:
        """The server is being asked."""
        return replace(self, step=LoginStep.STARTING, code=None, said="")

    def waiting(self, code: DeviceCode) -> Login:
        """The server gave a code."""
        return replace(self, step=LoginStep.WAITING, code=code, said="")

    def failed(self, said: str) -> Login:
        """This try came to nothing; an empty text says no more."""
        return replace(self, step=LoginStep.CHOOSING, code=None, said=said)

    def done(self) -> Login:
        """Somebody is signed in."""
        return replace(self, step=LoginStep.DONE, code=None, said="")

    def heard(self, event: Event) -> Login:
        """Give the sign-in after what the server said; also somebody else's sign-in ends ours."""
        match event:
            case LoginCompleted(success=True):
                return self.done()
            case AccountUpdated(kind=kind) if kind:
                return self.done()
            case LoginCompleted() if self.code is not None and event.login_id == self.code.login_id:
                return self.failed(event.error or "the sign-in was not completed")
            case _:
                return self


NOBODY = "nobody is signed in to codex there"
"""Why a sign-in is offered at the start."""
REFUSED = "the model server refused the credentials codex has there"
"""Why a sign-in is offered after a turn."""


def describe_account(account: Account) -> str:
    """Say who is signed in; remote text inside."""
    if account.kind == "apiKey":
        return "an API key"
    who = account.email or account.kind or "nobody"
    return f"{who} ({account.plan})" if account.plan else who


def describe_place(facts: ServerFacts) -> str:
    """Name where codex keeps the credentials: the host as typed, and who and where that is."""
    at = "@".join(part for part in (facts.user, facts.hostname) if part)
    return f"{facts.host} ({at})" if at and at != facts.host else facts.host
