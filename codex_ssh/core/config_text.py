"""Settings as text: one value, a starter file, and everything that is wrong with a file at once.

Lives here: the way back from values to TOML. Not here: the values themselves (:mod:`codex_ssh.core.config`).
"""

from __future__ import annotations

import enum
import json
import shlex
from collections.abc import Mapping

from codex_ssh.core.config import KEYS, Layer, Raw, Settings, layers_for_host, merge
from codex_ssh.core.host_command import parse_fleet
from codex_ssh.core.pin import show_pin
from codex_ssh.core.tui_settings import TUI_KEYS, TuiSettings, merge_tui, parse_tui, tui_layers
from codex_ssh.errors import ConfigError

_STARTER_HEAD = """\
# codex-ssh: every key with its built-in value. Remove the "# " in front of what you change.
# What belongs to SSH (name, port, user, keys, jumps) stays in ~/.ssh/config.

[defaults]
"""

_STARTER_TUI = """
# Our own TUI, on every host.
[tui]
"""

_STARTER_TAIL = """
# Hosts another program knows.
[fleet]
# host_command = []
# host_command_seconds = 300

# Sections for hosts come last; a name is a pattern as a shell has it, and a later section wins.
# [host."build-*"]
# cd = "/srv/src"
"""


def value_text(key: str, settings: Settings | TuiSettings) -> str:
    """Give a setting as a config file would have it: a TOML value."""
    value = getattr(settings, key)
    match value:
        case None:
            return '"auto"' if key == "endpoint" else '""'
        case bool():
            return "true" if value else "false"
        case enum.Enum():
            return json.dumps(value.value)
        case Mapping():
            inside = ", ".join(f"{_bare(name)} = {json.dumps(what)}" for name, what in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case tuple() if key == "tls_pin":
            return json.dumps(" ".join(show_pin(pin) for pin in value))
        case tuple() if key == "exec":
            return json.dumps(shlex.join(value))
        case tuple():
            return json.dumps([word.value if isinstance(word, enum.Enum) else word for word in value])
        case _:
            return json.dumps(str(value))


def starter() -> str:
    """Give a config file that says nothing but what could be said."""
    defaults = "".join(f"# {key} = {value_text(key, Settings())}\n" for key in KEYS)
    tui = "".join(f"# {key} = {value_text(key, TuiSettings())}\n" for key in TUI_KEYS)
    return _STARTER_HEAD + defaults + _STARTER_TUI + tui + _STARTER_TAIL


def faults(document: Raw, *, path: str) -> list[ConfigError]:
    """Give everything that is wrong with a config file: its tables, then section by section, key by key."""
    found: list[ConfigError] = []
    try:
        layers_for_host(document, "", path=path)
    except ConfigError as error:
        found.append(error)
    for origin, values in _sections(document, path):
        for key, raw in values.items():
            try:
                merge([Layer(origin=origin, values={key: raw})])
            except ConfigError as error:
                found.append(error)
    try:
        parse_fleet(document, path=path)
    except ConfigError as error:
        found.append(error)
    return found + _tui_faults(document, path)


def _tui_faults(document: Raw, path: str) -> list[ConfigError]:
    found: list[ConfigError] = []
    try:
        layers = tui_layers(document, {}, path=path)
        for layer in layers:
            for key, raw in layer.values.items():
                try:
                    parse_tui(key, raw, layer.origin)
                except ConfigError as error:
                    found.append(error)
        if not found:  # what one key says about another
            merge_tui(layers)
    except ConfigError as error:
        found.append(error)
    return found


def _bare(name: str) -> str:
    """A key as TOML wants it: bare where it can be, else in quotes."""
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)


def _sections(document: Raw, path: str) -> list[tuple[str, Raw]]:
    defaults, hosts = document.get("defaults"), document.get("host")
    found = [(f"{path} [defaults]", defaults)] if isinstance(defaults, Mapping) else []
    if isinstance(hosts, Mapping):
        found += [
            (f'{path} [host."{pattern}"]', values)
            for pattern, values in hosts.items()
            if isinstance(values, Mapping)
        ]
    return found
