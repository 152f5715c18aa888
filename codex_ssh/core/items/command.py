"""Commands run on the devbox, and what they are for.

Source: ``ThreadItem`` and ``CommandAction`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.fields import list_at, number_at, text_at
from codex_ssh.core.items.base import ItemId, ItemStatus
from codex_ssh.core.rpc import Json
from codex_ssh.core.shell_words import script_of, split_words
from codex_ssh.core.value import dataclass

_LOOKING: Final = frozenset({"read", "listFiles", "search"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAction:
    """What a command is for, as codex understood it.

    Attributes:
        kind: ``read``, ``listFiles``, ``search`` or ``unknown``.
        command: The plain command, without the shell around it.
        target: The file name or path it is about; may be empty.
        query: What is searched for; may be empty.
        path: The whole path of what is read; empty for other kinds.
    """

    kind: str
    command: str = ""
    target: str = ""
    query: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandExecution:
    """A command run on the devbox.

    Attributes:
        command: As executed, with the login shell around it: ``/bin/bash -lc 'touch x'``.
        output: Standard output and error as they came; empty when there was none.
        exit_code: None while it runs or when it never ran.
        source: ``agent``, ``userShell``, ``unifiedExecStartup`` …
        typed: What the model typed into its terminal, in order. Told beside the item, and not stored.
    """

    id: ItemId
    command: str = ""
    cwd: str = ""
    status: ItemStatus = ItemStatus.UNKNOWN
    actions: tuple[CommandAction, ...] = ()
    output: str = ""
    exit_code: int | None = None
    duration_ms: int | None = None
    source: str = ""
    typed: tuple[str, ...] = ()

    @property
    def plain_command(self) -> str:
        """The command without the shell around it."""
        return unwrap_shell(self.command)

    @property
    def explores(self) -> bool:
        """Whether all it does is to look at files, so that what it is for says more than its words."""
        looks = bool(self.actions) and all(action.kind in _LOOKING for action in self.actions)
        return looks and self.source != "userShell"


def decode_command(number: ItemId, shape: Json) -> CommandExecution:
    """Read a ``commandExecution``."""
    return CommandExecution(
        id=number,
        command=text_at(shape, "command"),
        cwd=text_at(shape, "cwd"),
        status=ItemStatus.read(text_at(shape, "status")),
        actions=decode_actions(shape),
        output=text_at(shape, "aggregatedOutput"),
        exit_code=number_at(shape, "exitCode"),
        duration_ms=number_at(shape, "durationMs"),
        source=text_at(shape, "source"),
    )


def decode_actions(shape: Json) -> tuple[CommandAction, ...]:
    """Read the ``commandActions`` of a command or of a request to run one."""
    return tuple(
        CommandAction(
            kind=text_at(action, "type", "unknown"),
            command=text_at(action, "command"),
            target=text_at(action, "name") or text_at(action, "path"),
            query=text_at(action, "query"),
            path=text_at(action, "path") if text_at(action, "type") == "read" else "",
        )
        for action in list_at(shape, "commandActions")
    )


def unwrap_shell(command: str) -> str:
    """Give the script of ``/bin/bash -lc 'SCRIPT'``, and any other command as it is.

    Only what is exactly a shell, ``-c`` or ``-lc`` and one script is unwrapped, so that what is shown is all
    that runs. The ``commandActions`` beside a command say less than that, and are not used for it.
    """
    words = split_words(command)
    return (script_of(words) if words is not None else "") or command
