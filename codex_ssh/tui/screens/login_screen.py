"""The dialog that signs in to codex on the devbox: by a code for any browser, or by an API key.

Lives here: drawing and keys. Not here: what is asked of the server (:mod:`codex_ssh.tui.sign_in`).
"""

from __future__ import annotations

from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from codex_ssh.core.login import Login, LoginStep
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.secret import Secret
from codex_ssh.tui import palette
from codex_ssh.tui.screens.dialog import Dialog, frame
from codex_ssh.tui.sign_in import SignIn

_BY_CODE = "code"
_BY_KEY = "key"


class LoginScreen(Dialog[None]):
    """Shows a sign-in until it is done or given up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", priority=True),
    ]

    def __init__(self, sign_in: SignIn) -> None:
        super().__init__()
        self._sign_in = sign_in
        self._shown: Login | None = None
        self._asks_key = False

    @staticmethod
    def follow(app: App[Any], sign_in: SignIn) -> None:
        """Open, redraw or close the dialog as the sign-in wants it; another dialog goes first."""
        screen = next((one for one in app.screen_stack if isinstance(one, LoginScreen)), None)
        if screen is not None:
            screen.catch_up()
        elif sign_in.login is not None and len(app.screen_stack) == 1:
            app.push_screen(LoginScreen(sign_in))

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with frame():
            yield Static(id="about", markup=False)
            yield OptionList(
                Option("1. with ChatGPT: a code you enter in a browser, on any machine", id=_BY_CODE),
                Option("2. with an API key", id=_BY_KEY),
                markup=False,
            )
            yield Input(password=True, placeholder="the key; it is stored on the devbox only")
            yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Show how far it is."""
        self.catch_up()

    def on_unmount(self) -> None:
        """Whatever closed the dialog: a code that is out is taken back."""
        self._sign_in.give_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Begin."""
        if event.option_id == _BY_CODE:
            self._sign_in.by_code()
        else:
            self._asks_key = True
            self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send the key, and keep none of it."""
        key = Secret(event.value.strip())
        self.query_one(Input).value = ""
        if key:
            self._asks_key = False
            self._sign_in.by_key(key)

    def key_1(self) -> None:
        """Choose the first way."""
        self._choose(0)

    def key_2(self) -> None:
        """Choose the second way."""
        self._choose(1)

    def action_leave(self) -> None:
        """Go back to the choice, or leave the dialog."""
        if self._asks_key:
            self._asks_key = False
            self.query_one(Input).value = ""
            self._draw()
        else:
            self.dismiss(None)

    def _choose(self, at: int) -> None:
        options = self.query_one(OptionList)
        if options.display:
            options.highlighted = at
            options.action_select()

    def catch_up(self) -> None:
        """Draw it as it is now; close the dialog when it is over."""
        login = self._sign_in.login
        if login is None:
            if self.is_attached and self.app.screen is self:
                self.dismiss(None)
        elif login != self._shown and self.is_built:
            self._shown = login
            self._draw()

    def _draw(self) -> None:
        login = self._shown
        if login is None:
            return
        choosing = login.step is LoginStep.CHOOSING
        options, entry = self.query_one(OptionList), self.query_one(Input)
        options.display = choosing and not self._asks_key
        entry.display = choosing and self._asks_key
        self.query_one("#about", Static).update(self._about(login))
        self.query_one("#keys", Static).update(Text(self._keys(login), palette.DIM))
        if options.display:
            options.highlighted = options.highlighted or 0
            options.focus()
        elif entry.display:
            entry.focus()

    def _about(self, login: Login) -> Text:
        about = Text(f"sign in to codex on {plain_line(self._sign_in.place)}\n", palette.BOLD)
        if login.why:
            about.append(f"{plain_line(login.why)}\n", palette.WARN)
        if login.said:
            about.append(f"it did not work: {plain_lines(login.said)}\n", palette.BAD)
        if login.step is LoginStep.STARTING:
            about.append("\nasking …\n", palette.DIM)
        if login.code is not None:
            about.append("\nopen this in a browser, anywhere, and sign in:\n")
            about.append(f"  {plain_line(login.code.url)}\n", palette.LINK)
            about.append("then enter this code, which is good for 15 minutes:\n")
            about.append(f"  {plain_line(login.code.code)}\n", palette.BOLD)
            about.append("\nwaiting …\n", palette.DIM)
        return about

    def _keys(self, login: Login) -> str:
        if login.step is LoginStep.CHOOSING:
            return "enter: send, esc: back" if self._asks_key else "enter: choose, esc: not now"
        return "esc: cancel"
