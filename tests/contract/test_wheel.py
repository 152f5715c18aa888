"""What is in the wheel: the package, whole, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_wheel_holds_the_whole_package_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()

    package = {name for name in names if name.startswith("codex_ssh/")}
    assert {name.split("/")[0].split("-")[0] for name in names} == {"codex_ssh"}
    assert package == {
        str(path.relative_to(ROOT))
        for path in (ROOT / "codex_ssh").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {
        "codex_ssh/py.typed",
        *(f"codex_ssh/link/{name}.sh" for name in ("form", "codex", "inventory", "probe", "start")),
    } <= package
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "codex-ssh = codex_ssh.__main__:main" in entry_points
