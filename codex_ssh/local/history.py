"""What was said to a host, on this machine's disk: for the composer's history.

Lives here: one file a host, and several clients that write to it at once. Not here: searching in it
(:mod:`codex_ssh.tui`), and what was typed and not sent (:mod:`codex_ssh.local.drafts`).

A line is a JSON object, the newest last. The file has mode 0600 in a directory of 0700. Whoever writes holds
a lock, which lies beside the file, since the file itself is replaced when it has become too long. What cannot
be read or written costs the history, not the conversation: the log says so, once.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from codex_ssh.errors import ConfigError
from codex_ssh.local.files import lock_file, make_private_dir, write_private

log = logging.getLogger(__name__)

MOST_TEXTS: Final = 1000
"""So many are kept, the newest."""

MOST_BYTES: Final = 1_000_000
"""The file is made shorter when it is longer than that."""

MOST_TEXT: Final = 64 * 1024
"""A longer text, in characters, is not kept on disk."""

WAIT_SECONDS: Final = 0.02
"""How long a text may wait for another client that writes; then it is written with the next one."""

CLOSE_SECONDS: Final = 2.0
"""The same when there is no next one."""

_POLL_SECONDS: Final = 0.002


class History:
    """What was said to one host, here and before.

    Args:
        path: The file; None keeps nothing on disk.
        said: What was said before, the newest last.
    """

    def __init__(self, path: Path | None, said: list[str]) -> None:
        self._path = path
        self._said = said
        self._pending: list[str] = []

    def texts(self) -> tuple[str, ...]:
        """Give all, the newest last; what other clients have said since is not among it."""
        return tuple(self._said)

    def remember(self, text: str) -> None:
        """Add a text; the same twice in a row is one."""
        if not text.strip() or self._said[-1:] == [text]:
            return
        self._said.append(text)
        del self._said[:-MOST_TEXTS]
        if self._path is not None and len(text) <= MOST_TEXT:
            self._pending.append(_encode(text))
            self._write(WAIT_SECONDS)

    def close(self) -> None:
        """Write what still waits."""
        if self._pending:
            self._write(CLOSE_SECONDS)
        if self._pending:
            log.warning("what was said last is not kept: another client holds the history")

    def _write(self, seconds: float) -> None:
        assert self._path is not None
        try:
            make_private_dir(self._path.parent)  # somebody may have cleared the state away
            with _locked(self._path, seconds) as is_ours:
                if is_ours:
                    _append(self._path, self._pending)
                    self._pending.clear()
        except (OSError, ConfigError) as error:
            log.warning("what is said is not kept any more: %s", error)
            self._path = None
            self._pending.clear()


@contextmanager
def open_history(directory: Path, host: str) -> Generator[History, None, None]:
    """Give the history of a host.

    Where it cannot be read or written it is empty, or not kept, and the log says so.

    Args:
        directory: Where histories are; made when it is not there.
        host: The host as the user calls it.
    """
    path: Path | None = None
    said: list[str] = []
    try:
        path = make_private_dir(directory) / f"{quote(host, safe='@')}.jsonl"
        said = _read(path)
    except (OSError, ConfigError) as error:
        log.warning("the history of %s cannot be used: %s", host, error)
        path = None
    history = History(path, said)
    try:
        yield history
    finally:
        history.close()


@contextmanager
def _locked(path: Path, seconds: float) -> Generator[bool, None, None]:
    """Hold the lock of a history; gives False when somebody else holds it for too long."""
    lock = path.with_suffix(".lock")
    until = time.monotonic() + seconds
    while (handle := lock_file(lock)) is None:
        if time.monotonic() >= until:
            yield False
            return
        time.sleep(_POLL_SECONDS)
    try:
        yield True
    finally:
        os.close(handle)


def _append(path: Path, lines: list[str]) -> None:
    with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        torn = b""
        if size:
            # A client that was killed, or a full disk, may have left half a line.
            file.seek(size - 1)
            torn = b"" if file.read(1) == b"\n" else b"\n"
        file.write(torn + "".join(lines).encode())
        size = file.tell()
    if size > MOST_BYTES:
        _shorten(path)


def _shorten(path: Path) -> None:
    """Keep the newest, in half the room, so that it is not done every time."""
    kept: list[str] = []
    room = MOST_BYTES // 2
    for text in reversed(_read(path)):
        line = _encode(text)
        room -= len(line.encode())
        if room < 0:
            break
        kept.append(line)
    write_private(path, "".join(reversed(kept)))


def _read(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    texts: list[str] = []
    strange = 0
    for line in content.split(b"\n"):
        if line.strip():
            text = _decode(line)
            if text is None:
                strange += 1
            elif texts[-1:] != [text]:
                texts.append(text)
    if strange:
        log.warning("%s has %d line%s that are none of ours", path, strange, "" if strange == 1 else "s")
    return texts[-MOST_TEXTS:]


def _encode(text: str) -> str:
    return json.dumps({"text": text}) + "\n"


def _decode(line: bytes) -> str | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    text = document.get("text") if isinstance(document, dict) else None
    return text if isinstance(text, str) else None
