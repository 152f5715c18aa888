"""Installing codex on a devbox that has none: offered, never done unasked.

Lives here: the question, and the ways in their order: the devbox downloads it, or this machine brings what it
downloaded, or its own. Not here: downloading to this machine (:mod:`codex_ssh.link.download`), what is done
there (``install.sh``), and when a codex is missing (:mod:`codex_ssh.link.appserver`).

Whatever is installed has the SHA-512 its registry announced over HTTPS, checked on the devbox before it is
unpacked. It lies below ``~/.local/share/codex-ssh``, with a link at ``~/.local/bin/codex``, where a later
connect finds it. Nothing half-made stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from codex_ssh.core.config import Install
from codex_ssh.core.probe import Probe
from codex_ssh.core.question import Prompter, Question, QuestionKind
from codex_ssh.core.release import PACKAGE, REGISTRY, Release, ReleaseError, platform_of
from codex_ssh.core.value import dataclass
from codex_ssh.errors import AppServerError, Stage, StageError
from codex_ssh.link.download import DownloadFailed, fetch, own_codex, read_release, read_sums
from codex_ssh.link.shell import ScriptFailed, compose, open_script_stream
from codex_ssh.link.ssh import Ssh
from codex_ssh.local.tasks import open_tasks

log = logging.getLogger(__name__)

SILENCE_SECONDS: Final = 300.0
"""How long nothing may come or go before it is given up: unpacking takes long on a slow disk."""

_STEP_BYTES: Final = 16 * 1024 * 1024
"""How often the progress is told where the whole is not known."""

_CHUNK_BYTES: Final = 128 * 1024
_BY_HAND: Final = (
    f"install it there by hand: npm install -g {PACKAGE}, or see github.com/openai/codex/releases"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodexInstaller:
    """Asks, and installs the newest codex.

    Attributes:
        when: Whether to ask.
        prompter: Gets the question, and the progress.
        cache: Where downloads are kept on this machine.
        registry: Where it comes from.
    """

    when: Install
    prompter: Prompter
    cache: Path
    registry: str = REGISTRY

    async def __call__(self, ssh: Ssh, probe: Probe) -> Probe:
        """See :class:`codex_ssh.link.choosing.Installer`."""
        try:
            wanted = platform_of(probe.os, probe.arch)
        except ReleaseError as error:
            raise _missing(ssh.host, str(error), _BY_HAND) from error
        await self._require_consent(ssh.host)
        path = await self._install(ssh, wanted)
        self._tell(ssh.host, f"codex is installed: {path}")
        return replace(probe, codex=path, codex_from="just installed")

    def asking(self, prompter: Prompter) -> CodexInstaller:
        """See :class:`codex_ssh.link.choosing.Installer`."""
        return replace(self, prompter=prompter)

    async def _require_consent(self, host: str) -> None:
        if self.when is Install.ALWAYS:
            return
        if self.when is Install.NEVER:
            raise _missing(host, 'installing it is not allowed (install = "never")', _BY_HAND)
        question = Question(
            kind=QuestionKind.CONFIRM,
            host=host,
            lead=f"there is no codex on {host}",
            text=f"install the newest one from {self.registry} to ~/.local/bin/codex there (yes/no)? ",
            echo=True,
        )
        try:
            answer = await self.prompter.ask(question)
        except StageError:
            raise _missing(
                host,
                "nobody can be asked whether to install it",
                f"let it be: --install always; or {_BY_HAND}",
            ) from None
        if answer is None or answer.reveal().strip().lower() not in ("y", "yes"):
            raise _missing(host, "installing it was declined", _BY_HAND)

    async def _install(self, ssh: Ssh, wanted: str) -> str:
        """Try the ways in their order, and give the path there."""
        try:
            release = await read_release(self.registry, wanted=wanted)
        except DownloadFailed as error:
            own = own_codex(wanted)
            if own is None:
                raise _failed(ssh.host, "the registry cannot be asked from here", str(error)) from error
            self._tell(ssh.host, f"{error}; taking the codex of this machine: {own}")
            return await self._bring(ssh, own, kind="binary", version="copied")
        try:
            self._tell(ssh.host, f"downloading codex {release.version} there")
            return await self._download_there(ssh, release)
        except _Failed as failed:
            if failed.why not in ("no-downloader", "download", "no-digest"):
                raise failed.error(ssh.host) from None
            self._tell(ssh.host, f"it cannot be downloaded there ({failed.said}); bringing it from here")
        try:
            file = await fetch(release, self.cache, self._progress(ssh.host, "downloaded here", 0))
        except DownloadFailed as error:
            raise _failed(ssh.host, "it can be downloaded neither there nor here", str(error)) from error
        return await self._bring(ssh, file, kind="package", version=release.version, sha512=release.sha512)

    async def _download_there(self, ssh: Ssh, release: Release) -> str:
        return await self._run(
            ssh,
            {
                "URL": release.url,
                "KIND": "package",
                "SHA512": release.sha512,
                "CKSUM": "",
                "VERSION": release.version,
            },
            self._progress(ssh.host, "downloaded", 0),
        )

    async def _bring(self, ssh: Ssh, file: Path, *, kind: str, version: str, sha512: str = "") -> str:
        seen, cksum = await read_sums(file)
        try:
            return await self._run(
                ssh,
                {"URL": "", "KIND": kind, "SHA512": sha512 or seen, "CKSUM": cksum, "VERSION": version},
                self._progress(ssh.host, "brought", int(cksum.split()[1])),
                file,
            )
        except _Failed as failed:
            raise failed.error(ssh.host) from None

    async def _run(
        self, ssh: Ssh, variables: dict[str, str], progress: Callable[[int], None], file: Path | None = None
    ) -> str:
        """Run the script there, feed it the file if there is one, and give the path it installed."""
        script = compose("form.sh", "install.sh", **variables)
        reader = asyncio.StreamReader()
        try:
            transport, protocol = await open_script_stream(
                ssh, lambda: asyncio.StreamReaderProtocol(reader), script
            )
        except ScriptFailed as failed:
            raise _Failed.parse(failed.answer or "failed ended", failed.said) from None
        writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
        try:
            async with open_tasks() as tasks:
                if file is not None:
                    tasks.start(_feed(writer, file, progress))
                return await _follow(reader, writer, script.marker, None if file else progress)
        finally:
            transport.abort()

    def _progress(self, host: str, done: str, whole: int) -> Callable[[int], None]:
        step = whole // 10 or _STEP_BYTES
        told = 0

        def tell(size: int) -> None:
            nonlocal told
            if size // step > told:
                told = size // step
                of = f" of {whole // 2**20}" if whole else ""
                self._tell(host, f"{size // 2**20}{of} MiB {done}")

        return tell

    def _tell(self, host: str, text: str) -> None:
        self.prompter.tell(host, text)


async def _feed(writer: asyncio.StreamWriter, file: Path, progress: Callable[[int], None]) -> None:
    sent = 0
    with file.open("rb") as source:
        while data := source.read(_CHUNK_BYTES):
            writer.write(data)
            try:
                await writer.drain()
            except ConnectionError:
                return  # the other end says why
            sent += len(data)
            progress(sent)
    writer.write_eof()


async def _follow(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    marker: str,
    progress: Callable[[int], None] | None,
) -> str:
    """Read what the script tells until it is done, and give the path."""
    while True:
        line = await _read_line(reader)
        word, _, rest = line.removeprefix(f"{marker} ").partition(" ")
        match word:
            case "done":
                return rest
            case "at" if progress is not None and rest.isdigit():
                progress(int(rest))
            case "failed":
                raise _Failed.parse(line.removeprefix(f"{marker} "), "")
            case "":
                raise _Failed("ended", str(writer.get_extra_info("stderr", "")))


async def _read_line(reader: asyncio.StreamReader) -> str:
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return (await reader.readline()).decode(errors="replace").strip()
    except TimeoutError:
        raise _Failed("silent", f"nothing was heard for {SILENCE_SECONDS:.0f} seconds") from None


_WORDS: Final = {
    "no-directory": "there is no directory for it",
    "taken": "~/.local/bin/codex is there and is no program",
    "no-downloader": "it cannot be downloaded there",
    "download": "it could not be downloaded there",
    "no-digest": "nothing there can check it",
    "checksum": "what came there is not what was announced",
    "write": "it could not be written there",
    "unpack": "it could not be unpacked there",
    "run": "it does not run there",
}


class _Failed(Exception):
    """The script could not do it.

    Attributes:
        why: Its word for it.
        said: Somebody's words there.
    """

    def __init__(self, why: str, said: str) -> None:
        super().__init__(why)
        self.why = why
        self.said = said

    @classmethod
    def parse(cls, answer: str, said: str) -> _Failed:
        """Read ``failed WHY HEX``."""
        _, why, words = [*answer.split(" ", 2), "", ""][:3]
        with contextlib.suppress(ValueError):
            said = bytes.fromhex(words).decode(errors="replace").strip() or said
        return cls(why, said)

    def error(self, host: str) -> AppServerError:
        """The same for a person."""
        return _failed(host, _WORDS.get(self.why, "the installing ended"), self.said)


def _failed(host: str, why: str, said: str) -> AppServerError:
    return AppServerError(
        f"codex could not be installed: {why}",
        stage=Stage.APP_SERVER,
        host=host,
        said=said,
        hint=f"nothing of it was left there; try again, or {_BY_HAND}",
    )


def _missing(host: str, why: str, hint: str) -> AppServerError:
    return AppServerError(
        f"no codex was found there, and {why}", stage=Stage.APP_SERVER, host=host, hint=hint
    )
