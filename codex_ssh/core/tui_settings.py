"""The ``[tui]`` table of the config file: how our own TUI looks and behaves, on every host alike.

Lives here: its keys, their forms and built-in values. Not here: what the names stand for on the screen
(:mod:`codex_ssh.tui`), and the settings of a host (:mod:`codex_ssh.core.config`), whose key ``tui`` says
which TUI it is.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, fields, replace
from typing import Any, Final

from codex_ssh.core import config_value as form
from codex_ssh.core.config import Layer, Raw
from codex_ssh.core.keymap import Keymap
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError, UsageError

_PREFIX: Final = "CODEX_SSH_TUI_"


class ThemeName(enum.Enum):
    """Whose colours are used."""

    TERMINAL = "terminal"
    DARK = "dark"
    LIGHT = "light"
    HIGH_CONTRAST = "high-contrast"
    MONO = "mono"


class StatusItem(enum.Enum):
    """A piece of the status line."""

    STATE = "state"
    QUEUE = "queue"
    ELSEWHERE = "elsewhere"
    HOST = "host"
    USER = "user"
    THREAD = "thread"
    TRANSPORT = "transport"
    ROUND_TRIP = "round-trip"
    MODEL = "model"
    DIRECTORY = "directory"
    BRANCH = "branch"
    MODE = "mode"
    PLAN = "plan"
    GOAL = "goal"
    CONTEXT = "context"
    LIMITS = "limits"
    PERMISSIONS = "permissions"
    TOKENS = "tokens"
    SERVER = "server"


class TitleItem(enum.Enum):
    """A piece of the terminal's title."""

    ACTIVITY = "activity"
    THREAD = "thread"
    HOST = "host"
    DIRECTORY = "directory"
    BRANCH = "branch"
    MODEL = "model"
    STATE = "state"
    PLAN = "plan"
    CONTEXT = "context"


class Notifications(enum.Enum):
    """How a notification reaches the user; ``auto`` is the command if there is one, else by the terminal."""

    AUTO = "auto"
    BELL = "bell"
    OSC9 = "osc9"
    OSC777 = "osc777"
    OSC99 = "osc99"
    COMMAND = "command"
    OFF = "off"


class NotifyOn(enum.Enum):
    """What is worth a notification."""

    TURN_END = "turn-end"
    APPROVAL = "approval"
    QUESTION = "question"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class TuiSettings:
    """Everything the ``[tui]`` table can say. The field's name is the key in the file.

    Attributes:
        theme: Whose colours.
        status: The pieces of the status line, from left to right.
        title: The pieces of the terminal's title, from left to right; without one the title is left alone.
        notifications: How the user is told when the terminal is not looked at.
        notify_command: A command here that shows a notification, as a list of words; no shell.
        notify_on: About what.
        vim: The composer has vim's modes.
        mouse: The mouse is used; without it the terminal's own selection works.
        screen_reader: Lines one after the other instead of a full screen.
        confirm_links: Ask before a link is opened here.
        keys: Action to its keys, instead of the built-in ones; no key turns an action's key off.
    """

    theme: ThemeName = ThemeName.TERMINAL
    status: tuple[StatusItem, ...] = tuple(StatusItem)
    title: tuple[TitleItem, ...] = (TitleItem.ACTIVITY, TitleItem.THREAD, TitleItem.HOST)
    notifications: Notifications = Notifications.AUTO
    notify_command: tuple[str, ...] = ()
    notify_on: tuple[NotifyOn, ...] = tuple(NotifyOn)
    vim: bool = False
    mouse: bool = True
    screen_reader: bool = False
    confirm_links: bool = True
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveTui:
    """The settings that hold, and the origin of each that is not built in."""

    settings: TuiSettings
    origins: Mapping[str, str] = field(default_factory=dict)


def merge_tui(layers: Sequence[Layer]) -> EffectiveTui:
    """Put layers together; a later one wins, key by key.

    Raises:
        ConfigError: A key nobody knows, or a value out of its form; names the origin.
    """
    settings, origins = TuiSettings(), {}
    for layer in layers:
        for key, raw in layer.values.items():
            settings = replace(settings, **{key: parse_tui(key, raw, layer.origin)})
            origins[key] = layer.origin
    if settings.notifications is Notifications.COMMAND and not settings.notify_command:
        raise ConfigError(
            f"{origins['notifications']}: notifications: there is no 'notify_command'",
            hint='such as notify_command = ["notify-send"]',
        )
    return EffectiveTui(settings=settings, origins=origins)


def tui_layers(document: Raw, environment: Mapping[str, str], *, path: str) -> list[Layer]:
    """Give the ``[tui]`` table of a config file and the ``CODEX_SSH_TUI_*`` variables, weakest first.

    Args:
        document: The decoded file.
        environment: Variables; words are split at spaces, and an empty one counts as unset.
        path: The file, for messages.

    Raises:
        ConfigError: ``tui`` is no table.
    """
    table = document.get("tui", {})
    if not isinstance(table, Mapping):
        raise ConfigError(
            f"{path}: 'tui' is not a table", hint="write [tui]; which TUI it is belongs into [defaults]"
        )
    layers = [Layer(origin=f"{path} [tui]", values=table)] if table else []
    said: dict[str, Any] = {}
    for key in TUI_KEYS:
        text = environment.get(_PREFIX + key.upper())
        if text and key != "keys":
            said[key] = text.split() if key in _LISTS and text != "off" else text
    return [*layers, Layer(origin="the environment", values=said)] if said else layers


def parse_tui(key: str, raw: object, origin: str) -> Any:
    """Give the value of one key.

    Raises:
        ConfigError: Nobody knows the key, or the value is out of its form; names the origin.
    """
    read = _FORMS.get(key)
    if read is None:
        raise ConfigError(f"{origin}: unknown key {key!r}", hint=form.did_you_mean(key, TUI_KEYS))
    try:
        value = read(raw)
    except (UsageError, ValueError, TypeError) as error:
        hint = error.hint if isinstance(error, UsageError) else ""
        raise ConfigError(f"{origin}: {key}: {error}", hint=hint) from None
    if key == "keys":
        Keymap(_keys(raw), origin=f"{origin} keys")
    return value


def _keys(raw: object) -> Mapping[str, tuple[str, ...]]:
    """Action to one key or a list of keys."""
    if not isinstance(raw, Mapping):
        raise TypeError("not a table of actions and their keys")
    chosen: dict[str, tuple[str, ...]] = {}
    for name, keys in raw.items():
        if isinstance(keys, Mapping):  # an action's dot makes a table of it where it is not in quotes
            chosen |= {f"{name}.{action}": more for action, more in _keys(keys).items()}
        else:
            chosen[name] = (keys,) if isinstance(keys, str) else form.words(keys)
    return chosen


_FORMS: Final[Mapping[str, Callable[[object], object]]] = {
    "theme": lambda raw: form.name(raw, ThemeName),
    "status": lambda raw: form.names(raw, StatusItem),
    "title": lambda raw: form.names(raw, TitleItem),
    "notifications": lambda raw: form.name(raw, Notifications),
    "notify_command": form.command,
    "notify_on": lambda raw: form.names(raw, NotifyOn),
    "vim": form.flag,
    "mouse": form.flag,
    "screen_reader": form.flag,
    "confirm_links": form.flag,
    "keys": _keys,
}

_LISTS: Final = ("status", "title", "notify_on")

TUI_KEYS: Final = tuple(item.name for item in fields(TuiSettings))
"""Every key, in the order of the reference."""
