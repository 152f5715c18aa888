"""The machine in front of the user, as the TUI wants it: all of it in one object.

Lives here: putting the pieces together. Not here: how each is done, which stands in the modules beside this
one, and what the TUI wants (``Desk`` in :mod:`codex_ssh.tui.desk`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from codex_ssh.core.image import Image, size_text
from codex_ssh.core.ssh_hosts import Alias
from codex_ssh.core.terminal_codes import MOST_COPIED, Through, copy_sequence, pass_through, what_is_between
from codex_ssh.core.tui_settings import TuiSettings
from codex_ssh.errors import ConfigError, DeskFailed
from codex_ssh.local.choices import ORIGIN as CHOSEN
from codex_ssh.local.choices import keep_choice
from codex_ssh.local.clipboard import copy_text, read_clipboard_image
from codex_ssh.local.config_file import read_tui_settings
from codex_ssh.local.editor import edit_text
from codex_ssh.local.files import create_private
from codex_ssh.local.history import History, open_history
from codex_ssh.local.image_file import read_image_file
from codex_ssh.local.notify import notify, tells_focus
from codex_ssh.local.opener import open_page
from codex_ssh.local.paths import history_dir
from codex_ssh.local.ssh_hosts import list_hosts
from codex_ssh.local.tasks import Tasks, open_tasks

log = logging.getLogger(__name__)

MOST_NOTIFICATIONS: Final = 4
"""So many may be under way at once; more are left out."""


class LocalDesk:
    """This machine.

    Attributes:
        write_terminal: Set by whoever has the screen: writes a control sequence to the terminal.
    """

    def __init__(
        self,
        history: History,
        settings: TuiSettings,
        environment: Mapping[str, str],
        tasks: Tasks,
    ) -> None:
        self.write_terminal: Callable[[str], None] = _write_nothing
        self._history = history
        self._settings = settings
        self._environment = environment
        self._tasks = tasks
        self._is_lent = False

    async def copy(self, text: str) -> str:
        """Put a text on the clipboard, within two seconds; gives ``clipboard``, ``tmux`` or ``terminal``.

        Raises:
            DeskFailed: It is too long for a terminal, and there is no other way.
        """
        word = await copy_text(text, self._environment)
        if word:
            return word
        size = len(text.encode("utf-8", "replace"))
        if size > MOST_COPIED:
            raise DeskFailed(
                f"{size_text(size)} are too much for a terminal's clipboard",
                hint=f"a terminal is asked to take up to {size_text(MOST_COPIED)}",
            )
        sequence = copy_sequence(text)
        between = what_is_between(self._environment)
        # tmux takes either, by its settings: set-clipboard, or allow-passthrough.
        asked_twice = sequence if between is Through.TMUX else ""
        self._write(asked_twice + pass_through(sequence, between))
        return "terminal"

    async def pasted_image(self) -> Image | None:
        """Give the image on the clipboard; None when there is none.

        Raises:
            ImageRefused: There is one, which cannot be sent.
        """
        return await read_clipboard_image(self._environment)

    async def read_image(self, path: str) -> Image:
        """Read an image file; raises ImageRefused."""
        return await read_image_file(path)

    async def edit(self, text: str) -> str:
        """Let the user write in an editor; raises DeskFailed."""
        self._is_lent = True
        try:
            return await edit_text(text, self._environment)
        finally:
            self._is_lent = False

    def notify(self, title: str, body: str) -> None:
        """Draw the user's attention to something."""
        if len(self._tasks) >= MOST_NOTIFICATIONS:
            log.info("a notification was left out: %d are under way", len(self._tasks))
            return
        self._tasks.start(
            notify(
                title,
                body,
                way=self._settings.notifications,
                command=self._settings.notify_command,
                environment=self._environment,
                write_terminal=self._write,
            )
        )

    async def tells_focus(self) -> bool:
        """Whether what the terminal says about its focus is so."""
        return await tells_focus(self._environment)

    def _write(self, sequence: str) -> None:
        """Write with what has the screen now; not at all while an editor has it."""
        if not self._is_lent:
            self.write_terminal(sequence)

    def history(self) -> Sequence[str]:
        """Give what was said to this host before, and here, the newest last."""
        return self._history.texts()

    def remember(self, text: str) -> None:
        """Add to the history what was said just now."""
        self._history.remember(text)

    def keep(self, key: str, value: str | Sequence[str]) -> str:
        """Keep a setting for the next time, and say what is stronger; raises DeskFailed."""
        keep_choice(key, value)
        origin = read_tui_settings().origins.get(key, CHOSEN)
        return f"{origin} says which it is the next time" if origin != CHOSEN else ""

    def save(self, path: str, text: str) -> str:
        """Write a new file of mode 0600, and give its absolute path; raises DeskFailed."""
        file = Path(path).expanduser().absolute()
        try:
            create_private(file, text)
        except ConfigError as error:
            raise DeskFailed(str(error), hint="name another file") from error
        return str(file)

    def hosts(self) -> Sequence[Alias]:
        """Give the hosts of the ssh config, and those of our own config file."""
        return list_hosts()

    async def open_url(self, url: str) -> None:
        """Show a web page in the browser; raises DeskFailed."""
        await open_page(url, self._environment)


@asynccontextmanager
async def open_desk(
    host: str, settings: TuiSettings | None = None, *, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[LocalDesk, None]:
    """Give this machine, until the block ends; notifications still under way are given up then.

    Args:
        host: The host as the user calls it: it has a history of its own.
        settings: How to notify; None is as built in.
        environment: The variables that tell what is here; None is ours.
    """
    variables = dict(os.environ if environment is None else environment)
    with open_history(history_dir(), host) as history:
        async with open_tasks() as tasks:
            yield LocalDesk(history, settings or TuiSettings(), variables, tasks)


def _write_nothing(sequence: str) -> None:
    """Write nothing: nobody has the screen."""
