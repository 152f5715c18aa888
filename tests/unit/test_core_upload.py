"""Which images go as files, and what these are called."""

import base64
import re
from dataclasses import replace

import pytest

from codex_ssh.core.attachment import Picture
from codex_ssh.core.upload import INLINE_BYTES, upload_of


def picture(size: int, media_type: str = "image/png") -> Picture:
    return Picture(url=f"data:{media_type};base64,{base64.b64encode(bytes(size)).decode()}")


def test_a_large_image_is_a_file_named_by_its_content() -> None:
    one = upload_of(picture(INLINE_BYTES + 1, "image/jpeg"), "019-abc")
    assert one is not None
    assert (one.folder, len(one.content)) == ("019-abc", INLINE_BYTES + 1)
    assert one.name.endswith(".jpg")
    again = upload_of(picture(INLINE_BYTES + 1, "image/jpeg"), "019-abc")
    assert again == one
    other = upload_of(picture(INLINE_BYTES + 2, "image/jpeg"), "019-abc")
    assert other is not None
    assert other.name != one.name


@pytest.mark.parametrize(
    ("label", "stem"),
    [
        ("shot.png 1920×1080, 1.2 MB", "shot"),
        ("a 'b' $(c).png 3×2, 1.2 MB", "a-b-c"),
        ("../../etc/x.png 3×2, 1.2 MB", "etc-x"),
        ("clipboard 3×2, 1.2 MB", "image"),
        ("-rf.png 3×2, 1.2 MB", "rf"),
        ("", "image"),
    ],
)
def test_a_file_is_called_as_the_image_was(label: str, stem: str) -> None:
    one = upload_of(replace(picture(INLINE_BYTES + 1), label=label), "019-abc")
    assert one is not None
    assert re.fullmatch(rf"{re.escape(stem)}-[0-9a-f]{{16}}\.png", one.name), one.name


def test_a_small_image_goes_inside_the_message() -> None:
    assert upload_of(picture(INLINE_BYTES), "019-abc") is None


@pytest.mark.parametrize("thread", ["", "..", "a/b", "-rf", "a b", "x" * 200])
def test_a_thread_that_is_no_name_for_a_folder_has_no_files(thread: str) -> None:
    assert upload_of(picture(INLINE_BYTES + 1), thread) is None


@pytest.mark.parametrize(
    "url",
    ["https://x/y.png", "data:image/svg+xml;base64,AAAA" * 100_000, "data:image/png;base64,!" * 100_000],
)
def test_what_is_no_image_of_ours_stays_as_it_is(url: str) -> None:
    assert upload_of(Picture(url=url), "019-abc") is None
