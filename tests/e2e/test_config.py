"""``codex-ssh config``: what holds, and why."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.support.cli import codex_ssh

FILE = """
[defaults]
model = "gpt-a"

[host."build-*"]
cd = "/srv/src"
door = true

[tui]
theme = "light"
"""


def write(home: Path, text: str) -> Path:
    path = home / ".config" / "codex-ssh" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


async def test_every_value_has_its_origin(tmp_path: Path) -> None:
    path = write(tmp_path, FILE)
    shown = await codex_ssh(
        "config", "show", "build-7", home=tmp_path, environment={"CODEX_SSH_TUI": "codex"}
    )
    lines = shown.out.splitlines()
    assert f'model = "gpt-a"  # {path} [defaults]' in lines
    assert f'cd = "/srv/src"  # {path} [host."build-*"]' in lines
    assert 'tui = "codex"  # the environment' in lines
    assert 'ssh = "auto"  # built in' in lines
    assert f'tui.theme = "light"  # {path} [tui]' in lines
    assert "tui.mouse = true  # built in" in lines
    other = await codex_ssh("config", "show", "laptop", "--json", home=tmp_path)
    values = {fact["key"]: fact["value"] for fact in map(json.loads, other.out.splitlines())}
    assert (values["cd"], values["door"], values["model"]) == ('""', "false", '"gpt-a"')


async def test_check_tells_every_fault_and_has_an_exit_code(tmp_path: Path) -> None:
    none = await codex_ssh("config", "check", home=tmp_path)
    assert (none.code, "none is needed" in none.err) == (0, True)
    write(tmp_path, FILE)
    good = await codex_ssh("config", "check", home=tmp_path)
    assert (good.code, "nothing is wrong" in good.err) == (0, True)
    write(tmp_path, FILE + 'mause = true\n[host.x]\nmodell = "x"\nssh = "putty"\n')
    bad = await codex_ssh("config", "check", home=tmp_path)
    assert bad.code == 3
    assert "did you mean 'model'" in bad.err
    assert "putty" in bad.err
    assert "did you mean 'mouse'" in bad.err
    write(tmp_path, "[defaults\n")
    assert (await codex_ssh("config", "check", home=tmp_path)).code == 3


async def test_init_begins_a_file_and_never_overwrites_one(tmp_path: Path) -> None:
    begun = await codex_ssh("config", "init", home=tmp_path)
    path = Path(begun.out.strip())
    assert begun.code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (await codex_ssh("config", "path", home=tmp_path)).out.strip() == str(path)
    assert (await codex_ssh("config", "check", home=tmp_path)).code == 0
    path.write_text(FILE)
    again = await codex_ssh("config", "init", home=tmp_path)
    assert again.code == 2
    assert path.read_text() == FILE
