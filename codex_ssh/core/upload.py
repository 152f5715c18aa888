"""An image that is brought to the devbox as a file instead of inside the message.

Lives here: which images, and what the file is called. Not here: bringing it (:mod:`codex_ssh.link.uploads`).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import field
from hashlib import sha256
from typing import Final

from codex_ssh.core.attachment import Picture
from codex_ssh.core.value import dataclass

INLINE_BYTES: Final = 256 * 1024
"""An image above this goes as a file. Inside the message it is a third longer, nothing else passes the
session meanwhile, an approval neither, and every client of the thread gets it again when it joins."""

_SUFFIXES: Final = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]+")
_STEM_CHARACTERS: Final = 40
_THREAD: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file to be brought.

    Attributes:
        folder: The name of its folder.
        name: Its own. One of the two is made from the content: the same file is brought once, by its size.
        content: All of it.
    """

    folder: str
    name: str
    content: bytes = field(repr=False)


def upload_of(picture: Picture, thread_id: str) -> Upload | None:
    """Give what is to be brought; None when the image goes inside the message.

    Args:
        picture: As it would go inside.
        thread_id: Whose message it belongs to.
    """
    head, comma, encoded = picture.url.partition(",")
    media_type = head.removeprefix("data:").removesuffix(";base64")
    if (
        not comma
        or media_type not in _SUFFIXES
        or not head.endswith(";base64")
        or picture.size <= INLINE_BYTES
    ):
        return None
    if _THREAD.fullmatch(thread_id) is None:
        return None
    try:
        content = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None
    digest = sha256(content).hexdigest()[:16]
    name = f"{_stem(picture.label)}-{digest}.{_SUFFIXES[media_type]}"
    return Upload(folder=thread_id, name=name, content=content)


def _stem(label: str) -> str:
    """Give what a person calls an image, as a part of a name that needs no quotes anywhere."""
    # shot.png 1920×1080, 1.2 MB
    name = label.rsplit(" ", 3)[0].rpartition(".")[0] or "image"
    return _NOT_IN_NAMES.sub("-", name).strip("-.")[:_STEM_CHARACTERS] or "image"
