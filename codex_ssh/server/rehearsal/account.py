"""Who is signed in to the rehearsal, as far as anybody is.

Lives here: what is remembered. Not here: signing in (:mod:`codex_ssh.server.rehearsal.account_methods`).
"""

from __future__ import annotations

import asyncio
from typing import Final

from codex_ssh.server.rehearsal.wire import Shape

EMAIL: Final = "nobody@rehearsal.invalid"


class Account:
    """Who is signed in; nobody has to be before credentials are said to have expired.

    Attributes:
        required: Whether somebody has to be signed in.
        kind: ``apiKey`` or ``chatgpt``; empty for nobody.
        expired: The credentials are no good any more.
        login_id: The sign-in that is under way; empty when none is.
    """

    def __init__(self, *, required: bool = False) -> None:
        self.required = required
        self.kind = ""
        self.expired = False
        self.login_id = ""
        self.waiting: asyncio.Task[None] | None = None

    @property
    def refuses(self) -> bool:
        """Whether a model server would refuse a turn."""
        return self.expired or (self.required and not self.kind)

    def expire(self) -> None:
        """From now on a sign-in is needed."""
        self.required = self.expired = True

    def shape(self) -> Shape:
        """Give the answer to ``account/read``."""
        account: Shape | None = {"type": self.kind} if self.kind else None
        routing: Shape | None = None
        if self.kind == "chatgpt":
            account = {"type": self.kind, "email": EMAIL, "planType": "free", "workspaceName": None}
            routing = {
                "chatgptAccountId": "rehearsal",
                "backendOrigin": "https://rehearsal.invalid",
                "accountRoutingOverride": "NO_CONSTRAINT",
            }
        return {
            "account": account,
            "userId": "rehearsal" if self.kind == "chatgpt" else None,
            "requiresOpenaiAuth": self.required,
            "workspaceRouting": routing,
        }
