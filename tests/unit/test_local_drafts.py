"""What was typed, on disk: one file a client, and what a dead one left."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from codex_ssh.core.attachment import Mention, Picture
from codex_ssh.core.draft import harmless
from codex_ssh.core.outbox import Delivery, Kept, Message, Outbox
from codex_ssh.core.thread import ThreadId
from codex_ssh.local.drafts import merge_kept, open_drafts

KEPT = Kept(
    thread_id="t",
    draft=harmless("half a sen"),
    outbox=Outbox(
        messages=(
            Message(id="m", thread_id=ThreadId("t"), text="über\nlines", delivery=Delivery.UNCONFIRMED),
            Message(
                id="n",
                thread_id=ThreadId("t"),
                text="",
                attachments=(Picture(url="data:,x", label="x.png"), Mention(name="a", path="/a")),
            ),
        )
    ),
)

KILLED = """
import os, signal, sys
from pathlib import Path
from codex_ssh.core.attachment import Mention, Picture
from codex_ssh.core.draft import harmless
from codex_ssh.core.outbox import Kept
from codex_ssh.local.drafts import open_drafts
with open_drafts(Path(sys.argv[1]), "devbox") as drafts:
    drafts.save(Kept(thread_id="t", draft=harmless(sys.argv[2])))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_client(directory: Path, draft: str) -> None:
    """Let a client die with a draft."""
    ended = subprocess.run([sys.executable, "-c", KILLED, str(directory), draft], check=False)
    assert ended.returncode == -signal.SIGKILL


def test_a_killed_clients_text_goes_to_the_next_one_once(tmp_path: Path) -> None:
    killed_client(tmp_path, "first")
    killed_client(tmp_path, "second")  # it took the first one's over, and left no more than it saved
    with open_drafts(tmp_path, "devbox") as drafts:
        assert [kept.draft.text for kept in drafts.left] == ["second"]
        with open_drafts(tmp_path, "devbox") as other:
            assert other.left == ()
    with open_drafts(tmp_path, "devbox") as again:
        assert [kept.draft.text for kept in again.left] == ["second"], "it was not cleared by anybody"


def test_what_is_kept_comes_back_as_it_was_and_is_nobody_elses(tmp_path: Path) -> None:
    with open_drafts(tmp_path, "alice@devbox") as drafts:
        drafts.save(KEPT)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert {stat.S_IMODE(path.parent.stat().st_mode) for path in files} == {0o700}
    with open_drafts(tmp_path, "alice@devbox") as drafts:
        assert drafts.left == (KEPT,)
        assert merge_kept(drafts.left) == KEPT
        drafts.save(Kept())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    with open_drafts(tmp_path, "devbox") as drafts:
        assert drafts.left == (), "another host's"


def test_a_living_clients_text_is_left_alone(tmp_path: Path) -> None:
    with open_drafts(tmp_path, "devbox") as one:
        one.save(KEPT)
        with open_drafts(tmp_path, "devbox") as other:
            assert other.left == ()
            other.save(Kept(draft=harmless("mine")))
        with open_drafts(tmp_path, "devbox") as third:
            assert [kept.draft.text for kept in third.left] == ["mine"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"messages": 3}', '{"draft": "x"}'])
def test_a_file_that_is_not_ours_costs_nothing(tmp_path: Path, content: str) -> None:
    with open_drafts(tmp_path, "devbox") as drafts:
        drafts.save(KEPT)
    next(tmp_path.rglob("*.json")).write_text(content)
    with open_drafts(tmp_path, "devbox") as drafts:
        assert drafts.left == ()


def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_breaks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "drafts").write_text("a file where the directory should be")
    with open_drafts(tmp_path / "drafts", "devbox") as drafts:
        drafts.save(KEPT)
        assert drafts.left == ()
    assert "not kept" in caplog.text


def test_a_host_can_be_called_anything(tmp_path: Path) -> None:
    with open_drafts(tmp_path, "../../etc/passwd") as drafts:
        drafts.save(KEPT)
    assert all(tmp_path in path.resolve().parents for path in tmp_path.rglob("*"))
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1
    assert os.listdir(tmp_path)[0].startswith("..%2F")
