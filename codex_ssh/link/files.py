"""Copying files and folders to the devbox and back, over SFTP.

Lives here: one copy, either way. Not here: the session (:mod:`codex_ssh.link.sftp`) and the protocol, which
is asyncssh's. A file is written beside its place and renamed when it is whole, so that nobody ever sees half
of one. Modes and times are kept; a link in a folder is copied as a link, and never followed out of it.
"""

from __future__ import annotations

import contextlib
import posixpath
import secrets
import stat
from collections.abc import Generator
from pathlib import Path

import asyncssh

from codex_ssh.errors import ForwardError, Stage
from codex_ssh.link.sftp import open_sftp
from codex_ssh.link.ssh import Ssh


async def copy_up(ssh: Ssh, source: Path, target: str) -> str:
    """Copy a file or a folder of this machine to the devbox and give where it is there.

    Args:
        ssh: The connection.
        source: What is copied.
        target: Its path there, relative to the home directory; one that ends with a slash, or is a directory
            already, gets it inside.

    Raises:
        FileNotFoundError, PermissionError, OSError: Reading here.
        ForwardError: The devbox would not; ``said`` holds its words.
        LinkLost: The connection went away meanwhile; what was there before is untouched.
    """
    name, is_folder = _look(source)
    async with open_sftp(ssh) as sftp:
        try:
            inside = target.endswith("/") or await sftp.isdir(target or ".")
            place = posixpath.join(target or ".", name) if inside else target
            if is_folder:
                await _put_folder(sftp, source, place)
                return place
            part = _beside(place)
            try:
                await sftp.put(str(source), part, preserve=True)
                await sftp.posix_rename(part, place)
            except BaseException:
                await _drop(sftp, part)
                raise
        except asyncssh.SFTPError as error:
            raise _refused(ssh, target, error) from error
    return place


async def copy_down(ssh: Ssh, source: str, target: Path) -> Path:
    """Copy a file or a folder of the devbox to this machine and give where it is here.

    Args:
        ssh: The connection.
        source: Its path there, relative to the home directory.
        target: Where it goes; a directory gets it inside.

    Raises:
        OSError: Writing here.
        ForwardError: The devbox would not; ``said`` holds its words.
        LinkLost: The connection went away meanwhile; what was here before is untouched.
    """
    name = posixpath.basename(posixpath.normpath(source))
    if name in ("", ".", "..", "/"):
        name = "devbox"
    place = _place(target, name)
    part = Path(_beside(str(place)))
    async with open_sftp(ssh) as sftp:
        try:
            if await sftp.isdir(source):
                await _get_folder(sftp, source, place)
                return place
            with _renamed(part, place):
                await sftp.get(source, str(part), preserve=True)
        except asyncssh.SFTPError as error:
            raise _refused(ssh, source, error) from error
    return place


async def _put_folder(sftp: asyncssh.SFTPClient, source: Path, target: str) -> None:
    """Copy what is in a folder; asyncssh's own recursion gives up at the first link (it sets its times)."""
    await sftp.makedirs(target, exist_ok=True)
    for entry in _entries(source):
        place = posixpath.join(target, entry.name)
        if entry.is_symlink():
            await sftp.symlink(_read_link(entry), place)
        elif entry.is_dir():
            await _put_folder(sftp, entry, place)
        else:
            await sftp.put(str(entry), place, preserve=True)
    await sftp.chmod(target, _mode(source))


async def _get_folder(sftp: asyncssh.SFTPClient, source: str, target: Path) -> None:
    """Copy what is in a folder there; a server's name that leads elsewhere is refused."""
    _make(target)
    async for entry in sftp.scandir(source):
        name = entry.filename if isinstance(entry.filename, str) else entry.filename.decode(errors="replace")
        if name in (".", ".."):
            continue
        if "/" in name or "\0" in name:
            raise asyncssh.SFTPFailure(f"the name {name!r} leads out of the folder")
        there, here = posixpath.join(source, name), target / name
        if await sftp.islink(there):
            link = await sftp.readlink(there)
            _link(here, str(link))
        elif await sftp.isdir(there):
            await _get_folder(sftp, there, here)
        else:
            await sftp.get(there, str(here), preserve=True)
    _set_mode(target, (await sftp.stat(source)).permissions)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def _read_link(path: Path) -> str:
    return str(path.readlink())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _set_mode(path: Path, mode: int | None) -> None:
    if mode is not None:
        path.chmod(stat.S_IMODE(mode))


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _link(path: Path, to: str) -> None:
    path.symlink_to(to)


def _look(source: Path) -> tuple[str, bool]:
    """Give the name of what is copied and whether it is a folder; raises OSError where there is none."""
    source.lstat()
    return source.absolute().name, source.is_dir()


def _place(target: Path, name: str) -> Path:
    return target / name if target.is_dir() else target


@contextlib.contextmanager
def _renamed(part: Path, place: Path) -> Generator[None, None, None]:
    """Put a file in its place at the end of the block, if it came that far."""
    try:
        yield
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def _beside(place: str) -> str:
    return f"{place}.{secrets.token_hex(4)}.part"


async def _drop(sftp: asyncssh.SFTPClient, path: str) -> None:
    # It was never made, or the link is gone with what made it.
    with contextlib.suppress(asyncssh.Error, OSError):
        await sftp.remove(path)


def _refused(ssh: Ssh, path: str, error: asyncssh.SFTPError) -> ForwardError:
    return ForwardError(
        f"cannot copy {path!r}", stage=Stage.FORWARD, host=ssh.host, said=error.reason or type(error).__name__
    )
