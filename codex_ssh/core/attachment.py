"""What goes with the text of a message: images, and things named in it.

Lives here: the values and their wire form, both ways. Not here: a picture's bytes, and what a person sees of
one that was sent (:class:`codex_ssh.core.items.UserMessage`).

Source: ``UserInput`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from codex_ssh.core.fields import text_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image that travels inside the message.

    Attributes:
        url: A ``data:`` URL with all of it; not in the ``repr``, it is long.
        label: What a person sees for it: name and size. Not on the wire.
    """

    url: str = field(repr=False)
    label: str = ""

    @property
    def size(self) -> int:
        """Its bytes."""
        encoded = len(self.url) - self.url.find(",") - 1
        return encoded * 3 // 4 - self.url.count("=", len(self.url) - 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureThere:
    """An image file on the devbox, which the app server reads.

    Attributes:
        path: Absolute, on the devbox.
    """

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A file, or a folder, that the text names.

    Attributes:
        name: How the text names it, without the ``@``.
        path: Where it is on the devbox.
    """

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillMention:
    """A skill that the text names.

    Attributes:
        name: As the text names it, without the ``$``.
        path: Its ``SKILL.md`` on the devbox.
    """

    name: str
    path: str


Attachment = Picture | PictureThere | Mention | SkillMention


def wire_inputs(text: str, attachments: Sequence[Attachment] = ()) -> list[Json]:
    """Give the ``input`` of a turn: the text, then what goes with it; no empty text beside something."""
    attached = [wire_attachment(one) for one in attachments]
    if attached and not text:
        return attached
    return [{"type": "text", "text": text, "text_elements": []}, *attached]


def wire_attachment(attachment: Attachment) -> Json:
    """Give one attachment as the wire has it."""
    match attachment:
        case Picture(url=url):
            return {"type": "image", "url": url}
        case PictureThere(path=path):
            return {"type": "localImage", "path": path}
        case Mention(name=name, path=path):
            return {"type": "mention", "name": name, "path": path}
        case SkillMention(name=name, path=path):
            return {"type": "skill", "name": name, "path": path}


def read_attachment(shape: Json) -> Attachment | None:
    """Read an attachment off the wire, or off our own disk; None for text and for kinds we do not make."""
    name, path = text_at(shape, "name"), text_at(shape, "path")
    match text_at(shape, "type"):
        case "image" if url := text_at(shape, "url"):
            return Picture(url=url, label=text_at(shape, "label"))
        case "localImage":
            return PictureThere(path=path)
        case "mention":
            return Mention(name=name, path=path)
        case "skill":
            return SkillMention(name=name, path=path)
        case _:
            return None


def label(attachment: Attachment) -> str:
    """Say what it is, in a few words; remote text may be among them."""
    match attachment:
        case Picture(label=text):
            return text or "image"
        case PictureThere(path=path):
            return f"image {path}"
        case Mention(name=name):
            return f"@{name}"
        case SkillMention(name=name):
            return f"${name}"
