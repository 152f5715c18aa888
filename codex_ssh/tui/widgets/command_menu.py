"""The small popup above the composer that lists slash commands while one is typed."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from codex_ssh.tui import palette
from codex_ssh.tui.commands.registry import Knows, matching
from codex_ssh.tui.commands.slash_command import SlashCommand


class CommandMenu(Static, can_focus=False):
    """Lists the commands a half-typed line may become; the composer moves the choice.

    Args:
        knows: What the app server can.
    """

    DEFAULT_CSS = """
    CommandMenu { height: auto; padding: 0 2; display: none; }
    """

    def __init__(self, knows: Knows) -> None:
        super().__init__(markup=False)
        self._knows = knows
        self._commands: tuple[SlashCommand, ...] = ()
        self._chosen = 0

    @property
    def chosen(self) -> SlashCommand | None:
        """The command the line becomes with tab or enter."""
        return self._commands[self._chosen] if self._commands else None

    def match(self, text: str) -> None:
        """Show what a line may become, or nothing."""
        commands = matching(text, self._knows)
        if commands != self._commands:
            self._commands, self._chosen = commands, 0
        self.display = bool(commands)
        self._draw()

    def move(self, step: int) -> None:
        """Choose another command."""
        if self._commands:
            self._chosen = (self._chosen + step) % len(self._commands)
            self._draw()

    def _draw(self) -> None:
        lines = []
        for at, command in enumerate(self._commands):
            name = f"/{command.name} {command.argument}".rstrip()
            lines.append(
                Text.assemble(
                    (f"{name:<24}", palette.CHOSEN if at == self._chosen else palette.KEY),
                    (f" {command.about}", palette.DIM),
                    no_wrap=True,
                    overflow="ellipsis",
                )
            )
        self.update(Text("\n").join(lines))
