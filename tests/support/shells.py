"""Login shells people have: those of the system, and nu, which comes by npm."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.require import require, require_program


def require_shell(name: str) -> Path:
    """Give the path of a shell; ``make pytest`` installs nu."""
    if name != "nu":
        return require_program(name, f"{name}: apt-get install {name}")
    # npm keeps the native binary in a package of its own per platform.
    found = [*(Path(sys.prefix) / "npm" / "node_modules" / "@nushell").glob("*/bin/nu")]
    return require(found[0] if found else None, "nu: npm install nushell")
