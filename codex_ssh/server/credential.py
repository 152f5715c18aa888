"""The credential of the moment: a verifier that follows the file it is made of.

Lives here: noticing that a secret file changed, and what holds while it is not good. Not here: reading it
(:mod:`codex_ssh.server.auth`) and judging tokens (:mod:`codex_ssh.core.token`).

The real server reads its secret once. Here the file is looked at before every judgement, so an old token
stops with the very change; and while the file is missing, empty or open to others nobody comes in.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from codex_ssh.core.token import Principal, Verifier
from codex_ssh.core.upgrade import Refusal
from codex_ssh.errors import ConfigError

logger = logging.getLogger(__name__)

Stamp = tuple[int, ...]

_NOT_GOOD = Refusal(
    status=HTTPStatus.SERVICE_UNAVAILABLE, body="websocket auth secret cannot be read at the moment"
)


def file_stamp(path: Path) -> Stamp:
    """Give what changes when a file changes; empty when it is not there."""
    try:
        facts = os.stat(path)
    except OSError:
        return ()
    return (
        facts.st_dev, facts.st_ino, facts.st_size, facts.st_mode, facts.st_uid,
        facts.st_mtime_ns, facts.st_ctime_ns,
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class FileVerifier:
    """A verifier made of a file.

    Attributes:
        path: The secret file.
        load: Reads it; raises ConfigError when it is not good.
        verifier: What holds; None while the file is not good.
        generation: Counts the secrets there have been.
    """

    path: Path
    load: Callable[[], Verifier]
    verifier: Verifier | None = field(init=False)
    generation: int = 0
    _last_good: Verifier = field(init=False)
    _stamp: Stamp = field(init=False)

    def __post_init__(self) -> None:
        """Read it for the first time.

        Raises:
            ConfigError: It is not good.
        """
        self._stamp = file_stamp(self.path)
        self.verifier = self._last_good = self.load()

    def refresh(self) -> None:
        """Read the file again if it changed; never raises."""
        stamp = file_stamp(self.path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.verifier = self.load()
        except ConfigError as error:
            self.verifier = None
            hint = f" ({error.hint})" if error.hint else ""
            logger.error("nobody can connect: %s%s", error, hint)  # noqa: TRY400 - no bug, no traceback
            return
        if self.verifier != self._last_good:
            self._last_good = self.verifier
            self.generation += 1
            logger.warning("the secret in %s was replaced; the old one is not taken any more", self.path)

    def verify(self, authorization: Sequence[str], *, now: float) -> Refusal | None:
        """See :class:`codex_ssh.core.token.Verifier`."""
        self.refresh()
        return _NOT_GOOD if self.verifier is None else self.verifier.verify(authorization, now=now)

    def identify(self, authorization: Sequence[str]) -> Principal:
        """See :class:`codex_ssh.core.token.Verifier`."""
        return self._last_good.identify(authorization)
