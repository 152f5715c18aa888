"""What ``server status`` tells beyond what a connect needs: each codex with its version, and the sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codex_ssh.core.probe import FoundCodex
from codex_ssh.link.appserver import look
from codex_ssh.link.choosing import Wanted
from tests.integration.test_link_dial import logged_in
from tests.support import processes
from tests.support.cli import codex_ssh
from tests.support.codex import codex_environment, require_codex
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

REFUSES = """\
#!/bin/sh
case $1 in
    --version) echo codex-cli 0.0.7 ;;
    sandbox) echo "bwrap: No permissions to create a new namespace" >&2; exit 1 ;;
esac
"""
HANGS = "#!/bin/sh\nexec sleep 600\n"


def put(place: Path, text: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(0o755)
    return place


async def test_each_codex_is_listed_with_its_version_and_none_can_hang_the_rest(sshd: Sshd) -> None:
    named = sshd.install(require_codex("npm").path, "codex")
    other = sshd.home / ".local" / "bin" / "codex"
    other.parent.mkdir(parents=True)
    other.symlink_to(require_codex("pypi").path)
    stuck = put(sshd.home / ".volta" / "bin" / "codex", HANGS)
    async with logged_in(sshd) as ssh:
        quick = await look(ssh, Wanted())
        whole = await look(ssh, Wanted(), everything=True)
    # A connect that has to start a server asks the one it would start, and no other.
    assert (quick.codex, quick.around.found, quick.around.sandbox_starts) == (str(named), (), None)
    assert whole.around.found[0] == FoundCodex(path=str(named), version="0.169.0")
    assert FoundCodex(path=str(other), version="0.163.0") in whole.around.found
    assert FoundCodex(path=str(stuck), version="") in whole.around.found
    assert len({found.path for found in whole.around.found}) == len(whole.around.found)


async def test_whether_a_sandbox_starts_is_tried_and_told(sshd: Sshd, tmp_path: Path) -> None:
    sshd.install(require_codex().path, "codex")
    home = sshd.home / ".codex"
    home.mkdir(mode=0o700)
    tried = await processes.run(
        [require_codex().path, "sandbox", "--", "true"], environment=codex_environment(home)
    )
    done = await codex_ssh("server", "status", "devbox", "-F", sshd.ssh_config, "--json", home=tmp_path)
    facts = json.loads(done.out)
    assert facts["sandboxStarts"] is (tried.code == 0), tried.err
    assert facts["sandbox"] == "starts" or "does not start" in facts["sandbox"]
    assert facts["allCodex"][0] == {
        "path": str(sshd.home / "bin" / "codex"),
        "version": require_codex().version(),
    }


async def test_a_sandbox_that_does_not_start_is_told_with_codexs_words(sshd: Sshd, tmp_path: Path) -> None:
    put(sshd.home / "bin" / "codex", REFUSES)
    (sshd.home / ".codex").mkdir(mode=0o700)
    done = await codex_ssh("server", "status", "devbox", "-F", sshd.ssh_config, home=tmp_path)
    (line,) = [line for line in done.out.splitlines() if line.startswith("sandbox: ")]
    assert "does not start" in line
    assert "No permissions to create a new namespace" in line
    assert f"allCodex: {sshd.home / 'bin' / 'codex'} 0.0.7" in done.out


async def test_nothing_is_made_there_to_find_out(sshd: Sshd) -> None:
    sshd.install(require_codex().path, "codex")
    async with logged_in(sshd) as ssh:
        probe = await look(ssh, Wanted(), everything=True)
    assert probe.around.sandbox_starts is None
    assert not (sshd.home / ".codex").exists()
