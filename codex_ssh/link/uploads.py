"""Files that go to the devbox, for messages that name them by their path there: images, work handed over.

Lives here: bringing one. Not here: which ones (:mod:`codex_ssh.core.upload`, :mod:`codex_ssh.core.handoff`),
and what is done there (``upload.sh``): the folder of mode 0700, and old ones removed.

One script is a folder, a file and its check in two round trips; SFTP would be eight.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from typing import Final

from codex_ssh.core.upload import Upload
from codex_ssh.errors import CopyFailed, ForwardError, LinkLost, Stage
from codex_ssh.link.shell import ScriptFailed, compose, open_script_stream
from codex_ssh.link.ssh import Ssh

log = logging.getLogger(__name__)

KEPT_DAYS: Final = 30
"""An upload folder that got no file for so long is removed, at the next upload or by ``server gc``."""

SILENT_SECONDS: Final = 60.0
_CHUNK_BYTES: Final = 128 * 1024


async def bring(ssh: Ssh, upload: Upload) -> str:
    """Bring a file, if it is not there yet, and give its absolute path there.

    Raises:
        CopyFailed: The devbox would not.
        LinkLost: The connection went away meanwhile.
    """
    script = compose(
        *("form.sh", "upload.sh"),
        FOLDER=upload.folder,
        NAME=upload.name,
        SIZE=str(len(upload.content)),
        DAYS=str(KEPT_DAYS),
    )
    reader = asyncio.StreamReader()
    try:
        transport, protocol = await open_script_stream(
            ssh, lambda: asyncio.StreamReaderProtocol(reader), script
        )
    except ScriptFailed as failed:
        word, _, rest = failed.answer.partition(" ")
        if word == "have":
            return bytes.fromhex(rest).decode("utf-8", "surrogateescape")
        raise _refused(ssh, upload, _words(rest) or failed.said) from None
    except ForwardError as error:
        raise _refused(ssh, upload, error.said) from error
    writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
    try:
        with contextlib.suppress(ConnectionError):  # a full disk: its last word is on the way
            for at in range(0, len(upload.content), _CHUNK_BYTES):
                writer.write(upload.content[at : at + _CHUNK_BYTES])
                async with asyncio.timeout(SILENT_SECONDS):
                    await writer.drain()
            writer.write_eof()
        async with asyncio.timeout(SILENT_SECONDS):
            line = (await reader.readline()).decode("ascii", "replace").strip()
    except _broken() as error:
        raise LinkLost(
            f"{upload.name} did not arrive", stage=Stage.SSH, host=ssh.host, said=str(error)
        ) from error
    finally:
        transport.abort()
    word, _, rest = line.removeprefix(f"{script.marker} ").partition(" ")
    if word != "done":
        raise _refused(ssh, upload, _words(rest) or str(transport.get_extra_info("stderr", "")))
    return bytes.fromhex(rest).decode("utf-8", "surrogateescape")


def _words(text: str) -> str:
    try:
        return bytes.fromhex(text).decode(errors="replace").strip()
    except ValueError:
        return ""


def _broken() -> tuple[type[Exception], ...]:
    """What a stream raises that does not go on; asyncssh's own where it is loaded."""
    asyncssh = sys.modules.get("asyncssh")
    return (TimeoutError, OSError, *([] if asyncssh is None else [asyncssh.Error]))


def _refused(ssh: Ssh, upload: Upload, said: str) -> CopyFailed:
    return CopyFailed("write", upload.name.encode(), where=ssh.host, said=said)
