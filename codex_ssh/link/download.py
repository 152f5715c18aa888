"""Fetching a published codex to this machine, for a devbox that cannot fetch it itself.

Lives here: the registry's manifests, the file in the cache, and a codex that is here already.
Not here: what a manifest says (:mod:`codex_ssh.core.release`) and bringing the file to the devbox
(:mod:`codex_ssh.link.install`).

The registry is asked over HTTPS, and the file has to have the SHA-512 it announced. Proxy variables count
here, as for any download.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import platform
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urlsplit

from codex_ssh.core.endpoint import is_loopback
from codex_ssh.core.release import (
    PACKAGE,
    Cksum,
    Release,
    ReleaseError,
    parse_release,
    parse_version,
    platform_of,
)
from codex_ssh.local.files import make_private_dir

if TYPE_CHECKING:
    from http.client import HTTPResponse

MANIFEST_LIMIT_BYTES: Final = 1024 * 1024
CONNECT_TIMEOUT_SECONDS: Final = 20.0
"""Also the longest silence in the middle of a file."""

_CHUNK_BYTES: Final = 256 * 1024

T = TypeVar("T")


class DownloadFailed(Exception):
    """It could not be fetched; the message says why."""


async def read_release(registry: str, *, wanted: str) -> Release:
    """Ask the registry for the newest codex of a platform, as :func:`platform_of` names it.

    Raises:
        DownloadFailed: It cannot be reached, or has none.
    """
    return await _in_thread(lambda stop: _read_release(registry, wanted, stop))


async def fetch(release: Release, directory: Path, told: Callable[[int], None]) -> Path:
    """Give a release's file, from the cache or from where it lies; its SHA-512 is right.

    Cancelling it leaves nothing but the cache as it was.

    Args:
        release: Which one.
        directory: The cache; made with mode 0700.
        told: Called with how many bytes are here, from another thread.

    Raises:
        DownloadFailed: It could not be fetched, or is not what was announced.
    """
    return await _in_thread(lambda stop: _fetch(release, directory, told, stop))


async def read_sums(path: Path) -> tuple[str, str]:
    """Give a file's SHA-512 in hex, and what ``cksum`` prints of it."""

    def read(stop: _Stop) -> tuple[str, str]:
        sha, cksum = hashlib.sha512(), Cksum()
        with path.open("rb") as file:
            while (data := file.read(_CHUNK_BYTES)) and not stop.is_set():
                sha.update(data)
                cksum.update(data)
        return sha.hexdigest(), cksum.value()

    return await _in_thread(read)


def own_codex(wanted: str) -> Path | None:
    """Give the codex of this machine, if it is a native program for the platform wanted."""
    found = shutil.which("codex")
    try:
        here = platform_of(platform.system(), platform.machine())
    except ReleaseError:
        return None
    if found is None or here != wanted:
        return None
    path = Path(found).resolve()
    with path.open("rb") as file:
        head = file.read(4)
    # ELF, or Mach-O of 64 bits: npm's is a script, which needs its node.
    return path if head in (b"\x7fELF", b"\xcf\xfa\xed\xfe") else None


class _Stop:
    """Tells a thread that nobody waits for it any more, also when it waits for the network."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._event.is_set()

    def watch(self, answer: HTTPResponse) -> None:
        """From now on it may be this answer the thread waits for."""
        self._release()
        with self._lock:
            self._socket = socket.socket(fileno=os.dup(answer.fileno()))
        if self.is_set():
            self._release()

    def set(self) -> None:
        """Stop."""
        self._event.set()
        self._release()

    def _release(self) -> None:
        with self._lock:
            watched, self._socket = self._socket, None
        if watched is not None:
            with contextlib.suppress(OSError):  # it is at its end already
                watched.shutdown(socket.SHUT_RDWR)
            watched.close()


async def _in_thread(work: Callable[[_Stop], T]) -> T:
    """Run something that blocks; it is told to stop when nobody waits for it any more."""
    stop = _Stop()
    try:
        return await asyncio.to_thread(work, stop)
    finally:
        stop.set()


def _read_release(registry: str, wanted: str, stop: _Stop) -> Release:
    base = f"{registry.rstrip('/')}/{quote(PACKAGE, safe='@')}"
    try:
        version = parse_version(_read_json(f"{base}/latest", stop))
        return parse_release(_read_json(f"{base}/{version}-{wanted}", stop), platform=wanted)
    except ReleaseError as error:
        raise DownloadFailed(f"{registry}: {error}") from error


def _read_json(url: str, stop: _Stop) -> object:
    with _open(url, stop) as answer:
        text = _read(answer, url, MANIFEST_LIMIT_BYTES)
    try:
        return json.loads(text)
    except ValueError:
        raise DownloadFailed(f"{url}: the answer is not JSON") from None


def _fetch(release: Release, directory: Path, told: Callable[[int], None], stop: _Stop) -> Path:
    make_private_dir(directory)
    path = directory / f"codex-{release.sha512[:32]}.tgz"
    if path.exists() and _sha512(path, stop) == release.sha512:
        return path
    handle, name = tempfile.mkstemp(dir=directory, prefix=".codex-")
    try:
        digest, size = hashlib.sha512(), 0
        with os.fdopen(handle, "wb") as file, _open(release.url, stop) as answer:
            while data := _read(answer, release.url, _CHUNK_BYTES):
                if stop.is_set():
                    raise DownloadFailed("it was given up")
                file.write(data)
                digest.update(data)
                size += len(data)
                told(size)
        if digest.hexdigest() != release.sha512:
            raise DownloadFailed(f"{release.url}: what came has not the SHA-512 that was announced")
        Path(name).replace(path)
    except OSError as error:
        raise DownloadFailed(f"{path}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
    return path


def _sha512(path: Path, stop: _Stop) -> str:
    digest = hashlib.sha512()
    with path.open("rb") as file:
        while (data := file.read(_CHUNK_BYTES)) and not stop.is_set():
            digest.update(data)
    return digest.hexdigest()


def _open(url: str, stop: _Stop) -> HTTPResponse:
    import urllib.error  # most links never download anything
    import urllib.request
    from http.client import HTTPResponse

    _require_safe(url)
    request = urllib.request.Request(url, headers={"User-Agent": "codex-ssh"})  # noqa: S310 - checked above
    try:
        answer = urllib.request.urlopen(request, timeout=CONNECT_TIMEOUT_SECONDS)  # noqa: S310 - checked above
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadFailed(f"{url}: {error.code} {error.reason}") from None
    except OSError as error:
        raise DownloadFailed(f"{url}: {getattr(error, 'reason', error)}") from None
    assert isinstance(answer, HTTPResponse)
    try:
        _require_safe(answer.geturl())
    except DownloadFailed:
        answer.close()
        raise
    stop.watch(answer)
    return answer


def _read(answer: HTTPResponse, url: str, limit: int) -> bytes:
    from http.client import HTTPException

    try:
        return answer.read(limit)
    except (OSError, HTTPException) as error:
        raise DownloadFailed(f"{url}: it broke off: {error}") from None


def _require_safe(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise DownloadFailed(f"{url}: only https is fetched from")
