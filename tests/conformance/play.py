"""Plays the table against a server that is started by a command, and compares two servers.

Lives here: starting, asking, comparing. Not here: the cases (:mod:`tests.conformance.starts`,
:mod:`tests.integration.app_server_cases`) and the command line (:mod:`tests.conformance.__main__`).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import socket
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.starts import (
    ACCEPTED_STARTS,
    REFUSED_IN_OTHER_WORDS,
    REFUSED_STARTS,
    sentence,
    write_files,
)
from tests.integration.app_server_cases import (
    REQUESTS,
    SHARED_SECRET,
    STRICTER_REQUESTS,
    STRICTER_TOKENS,
    bearer,
    tokens,
)
from tests.support import processes
from tests.support.codex import TEST_TOKEN
from tests.support.waiting import until

Answer = tuple[int, str]
Answers = dict[str, str]

PARTS = ("starts", "requests", "jwts")
AT_ONCE = 2
START_SECONDS = 20.0

_BANNER = re.compile(r"listening on: ws://(\S+):(\d+)")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


async def ask(port: int, raw: bytes) -> Answer:
    """Send raw bytes; give status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(10):
            writer.write(raw)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = re.search(r"content-length: (\d+)", head)
            no_body = raw.startswith(b"HEAD") or length is None
            body = b"" if no_body or length is None else await reader.readexactly(int(length[1]))
    finally:
        writer.close()
        # A server that refuses early may reset the connection under the rest of a long request.
        with suppress(OSError):
            await writer.wait_closed()
    return int(head.split(" ")[1]), body.decode("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One case two servers answer differently, or one that should be different and is not.

    Attributes:
        case: Its name.
        theirs: What the other server answered.
        ours: What ours answered.
        documented: Whether docs/reference/app-server.md lists it.
    """

    case: str
    theirs: str
    ours: str
    documented: bool


async def play(command: Sequence[str], parts: Sequence[str], tell: Callable[[str], None]) -> Answers:
    """Give the answer to every case of the parts.

    Args:
        command: What the flags are added to, such as ``codex app-server``.
        parts: Which of :data:`PARTS`.
        tell: Told what is going on.
    """
    found: Answers = {}
    with tempfile.TemporaryDirectory(prefix="conformance-", ignore_cleanup_errors=True) as private:
        place = Path(private) / "place"  # its name is quoted by some sentences
        place.mkdir()
        write_files(place)
        (place / "sesame").write_text(f" {TEST_TOKEN}\n")
        (place / "shared").write_text(f" {SHARED_SECRET}\n")
        for secret in ("sesame", "shared"):
            (place / secret).chmod(0o600)
        if "starts" in parts:
            tell(f"{len([*REFUSED_STARTS, *REFUSED_IN_OTHER_WORDS, *ACCEPTED_STARTS])} starts")
            found |= await _play_starts(command, place)
        if "requests" in parts:
            digest = hashlib.sha256(TEST_TOKEN.encode()).hexdigest()
            for kind, value in (("file", "sesame"), ("sha256", digest)):
                tell(f"{len(REQUESTS)} requests, token by {kind}")
                flags = ("--ws-auth", "capability-token", f"--ws-token-{kind}", value)
                async with _started(command, flags, place) as port:
                    for case, raw in REQUESTS.items():
                        found[f"request, token by {kind}: {case}"] = await _answer(port, raw)
        if "jwts" in parts:
            for issuer, audience in ((" me ", "you"), ("  ", ""), ("me", ""), ("", "you")):
                tell(f"JWTs, issuer {issuer!r}, audience {audience!r}")
                flags = ("--ws-auth", "signed-bearer-token", "--ws-shared-secret-file", "shared")
                async with _started(
                    command, (*flags, "--ws-issuer", issuer, "--ws-audience", audience), place
                ) as port:
                    for case, jwt in tokens(int(time.time())).items():
                        name = f"jwt, issuer {issuer!r}, audience {audience!r}: {case}"
                        found[name] = await _answer(port, bearer(f"Bearer {jwt}"))
    return found


def compare(theirs: Answers, ours: Answers) -> list[Difference]:
    """Give what differs, and what is documented to differ and does not."""
    allowed = _documented(theirs)
    interesting = [case for case in theirs if theirs[case] != ours[case] or case in allowed]
    return [
        Difference(
            case=case,
            theirs=theirs[case],
            ours=ours[case],
            documented=ours[case] == allowed.get(case),
        )
        for case in interesting
    ]


def _documented(cases: Mapping[str, str]) -> Answers:
    stricter = {**STRICTER_REQUESTS, **STRICTER_TOKENS}
    return {case: _words(stricter[name]) for case in cases if (name := case.rpartition(": ")[2]) in stricter}


async def _answer(port: int, raw: bytes) -> str:
    try:
        return _words(await ask(port, raw))
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        return f"no answer: {type(error).__name__}"


def _words(answer: Answer) -> str:
    return f"{answer[0]} {answer[1]}".strip()


async def _play_starts(command: Sequence[str], place: Path) -> Answers:
    found: Answers = {}
    gate = asyncio.Semaphore(AT_ONCE)

    async def play_one(words: Sequence[str], show: Callable[[int, str], str]) -> None:
        async with gate:
            code, said = await _run(command, words, place)
            found[f"start: {' '.join(words)}"] = show(code, said)

    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        async with asyncio.TaskGroup() as group:
            for words in REFUSED_STARTS:
                group.create_task(play_one(words, lambda code, said: f"exit {code}: {sentence(said)}"))
            for words in REFUSED_IN_OTHER_WORDS:
                filled = [word.replace("BUSY", port) for word in words]
                group.create_task(play_one(filled, lambda code, _: f"exit {code}"))
            for words in ACCEPTED_STARTS:
                group.create_task(play_one(words, lambda code, said: _banner(said) or f"exit {code}"))
    return {case.replace(port, "BUSY"): answer for case, answer in sorted(found.items())}


def _banner(said: str) -> str:
    """The banner without the server's own name and port; empty when there is none."""
    found = _BANNER.search(said)
    if found is None:
        return ""
    lines = said[said.index("listening on") :].splitlines()
    shown = [line.strip() for line in lines if re.match(r" *(listening|readyz|healthz|note)", line)]
    return " | ".join(shown).replace(f":{found[2]}", ":PORT")


async def _run(command: Sequence[str], words: Sequence[str], place: Path) -> tuple[int, str]:
    """Start it; give the exit code and stderr, or -1 and the banner when it listens."""
    async with _process(command, words, place) as (process, log):
        await _settled(process, log)
        if process.returncode is None:
            return -1, _text(log)
        return process.returncode, _text(log)


@asynccontextmanager
async def _started(command: Sequence[str], flags: Sequence[str], place: Path) -> AsyncGenerator[int, None]:
    """Start it on a free port and give that."""
    words = ("--listen", "ws://127.0.0.1:0", *flags)
    async with _process(command, words, place) as (process, log):
        await _settled(process, log)
        found = _BANNER.search(_text(log))
        assert found is not None, f"{' '.join(command)} does not listen: {_text(log)}"
        yield int(found[2])


async def _settled(process: asyncio.subprocess.Process, log: Path) -> None:
    await until(
        lambda: process.returncode is not None or "note:" in _text(log),
        "it listens or has ended",
        seconds=START_SECONDS,
        show=lambda: _text(log),
    )


def _text(log: Path) -> str:
    return _ESCAPES.sub("", log.read_text(errors="replace"))


@asynccontextmanager
async def _process(
    command: Sequence[str], words: Sequence[str], place: Path
) -> AsyncGenerator[tuple[asyncio.subprocess.Process, Path], None]:
    home = Path(tempfile.mkdtemp(dir=place, prefix="home-"))
    log = home / "stderr"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=stderr,
            cwd=place,
            env={**os.environ, "CODEX_HOME": str(home), "HOME": str(home)},
        )
    try:
        yield process, log
    finally:
        await processes.end(process)
