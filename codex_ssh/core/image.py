"""An image that goes along with a message: what kind it is, how large, and whether it may be sent.

Lives here: the value, and reading the headers of the four formats models take. Nothing is decoded or scaled:
the bytes go as they are. Not here: where the bytes come from (:mod:`codex_ssh.local.clipboard`,
:mod:`codex_ssh.local.image_file`) and how they travel (:class:`codex_ssh.core.attachment.Picture`).

Sources: PNG (W3C, 11.2.2), JPEG (ITU T.81, B.1 and B.2), GIF89a (section 18), WebP (RFC 9649).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import field
from typing import Final

from codex_ssh.core.attachment import Picture
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ImageRefused

IMAGE_BYTES: Final = 20_000_000
"""The most one image may have: a screenshot of a large screen has half of it."""

IMAGES_BYTES: Final = 40_000_000
"""The most all images of a message may have: as ``data:`` URLs they are a third longer, and the app server
drops a connection that sends it more than 64 MiB in one message."""

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image, whole.

    Attributes:
        media_type: ``image/png`` and so on, by its content.
        width, height: In pixels.
        content: The file's bytes.
        name: What to call it: the file's name without folders, or ``clipboard``.
    """

    media_type: str
    width: int
    height: int
    content: bytes = field(repr=False)
    name: str = ""

    @property
    def label(self) -> str:
        """What a person sees for it: ``shot.png 1920×1080, 1.2 MB``. Safe to print."""
        return (
            f"{plain_line(self.name or 'image')} {self.width}×{self.height}, {size_text(len(self.content))}"
        )

    def data_url(self) -> str:
        """Give all of it as a ``data:`` URL."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode('ascii')}"

    def attachment(self) -> Picture:
        """Give it as something that goes with a message."""
        return Picture(url=self.data_url(), label=self.label)


def decode_image(content: bytes, *, name: str, path: str = "") -> Image:
    """Tell what image the bytes are.

    Args:
        content: A whole file.
        name: What to call it.
        path: Where it was, for the error.

    Raises:
        ImageRefused: It is none of the four formats, has no pixels, or is too large.
    """
    require_size(len(content), name=name, path=path)
    for media_type, measure in _FORMATS:
        size = measure(content)
        if size is not None and size[0] > 0 and size[1] > 0:
            return Image(media_type=media_type, width=size[0], height=size[1], content=content, name=name)
    raise ImageRefused(
        f"{name!r} is not an image that can be sent",
        path=path,
        hint="PNG, JPEG, GIF and WebP can be sent; convert it to one of these",
    )


def require_size(size: int, *, name: str, path: str = "") -> None:
    """Refuse an image that is too large to be sent.

    Args:
        size: In bytes.
        name: What to call it.
        path: Where it is, for the error.

    Raises:
        ImageRefused: It is.
    """
    if size > IMAGE_BYTES:
        raise ImageRefused(
            f"{name!r} has {size_text(size)}, and an image may have {size_text(IMAGE_BYTES)}",
            path=path,
            hint="make it smaller, or save it as JPEG",
        )


def require_room(images: Iterable[Image], *, beside: int = 0) -> None:
    """Refuse images that are too large for one message together.

    Args:
        images: What is to go along.
        beside: Bytes of what goes along already.

    Raises:
        ImageRefused: They are.
    """
    size = beside + sum(len(image.content) for image in images)
    if size > IMAGES_BYTES:
        raise ImageRefused(
            f"the images have {size_text(size)} together, and those of a message may have"
            f" {size_text(IMAGES_BYTES)}",
            hint="send them in several messages, or make them smaller",
        )


def is_image_name(path: str) -> bool:
    """Whether a path looks like that of an image: it ends like one."""
    return path.lower().endswith(SUFFIXES)


def size_text(size: int) -> str:
    """Give a number of bytes for a person: ``812 B``, ``34 kB``, ``1.2 MB``."""
    if size < 1000:
        return f"{size} B"
    if size < 999_500:
        return f"{size / 1000:.0f} kB"
    return f"{size / 1e6:.1f} MB"


# ---------------------------------------------------------------- the four formats: width and height, or None


def _png(content: bytes) -> tuple[int, int] | None:
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR" or len(content) < 24:
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _gif(content: bytes) -> tuple[int, int] | None:
    if content[:6] not in (b"GIF87a", b"GIF89a") or len(content) < 10:
        return None
    return int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """Go from segment to segment until the one that begins a frame."""
    if content[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = content[at + 5 : at + 7], content[at + 7 : at + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        elif marker in (0x01, *range(0xD0, 0xD8)):  # those without a length
            at += 2
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def _webp(content: bytes) -> tuple[int, int] | None:
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    match content[12:16]:
        case b"VP8 " if content[23:26] == b"\x9d\x01\x2a":
            width, height = content[26:28], content[28:30]
            return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF
        case b"VP8L" if content[20] == 0x2F:
            bits = int.from_bytes(content[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            width, height = content[24:27], content[27:30]
            return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
        case _:
            return None


_FORMATS: Final = (("image/png", _png), ("image/jpeg", _jpeg), ("image/gif", _gif), ("image/webp", _webp))
