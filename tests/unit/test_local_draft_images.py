"""Images among what was typed: each in a file of its own, written once, gone with what names it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

from codex_ssh.core.attachment import Picture
from codex_ssh.core.draft import Draft, image_fold
from codex_ssh.core.outbox import Kept, Message, Outbox
from codex_ssh.core.thread import ThreadId
from codex_ssh.local.draft_images import DraftImages, read_draft_image
from codex_ssh.local.drafts import merge_kept, open_drafts

ONE = Picture(url="data:image/png;base64,AAAA", label="one.png 3×2, 3 B")
TWO = Picture(url="data:image/png;base64,BBBB", label="two.png 3×2, 3 B")

KILLED = """
import os, signal, sys
from pathlib import Path
from codex_ssh.core.attachment import Picture
from codex_ssh.core.draft import Draft, image_fold
from codex_ssh.core.outbox import Kept
from codex_ssh.local.drafts import open_drafts
with open_drafts(Path(sys.argv[1]), "devbox") as drafts:
    image = image_fold(Picture(url="data:image/png;base64,AAAA", label="one.png 3×2, 3 B"))
    drafts.save(Kept(draft=Draft(pieces=("see ", image))))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kept(*pictures: Picture, text: str = "see ") -> Kept:
    return Kept(draft=Draft(pieces=(text, *map(image_fold, pictures))))


def images(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*.image"))


def test_an_image_is_written_once_however_often_the_text_changes(tmp_path: Path) -> None:
    with open_drafts(tmp_path, "devbox") as drafts:
        drafts.save(kept(ONE))
        [file] = images(tmp_path)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        before = file.stat()
        drafts.save(kept(ONE, text="see here "))
        assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
        assert "AAAA" not in next(tmp_path.rglob("*.json")).read_text()


def test_an_image_nothing_names_any_more_is_gone(tmp_path: Path) -> None:
    with open_drafts(tmp_path, "devbox") as drafts:
        drafts.save(kept(ONE, TWO))
        assert len(images(tmp_path)) == 2
        drafts.save(kept(TWO))
        assert [file.read_text() for file in images(tmp_path)] == [TWO.url]
        drafts.save(kept(TWO, ONE))
        assert len(images(tmp_path)) == 2
        drafts.save(Kept())
        assert images(tmp_path) == []


def test_a_killed_clients_images_go_to_the_next_one(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(images(tmp_path)) == 1
    with open_drafts(tmp_path, "devbox") as drafts:
        assert merge_kept(drafts.left).draft == kept(ONE).draft
        [file] = images(tmp_path)
        assert file.name.startswith(f"{os.getpid()}-"), "it is this client's now"
        drafts.save(Kept())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_message_on_its_way_has_its_images_again(tmp_path: Path) -> None:
    message = Message(id="m", thread_id=ThreadId("t"), text="look", attachments=(ONE, TWO, ONE))
    with open_drafts(tmp_path, "devbox") as drafts:
        drafts.save(Kept(thread_id="t", outbox=Outbox(messages=(message,))))
        assert len(images(tmp_path)) == 2
    with open_drafts(tmp_path, "devbox") as drafts:
        assert drafts.left[0].outbox.messages == (message,)


def test_an_image_that_is_gone_costs_that_image_only(tmp_path: Path) -> None:
    with open_drafts(tmp_path, "devbox") as drafts:
        drafts.save(kept(ONE, TWO))
    next(file for file in images(tmp_path) if file.read_text() == ONE.url).unlink()
    with open_drafts(tmp_path, "devbox") as drafts:
        assert merge_kept(drafts.left).draft == kept(TWO).draft


def test_what_an_earlier_release_kept_is_read(tmp_path: Path) -> None:
    with open_drafts(tmp_path, "devbox") as drafts:
        drafts.save(kept(ONE))
    file = next(tmp_path.rglob("*.json"))
    name = images(tmp_path)[0].name
    file.write_text(file.read_text().replace(f'"file": "{name}"', f'"url": "{ONE.url}"'))
    with open_drafts(tmp_path, "devbox") as drafts:
        assert merge_kept(drafts.left).draft == kept(ONE).draft


def test_only_files_beside_it_are_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    own = tmp_path / "place" / "1-ab.json"
    own.parent.mkdir()
    images_of_mine = DraftImages(own)
    assert read_draft_image(own, images_of_mine.name(ONE.url)) == ONE.url
    for name in ("../secret", str(tmp_path / "secret"), "", ".", "nothing"):
        assert read_draft_image(own, name) == ""
