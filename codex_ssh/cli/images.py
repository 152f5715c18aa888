"""``--image FILE``: images of this machine that go along with the first prompt."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from codex_ssh.core.attachment import Picture
from codex_ssh.core.image import require_room


def add_image_option(parser: argparse._ActionsContainer) -> None:
    """Add the flag."""
    parser.add_argument(
        "--image",
        metavar="FILE",
        action="append",
        default=[],
        help="an image file of this machine that goes along with PROMPT; may be given more than once",
    )


def read_images(paths: Sequence[str]) -> tuple[Picture, ...]:
    """Read the images before anything else is done.

    Raises:
        ImageRefused: One cannot be sent, or all of them together cannot.
    """
    if not paths:
        return ()
    from codex_ssh.local.image_file import load_image

    images = [load_image(path) for path in paths]
    require_room(images)
    return tuple(image.attachment() for image in images)


def checked_images(paths: Sequence[str]) -> tuple[str, ...]:
    """Give absolute paths of images that can be sent, for another program to read.

    Raises:
        ImageRefused: One cannot be sent, or all of them together cannot.
    """
    if not paths:
        return ()
    from codex_ssh.local.image_file import find_image

    read_images(paths)
    return tuple(str(find_image(path).absolute()) for path in paths)
