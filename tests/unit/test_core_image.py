"""Images by their bytes: what they are, and whether they may be sent."""

from __future__ import annotations

import base64

import pytest

from codex_ssh.core.attachment import Picture
from codex_ssh.core.image import (
    IMAGE_BYTES,
    IMAGES_BYTES,
    Image,
    decode_image,
    is_image_name,
    require_room,
    size_text,
)
from codex_ssh.errors import ImageRefused
from tests.support import pictures


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (pictures.PNG, "image/png"),
        (pictures.GIF, "image/gif"),
        (pictures.JPEG_HEAD, "image/jpeg"),
        (pictures.JPEG_PROGRESSIVE, "image/jpeg"),
        (pictures.WEBP_LOSSY, "image/webp"),
        (pictures.WEBP_LOSSLESS, "image/webp"),
        (pictures.WEBP_EXTENDED, "image/webp"),
    ],
    ids=["png", "gif", "jpeg with exif", "progressive jpeg", "webp", "lossless webp", "extended webp"],
)
def test_an_image_is_known_by_its_bytes(content: bytes, media_type: str) -> None:
    image = decode_image(content, name="a.bin")

    assert (image.media_type, image.width, image.height) == (media_type, 3, 2)
    assert image.data_url() == f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def test_sizes_of_two_and_three_bytes_are_read_whole() -> None:
    png = pictures.PNG[:16] + (70_000).to_bytes(4, "big") + (300).to_bytes(4, "big") + pictures.PNG[24:]
    webp = pictures.WEBP_EXTENDED[:24] + (69_999).to_bytes(3, "little") + pictures.WEBP_EXTENDED[27:]

    assert (decode_image(png, name="").width, decode_image(png, name="").height) == (70_000, 300)
    assert decode_image(webp, name="").width == 70_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"#!/bin/sh\n",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        pictures.PNG[:20],
        pictures.PNG[:16] + bytes(8),
        pictures.GIF[:9],
        pictures.JPEG_HEAD[:30],
        b"\xff\xd8" + b"\xff" * 100,
        pictures.WEBP_LOSSY[:26],
        b"RIFF\x00\x00\x00\x00WEBPWHAT" + bytes(40),
    ],
)
def test_what_is_no_whole_image_is_refused(content: bytes) -> None:
    with pytest.raises(ImageRefused, match=r"'notes\.txt' is not an image") as refused:
        decode_image(content, name="notes.txt", path="/home/me/notes.txt")
    assert refused.value.path == "/home/me/notes.txt"
    assert "JPEG" in refused.value.hint


def test_an_image_that_is_too_large_is_refused_with_both_sizes() -> None:
    with pytest.raises(ImageRefused, match=r"'big\.png' has 20\.0 MB, and an image may have 20\.0 MB"):
        decode_image(pictures.PNG + bytes(IMAGE_BYTES), name="big.png")


def test_images_that_are_too_large_together_are_refused() -> None:
    half = Image(media_type="image/png", width=1, height=1, content=bytes(IMAGES_BYTES // 2))
    require_room([half, half])
    with pytest.raises(ImageRefused, match="together"):
        require_room([half, half, decode_image(pictures.PNG, name="a")])


def test_all_images_a_message_may_have_fit_into_a_message_of_the_app_server() -> None:
    assert IMAGES_BYTES * 4 // 3 < 60 * 1024 * 1024
    assert IMAGE_BYTES <= IMAGES_BYTES


def test_what_goes_with_a_message_says_what_it_is_and_cannot_draw_on_the_screen() -> None:
    image = decode_image(pictures.PNG, name="a\x1b[2J.png")

    assert image.attachment() == Picture(url=image.data_url(), label="a␛[2J.png 3×2, 78 B")
    assert "iVBOR" not in repr(image)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (34_400, "34 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_234_567, "1.2 MB"),
    ],
)
def test_a_size_is_said_shortly(size: int, text: str) -> None:
    assert size_text(size) == text


def test_images_are_guessed_by_their_names() -> None:
    assert is_image_name("/a/B.PNG")
    assert is_image_name("x.jpeg")
    assert not is_image_name("/a/png")
    assert not is_image_name("notes.txt")
