"""Programs made for a test: real executables in a directory of their own, to be first on PATH."""

from __future__ import annotations

import os
from pathlib import Path


def put_program(directory: Path, name: str, script: str) -> Path:
    """Write a shell script as a program and give its path.

    Args:
        directory: Made when it is not there.
        name: What it is called.
        script: Its lines, for ``/bin/sh``; ``$HERE`` is the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\nHERE='{directory}'\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def path_with(directory: Path) -> str:
    """Give a PATH that has these programs first and the usual ones behind them."""
    return f"{directory}:{os.environ.get('PATH', os.defpath)}"
