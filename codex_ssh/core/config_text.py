"""Settings as text: one value, a starter file, and everything that is wrong with a file at once.

Lives here: the way back from values to TOML. Not here: the values themselves (:mod:`codex_ssh.core.config`).
"""

from __future__ import annotations

import enum
import json
import shlex
from collections.abc import Mapping

from codex_ssh.core.config import KEYS, Layer, Raw, Settings, layers_for_host, merge
from codex_ssh.core.pin import show_pin
from codex_ssh.errors import ConfigError

_STARTER_HEAD = """\
# codex-ssh: every key with its built-in value. Remove the "# " in front of what you change.
# What belongs to SSH (name, port, user, keys, jumps) stays in ~/.ssh/config.

[defaults]
"""

_STARTER_TAIL = """
# Sections for hosts come last; a name is a pattern as a shell has it, and a later section wins.
# [host."build-*"]
# cd = "/srv/src"
"""


def value_text(key: str, settings: Settings) -> str:
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
            inside = ", ".join(f"{name} = {json.dumps(text)}" for name, text in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case tuple() if key == "tls_pin":
            return json.dumps(" ".join(show_pin(pin) for pin in value))
        case tuple() if key == "exec":
            return json.dumps(shlex.join(value))
        case tuple():
            return json.dumps(list(value))
        case _:
            return json.dumps(str(value))


def starter() -> str:
    """Give a config file that says nothing but what could be said."""
    built_in = Settings()
    lines = [f"# {key} = {value_text(key, built_in)}" for key in KEYS]
    return _STARTER_HEAD + "\n".join(lines) + "\n" + _STARTER_TAIL


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
    return found


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
