"""The public names: documented, typed, lazy."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import codex_ssh
from tests.contract.documented import DOCS, first_cells
from tests.contract.test_lazy_imports import HEAVY

ROOT = Path(__file__).parents[2]
PAGE = DOCS / "reference" / "python-api.md"


def test_every_public_name_is_there_and_on_its_page() -> None:
    assert sorted(first_cells(PAGE.read_text(encoding="utf-8"))) == sorted(codex_ssh.__all__)
    for name in codex_ssh.__all__:
        assert getattr(codex_ssh, name) is not None
    assert set(codex_ssh.__all__) < set(dir(codex_ssh))


def test_what_is_public_says_what_it_does() -> None:
    for name in ("connect", "Link", "Thread", "Turn", "TurnResult", "Approval"):
        public = getattr(codex_ssh, name)
        assert inspect.getdoc(public)
        for attribute, member in inspect.getmembers(public, inspect.isfunction):
            if not attribute.startswith("_"):
                assert inspect.getdoc(member), f"{name}.{attribute}"


def test_the_page_names_every_method() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in ("Link", "Thread", "Turn", "Approval"):
        for attribute, _ in inspect.getmembers(getattr(codex_ssh, name), inspect.isfunction):
            if not attribute.startswith("_") and (name, attribute) != ("Link", "listen"):
                assert f"`{attribute}`" in text, f"{name}.{attribute}"


def test_importing_the_package_loads_nothing() -> None:
    look = "import sys, codex_ssh; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, timeout=60)
    loaded = set(done.stdout.split())
    assert "codex_ssh" in loaded
    assert loaded.isdisjoint((*HEAVY, "asyncio", "codex_ssh.api"))
