"""The keys of the TUI: every action a key does, its built-in keys, and the keys the user chose instead.

Lives here: the table of actions, and what the user's ``[tui.keys]`` makes of it. Not here: what an action
does (its widget), and Textual's own bindings (:mod:`codex_ssh.tui.bindings` makes them from this table).

A key is written as Textual names it: modifiers and a name joined by ``+``, such as ``ctrl+j``, ``pageup``,
``alt+enter``, ``f2``; a character stands for itself, such as ``?``.
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError


class Place(enum.Enum):
    """Where a key counts; the value is the heading on the sheet of keys."""

    ANYWHERE = "anywhere"
    COMPOSER = "in the composer"
    POPUP = "in a popup above the composer"
    TRANSCRIPT = "while reading the transcript"
    FIND = "while finding"
    APPROVAL = "at an approval"
    APPROVAL_SCREEN = "at an approval on the whole screen"
    QUESTION = "at a question"
    LIST = "in lists and dialogs"
    THREADS = "in the list of threads"
    PORTS = "in the list of ports"
    HOSTS = "in the list of hosts"
    ALL = "with all open hosts side by side"
    TELL = "while choosing hosts to say something to"
    BROWSE = "in the list of directories"
    PAGE = "in a full-screen view"
    REPLAY = "in a replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAction:
    """Something a key does.

    Attributes:
        id: Its name in the config file: the place and the deed, such as ``composer.newline``.
        keys: The built-in keys; may be none.
        about: What it does, for the sheet of keys.
    """

    id: str
    place: Place
    keys: tuple[str, ...]
    about: str


def _action(name: str, place: Place, keys: str, about: str) -> KeyAction:
    return KeyAction(id=name, place=place, keys=tuple(keys.split()), about=about)


ACTIONS: Final = (
    _action("app.interrupt", Place.ANYWHERE, "escape", "interrupt the turn; twice while none runs: go back"),
    _action("app.quit", Place.ANYWHERE, "ctrl+c", "clear the composer; twice: leave"),
    _action("app.leave", Place.ANYWHERE, "ctrl+q", "leave; a running turn goes on"),
    _action("app.focus", Place.ANYWHERE, "tab", "between composer and approval; complete a command"),
    _action("app.reconnect", Place.ANYWHERE, "ctrl+r", "reconnect at once, when the link is lost"),
    _action("app.ports", Place.ANYWHERE, "alt+p f12", "open the port that is offered; else list ports"),
    _action("app.mode", Place.ANYWHERE, "shift+tab", "plan before doing, and back"),
    _action("app.effort_up", Place.ANYWHERE, "alt+full_stop f8", "think harder, from the next turn on"),
    _action("app.effort_down", Place.ANYWHERE, "alt+comma f7", "think less, from the next turn on"),
    _action("app.hosts", Place.ANYWHERE, "alt+h", "your hosts: see what goes on, and go to another one"),
    _action("app.inbox", Place.ANYWHERE, "alt+w f10", "answer what waits longest, on whichever host"),
    _action("app.all", Place.ANYWHERE, "alt+a", "all open hosts side by side"),
    _action("transcript.unfold", Place.ANYWHERE, "ctrl+o", "fold or unfold everything"),
    _action("transcript.page_up", Place.ANYWHERE, "pageup", "a page up"),
    _action("transcript.page_down", Place.ANYWHERE, "pagedown", "a page down"),
    _action("transcript.half_up", Place.ANYWHERE, "ctrl+pageup", "half a page up"),
    _action("transcript.half_down", Place.ANYWHERE, "ctrl+pagedown", "half a page down"),
    _action("transcript.first", Place.ANYWHERE, "ctrl+home", "go to the beginning of what is loaded"),
    _action("transcript.follow", Place.ANYWHERE, "ctrl+end", "go to the end and follow it"),
    _action("transcript.find", Place.ANYWHERE, "f3 alt+slash", "find text"),
    _action("transcript.read", Place.ANYWHERE, "f4 alt+t", "read by keyboard: a cursor on the entries"),
    _action("transcript.columns", Place.ANYWHERE, "f5", "edits side by side, and back"),
    _action("transcript.raw", Place.ANYWHERE, "f6 alt+r", "nothing but text, for the terminal's selection"),
    _action("composer.send", Place.COMPOSER, "enter", "send; while a turn runs: steer it"),
    _action("composer.queue", Place.COMPOSER, "tab", "while a turn runs: send when it is over"),
    _action("composer.take_back", Place.COMPOSER, "alt+up", "edit what is to be sent then, the last one"),
    _action("composer.drop", Place.COMPOSER, "ctrl+x", "with nothing written: delete the last one of these"),
    _action("composer.newline", Place.COMPOSER, "ctrl+j shift+enter alt+enter", "a new line"),
    _action("composer.older", Place.COMPOSER, "up ctrl+p", "what you said before, from the first line"),
    _action("composer.newer", Place.COMPOSER, "down ctrl+n", "what you said after that, from the last line"),
    _action("composer.search", Place.COMPOSER, "ctrl+r", "search what you said; again: older"),
    _action("composer.search_newer", Place.COMPOSER, "ctrl+s", "while searching: newer"),
    _action("composer.keys", Place.COMPOSER, "question_mark", "the keys, on an empty line"),
    _action("composer.left", Place.COMPOSER, "left ctrl+b", "a character left"),
    _action("composer.right", Place.COMPOSER, "right ctrl+f", "a character right"),
    _action("composer.word_left", Place.COMPOSER, "alt+b alt+left ctrl+left", "a word left"),
    _action("composer.word_right", Place.COMPOSER, "alt+f alt+right ctrl+right", "a word right"),
    _action("composer.line_start", Place.COMPOSER, "ctrl+a home", "to the start of the line"),
    _action("composer.line_end", Place.COMPOSER, "ctrl+e end", "to the end of the line"),
    _action("composer.select_left", Place.COMPOSER, "shift+left", "select; with nothing written: as alt+up"),
    _action("composer.select_right", Place.COMPOSER, "shift+right", "select to the right"),
    _action("composer.select_up", Place.COMPOSER, "shift+up", "select a line up"),
    _action("composer.select_down", Place.COMPOSER, "shift+down", "select a line down"),
    _action("composer.delete_left", Place.COMPOSER, "backspace ctrl+h", "delete to the left"),
    _action("composer.delete_right", Place.COMPOSER, "delete ctrl+d", "delete to the right"),
    _action("composer.cut_word_left", Place.COMPOSER, "ctrl+w alt+backspace", "cut the word left"),
    _action("composer.cut_word_right", Place.COMPOSER, "alt+d alt+delete", "cut the word right"),
    _action("composer.cut_to_start", Place.COMPOSER, "ctrl+u", "cut to the start of the line"),
    _action("composer.cut_to_end", Place.COMPOSER, "ctrl+k", "cut to the end of the line"),
    _action("composer.yank", Place.COMPOSER, "ctrl+y", "put back what was cut"),
    _action("composer.yank_before", Place.COMPOSER, "alt+y", "after that: what was cut before it"),
    _action("composer.transpose", Place.COMPOSER, "ctrl+t", "swap the two characters here"),
    _action("composer.undo", Place.COMPOSER, "ctrl+z ctrl+underscore", "undo"),
    _action("composer.redo", Place.COMPOSER, "ctrl+shift+z alt+z", "redo"),
    _action("composer.editor", Place.COMPOSER, "ctrl+g", "write in your editor ($VISUAL, $EDITOR)"),
    _action("composer.paste", Place.COMPOSER, "ctrl+v", "paste the image on the clipboard of this machine"),
    _action("composer.unfold", Place.COMPOSER, "alt+o", "unfold the paste here"),
    _action("popup.up", Place.POPUP, "up", "choose the one above"),
    _action("popup.down", Place.POPUP, "down", "choose the one below"),
    _action("popup.complete", Place.POPUP, "tab", "complete it"),
    _action("popup.take", Place.POPUP, "enter", "take it"),
    _action("popup.close", Place.POPUP, "escape", "take none"),
    _action("reading.up", Place.TRANSCRIPT, "up k", "the entry above"),
    _action("reading.down", Place.TRANSCRIPT, "down j", "the entry below"),
    _action("reading.older_prompt", Place.TRANSCRIPT, "left_square_bracket", "what you said before this"),
    _action("reading.newer_prompt", Place.TRANSCRIPT, "right_square_bracket", "what you said after this"),
    _action("reading.half_up", Place.TRANSCRIPT, "ctrl+u", "half a page up"),
    _action("reading.half_down", Place.TRANSCRIPT, "ctrl+d", "half a page down"),
    _action("reading.first", Place.TRANSCRIPT, "home g", "the first entry"),
    _action("reading.last", Place.TRANSCRIPT, "end G", "the last entry"),
    _action("reading.fold", Place.TRANSCRIPT, "enter space", "fold or unfold the entry"),
    _action("reading.copy", Place.TRANSCRIPT, "c", "copy the entry"),
    _action("reading.next_link", Place.TRANSCRIPT, "l right", "choose the next link of the entry"),
    _action("reading.open", Place.TRANSCRIPT, "o", "open the link"),
    _action("reading.save", Place.TRANSCRIPT, "d", "save the link's file here"),
    _action("reading.copy_link", Place.TRANSCRIPT, "y", "copy the link's address"),
    _action("reading.find", Place.TRANSCRIPT, "slash", "find text"),
    _action("reading.found_above", Place.TRANSCRIPT, "n", "the match above"),
    _action("reading.found_below", Place.TRANSCRIPT, "N", "the match below"),
    _action("reading.close", Place.TRANSCRIPT, "escape q", "back to the composer"),
    _action("find.above", Place.FIND, "up f3", "the match above; at the first one: look in older history"),
    _action("find.below", Place.FIND, "down shift+f3", "the match below"),
    _action("find.take", Place.FIND, "enter", "stay there, and read by keyboard"),
    _action("find.close", Place.FIND, "escape", "back to where you were"),
    _action("approval.up", Place.APPROVAL, "up", "choose the decision above"),
    _action("approval.down", Place.APPROVAL, "down", "choose the decision below"),
    _action("approval.take", Place.APPROVAL, "enter", "take the chosen decision; “no” is chosen at first"),
    _action("approval.previous", Place.APPROVAL, "left", "the request before, of those that wait"),
    _action("approval.next", Place.APPROVAL, "right", "the request after, of those that wait"),
    _action("approval.full", Place.APPROVAL, "f ctrl+a", "all of it on the whole screen"),
    _action("approval.part", Place.APPROVAL, "s", "choose which of several permissions to allow"),
    _action("approval.open", Place.APPROVAL, "o", "open the page it is about, after asking"),
    _action("approval_screen.up", Place.APPROVAL_SCREEN, "up", "a row up"),
    _action("approval_screen.down", Place.APPROVAL_SCREEN, "down", "a row down"),
    _action("approval_screen.page_up", Place.APPROVAL_SCREEN, "pageup", "a page up"),
    _action("approval_screen.page_down", Place.APPROVAL_SCREEN, "pagedown space", "a page down"),
    _action("approval_screen.top", Place.APPROVAL_SCREEN, "home", "to the first row"),
    _action("approval_screen.bottom", Place.APPROVAL_SCREEN, "end", "to the last row"),
    _action("approval_screen.next_file", Place.APPROVAL_SCREEN, "right_square_bracket", "the next file"),
    _action("approval_screen.file_before", Place.APPROVAL_SCREEN, "left_square_bracket", "the file before"),
    _action("approval_screen.columns", Place.APPROVAL_SCREEN, "v", "old and new side by side, or not"),
    _action("approval_screen.close", Place.APPROVAL_SCREEN, "escape q f ctrl+a", "back, without a decision"),
    _action("question.up", Place.QUESTION, "up", "choose the answer above"),
    _action("question.down", Place.QUESTION, "down", "choose the answer below"),
    _action("question.next", Place.QUESTION, "enter", "take the answer, and go on"),
    _action("question.back", Place.QUESTION, "shift+tab", "go back to the question before"),
    _action("question.skip", Place.QUESTION, "ctrl+d", "answer none of them; say no to a form"),
    _action("question.later", Place.QUESTION, "escape", "put them off; Tab opens them again"),
    _action("list.up", Place.LIST, "up", "choose the one above"),
    _action("list.down", Place.LIST, "down", "choose the one below"),
    _action("list.take", Place.LIST, "enter", "take it"),
    _action("list.close", Place.LIST, "escape ctrl+c", "take none, and close"),
    _action("threads.new", Place.THREADS, "ctrl+n", "begin a new thread"),
    _action("threads.scope", Place.THREADS, "ctrl+s", "those of this directory, or all"),
    _action("threads.archived", Place.THREADS, "ctrl+x", "those that were put away, or the others"),
    _action("threads.put_away", Place.THREADS, "ctrl+a", "put it away, or get it back"),
    _action("threads.rename", Place.THREADS, "f2", "give it a name"),
    _action("threads.delete", Place.THREADS, "f9", "delete it for good, after a question"),
    _action("ports.new", Place.PORTS, "n", "open another one, as /ports does"),
    _action("ports.move", Place.PORTS, "m", "another port here for it"),
    _action("ports.close", Place.PORTS, "x delete", "close it, or offer it no more"),
    _action("ports.browse", Place.PORTS, "o", "show it in your browser"),
    _action("ports.copy", Place.PORTS, "c", "copy its address"),
    _action("hosts.look", Place.HOSTS, "ctrl+l", "look again"),
    _action("all.left", Place.ALL, "left", "choose the host to the left"),
    _action("all.right", Place.ALL, "right", "choose the host to the right"),
    _action("all.up", Place.ALL, "up", "choose the host above"),
    _action("all.down", Place.ALL, "down", "choose the host below"),
    _action("all.next", Place.ALL, "tab", "choose the next host"),
    _action("all.previous", Place.ALL, "shift+tab", "choose the host before"),
    _action("all.go", Place.ALL, "enter", "go to the host"),
    _action("all.tell", Place.ALL, "t", "say one thing to several of them, as /tell does"),
    _action("all.close", Place.ALL, "escape q", "back to where you were"),
    _action("tell.mark", Place.TELL, "space", "mark the host, or not any more"),
    _action("browse.up", Place.BROWSE, "left", "one directory up"),
    _action("browse.take", Place.BROWSE, "tab", "work in the directory that is listed"),
    _action("page.close", Place.PAGE, "escape q", "back; ends a search first"),
    _action("page.up", Place.PAGE, "up k", "a row up"),
    _action("page.down", Place.PAGE, "down j", "a row down"),
    _action("page.page_up", Place.PAGE, "pageup b ctrl+b", "a page up"),
    _action("page.page_down", Place.PAGE, "pagedown space ctrl+f", "a page down"),
    _action("page.top", Place.PAGE, "home", "to the first row"),
    _action("page.bottom", Place.PAGE, "end", "to the last row"),
    _action("page.next_part", Place.PAGE, "right_square_bracket", "the next file or heading"),
    _action("page.previous_part", Place.PAGE, "left_square_bracket", "the file or heading before"),
    _action("page.columns", Place.PAGE, "v", "old and new side by side, or not"),
    _action("page.find", Place.PAGE, "slash", "find a text"),
    _action("page.find_next", Place.PAGE, "n", "the next place it is at"),
    _action("page.find_previous", Place.PAGE, "p", "the place before"),
    _action("page.copy", Place.PAGE, "c", "copy all of it"),
    _action("page.save", Place.PAGE, "d", "save the file here"),
    _action("page.edit", Place.PAGE, "e", "all of it in your editor; nothing is written back"),
    _action("replay.pause", Place.REPLAY, "space", "pause, and go on"),
    _action("replay.step", Place.REPLAY, "full_stop right", "to the next message, and pause"),
    _action("replay.end", Place.REPLAY, "greater_than_sign", "the rest at once"),
)
"""Every action, in the order of the sheet. The decisions of an approval bring their keys along."""

_BY_ID: Final = {action.id: action for action in ACTIONS}

ALWAYS_NEWLINE: Final = "ctrl+j"
"""Makes a new line whatever else is chosen: every terminal has it, as it is a line feed."""


class Keymap:
    """Which keys do what.

    Args:
        chosen: Keys by action id, in place of the built-in ones; no key turns the action's key off.
        origin: Where they stand, for messages.

    Raises:
        ConfigError: An action nobody knows, no key, or one key for two actions of one place.
    """

    def __init__(
        self, chosen: Mapping[str, Sequence[str]] | None = None, *, origin: str = "[tui.keys]"
    ) -> None:
        self._keys = {action.id: action.keys for action in ACTIONS}
        for name, keys in (chosen or {}).items():
            if name not in _BY_ID:
                import difflib  # for somebody who mistyped

                close = difflib.get_close_matches(name, _BY_ID, n=1)
                hint = f"did you mean {close[0]!r}?" if close else "codex-ssh config check lists them"
                raise ConfigError(f"{origin}: unknown action {name!r}", hint=hint)
            named = tuple(key_name(key) for key in keys)
            if not all(named):
                raise ConfigError(f"{origin}: {name}: no key", hint='write "ctrl+j", ["ctrl+j", "f2"] or []')
            self._keys[name] = named
        self._actions: dict[tuple[Place, str], str] = {}
        for action in ACTIONS:
            for key in self._keys[action.id]:
                other = self._actions.setdefault((action.place, key), action.id)
                if other != action.id:
                    raise ConfigError(
                        f"{origin}: {key!r} is both {other} and {action.id}",
                        hint="choose another key for one",
                    )

    def keys(self, name: str) -> tuple[str, ...]:
        """Give the keys of an action."""
        return self._keys[name]

    def action(self, key: str, place: Place) -> str:
        """Give the id of the action a key does in a place; empty when it does none there."""
        if key == ALWAYS_NEWLINE and place is Place.COMPOSER:
            return "composer.newline"
        return self._actions.get((place, key), "")

    def chosen(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Give the actions whose keys are not the built-in ones."""
        return ((name, keys) for name, keys in self._keys.items() if keys != _BY_ID[name].keys)

    def sheet(self) -> list[tuple[Place, list[tuple[str, str]]]]:
        """Give what the sheet of keys shows: by place, the keys as a person reads them and what they do."""
        return [
            (
                place,
                [
                    (", ".join(map(shown, self._keys[action.id])), action.about)
                    for action in ACTIONS
                    if action.place is place and self._keys[action.id]
                ],
            )
            for place in Place
        ]


def key_name(text: str) -> str:
    """Give a key as Textual names it: a lone character by its name, everything else in small letters."""
    *modifiers, key = text.strip().split("+") if text.strip() != "+" else ["+"]
    if len(key) == 1 and not key.isalnum():
        try:
            key = unicodedata.name(key).lower().replace("-", "_").replace(" ", "_")
        except ValueError:
            return ""
        key = _SHORTER.get(key, key)
    elif len(key) > 1:
        key = key.lower()
    return "+".join([*(modifier.lower() for modifier in modifiers), key])


def key_hint(keymap: Keymap, action: str, words: str) -> str:
    """Give ``f: full screen`` for an action with a key, and nothing for one without."""
    keys = keymap.keys(action)
    if not keys:
        return ""
    name = shown(keys[0])
    return f"{name.lower() if len(keys[0]) == 1 or '+' in keys[0] or len(name) > 1 else name}: {words}"


def shown(key: str) -> str:
    """Give a key as a person reads it: ``Ctrl+J``, ``PgUp``, ``?``."""
    *modifiers, name = key.split("+")
    return "+".join([*(modifier.capitalize() for modifier in modifiers), _SHOWN.get(name, name.capitalize())])


_SHORTER: Final = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Names Textual has shorter than Unicode."""

_SHOWN: Final = {
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "question_mark": "?",
    "slash": "/",
    "backslash": "\\",
    "at": "@",
    "minus": "-",
    "plus": "+",
    "underscore": "_",
    "comma": ",",
    "full_stop": ".",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}
