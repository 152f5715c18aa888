"""What has come of a copy, and how a person is told.

Lives here: the value that is counted up while it goes on, and its words. Not here: copying
(:mod:`codex_ssh.link.copying`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import field

from codex_ssh.core.image import size_text
from codex_ssh.errors import CopyFailed


@dataclasses.dataclass(slots=True, kw_only=True)
class Outcome:
    """What has come of a copy so far.

    Attributes:
        copied: Files that were copied.
        same: Files that were there already, the same.
        skipped: Files that were left as they are, by the user's choice.
        left_out: What was not copied, and why: links that lead out, pipes.
        failed: Files that could not be copied.
        size: Bytes of the files copied.
        unchecked: Files whose checksum could not be compared.
        resumed: Bytes of them that were there from an earlier connection or run.
        begun_again: How often a file was begun anew, since its source had changed.
        places: Where the sources are now, in their order.
        connections: How many it took.
    """

    copied: int = 0
    same: int = 0
    skipped: int = 0
    left_out: list[str] = field(default_factory=list)
    failed: list[CopyFailed] = field(default_factory=list)
    size: int = 0
    unchecked: int = 0
    resumed: int = 0
    begun_again: int = 0
    places: list[bytes] = field(default_factory=list)
    connections: int = 0

    def words(self, *, seconds: float = 0.0) -> str:
        """Say it in one line.

        Args:
            seconds: How long it took, for the rate; 0 leaves it out.
        """
        words = [f"{_files(self.copied)} copied, {size_text(self.size)}"]
        if self.copied and not self.unchecked:
            words.append("checksums equal")
        if self.unchecked:
            words.append(f"of {_files(self.unchecked)} only the size could be compared")
        if self.resumed:
            words.append(f"{size_text(self.resumed)} were there from before")
        if self.same:
            words.append(f"{_files(self.same)} there already")
        if self.skipped:
            words.append(f"{_files(self.skipped)} left alone")
        if self.failed:
            words.append(f"{_files(len(self.failed))} not copied")
        sent = self.size - self.resumed
        rate = f" ({size_text(int(sent / seconds))}/s)" if sent > 0 and seconds > 1 else ""
        return f"{'; '.join(words)}{rate}"


def _files(count: int) -> str:
    return f"{count} file{'s' if count != 1 else ''}"
