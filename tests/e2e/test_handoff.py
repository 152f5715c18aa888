"""Work handed over from one devbox to another, in one TUI: nothing of the first thread's files is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import StartCodex, StartSshd, StartTmux
from tests.e2e.test_builtin_tui import open_tui
from tests.integration.test_remote_work import begin, git, tree
from tests.support.codex import require_codex
from tests.support.model import Model
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex, pytest.mark.tmux]


def rollouts(home: Path) -> dict[Path, bytes]:
    """Give what codex stored of every thread."""
    return {path: path.read_bytes() for path in (home / ".codex" / "sessions").rglob("*.jsonl")}


def ended(home: Path) -> dict[Path, bytes]:
    """Give the same once the turn of the one thread is stored to its end."""
    found = rollouts(home)
    return found if b'"task_complete"' in b"".join(found.values()) else {}


async def test_work_is_handed_over_and_gone_on_with(
    start_tmux: StartTmux, start_sshd: StartSshd, start_codex: StartCodex, model: Model, tmp_path: Path
) -> None:
    boxes = {name: await start_sshd(name) for name in ("devbox", "gpu")}
    here = begin(tmp_path / "here", **{"a.txt": "one\n"})
    there = tmp_path / "there"
    git(tmp_path, "clone", "-q", str(here), str(there))
    git(here, "commit", "-q", "--allow-empty", "-m", "not pushed")
    (here / "a.txt").write_text("one\ntwo\n")
    (here / "new file").write_bytes(b"\0caf\xe9\n")
    sections, config, home = "", tmp_path / "ssh_config", tmp_path / "laptop"
    homes = {name: box.home for name, box in boxes.items()} | {"laptop": home}
    for name, place in homes.items():
        server = await start_codex(require_codex("npm"), codex_home=place / ".codex")
        cd = here if name == "devbox" else tmp_path
        sections += f'[host.{name}]\nendpoint = "{server.endpoint}"\ncd = "{cd}"\n'
    sections += 'exec = "sh"\n'
    config.write_text("".join(box.ssh_config.read_text() for box in boxes.values()))
    settings = home / ".config" / "codex-ssh" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(sections)

    tui = await open_tui(start_tmux, home, "-F", str(config), "devbox", "say the roof leaks", columns=120)
    await tui.wait_text("• the roof leaks")
    await tui.wait_text("idle")
    before = await until(lambda: ended(boxes["devbox"].home), "the turn is stored to its end")
    await tui.type(f"/handoff gpu {there}")
    await tui.key("Enter")
    await tui.wait_text("hand this over?", f"devbox:{here}", f"gpu:{there}", "new file  6 B", "not pushed")
    await tui.key("Down", "Enter")
    await tui.wait_text("Enter sends what stands in the composer", "git apply --3way", "idle · gpu")
    assert rollouts(boxes["gpu"].home) == {}, "nothing is said there before Enter"
    count = len(model.requests)
    await tui.key("Enter")
    await tui.wait_text("you said")
    asked = json.dumps(model.requests[count:])
    commit = git(here, "rev-parse", "HEAD").strip()
    for words in (
        f"devbox:{here}",
        commit,
        "say the roof leaks",
        "transcript.md",
        "commits.bundle",
        "changes.patch",
    ):
        assert words in asked, words

    uploads = next((boxes["gpu"].home / ".codex-ssh" / "uploads").iterdir())
    assert uploads.stat().st_mode & 0o777 == 0o700
    assert "the roof leaks" in (uploads / "transcript.md").read_text()
    assert {path.stat().st_mode & 0o777 for path in uploads.iterdir()} == {0o600}
    git(there, "fetch", str(uploads / "commits.bundle"), "HEAD")
    git(there, "merge", "--ff-only", commit)
    git(there, "apply", "--3way", str(uploads / "changes.patch"))
    assert tree(there) == tree(here)

    assert rollouts(boxes["devbox"].home) == before
    assert len(rollouts(boxes["gpu"].home)) == 1
    await tui.type("/hosts devbox")
    await tui.key("Enter")
    await tui.wait_text("handed over to gpu")
    await tui.type("say still there")
    await tui.key("Enter")
    await tui.wait_text("• still there")
    await tui.wait_text("idle · devbox")

    # The machine the TUI runs on is a host like any other.
    await tui.type(f"/handoff laptop {tmp_path}")
    await tui.key("Enter")
    await tui.wait_text("→ laptop:")
    await tui.key("Down", "Enter")
    await tui.wait_text("idle · laptop", "git apply --3way")
    brought = next((home / ".codex-ssh" / "uploads").iterdir())
    assert sorted(path.name for path in brought.iterdir()) == ["changes.patch", "transcript.md"]
