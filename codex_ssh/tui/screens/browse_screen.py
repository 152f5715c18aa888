"""Choosing a directory of the devbox: step by step, or by typing a part of its name or a path."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.workspace_methods import DirectoryEntry
from codex_ssh.errors import DevboxFailed, LinkLost, RpcFailed
from codex_ssh.tui import palette
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.screens.dialog import Dialog, frame, move_highlight

Look = Callable[[str], Awaitable[tuple[DirectoryEntry, ...]]]
"""Gives the entries of a directory; raises DevboxFailed, RpcFailed, LinkLost."""

Resolve = Callable[[str, str], Awaitable[str]]
"""Makes a typed path absolute, seen from a directory; raises RpcFailed, LinkLost."""

_HERE: Final = "."
_UP: Final = ".."
_HOME: Final = "~"


class BrowseScreen(Dialog[str | None]):
    """Gives the path of a directory, or None.

    Hidden directories are listed when what is typed begins with a dot. A typed path that ends with a slash is
    gone to.

    Args:
        host: Whose directories these are.
        start: Where to begin; absolute.
        look: Lists a directory.
        resolve: Makes a typed path absolute, seen from where one is.
    """

    DEFAULT_CSS = """
    BrowseScreen OptionList { max-height: 16; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("list.close", "cancel", priority=True),
        bind("list.up", "move(-1)", priority=True),
        bind("list.down", "move(1)", priority=True),
        bind("browse.up", "up", priority=True),
        bind("browse.take", "take", priority=True),
    ]

    def __init__(self, host: str, start: str, look: Look, resolve: Resolve) -> None:
        super().__init__()
        self._host = host
        self._path = start
        self._look = look
        self._resolve = resolve
        self._names: list[str] = []
        # Held and not looked up: what the server says may come while the screen is being taken apart.
        self._about = Static(id="about", markup=False)
        self._entry = Input(placeholder="a part of a name, . for hidden ones, a path and /")
        self._options = OptionList(markup=False)
        self._fault = Static(id="fault", markup=False)

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with frame():
            yield self._about
            yield self._entry
            yield self._options
            yield self._fault

    def on_mount(self) -> None:
        """List where we begin."""
        self._entry.focus()
        self._go(self._path)

    @work(exclusive=True)
    async def _go(self, path: str) -> None:
        """Go to a directory, if it can be listed."""
        try:
            path = await self._resolve(path, self._path)
            entries = await self._look(path)
        except (DevboxFailed, RpcFailed, LinkLost) as failed:
            self._fault.update(Text(plain_line(str(failed)), palette.BAD))
            return
        self._path, self._names = path, [one.name for one in entries if one.is_directory]
        self._fault.update("")
        about = Text("work in which directory of ", palette.BOLD)
        about.append(plain_line(self._host), palette.BOLD)
        about.append(f"?\n{plain_line(path)}", "not bold")
        self._about.update(about)
        self._entry.value = ""
        self._fill("")

    def _fill(self, typed: str) -> None:
        options = self._options
        options.clear_options()
        if not typed:
            options.add_option(Option(Text("✓ work here", palette.GOOD), id=_HERE))
            if self._path != "/":
                options.add_option(Option(Text(".. one up"), id=_UP))
            options.add_option(Option(Text("~ home"), id=_HOME))
        wanted = typed.casefold()
        for at, name in enumerate(self._names):
            is_wanted = wanted in name.casefold() and name.startswith(".") == typed.startswith(".")
            if is_wanted:
                options.add_option(Option(Text(f"{plain_line(name)}/"), id=f"/{at}"))
        if options.option_count:
            options.highlighted = 0

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter the list, or go where a path leads."""
        typed = event.value
        if typed.endswith("/"):
            self._go(typed)
        elif "/" not in typed and not typed.startswith("~"):
            self._fill(typed)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the highlighted one, or go where a path leads."""
        typed = event.value
        if "/" in typed or typed.startswith("~"):
            self._go(typed)
            return
        options = self._options
        if options.highlighted is not None:
            self._choose(options.get_option_at_index(options.highlighted).id or _HERE)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the clicked one."""
        self._choose(event.option_id or _HERE)

    def _choose(self, chosen: str) -> None:
        match chosen:
            case ".":
                self.action_take()
            case "..":
                self.action_up()
            case "~":
                self._go("~")
            case _:
                self._go(posixpath.join(self._path, self._names[int(chosen[1:])]))

    def action_take(self) -> None:
        """Take the directory that is listed."""
        self.dismiss(self._path)

    def action_up(self) -> None:
        """Go one up."""
        self._go(posixpath.dirname(self._path) or "/")

    def action_move(self, step: int) -> None:
        """Move the highlight; what is typed keeps the keyboard."""
        move_highlight(self._options, step)

    def action_cancel(self) -> None:
        """Choose nothing."""
        self.dismiss(None)
