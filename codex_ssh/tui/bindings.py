"""Textual's bindings, made from the table of keys.

Lives here: the one way an action of :mod:`codex_ssh.core.keymap` becomes a binding. Not here: keys a widget
takes by itself since their order among typed characters matters (the composer asks the keymap).
"""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

from codex_ssh.core.keymap import ACTIONS, Keymap

_NO_KEY: Final = "no-key"
"""What no terminal sends: Textual takes no key at all for "leave it as it is"."""

_KEYS: Final = {action.id: ",".join(action.keys) for action in ACTIONS}


def bind(name: str, action: str, *, priority: bool = False) -> Binding:
    """Give the binding of an action of the table.

    Args:
        name: Its id there.
        action: What Textual calls, with arguments where it has some.
        priority: It comes before the widget that has the keyboard.
    """
    return Binding(_KEYS[name], action, show=False, priority=priority, id=name)


def textual_keymap(keymap: Keymap) -> dict[str, str]:
    """Give the keys the user chose, for :meth:`textual.app.App.set_keymap`."""
    return {name: ",".join(keys) or _NO_KEY for name, keys in keymap.chosen()}
