"""The program that knows hosts is run when its last answer is old, and its answer is kept."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from codex_ssh.core.config import Layer
from codex_ssh.core.host_command import FleetSettings
from codex_ssh.errors import ConfigError
from codex_ssh.local.config_file import settings_for
from codex_ssh.local.host_command import kept_hosts, refresh_hosts

EXAMPLES = Path(__file__).parents[2] / "config"


def program(tmp_path: Path, text: str) -> FleetSettings:
    """A program that counts its runs and does what it is told."""
    path = tmp_path / "hosts"
    path.write_text(f"#!/bin/sh\necho run >> {tmp_path}/runs\n{text}\n")
    path.chmod(0o755)
    return FleetSettings(host_command=(str(path), "all"), host_command_seconds=60)


def runs(tmp_path: Path) -> int:
    return len((tmp_path / "runs").read_text().splitlines())


async def test_it_is_run_again_when_its_answer_is_old(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "answer.json"
    settings = program(tmp_path, 'echo "{\\"name\\": \\"$1-$(wc -l < ' + str(tmp_path) + '/runs)\\"}"')
    assert kept_hosts(settings, file) == {}
    for now, names, count in ((1000.0, ["all-1"], 1), (1059.0, ["all-1"], 1), (1060.0, ["all-2"], 2)):
        assert list(await refresh_hosts(settings, now=now, file=file)) == names
        assert runs(tmp_path) == count
    # A clock that was put back does not keep an answer for ever.
    await refresh_hosts(settings, now=500.0, file=file)
    assert runs(tmp_path) == 3
    assert list(kept_hosts(settings, file)) == ["all-3"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept_hosts(FleetSettings(host_command=("another",)), file) == {}
    assert await refresh_hosts(FleetSettings(), now=0.0, file=file) == {}


@pytest.mark.parametrize(("text", "said"), [("exit 3", "ended with 3"), ("echo nonsense", "no JSON")])
async def test_one_that_fails_is_said_and_its_last_answer_stays(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "answer.json"
    settings = program(tmp_path, """echo '{"name": "box"}'""")
    await refresh_hosts(settings, now=0.0, file=file)
    program(tmp_path, text)
    with pytest.raises(ConfigError, match=said):
        await refresh_hosts(settings, now=1000.0, file=file)
    assert list(kept_hosts(settings, file)) == ["box"]
    with pytest.raises(ConfigError, match="cannot be run"):
        await refresh_hosts(FleetSettings(host_command=("/nowhere",)), now=0.0, file=file)


async def test_what_it_says_of_a_host_stands_between_defaults_and_sections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CODEX_SSH_CONFIG", str(tmp_path / "config.toml"))
    settings = program(tmp_path, """echo '{"name": "pod", "exec": "sh", "cd": "/told", "model": "told"}'""")
    (tmp_path / "config.toml").write_text(
        '[defaults]\ncd = "/default"\n[host.pod]\nmodel = "mine"\n'
        f'[fleet]\nhost_command = "{settings.host_command[0]} all"\n'
    )
    await refresh_hosts(settings, now=1.0)
    nothing = Layer(origin="the command line", values={})
    found = settings_for("pod", nothing)
    assert (found.settings.exec, found.settings.cd, found.settings.model) == (("sh",), "/told", "mine")
    assert found.origins["cd"] == "host_command: pod"
    assert settings_for("other", nothing).settings.cd == "/default"


ANSWERS = {
    "coder": '[{"name": "a", "latest_build": {"status": "running"}}, '
    '{"name": "b", "latest_build": {"status": "stopped"}}]',
    "aws": '[{"name": "ip-10-0-0-1.ec2.internal"}]',
    "kubectl": '{"name": "pod-1", "exec": "kubectl exec -i -n dev pod-1 --"}',
}


@pytest.mark.parametrize(
    ("example", "answers", "names"),
    [
        ("hosts-coder", "coder", ["coder.a"]),
        ("hosts-ec2", "aws", ["ip-10-0-0-1.ec2.internal"]),
        ("hosts-kubernetes", "kubectl", ["pod-1"]),
    ],
)
async def test_the_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str, answers: str, names: list[str]
) -> None:
    service = tmp_path / "bin" / answers
    service.parent.mkdir()
    service.write_text(f"#!/bin/sh\ncat <<'EOF'\n{ANSWERS[answers]}\nEOF\n")
    service.chmod(0o755)
    monkeypatch.setenv("PATH", f"{service.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHON", sys.executable)
    settings = FleetSettings(host_command=(str(EXAMPLES / example),))
    assert list(await refresh_hosts(settings, now=0.0, file=tmp_path / "answer.json")) == names
