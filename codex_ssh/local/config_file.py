"""Reads the config file and the environment into :mod:`codex_ssh.core.config` layers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codex_ssh.core.config import Effective, Layer, environment_layer, layers_for_host, merge
from codex_ssh.errors import ConfigError
from codex_ssh.local.paths import config_file

if TYPE_CHECKING:
    from codex_ssh.core.tui_settings import EffectiveTui


def read_config(path: Path | None = None) -> dict[str, Any]:
    """Decode the config file; an absent one is an empty one.

    Raises:
        ConfigError: It cannot be read, or is not TOML; names file and line.
    """
    path = path or config_file()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    import tomllib  # only where there is a file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error


def settings_for(host: str, flags: Layer) -> Effective:
    """Give the settings of a host from the file, the environment and the command line.

    Raises:
        ConfigError: Something in one of them is wrong; names where.
    """
    path = config_file()
    document = read_config(path)
    layers = layers_for_host(document, host, path=str(path))
    if document.get("fleet"):
        from codex_ssh.local.host_command import fleet_settings, kept_hosts

        # Weaker than what the file says of the host, stronger than what it says of all.
        if (told := kept_hosts(fleet_settings(document)).get(host)) is not None:
            layers.insert(1 if document.get("defaults") else 0, told)
    return merge([*layers, environment_layer(os.environ), flags])


def read_tui_settings() -> EffectiveTui:
    """Give the settings of our own TUI from what was chosen there, the file and the environment.

    Raises:
        ConfigError: Something in one of them is wrong; names where.
    """
    from codex_ssh.core.tui_settings import merge_tui, tui_layers  # and all keys: for a TUI alone
    from codex_ssh.local.choices import read_choices

    path = config_file()
    return merge_tui([read_choices(), *tui_layers(read_config(path), os.environ, path=str(path))])
