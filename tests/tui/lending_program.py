"""A lively application that lends its terminal to an editor: ``python -m tests.tui.lending_program``."""

from __future__ import annotations

import os
import sys

from textual import work
from textual.app import ComposeResult
from textual.widgets import Static

from codex_ssh.cli.run import run_async
from codex_ssh.core.terminal_codes import title_sequence
from codex_ssh.errors import DeskFailed
from codex_ssh.local.editor import edit_text
from codex_ssh.tui.lending import LendingApp


class Lively(LendingApp[None]):
    """Draws, rings and writes titles all the time; ``e`` edits, ``q`` ends."""

    def compose(self) -> ComposeResult:
        yield Static("", id="beat")
        yield Static("", id="got")
        yield Static("the application", id="name")

    def on_mount(self) -> None:
        self.beats = 0
        self.set_interval(0.01, self.beat)

    def beat(self) -> None:
        self.beats += 1
        self.query_one("#beat", Static).update(f"beat {self.beats}")
        self.write_terminal(title_sequence(f"beat {self.beats}"))
        self.bell()
        if os.path.exists(os.environ["LEAVE"]):
            self.exit()

    def key_e(self) -> None:
        self.edit()

    def key_q(self) -> None:
        self.exit()

    @work
    async def edit(self) -> None:
        said = f"after {self.beats}: "
        try:
            with self.lend_terminal():
                said += await edit_text("one", dict(os.environ))
        except DeskFailed as failed:
            said += str(failed)
        self.query_one("#got", Static).update(f"{said} ({self.beats})")


async def main() -> int:
    """Run it."""
    await Lively().run_async()
    return 0


if __name__ == "__main__":
    sys.exit(run_async(main()))
