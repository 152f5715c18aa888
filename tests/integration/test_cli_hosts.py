"""``codex-ssh hosts`` and the completion that uses it, as other processes."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.processes import run
from tests.support.require import require_program


def write(home: Path) -> None:
    ssh = home / ".ssh"
    (ssh / "conf.d").mkdir(parents=True)
    (ssh / "config").write_text(
        "Include conf.d/*.conf\nInclude ~/elsewhere\nInclude missing loop\n"
        'Host devbox dup\nHost *.lan 10.?\nMatch exec "touch ~/ran"\nHost last\n'
    )
    (ssh / "conf.d" / "b.conf").write_text("Host build-2\n")
    (ssh / "conf.d" / "a.conf").write_text("Host build-1 dup\n")
    (ssh / "loop").write_text("Include loop\n")
    (home / "elsewhere").write_text("Host far\n")


async def test_every_concrete_alias_is_listed_once_through_includes(tmp_path: Path) -> None:
    write(tmp_path)
    done = await codex_ssh("hosts", home=tmp_path)
    assert done.code == 0, done.err
    names = done.out.split()
    assert names[:6] == ["build-1", "dup", "build-2", "far", "devbox", "last"]
    assert not (tmp_path / "ran").exists()


async def test_json_says_where_a_name_stands(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("\nHost here\n")
    done = await codex_ssh("hosts", "--json", "-F", config, home=tmp_path)
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {"host": "here", "file": str(config), "line": 2}
    ]


async def test_hosts_of_the_config_file_come_behind_the_aliases(tmp_path: Path) -> None:
    write(tmp_path)
    settings = tmp_path / ".config" / "codex-ssh" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[host.devbox]\n[host.pod]\n[host."x-*"]\n')
    done = await codex_ssh("hosts", "--json", home=tmp_path)
    found = {one["host"]: one["file"] for one in map(json.loads, done.out.splitlines())}
    assert (list(found)[-1], found["pod"]) == ("pod", str(settings))
    assert found["devbox"] == str(tmp_path / ".ssh" / "config")


async def test_no_config_is_no_host(tmp_path: Path) -> None:
    done = await codex_ssh("hosts", "-F", "none", home=tmp_path)
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize("shell", ["bash", "fish"])
async def test_completion_offers_the_hosts(tmp_path: Path, shell: str) -> None:
    program = require_program(shell, f"{shell}: apt-get install {shell}")
    write(tmp_path)
    script = tmp_path / "script"
    script.write_text((await codex_ssh("completion", shell, home=tmp_path)).out)
    command = tmp_path / "bin" / "codex-ssh"
    command.parent.mkdir()
    words = " ".join(PROGRAM)
    command.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    command.chmod(0o755)
    ask = {
        "bash": f"source {script}; COMP_WORDS=(codex-ssh exec buil); COMP_CWORD=2; _shtab_codex_ssh;"
        ' printf "%s\\n" "${COMPREPLY[@]}"',
        "fish": f"source {script}; complete -C 'codex-ssh exec buil'",
    }[shell]
    path = f"{command.parent}:{os.environ['PATH']}:{Path(shutil.which('env') or '/usr/bin/env').parent}"
    done = await run([program, "-c", ask], environment=client_environment(tmp_path, PATH=path))
    assert {"build-1", "build-2"} <= set(done.out.split()), done
    assert "devbox" not in done.out.split()
