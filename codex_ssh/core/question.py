"""What an SSH server, a key or a host key wants to know from a person, and who answers.

Lives here: the question value and the :class:`Prompter` Protocol both ends of a question know.
Not here: the terminal that asks (:mod:`codex_ssh.local.terminal`) and the stages that have questions
(:mod:`codex_ssh.link.ssh_login`, :mod:`codex_ssh.link.host_keys`).
"""

from __future__ import annotations

import enum
from typing import Protocol

from codex_ssh.core.secret import Secret
from codex_ssh.core.value import dataclass


class QuestionKind(enum.Enum):
    """What is asked for; the value is the word for messages."""

    PASSPHRASE = "passphrase"  # noqa: S105 - the kind's name, not a secret
    PASSWORD = "password"  # noqa: S105 - the kind's name, not a secret
    KEYBOARD_INTERACTIVE = "keyboard-interactive"
    HOST_KEY = "host key"
    CONFIRM = "confirmation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question for a person.

    Attributes:
        kind: What it is about.
        host: The host or the hop on the way to it that asks, as the person knows it.
        text: The prompt. For keyboard-interactive these are the server's words: whoever shows them makes
            control characters harmless first.
        lead: Lines to show above the prompt; may be empty. The server's words too.
        echo: Whether the answer may be seen while it is typed.
    """

    kind: QuestionKind
    host: str
    text: str
    lead: str = ""
    echo: bool = False


class Prompter(Protocol):
    """Whoever brings questions to a person: the terminal, a dialog, or nobody (``--no-input``)."""

    async def ask(self, question: Question) -> Secret | None:
        """Ask, and give the answer; None when the person declined (end of input, dialog closed).

        Takes as long as the person does. Cancelling it withdraws the question and puts the terminal back.

        Raises:
            LoginRefused, HostKeyRefused: Nobody can be asked.
        """

    def tell(self, host: str, text: str) -> None:
        """Show lines nobody has to answer: a server's banner, what a ``ProxyCommand`` prints.

        The text is another side's: whoever shows it makes control characters harmless first.
        """
