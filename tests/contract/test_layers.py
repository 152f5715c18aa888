"""The layer contracts of ``pyproject.toml`` hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.require import require

ROOT = Path(__file__).parents[2]


def test_every_import_contract_is_kept() -> None:
    script = Path(sys.prefix) / "bin" / "lint-imports"
    lint_imports = require(script if script.exists() else None, "lint-imports: pip install --group lint")

    done = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
