"""Hosts that another program knows: the ``[fleet]`` table of the config file, and what such a program prints.

Lives here: the two settings, and reading the program's answer. Not here: running it and keeping its answer
(:mod:`codex_ssh.local.host_command`).

The answer is JSON: a list of objects, or one object a line. Each has a ``name``, and may have every key a
``[host."…"]`` section may have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from codex_ssh.core import config_value as form
from codex_ssh.core.config import Layer, Raw, merge
from codex_ssh.core.host import parse_host
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError, UsageError

CACHED_SECONDS: Final = 300

FLEET_KEYS: Final = ("host_command", "host_command_seconds")
"""Every key of the table, in the order of the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """What the ``[fleet]`` table says.

    Attributes:
        host_command: A command here that prints hosts as JSON; a text is split as a shell would, and run
            without one.
        host_command_seconds: How long its answer holds.
    """

    host_command: tuple[str, ...] = ()
    host_command_seconds: int = CACHED_SECONDS


def parse_fleet(document: Raw, *, path: str) -> FleetSettings:
    """Read the ``[fleet]`` table of a config file.

    Raises:
        ConfigError: It is no table, nobody knows a key, or a value is out of its form.
    """
    table = document.get("fleet", {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"{path}: 'fleet' is not a table", hint="write [fleet]")
    for key in table:
        if key not in FLEET_KEYS:
            hint = form.did_you_mean(key, FLEET_KEYS)
            raise ConfigError(f"{path} [fleet]: unknown key {key!r}", hint=hint)
    try:
        command = form.command(table.get("host_command", ()))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path} [fleet]: host_command: {error}") from None
    seconds = table.get("host_command_seconds", CACHED_SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:
        raise ConfigError(f"{path} [fleet]: host_command_seconds: not a number of seconds: {seconds!r}")
    return FleetSettings(host_command=command, host_command_seconds=seconds)


def parse_hosts(text: str, *, origin: str) -> dict[str, Layer]:
    """Read what the program printed: the settings of each host by its name, in its order.

    Args:
        text: JSON: a list of objects, or one object a line.
        origin: The program, for messages.

    Raises:
        ConfigError: It is no such JSON, a name is no host, or a setting is wrong; names which.
    """
    found: dict[str, Layer] = {}
    for one in _objects(text, origin):
        name = one.get("name") if isinstance(one, Mapping) else None
        if not isinstance(name, str):
            raise ConfigError(f"{origin}: not an object with a 'name': {json.dumps(one)[:80]}")
        try:
            host = parse_host(name)
        except UsageError as error:
            raise ConfigError(f"{origin}: {error}", hint=error.hint) from None
        layer = Layer(
            origin=f"{origin}: {name}", values={key: value for key, value in one.items() if key != "name"}
        )
        merge([layer])
        found[str(host)] = layer
    return found


def _objects(text: str, origin: str) -> Sequence[Any]:
    try:
        whole = json.loads(text)
    except ValueError:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise ConfigError(f"{origin}: what it printed is no JSON: {error}") from None
    return whole if isinstance(whole, list) else [whole]
