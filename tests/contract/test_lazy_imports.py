"""A start loads what it needs, and no more: a person waits for it.

Modules and classes are counted; nothing here looks at a clock.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HEAVY = ("asyncssh", "websockets", "textual", "rich", "jwt", "cryptography", "h11", "platformdirs")
"""Third-party packages; each costs 30 to 400 ms."""

RESOLVED = """
import asyncio
from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.link.ssh_config import read_ssh_config
async def resolve():
    config = await read_ssh_config(parse_host("me@devbox:2222"), SshOptions(config_file="/dev/null"))
    assert config.by_hand == "ssh -v -F /dev/null -l me -p 2222 devbox"
asyncio.run(resolve())
print(type(vars(SshConfig)["__dataclass_fields__"]) is dict)
"""
"""Prints whether the functions of the class were written for the one config a connect reads."""

LOOK = """
import json, sys
from codex_ssh.cli.main import run
code = run(sys.argv[1:])
assert code == {code}, code
print("\\n" + json.dumps(sorted(sys.modules)))
"""


STARTED = """
import sys
started = []
sys.addaudithook(lambda name, _: name in ("subprocess.Popen", "os.system") and started.append(name))
import codex_ssh.api.connection
ours = sum(name.startswith("codex_ssh.") for name in sys.modules)
import codex_ssh.cli.turn, codex_ssh.link.carrier
before = set(sys.modules)
from codex_ssh.link.ssh_asyncssh import load_asyncssh
load_asyncssh()
import codex_ssh.link.ssh_login
import json
print(json.dumps([ours, sorted(before), sorted(sys.modules), started]))
"""
"""Prints how many modules of ours the API loads, all there are before SSH and with it, and what was run."""

FIRST_WORD = """
import io, json, sys
from codex_ssh.cli.main import run

class Terminal(io.StringIO):
    loaded = None
    def isatty(self):
        return True
    def write(self, text):
        self.loaded = self.loaded or set(sys.modules)
        return super().write(text)

sys.stderr = terminal = Terminal()
run(sys.argv[1:])
print(json.dumps([terminal.getvalue(), sorted(terminal.loaded)]))
"""
"""Prints what a person reads and the modules there were at the first word of it."""

FROZEN = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
for name, module in list(sys.modules.items()):
    for kind in vars(module).values() if name.startswith("codex_ssh.") else ():
        if isinstance(kind, type) and kind.__module__ == name and "__dataclass_params__" in vars(kind):
            if kind.__dataclass_params__.frozen and kind.__setattr__.__module__ != "codex_ssh.core.value":
                print(name)
"""
"""Prints the modules with frozen dataclasses that the standard decorator made."""


def modules_after(*words: str, code: int = 0) -> set[str]:
    """The modules a fresh interpreter holds after that command line."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(code=code), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "words",
    [["--help"], ["--version"], ["completion", "bash"], ["connect", "--help"], ["app-server", "--help"]],
    ids=" ".join,
)
def test_help_version_and_completion_load_no_heavy_package(words: list[str]) -> None:
    loaded = modules_after(*words)

    assert "codex_ssh.cli.main" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["completion", "bash"]], ids=" ".join)
def test_help_version_and_completion_load_no_asyncio(words: list[str]) -> None:
    # asyncio costs 100 ms, more than all the rest together.
    assert "asyncio" not in modules_after(*words)


def test_a_wrong_command_line_loads_no_heavy_package() -> None:
    assert modules_after("--no-such-flag", code=2).isdisjoint(HEAVY)


def test_the_package_itself_loads_none_of_its_parts() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import codex_ssh, sys; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert not [name for name in done.stdout.split() if name.startswith("codex_ssh.")]


def test_values_are_written_when_the_first_is_made() -> None:
    # The standard decorator takes a third of a millisecond for each of some 300 classes.
    names = ["codex_ssh.api.connection", "codex_ssh.cli.turn", "codex_ssh.tui.chat", "codex_ssh.tui.app"]
    done = subprocess.run(
        [sys.executable, "-c", FROZEN, *names], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert not done.stdout.split(), "take dataclass from codex_ssh.core.value"


def test_one_ssh_config_is_not_worth_writing_its_class() -> None:
    # dataclasses.replace() would: 1.5 ms of every connect.
    done = subprocess.run(
        [sys.executable, "-c", RESOLVED], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False"]


def test_what_is_loaded_before_and_for_ssh() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTED], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    ours, before, after, started = json.loads(done.stdout)

    # asyncssh takes as long as all the rest: the network has work meanwhile.
    assert {"asyncssh", "cryptography", "textual", "jwt"}.isdisjoint(before)
    # Only where there is a config file, a download, a TUI.
    assert {"tomllib", "urllib.request", "http.client", "rich", "platformdirs"}.isdisjoint(before)
    # It looks for libraries by running ldconfig, gcc and ld, and for certificates OpenSSH does not know.
    assert not started
    assert "cryptography.x509" not in after
    assert "asyncssh" in after
    assert ours <= 135, "what not every connect needs is imported where it is needed"


@pytest.mark.parametrize(
    "words",
    [["devbox"], ["exec", "devbox", "say x"], ["tunnel", "devbox"], ["forward", "devbox"]],
    ids=lambda words: words[0],
)
def test_a_person_sees_where_it_goes_before_what_takes_long_is_loaded(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_WORD, *words, "--exec", "false"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said, loaded = json.loads(done.stdout)

    assert said.startswith("devbox: connecting …\n")
    assert {"asyncio", "codex_ssh.link", *HEAVY}.isdisjoint({*loaded} - {"platformdirs"})


def test_a_command_loads_no_other() -> None:
    loaded = modules_after("hosts")

    assert "codex_ssh.cli.hosts" in loaded
    assert loaded.isdisjoint({"codex_ssh.cli.connect", "codex_ssh.cli.app_server", "codex_ssh.cli.doctor"})
