"""A process that parts: the child has what was opened inside, the parent what came from outside."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support import processes
from tests.support.waiting import until

PROGRAM = """
import asyncio, json, os, sys, threading
from codex_ssh.cli.run import run_async
from codex_ssh.local.parting import current_parting, end_at_once

class Stays:
    goes_on = True

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def run_on(self):
        while word := (await self.reader.readline()).decode().strip():
            await asyncio.to_thread(str)  # the threads are new ones
            facts = {
                "pid": os.getpid(), "session": os.getsid(0), "directory": os.getcwd(),
                "first": [os.readlink(f"/proc/self/fd/{number}") for number in range(3)],
                "all": [os.readlink(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")
                        if os.path.exists(f"/proc/self/fd/{number}")],
            }
            self.writer.write(json.dumps(facts).encode() + b"\\n")

async def main(path, how):
    reader, writer = await asyncio.open_unix_connection(path)
    copy = os.dup(1)
    await asyncio.to_thread(str)
    if how == "busy":
        threading.Thread(target=threading.Event().wait, args=(1.5,)).start()
    if how == "daemon":
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    current_parting().stayer = Stays(reader, writer)
    print("done", os.getpid())
    if how == "raises":
        raise ValueError("it went wrong")
    return 7

try:
    code = run_async(main(*sys.argv[1:]))
except ValueError:
    code = 1
end_at_once(code)
sys.exit(code)
"""


class There:
    """Who the program has a connection with."""

    def __init__(self) -> None:
        self.came: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.get_running_loop().create_future()
        )

    async def ask(self) -> dict[str, object]:
        """Ask whoever holds the other end now; empty when nobody does."""
        reader, writer = await self.came
        writer.write(b"who\n")
        async with asyncio.timeout(15):
            facts: dict[str, object] = json.loads(await reader.readline() or "{}")
        return facts


@asynccontextmanager
async def there(path: Path) -> AsyncGenerator[There, None]:
    one = There()
    async with await asyncio.start_unix_server(lambda *ends: one.came.set_result(ends), path):
        yield one
        (await one.came)[1].close()


async def run(path: Path, how: str = "") -> processes.Finished:
    """Run it to its end, as a shell does: the end of its pipes is waited for."""
    return await processes.run([sys.executable, "-W", "error", "-c", PROGRAM, path, how])


async def test_the_parent_ends_as_ever_and_the_child_has_nothing_from_outside(short_path: Path) -> None:
    async with there(short_path / "s") as other:
        done = await run(short_path / "s")
        assert (done.code, done.out.split()[0], done.err) == (7, "done", "")
        child = await other.ask()
        assert child["pid"] != int(done.out.split()[1])
        assert child["session"] == child["pid"]
        assert child["directory"] == "/"
        assert child["first"] == ["/dev/null"] * 3
        assert not [name for name in child["all"] if name.startswith("pipe:")]  # type: ignore[attr-defined]
    pid = child["pid"]
    assert isinstance(pid, int)
    await until(lambda: not processes.is_alive(pid), "it ends when nobody needs it")


async def test_an_error_ends_the_parent_and_a_waiting_daemon_is_no_hindrance(short_path: Path) -> None:
    for how, code in (("raises", 1), ("daemon", 7)):
        path = short_path / how
        async with there(path) as other:
            done = await run(path, how)
            assert (done.code, done.err) == (code, "")
            assert await other.ask()


async def test_with_a_thread_that_does_not_end_nothing_goes_on(short_path: Path) -> None:
    async with there(short_path / "s") as other:
        done = await run(short_path / "s", "busy")
        assert done.code == 7
        assert await other.ask() == {}


async def test_the_child_ends_when_it_is_told_to(short_path: Path) -> None:
    async with there(short_path / "s") as other:
        await run(short_path / "s")
        pid = (await other.ask())["pid"]
        assert isinstance(pid, int)
        for number in (signal.SIGHUP, signal.SIGINT):
            os.kill(pid, number)
        assert (await other.ask())["pid"] == pid
        os.kill(pid, signal.SIGTERM)
        await until(lambda: not processes.is_alive(pid), "it ends")
