"""One line above the composer: a port that something began to listen on, and the key that opens it here."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from codex_ssh.core.keymap import shown
from codex_ssh.core.listening import ListeningPort
from codex_ssh.tui import palette
from codex_ssh.tui.port_watch import PortWatch, offer_text


class PortOffer(Static, can_focus=False):
    """Shows what is offered; not there while nothing is. A click takes it.

    Args:
        ports: What is offered.
        key: The key that takes it, as Textual names it; empty for none.
        host: Whose ports these are.
    """

    DEFAULT_CSS = """
    PortOffer { height: 1; padding: 0 2; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, ports: PortWatch, key: str, host: str) -> None:
        super().__init__(markup=False)
        self._ports = ports
        self._key = key
        self._host = host
        self._shown: tuple[ListeningPort, ...] = ()

    def show(self) -> None:
        """Draw what is offered now."""
        offered = self._ports.offered
        if offered == self._shown:
            return
        self._shown = offered
        self.display = bool(offered)
        # What to do comes first: that is seen on a narrow screen too.
        how = f"{shown(self._key) if self._key else '/ports'} opens here: "
        self.update(
            Text.assemble(
                ("⇄ ", palette.BUSY),
                (how, palette.KEY),
                offer_text(offered, self._host),
                no_wrap=True,
                overflow="ellipsis",
            )
        )

    def on_click(self) -> None:
        """Take it."""
        self._ports.take()
