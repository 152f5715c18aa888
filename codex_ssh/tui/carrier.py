"""Files between this machine and the devbox, beside the session.

Lives here: the Protocol, one who carries nothing, and what goes along with a message that way. Not here: how
it is done (:mod:`codex_ssh.link.carrier`). Nothing here imports Textual.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from codex_ssh.core.attachment import Attachment, Picture, PictureThere
from codex_ssh.core.copy_outcome import Outcome
from codex_ssh.core.copy_request import CopyRules
from codex_ssh.core.copy_watch import CopyWatch
from codex_ssh.core.upload import Upload, upload_of
from codex_ssh.errors import CopyFailed, StageError

log = logging.getLogger(__name__)

_NO_WAY = "there is no way for files here"


class Carrier(Protocol):
    """Whoever brings files there and back."""

    async def upload(self, upload: Upload) -> str:
        """Bring a file there, for this user alone, and give its absolute path.

        Raises:
            CopyFailed: The devbox would not, or there is no way.
            StageError: The devbox is away.
        """

    async def save(self, path: str, to: str, rules: CopyRules, watch: CopyWatch) -> Outcome:
        """Copy a file or folder of the devbox to this machine.

        Args:
            path: There; absolute.
            to: Here; relative to the working directory, ``~`` is the home directory.
            rules: How.
            watch: Sees it being made.

        Raises:
            CopyFailed, UsageError: It cannot be copied.
            StageError: The devbox stays away.
        """


class NoCarrier:
    """Carries nothing: what a conversation has that was given no other."""

    async def upload(self, upload: Upload) -> str:
        """Refuse."""
        raise CopyFailed("write", upload.name.encode(), where="the devbox", said=_NO_WAY)

    async def save(self, path: str, to: str, rules: CopyRules, watch: CopyWatch) -> Outcome:
        """Refuse."""
        raise CopyFailed("read", path.encode(), where="the devbox", said=_NO_WAY)


async def brought(
    carrier: Carrier, attachments: Sequence[Attachment], thread_id: str, tell: Callable[[str], None]
) -> tuple[Attachment, ...]:
    """Give what goes with a message as it is sent: large images as files there, where they can be brought.

    Args:
        carrier: Brings them.
        attachments: What goes along.
        thread_id: Whose message it is.
        tell: Hears of an image that could not be brought, and goes inside the message.
    """
    found: list[Attachment] = []
    for one in attachments:
        upload = upload_of(one, thread_id) if isinstance(one, Picture) else None
        if upload is None:
            found.append(one)
            continue
        try:
            found.append(PictureThere(path=await carrier.upload(upload)))
        except (CopyFailed, StageError) as failed:
            # When it was the link, the message itself will find out.
            log.info("an image goes inside the message: %s: %s", failed, failed.said)
            if isinstance(failed, CopyFailed) and not isinstance(carrier, NoCarrier):
                tell(f"the image goes inside the message: {failed.said}")
            found.append(one)
    return tuple(found)
