"""What is being written: text, and what is folded in it: a long paste, an image, a file or a skill named.

Lives here: the value, what of it is sent, and making one of a text. Not here: how a fold sits in the composer
(:mod:`codex_ssh.tui.folds`), and keeping drafts on disk (:mod:`codex_ssh.local.drafts`).

What is folded is shown as a few words and sent whole: the words are safe to print, the text is as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from codex_ssh.core.attachment import Attachment, Mention, Picture, PictureThere, SkillMention, label
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.value import dataclass

FOLD_LINES: Final = 10
"""A paste of more lines is folded."""

FOLD_CHARACTERS: Final = 1000
"""A paste of more characters is folded."""

_RUNS: Final = 20
"""A text with more places that are not safe to print is folded whole."""

_MARKS: Final = re.compile("[\U00100000-\U0010ffff]")
"""What the composer takes for the mark of a fold: the last plane, which nobody writes in."""

_IMAGE: Final = re.compile(r"\[Image #(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Something that stands in a draft as one piece.

    Attributes:
        label: What is seen: one line, safe to print, never empty.
        text: What is sent in its place; an image's is its number, which the draft knows.
        attachment: What goes along with the message.
    """

    label: str
    text: str = ""
    attachment: Attachment | None = None

    @property
    def is_image(self) -> bool:
        """Whether it is an image."""
        return isinstance(self.attachment, Picture | PictureThere)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is being written.

    Attributes:
        pieces: Text that is safe to print, and folds.
    """

    pieces: tuple[str | Fold, ...] = ()

    def __bool__(self) -> bool:
        return any(isinstance(piece, Fold) or piece.strip() for piece in self.pieces)

    @property
    def text(self) -> str:
        """What is sent as text; images are numbered as they come, as codex does it."""
        images = 0
        parts: list[str] = []
        for piece in self.pieces:
            if isinstance(piece, str):
                parts.append(piece)
            elif piece.is_image:
                images += 1
                parts.append(f"[Image #{images}]")
            else:
                parts.append(piece.text)
        return "".join(parts)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What goes along, in the order of the text; a file named twice goes once."""
        found: list[Attachment] = []
        for fold in self.folds:
            if fold.attachment is not None and (fold.is_image or fold.attachment not in found):
                found.append(fold.attachment)
        return tuple(found)

    @property
    def folds(self) -> tuple[Fold, ...]:
        """What is folded in it."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Fold))

    @property
    def seen(self) -> str:
        """What a person sees of it."""
        return "".join(piece if isinstance(piece, str) else piece.label for piece in self.pieces)

    @property
    def without_images(self) -> str:
        """Its text, without images: what a history keeps."""
        pieces = (piece for piece in self.pieces if isinstance(piece, str) or not piece.is_image)
        return Draft(pieces=tuple(pieces)).text.strip()

    def stripped(self) -> Draft:
        """Give it without line ends before and behind it."""
        pieces = list(self.pieces)
        if pieces and isinstance(pieces[0], str):
            pieces[0] = pieces[0].lstrip("\n")
        if pieces and isinstance(pieces[-1], str):
            pieces[-1] = pieces[-1].rstrip("\n")
        return Draft(pieces=tuple(piece for piece in pieces if piece != ""))


NOTHING: Final = Draft()
"""A draft in which nothing is written."""


def join_drafts(drafts: Iterable[Draft]) -> Draft:
    """Put drafts one below the other, a blank line between them; empty ones are left out."""
    pieces: list[str | Fold] = []
    for draft in drafts:
        if draft:
            pieces += [*(["\n\n"] if pieces else []), *draft.pieces]
    return Draft(pieces=tuple(pieces))


def pasted(text: str) -> Draft:
    r"""Make a draft of a text from outside: folded when it is long, harmless on the screen, sent as it is.

    Line ends become ``\n``: terminals paste them as ``\r``.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _lines(text) > FOLD_LINES or len(text) > FOLD_CHARACTERS:
        return Draft(pieces=(fold_text(text),))
    return harmless(text)


def harmless(text: str) -> Draft:
    """Make a draft of a text that was written here: each run of characters not safe to print is a fold.

    One that is longer than anybody writes, or full of such characters, is a fold as a whole.
    """
    if _lines(text) > 10 * FOLD_LINES or len(text) > 10 * FOLD_CHARACTERS:
        return Draft(pieces=(fold_text(text),))
    if plain_lines(text) == text and not _MARKS.search(text):
        return Draft(pieces=(text,) if text else ())
    pieces: list[str | Fold] = []
    for at, character in enumerate(text):
        last = pieces[-1] if pieces else None
        if _is_safe(text, at):
            pieces[-1:] = [last + character] if isinstance(last, str) else [*pieces[-1:], character]
            continue
        shown = plain_lines(character)
        shown = f"<{ord(character):x}>" if shown == character else shown
        if isinstance(last, Fold):
            pieces[-1] = Fold(label=last.label + shown, text=last.text + character)
        else:
            pieces.append(Fold(label=shown, text=character))
    if sum(isinstance(piece, Fold) for piece in pieces) > _RUNS:
        return Draft(pieces=(fold_text(text),))
    return Draft(pieces=tuple(pieces))


def fold_text(text: str) -> Fold:
    """Fold a text, and say how much it is."""
    lines = _lines(text)
    much = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
    return Fold(label=f"[pasted {much.replace(',', ' ')}]", text=text)


def draft_of(text: str, attachments: Sequence[Attachment] = ()) -> Draft:
    """Make a draft of a message that was sent, or was to be: what goes along stands where the text names it.

    An image the text has no number for stands at its end; a file or a skill the text does not name any
    more is left out.
    """
    images = [one for one in attachments if isinstance(one, Picture | PictureThere)]
    pieces: list[str | Fold] = []
    at = 0
    left = list(images)
    for found in _IMAGE.finditer(text):
        number = int(found[1])
        if 0 < number <= len(images) and images[number - 1] in left:
            left.remove(images[number - 1])
            pieces += [text[at : found.start()], image_fold(images[number - 1])]
            at = found.end()
    pieces.append(text[at:])
    for named in attachments:
        if isinstance(named, Mention | SkillMention):
            pieces = list(_named(pieces, mention_fold(named)))
    for image in left:
        if pieces and isinstance(pieces[-1], str) and pieces[-1] and not pieces[-1][-1].isspace():
            pieces.append(" ")
        pieces.append(image_fold(image))
    done: list[str | Fold] = []
    for piece in pieces:
        done += [piece] if isinstance(piece, Fold) else harmless(piece).pieces
    return Draft(pieces=tuple(piece for piece in done if piece != ""))


def image_fold(image: Picture | PictureThere) -> Fold:
    """Fold an image."""
    return Fold(label=f"[{plain_line(label(image)).removeprefix('image ')}]", attachment=image)


def mention_fold(named: Mention | SkillMention) -> Fold:
    """Fold a file or a skill that is named."""
    sign = "@" if isinstance(named, Mention) else "$"
    name = f'"{named.name}"' if any(one.isspace() for one in named.name) else named.name
    return Fold(label=plain_line(sign + name), text=sign + name, attachment=named)


def _named(pieces: Sequence[str | Fold], fold: Fold) -> Iterable[str | Fold]:
    """Put a fold in where a text names it first, as a word of its own."""
    pattern = re.compile(rf"(?<!\S){re.escape(fold.text)}(?!\w)")
    is_put = False
    for piece in pieces:
        found = pattern.search(piece) if isinstance(piece, str) and not is_put else None
        if found is None or isinstance(piece, Fold):
            yield piece
            continue
        is_put = True
        yield from (piece[: found.start()], fold, piece[found.end() :])


def _is_safe(text: str, at: int) -> bool:
    """Whether a character of a text may stand in the composer as it is."""
    character = text[at]
    if character in "\n\t":
        return True
    if character == "\u200d":  # good between pictures it joins
        around = text[max(0, at - 1) : at + 2]
        return len(around) == 3 and plain_lines(around) == around
    return plain_lines(character) == character and not _MARKS.match(character)


def _lines(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n"))
