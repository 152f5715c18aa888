"""What was typed, on this machine's disk: a client that is killed leaves it to the next one.

Lives here: one file a running client, the lock that tells whether it still runs, and taking over what a dead
one left. Not here: what is kept and when (:mod:`codex_ssh.core.outbox`), and the files its images are in
(:mod:`codex_ssh.local.draft_images`).

Written before anything is sent, and without a sync to the disk itself: it is there for a client that dies,
not for a machine that does. Files have mode 0600 in a directory of 0700; what was said to a model is nobody
else's business.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from codex_ssh.core.attachment import Attachment, Picture, read_attachment, wire_attachment
from codex_ssh.core.draft import Draft, Fold, harmless, join_drafts
from codex_ssh.core.outbox import Delivery, Kept, Message, Outbox
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.thread import ThreadId
from codex_ssh.errors import ConfigError
from codex_ssh.local.draft_images import DraftImages, image_files, read_draft_image
from codex_ssh.local.files import lock_file, make_private_dir, write_private

log = logging.getLogger(__name__)

_FORMAT: Final = 1


class DraftFile:
    """What this client keeps for one host.

    Args:
        path: The file; there is none while nothing is kept. None keeps nothing.
        left: What dead clients left for this host, the oldest first.
    """

    def __init__(self, path: Path | None, left: tuple[Kept, ...]) -> None:
        self._path = path
        self._images = DraftImages(path) if path is not None else None
        self.left = left

    def save(self, kept: Kept) -> None:
        """Replace what is kept; a disk that is full costs the safety, not the conversation."""
        if self._path is None or self._images is None:
            return
        try:
            if kept:
                write_private(self._path, json.dumps(_encode(kept, self._images)))
            else:
                self._path.unlink(missing_ok=True)
            self._images.forget_others()
        except OSError as error:
            log.warning("what was typed is not kept: %s", error)


@contextmanager
def no_drafts() -> Generator[DraftFile, None, None]:
    """Give a file that keeps nothing, for a client in which nothing is typed; what others left stays."""
    yield DraftFile(None, ())


@contextmanager
def open_drafts(directory: Path, host: str) -> Generator[DraftFile, None, None]:
    """Give the file of this client, and take over what dead clients of this host left.

    What they left is in this client's own file before theirs go. What is still kept at the end stays for the
    next client. Where nothing can be written nothing is kept, and the log says so.
    """
    name = f"{os.getpid()}-{secrets.token_hex(4)}"
    try:
        place = make_private_dir(make_private_dir(directory) / f"{quote(host, safe='@')}.host")
        handle = lock_file(place / f"{name}.lock", wait=True)
    except (OSError, ConfigError) as error:
        log.warning("what is typed is not kept: %s", error)
        yield DraftFile(None, ())
        return
    assert handle is not None  # it is made, and waited for
    path, lock = place / f"{name}.json", place / f"{name}.lock"
    try:
        with _dead_clients(place, but=lock) as files:
            left = tuple(kept for file in files if (kept := _read(file)) is not None)
            drafts = DraftFile(path, left)
            drafts.save(merge_kept(left))
            for file in files:
                for image in image_files(file):
                    image.unlink(missing_ok=True)
                file.unlink(missing_ok=True)
        yield drafts
    finally:
        if not path.exists():
            lock.unlink(missing_ok=True)
        os.close(handle)


def merge_kept(left: Sequence[Kept]) -> Kept:
    """Put together what several clients left."""
    return Kept(
        thread_id=left[-1].thread_id if left else "",
        draft=join_drafts(kept.draft for kept in left),
        outbox=Outbox(messages=tuple(message for kept in left for message in kept.outbox.messages)),
    )


@contextmanager
def _dead_clients(place: Path, *, but: Path) -> Generator[list[Path], None, None]:
    """Give the files of clients that ended without clearing them, held so that nobody else takes them."""
    found: list[Path] = []
    with ExitStack() as held:
        for lock in sorted(place.glob("*.lock"), key=_age):
            if lock == but or (handle := lock_file(lock, make=False)) is None:
                continue
            held.callback(os.close, handle)
            held.callback(lock.unlink, missing_ok=True)
            found.append(lock.with_suffix(".json"))
        yield found


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _read(path: Path) -> Kept | None:
    try:
        return _decode(json.loads(path.read_text(encoding="utf-8")), path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s is not a draft of ours: %s", path, error)
        return None


def _encode(kept: Kept, images: DraftImages) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "thread": kept.thread_id,
        "draft": [_encode_piece(piece, images) for piece in kept.draft.pieces],
        "messages": [
            {
                "id": message.id,
                "thread": message.thread_id,
                "text": message.text,
                "attachments": [_encode_attachment(one, images) for one in message.attachments],
                "delivery": message.delivery.name,
                "queued": message.is_queued,
            }
            for message in kept.outbox.messages
        ],
    }


def _encode_piece(piece: str | Fold, images: DraftImages) -> str | dict[str, Any]:
    if isinstance(piece, str):
        return piece
    shape: dict[str, Any] = {"label": piece.label, "text": piece.text}
    if piece.attachment is not None:
        shape["attachment"] = _encode_attachment(piece.attachment, images)
    return shape


def _decode_draft(shape: Any, path: Path) -> Draft:
    """Read a draft; one of an earlier release is a text."""
    if isinstance(shape, str):
        return harmless(shape)
    pieces: list[str | Fold] = []
    for piece in shape:
        if isinstance(piece, str):
            pieces += harmless(piece).pieces
        else:
            attached = _decode_attachment(piece["attachment"], path) if "attachment" in piece else None
            if attached is None and not piece["text"]:
                continue  # an image that is gone
            pieces.append(
                Fold(
                    label=plain_line(str(piece["label"])) or "[…]",
                    text=str(piece["text"]),
                    attachment=attached,
                )
            )
    return Draft(pieces=tuple(pieces))


def _encode_attachment(attachment: Attachment, images: DraftImages) -> dict[str, Any]:
    if isinstance(attachment, Picture):
        return {"type": "image", "file": images.name(attachment.url), "label": attachment.label}
    return dict(wire_attachment(attachment))


def _decode_attachments(shapes: Iterable[dict[str, Any]], path: Path) -> tuple[Attachment, ...]:
    found = (_decode_attachment(shape, path) for shape in shapes)
    return tuple(one for one in found if one is not None)


def _decode_attachment(shape: dict[str, Any], path: Path) -> Attachment | None:
    if "file" in shape:
        shape = {**shape, "url": read_draft_image(path, str(shape["file"]))}
    return read_attachment(shape)


def _decode(document: dict[str, Any], path: Path) -> Kept:
    messages = tuple(
        Message(
            id=str(one["id"]),
            thread_id=ThreadId(str(one["thread"])),
            text=str(one["text"]),
            attachments=tuple(
                filter(None, (_decode_attachment(it, path) for it in one.get("attachments", ())))
            ),
            delivery=Delivery[one["delivery"]],
            is_queued=bool(one.get("queued", False)),
        )
        for one in document["messages"]
    )
    return Kept(
        thread_id=str(document["thread"]),
        draft=_decode_draft(document["draft"], path),
        outbox=Outbox(messages=messages),
    )
