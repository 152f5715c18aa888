"""Whatever bytes are called an image, they are measured or refused, and nothing else happens."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.image import decode_image
from codex_ssh.errors import ImageRefused
from tests.support import pictures

REAL = (
    pictures.PNG,
    pictures.GIF,
    pictures.JPEG_HEAD,
    pictures.JPEG_PROGRESSIVE,
    pictures.WEBP_LOSSY,
    pictures.WEBP_LOSSLESS,
    pictures.WEBP_EXTENDED,
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real image with some bytes changed, and maybe cut off."""
    content = bytearray(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(0, 6))):
        content[draw(st.integers(0, min(len(content), 64) - 1))] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.integers(0, len(content)))])


@given(st.one_of(st.binary(max_size=200), damaged()))
def test_any_bytes_are_an_image_with_a_size_or_are_refused(content: bytes) -> None:
    try:
        image = decode_image(content, name="any")
    except ImageRefused:
        return
    assert image.width > 0
    assert image.height > 0
    head, _, rest = image.data_url().partition(",")
    assert head == f"data:{image.media_type};base64"
    assert base64.b64decode(rest, validate=True) == content


@given(st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))
def test_any_size_a_png_may_have_is_read(width: int, height: int) -> None:
    content = pictures.PNG[:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + pictures.PNG[24:]
    image = decode_image(content, name="any")
    assert (image.width, image.height) == (width, height)


@given(st.integers(1, 65535), st.integers(1, 65535), st.lists(st.binary(max_size=40), max_size=4))
def test_any_size_a_jpeg_may_have_is_read_whatever_stands_before_it(
    width: int, height: int, segments: list[bytes]
) -> None:
    before = b"".join(b"\xff\xe1" + (len(one) + 2).to_bytes(2, "big") + one for one in segments)
    frame = (
        b"\xff\xc0\x00\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x03" + bytes(9)
    )
    image = decode_image(b"\xff\xd8" + before + frame, name="any")
    assert (image.width, image.height) == (width, height)
