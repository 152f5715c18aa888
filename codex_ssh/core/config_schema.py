"""The config file as a JSON schema, for editors that complete and check TOML.

Lives here: making it from the settings themselves. Not here: checking a file (:mod:`codex_ssh.core.config`),
which says more than a schema can.

Source: JSON Schema draft-07, which the TOML editors read.
"""

from __future__ import annotations

import enum
import inspect
import types
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final, get_args, get_origin, get_type_hints

from codex_ssh.core.config import Settings
from codex_ssh.core.host_command import FleetSettings
from codex_ssh.core.keymap import ACTIONS
from codex_ssh.core.rpc import Json
from codex_ssh.core.tui_settings import TuiSettings

_TEXT: Final = {"type": "string"}
_WORDS: Final = {"type": "array", "items": _TEXT}
_COMMANDS: Final = ("exec", "notify_command")
"""Keys that take a text, split as a shell would, as well as words."""

_OFF: Final = ("title",)
"""Keys that take ``"off"`` as well."""


def config_schema() -> Json:
    """Give the schema of the whole file."""
    host, fleet = _table(Settings), _abouts(FleetSettings)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "codex-ssh config.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "defaults": {**host, "description": "What holds for every host."},
            "host": {
                "type": "object",
                "description": 'What holds for some: [host."PATTERN"] with *, ? and [abc].',
                "additionalProperties": host,
            },
            "fleet": {
                "type": "object",
                "description": "Hosts another program knows.",
                "additionalProperties": False,
                "properties": {
                    "host_command": {
                        "anyOf": [_TEXT, _WORDS],
                        "description": _abouts(FleetSettings)["host_command"],
                    },
                    "host_command_seconds": {
                        "type": "integer",
                        "minimum": 0,
                        "description": fleet["host_command_seconds"],
                    },
                },
            },
            "tui": {**_table(TuiSettings), "description": "How our own TUI looks and behaves."},
        },
    }


def _table(settings: type[Settings | TuiSettings]) -> Json:
    hints, about = get_type_hints(settings), _abouts(settings)
    properties = {
        field.name: {**_shape(field.name, hints[field.name]), "description": about[field.name]}
        for field in fields(settings)
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _shape(key: str, kind: Any) -> Json:
    if key == "keys":
        one = {"anyOf": [_TEXT, _WORDS]}
        # An action's dot makes a table of it where it is not in quotes.
        places = sorted({action.id.partition(".")[0] for action in ACTIONS})
        named: Json = {action.id: {**one, "description": action.about} for action in ACTIONS}
        nested: Json = {place: {"type": "object", "additionalProperties": one} for place in places}
        return {"type": "object", "additionalProperties": False, "properties": {**named, **nested}}
    if key in _COMMANDS:
        return {"anyOf": [_TEXT, _WORDS]}
    if get_origin(kind) in (Mapping, types.MappingProxyType) or "Mapping" in str(kind):
        return {"type": "object", "additionalProperties": _TEXT}
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        if inner is bytes:
            return _TEXT  # several in one text
        if inner is range:
            return {"type": "array", "items": {"anyOf": [{"type": "integer"}, _TEXT]}}
        listed = {"type": "array", "items": _shape("", inner)}
        return {"anyOf": [listed, {"const": "off"}]} if key in _OFF else listed
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"enum": [member.value for member in kind]}
    return {"type": "boolean"} if kind is bool else _TEXT


def _abouts(settings: type) -> dict[str, str]:
    """Give what the docstring says of each attribute."""
    text = inspect.cleandoc(settings.__doc__ or "").partition("Attributes:\n")[2]
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, colon, about = line.strip().partition(": ")
        if colon and line.startswith("    ") and not line.startswith("     "):
            found |= {one.strip(): about for one in name.split(",")}
            last = name.split(",")[-1].strip()
        elif line.strip() and found:
            found[last] += f" {line.strip()}"
    return found
