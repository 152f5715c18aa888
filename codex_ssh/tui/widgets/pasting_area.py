"""An editing area that takes what the user's own machine has: pastes, dropped files, images, an editor.

Lives here: what becomes of each. Not here: editing (:mod:`codex_ssh.tui.widgets.editing_area`), and how the
machine is asked (:class:`codex_ssh.tui.desk.Desk`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Final

from textual import events, work
from textual.app import SuspendNotSupported
from textual.message import Message

from codex_ssh.core.attachment import Picture
from codex_ssh.core.draft import Draft, draft_of, image_fold
from codex_ssh.core.dropped import dropped_paths
from codex_ssh.core.image import Image, is_image_name, require_room, size_text
from codex_ssh.errors import DeskFailed, ImageRefused
from codex_ssh.tui.desk import Desk
from codex_ssh.tui.lending import LendingApp
from codex_ssh.tui.widgets.editing_area import EditingArea

PASTED_CHARACTERS: Final = 10_000_000
"""No more is pasted: codex refuses a tenth of it, and drops a connection that sends a few times as much."""


class PastingArea(EditingArea):
    """A text area on a desk.

    Args:
        desk: Has the editor, the clipboard and the images.
        placeholder: Shown while it is empty.
    """

    class Failed(Message):
        """Something on this machine could not be done."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, desk: Desk, placeholder: str) -> None:
        super().__init__(placeholder)
        self._desk = desk
        self._looked_at: dict[str, Image | None] = {}

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.focus()
        if not event.text:
            # What terminals send for their own paste key when there is an image and no text.
            self.paste_image()
            return
        if len(event.text) > PASTED_CHARACTERS:
            much = size_text(len(event.text))
            self.post_message(self.Failed(f"a paste of {much} is more than an app server takes"))
            return
        paths = dropped_paths(event.text)
        if paths and all(map(is_image_name, paths)):
            self.put_images(paths, or_text=event.text)
        else:
            self.put_text(event.text)

    def image_at(self, path: str) -> Image | None:
        """Give the image of this machine at a path; None until it was looked at, and when there is none."""
        if path not in self._looked_at:
            self._looked_at = {path: None}
            self._look_at(path)
        return self._looked_at[path]

    @work(exclusive=True, group="looking")
    async def _look_at(self, path: str) -> None:
        try:
            image = await self._desk.read_image(path)
        except ImageRefused:
            return
        self._looked_at = {path: image}
        self.image_looked_at()

    def image_looked_at(self) -> None:
        """Do something about an image that was found; nothing here."""

    @work
    async def put_images(self, paths: Sequence[str], *, or_text: str = "") -> None:
        """Put images of this machine in.

        Args:
            paths: Where they are, as typed or dropped.
            or_text: Put in when one of them cannot be sent: then it was meant as text.
        """
        try:
            images = [await self._desk.read_image(path) for path in paths]
            self._put_images(images)
        except ImageRefused as refused:
            self.put_text(or_text)
            self.post_message(self.Failed(str(refused)))

    @work
    async def paste_image(self) -> None:
        """Put the image on the clipboard in, or else the text that was copied here."""
        try:
            image = await self._desk.pasted_image()
            if image is not None:
                self._put_images([image])
                return
        except ImageRefused as refused:
            self.post_message(self.Failed(str(refused)))
            return
        if self.app.clipboard:
            self.put_text(self.app.clipboard)
        else:
            text = "there is no image on the clipboard; your terminal's own key pastes text"
            self.post_message(self.Failed(text))

    def _put_images(self, images: Sequence[Image]) -> None:
        """Put images in; raises ImageRefused when they are too large for one message."""
        there = sum(one.size for one in self.draft.attachments if isinstance(one, Picture))
        require_room(images, beside=there)
        for image in images:
            self.put(Draft(pieces=(image_fold(image.attachment()), " ")))

    @work(exclusive=True, group="editor")
    async def write_in_editor(self) -> None:
        """Let the user write in an editor; what was folded is unfolded in it."""
        draft, app = self.draft, self.app
        assert isinstance(app, LendingApp)
        try:
            with ExitStack() as lent:
                with suppress(SuspendNotSupported):  # then there is no terminal to lend
                    lent.enter_context(app.lend_terminal())
                text = await self._desk.edit(draft.text)
        except DeskFailed as failed:
            self.post_message(self.Failed(str(failed)))
            return
        if text != draft.text:
            self.take(draft_of(text if draft.text.endswith("\n") else text.rstrip("\n"), draft.attachments))
