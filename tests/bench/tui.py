"""The TUI under load: how long a key takes to be on the terminal, and what it costs.

Lives here: the app server that streams, the terminal, and the clock. The TUI is a process of its own, on a
real pseudo terminal; what it draws is read and thrown away, but for the letters that were typed.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.support import processes

COLUMNS: Final = 120
LINES: Final = 40
KEYS_PER_SECOND: Final = 5

COLOURS: Final = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}

LETTERS: Final = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
"""Nothing else on the screen has them: each is seen when it is painted, and only then."""

THREAD: Final = "t-1"
TURN: Final = "turn-1"
WORDS_A_MESSAGE: Final = 2000

ANSWER: Final = """\
## Step {}

`add` took **minus** for plus, see [the notes](https://example.org/notes):

1. found it
2. fixed it

```python
assert add(1, 2) == 3
```
"""

Json = dict[str, Any]

SEEN: Final = re.compile(rb"(?<![\x1b\[;?0-9])[!-~]{2}|\xe2[\x94-\xa5]")
"""Words or lines, not only the codes that set a terminal up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the transcript has, and what comes while keys are typed.

    Attributes:
        items: How many there are before.
        lines: Of output, all items together.
        per_second: Deltas.
    """

    items: int
    lines: int
    per_second: int

    @property
    def name(self) -> str:
        """In words."""
        has = f"{self.lines:,} lines" if self.lines > 50_000 else f"{self.items:,} items"
        return f"{has}, {f'{self.per_second:,} deltas/s' if self.per_second else 'nothing comes'}"


LOADS: Final = (
    Load(items=2000, lines=20_000, per_second=0),
    Load(items=2000, lines=20_000, per_second=100),
    Load(items=2000, lines=20_000, per_second=1000),
    Load(items=2000, lines=100_000, per_second=100),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tui:
    """What was measured.

    Attributes:
        first_paint_ms: From the answer to ``initialize`` to the composer on the terminal.
        load_seconds: From the first of the items to the last on the terminal.
        p50_ms, p95_ms, worst_ms: From a key to its letter on the terminal.
        behind_ms: From the last delta to its word on the terminal.
        cpu_percent: Of one core, while keys are typed.
        rss_mib, pss_mib: Memory at the end.
    """

    first_paint_ms: float
    load_seconds: float
    p50_ms: float
    p95_ms: float
    worst_ms: float
    behind_ms: float
    cpu_percent: float
    rss_mib: float
    pss_mib: float


async def measure_tui(load: Load, *, seconds: float) -> Tui:
    """Run the TUI once."""
    server = Server()
    async with serve(server.handle, "127.0.0.1", 0, compression=None, max_size=None) as listener:
        port = listener.sockets[0].getsockname()[1]
        async with open_terminal(sys.executable, "-m", "tests.bench.tui_child", str(port)) as terminal:
            painted = terminal.watch("╭")
            idle = terminal.watch("idle")
            first_paint = await painted - await server.initialized
            await idle
            loaded = terminal.watch("всёздесь")
            began = time.perf_counter()
            for message in history(load):
                await server.say(message)
            await server.say(item("agentMessage", "last", text="всёздесь"))
            load_seconds = await loaded - began
            await asyncio.sleep(1)
            cpu, at = terminal.cpu_seconds(), time.perf_counter()
            ended = terminal.watch("конец")
            async with asyncio.TaskGroup() as tasks:
                streaming = tasks.create_task(stream(server, load, seconds)) if load.per_second else None
                waits = await type_letters(terminal, int(seconds * KEYS_PER_SECOND))
            behind = 0.0
            if streaming is not None:
                async with asyncio.timeout(120):
                    behind = max(0.0, await ended - streaming.result())
            cpu_percent = 100 * (terminal.cpu_seconds() - cpu) / (time.perf_counter() - at)
            rss, pss = terminal.memory_mib()
    waits.sort()
    return Tui(
        first_paint_ms=1000 * first_paint,
        load_seconds=load_seconds,
        p50_ms=1000 * _at(waits, 0.5),
        p95_ms=1000 * _at(waits, 0.95),
        worst_ms=1000 * waits[-1],
        behind_ms=1000 * behind,
        cpu_percent=cpu_percent,
        rss_mib=rss,
        pss_mib=pss,
    )


# ---------------------------------------------------------------- what is said


def history(load: Load) -> Iterator[Json]:
    """Give a turn of so many items: said, thought, run, changed, answered."""
    yield _said("turn/started", turn={"id": TURN, "status": "inProgress", "items": []})
    yield item("userMessage", "u", content=[{"type": "text", "text": "Make the tests pass"}])
    commands = load.items // 4
    output = "".join(
        f"tests/test_{number}.py::test_that_it_works ok\n" for number in range(load.lines // commands)
    )
    diff = "@@ -1,3 +1,3 @@\n def add(a, b):\n-    return a - b\n+    return a + b\n"
    for number in range(0, load.items, 4):
        yield item("reasoning", f"r{number}", summary=["**Looking around** first, then at the failing test."])
        yield item(
            "commandExecution",
            f"c{number}",
            command="/bin/bash -lc 'pytest -q'",
            status="completed",
            aggregatedOutput=output,
            exitCode=0,
            durationMs=4200,
        )
        change = {"path": "/w/calc.py", "kind": {"type": "update"}, "diff": diff}
        yield item("fileChange", f"f{number}", status="completed", changes=[change])
        yield item("agentMessage", f"a{number}", text=ANSWER.format(number))


async def stream(server: Server, load: Load, seconds: float) -> float:
    """Stream answers at an even pace; gives when the last word was sent."""
    count = int(load.per_second * seconds)
    began = time.perf_counter()
    for number in range(count):
        if (early := began + number / load.per_second - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        message, word = divmod(number, WORDS_A_MESSAGE)
        text = "word " if (word + 1) % 60 else "end of a *paragraph*.\n\n"
        await server.say(_delta(f"stream-{message}", text))
    await server.say(_delta(f"stream-{count // WORDS_A_MESSAGE}", "\n\nконец"))
    return time.perf_counter()


async def type_letters(terminal: Terminal, count: int) -> list[float]:
    """Type letters at an even pace; gives how long each took."""
    waits = []
    began = time.perf_counter()
    for number in range(count):
        at = number % len(LETTERS)
        if at == 0 and number:
            terminal.write("\x03")  # clears the composer
            await asyncio.sleep(0.2)
            began += 0.2
        if (early := began + number / KEYS_PER_SECOND - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        pressed = time.perf_counter()
        drawn = terminal.watch(LETTERS[at])
        terminal.write(LETTERS[at])
        async with asyncio.timeout(30):
            waits.append(await drawn - pressed)
    return waits


def _said(method: str, **params: Any) -> Json:
    return {"method": method, "params": {"threadId": THREAD, **params}}


def item(kind: str, number: str, **more: Any) -> Json:
    return _said("item/completed", turnId=TURN, item={"type": kind, "id": number, **more})


def _delta(number: str, text: str) -> Json:
    return _said("item/agentMessage/delta", turnId=TURN, itemId=number, delta=text)


# ---------------------------------------------------------------- the app server


class Server:
    """Answers what a TUI asks at its start, and says what it is told to."""

    def __init__(self) -> None:
        self.initialized: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._connection: ServerConnection | None = None

    async def handle(self, connection: ServerConnection) -> None:
        self._connection = connection
        with suppress(ConnectionClosed):  # the TUI is killed at the end
            await self._answer(connection)

    async def _answer(self, connection: ServerConnection) -> None:
        thread = {"id": THREAD, "preview": "", "cwd": "/w", "status": {"type": "idle"}, "turns": []}
        results: dict[str, Any] = {
            "initialize": {"userAgent": "bench/0.169.0 (x; y)", "codexHome": "/w/.codex"},
            "thread/start": {"thread": thread, "model": "bench", "cwd": "/w", "approvalPolicy": "never"},
        }
        async for frame in connection:
            message = json.loads(frame)
            if "id" not in message or "method" not in message:
                continue
            result = results.get(message["method"])
            if result is None:
                reply = {"id": message["id"], "error": {"code": -32600, "message": "not here"}}
            else:
                reply = {"id": message["id"], "result": result}
            await connection.send(json.dumps(reply))
            if message["method"] == "initialize":
                self.initialized.set_result(time.perf_counter())

    async def say(self, message: Json) -> None:
        assert self._connection is not None
        await self._connection.send(json.dumps(message))


# ---------------------------------------------------------------- the terminal


class Terminal:
    """A process on a pseudo terminal, and what of its output was seen."""

    def __init__(self, process: subprocess.Popen[bytes], handle: int) -> None:
        self.process = process
        self._handle = handle
        self._tail = b""
        self._wanted: dict[bytes, asyncio.Future[float]] = {}
        self.first: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """When anything came that can be seen."""
        os.set_blocking(handle, False)
        asyncio.get_running_loop().add_reader(handle, self._read)

    def write(self, text: str) -> None:
        os.write(self._handle, text.encode())

    def watch(self, text: str) -> asyncio.Future[float]:
        """Give when a text is drawn, from now on and in one go."""
        return self._wanted.setdefault(text.encode(), asyncio.get_running_loop().create_future())

    def _read(self) -> None:
        with suppress(BlockingIOError, OSError):
            chunk = os.read(self._handle, 1 << 16)
            at = time.perf_counter()
            drawn = self._tail + chunk
            if not self.first.done() and SEEN.search(chunk):
                self.first.set_result(at)
            for wanted in [wanted for wanted in self._wanted if wanted in drawn]:
                self._wanted.pop(wanted).set_result(at)
            # A letter may be cut in two, and a word.
            self._tail = drawn[-32:]

    def cpu_seconds(self) -> float:
        return processes.cpu_seconds(self.process.pid)

    def memory_mib(self) -> tuple[float, float]:
        """Resident and proportional set size."""
        return processes.memory_mib(self.process.pid)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)


@asynccontextmanager
async def open_terminal(
    *argv: str | Path, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[Terminal, None]:
    """Run a program on a pseudo terminal; it is killed at the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    process = subprocess.Popen(  # noqa: ASYNC220 - started once, and nothing waits for it
        argv,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**(environment or _environment()), **COLOURS},
    )
    os.close(theirs)
    terminal = Terminal(process, ours)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        terminal.close()


def _environment() -> dict[str, str]:
    """Give the variables of a TUI that was started before: its modules are compiled."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _at(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


async def main() -> None:
    """Print the figures of some loads: ``python -m tests.bench.tui SECONDS [NUMBER …]``."""
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    for number in map(int, sys.argv[2:] or map(str, range(len(LOADS)))):
        print(LOADS[number].name, await measure_tui(LOADS[number], seconds=float(sys.argv[1])))


if __name__ == "__main__":
    asyncio.run(main())
