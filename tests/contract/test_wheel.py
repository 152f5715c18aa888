"""What is built: the same twice, the package whole and nothing else, and installed it works far from here."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

import codex_ssh
from tests.contract.documented import ROOT
from tests.contract.test_man_pages import generator

pytestmark = pytest.mark.slow

NOT_IN_A_COPY = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "build", "dist", "node_modules"
)
BUILT_AT = "1767225600"
"""``SOURCE_DATE_EPOCH`` of both builds; another moment than that of the files."""


def run(*words: str | Path, cwd: Path, more: Mapping[str, str] | None = None) -> str:
    """Run a program and give what it said on stdout."""
    outside = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**outside, **(more or {})},
        capture_output=True,
        text=True,
        timeout=110,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(tree: Path, where: Path) -> dict[str, Path]:
    """Build wheel and sdist of a tree, without a network; gives them by their suffix."""
    run(
        sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", where,
        cwd=tree,
        more={"SOURCE_DATE_EPOCH": BUILT_AT},
    )  # fmt: skip
    return {path.suffix: path for path in where.iterdir()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the sdist of this tree."""
    return build(ROOT, tmp_path_factory.mktemp("dist"))


def test_a_wheel_holds_the_whole_package_and_the_man_pages_and_nothing_else(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built[".whl"]) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
        man = {name.rpartition("/")[2]: archive.read(name).decode() for name in names if "/man/" in name}

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
        *(f"codex_ssh/tui/git_{name}.sh" for name in ("form", "patch", "sizes", "state")),
    } <= package
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "codex-ssh = codex_ssh.__main__:main" in entry_points
    assert man == generator().pages()
    assert {name for name in names if "/man/" in name} == {
        f"codex_ssh-{codex_ssh.__version__}.data/data/share/man/man1/{name}" for name in man
    }


def test_two_builds_are_one(built: dict[str, Path], tmp_path: Path) -> None:
    elsewhere = shutil.copytree(ROOT, tmp_path / "another place", ignore=NOT_IN_A_COPY)
    for path in elsewhere.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(path.stat().st_mode & ~0o077)

    again = build(elsewhere, tmp_path / "dist")

    assert {path.name: digest(path) for path in again.values()} == {
        path.name: digest(path) for path in built.values()
    }


def test_a_wheel_of_the_sdist_is_the_wheel_of_the_tree(built: dict[str, Path], tmp_path: Path) -> None:
    with tarfile.open(built[".gz"]) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()

    for needed in ("tests/contract/test_wheel.py", "config/manpages.py", ".ci/lowest", "Makefile"):
        assert (tree / needed).is_file(), needed
    assert digest(build(tree, tmp_path / "dist")[".whl"]) == digest(built[".whl"])


def install(installer: str, wheel: Path, where: Path) -> Path:
    """Install a wheel with everything it needs; gives the directory of programs."""
    tools = Path(sys.executable).parent
    programs = where / "bin"
    match installer:
        case "pip":
            run(sys.executable, "-m", "venv", where, cwd=where)
            run(where / "bin" / "python", "-m", "pip", "install", "-q", wheel, cwd=where)
        case "pipx":
            places = {
                "PIPX_HOME": where / "home",
                "PIPX_BIN_DIR": programs,
                "PIPX_MAN_DIR": where / "share/man",
            }
            more = {name: str(place) for name, place in places.items()}
            run(tools / "pipx", "install", "-q", "--python", sys.executable, wheel, cwd=where, more=more)
        case "uv":
            # uv does not read pip's settings: where packages come from, and whom to trust for that.
            given = {
                "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
                "UV_FIND_LINKS": "PIP_FIND_LINKS",
                "SSL_CERT_FILE": "PIP_CERT",
            }
            more = {name: os.environ[its] for name, its in given.items() if os.environ.get(its)}
            more |= {"UV_TOOL_DIR": str(where / "home"), "UV_TOOL_BIN_DIR": str(programs)}
            run(
                tools / "uv", "tool", "install", "-q", "--python", sys.executable, wheel, cwd=where, more=more
            )
    return programs


@pytest.mark.parametrize("installer", ["pip", "pipx", "uv"])
def test_installed_in_a_clean_place_it_works(built: dict[str, Path], tmp_path: Path, installer: str) -> None:
    program = install(installer, built[".whl"], tmp_path) / "codex-ssh"
    home = tmp_path / "me"
    home.mkdir()
    mine = {"HOME": str(home), "PATH": os.defpath, "TERM": "dumb"}

    assert run(program, "--version", cwd=home, more=mine) == f"codex-ssh {codex_ssh.__version__}\n"
    assert "usage: codex-ssh" in run(program, "--help", cwd=home, more=mine)
    assert run(program, "demo", "--prompt", "say hello", cwd=home, more=mine).strip() == "hello"
    if installer != "uv":  # which knows no man pages
        assert (tmp_path / "share" / "man" / "man1" / "codex-ssh.1").exists()
