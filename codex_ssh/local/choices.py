"""What was chosen inside the TUI and holds the next time, where the config file says nothing about it.

Lives here: one small file in the state directory. Not here: the config file, which is the user's own and is
never written (:mod:`codex_ssh.local.config_file`), and the forms of values
(:mod:`codex_ssh.core.tui_settings`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from codex_ssh.core.config import Layer
from codex_ssh.core.tui_settings import parse_tui
from codex_ssh.errors import ConfigError, DeskFailed
from codex_ssh.local.files import write_private
from codex_ssh.local.paths import choices_file

log = logging.getLogger(__name__)

ORIGIN = "chosen in the TUI"


def read_choices() -> Layer:
    """Give what was chosen; what cannot be read, or is of another version, counts as not chosen."""
    kept = _read()
    for key in list(kept):
        try:
            parse_tui(key, kept[key], ORIGIN)
        except ConfigError as error:
            log.info("a choice is left out: %s", error)
            del kept[key]
    return Layer(origin=ORIGIN, values=kept)


def keep_choice(key: str, value: str | Sequence[str]) -> None:
    """Keep one.

    Raises:
        DeskFailed: It could not be written.
    """
    try:
        write_private(choices_file(), json.dumps(_read() | {key: value}) + "\n")
    except (OSError, ConfigError) as error:
        raise DeskFailed(f"it holds until you leave, since it could not be kept: {error}") from error


def _read() -> dict[str, Any]:
    try:
        found = json.loads(choices_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.info("what was chosen cannot be read: %s", error)
        return {}
    return found if isinstance(found, dict) else {}
