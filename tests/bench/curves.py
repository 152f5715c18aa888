"""How costs grow: connecting, links, transcripts, messages, each at several sizes.

Processor time is taken where it can be: other work of the machine does not count in it.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.server import serve

from tests.bench.devbox import ALIAS, client_environment, name_host_key
from tests.bench.growth import exponent
from tests.bench.memory import measure_links
from tests.bench.paths import measure_path, open_app_server
from tests.bench.tui import Load, Server, history, item, open_terminal
from tests.support import processes
from tests.support.codex import open_codex, require_codex
from tests.support.model import open_model
from tests.support.require import require_program
from tests.support.sshd import Sshd, open_sshd
from tests.support.wire import open_wire

KEYS: Final = (1, 16, 32, 64)
HOSTS: Final = (1, 4096, 8192, 16_384)
KNOWN: Final = (1, 16_384, 32_768, 65_536)
THREADS: Final = (1, 32, 128)
LINKS: Final = (1, 10, 25, 50, 100)
ITEMS: Final = (1000, 4000, 16_000, 48_000)
ROUNDS: Final = 3
LONGEST_SECONDS: Final = 60

Rows = dict[str, dict[str, Any]]
Points = list[tuple[float, float]]


async def measure_curves(place: Path) -> Rows:
    """Measure all of them."""
    found: Rows = {}

    def add(name: str, title: str, size: str, unit: str, points: Points) -> None:
        print(name, end=" ", file=sys.stderr, flush=True)
        # What is resident has little noise.
        power = exponent(points, noise=0.02) if unit == "MiB" else exponent(points)
        found[name] = {"title": title, "size": size, "unit": unit, "points": points, "exponent": power}

    async with _open_devbox(place / "connect") as devbox:
        cpu = "Connecting, processor time"
        add("keys", cpu, "keys to try, the last fits", "ms", await _keys(devbox))
        add("hosts", cpu, "hosts in the ssh config", "ms", await _hosts(devbox))
        add("known-hosts", cpu, "lines of known_hosts", "ms", await _known_hosts(devbox))
        rows = await measure_links(devbox.config(), devbox.sshd.alias, devbox.port, LINKS, devbox.environment)
        for name, title, unit, value in (
            ("links-memory", "Links in one process, RSS", "MiB", "rss_mib"),
            ("links-idle", "Links that are idle, processor time", "ms/s", "idle_ms"),
        ):
            points = [(float(row["links"]), float(row[value])) for row in rows]
            add(name, title, "links, each over its own SSH", unit, points)
    points = await _threads(place)
    add("threads", "Connecting and listing, processor time", "threads on the server", "ms", points)
    times, sizes = await _items()
    add("items-time", "The TUI loads a transcript, processor time", "items", "s", times)
    add("items-memory", "The TUI with a transcript, RSS", "items", "MiB", sizes)
    echoes = await measure_path("sizes", ROUNDS, place / "sizes")
    points = [(float(row["kib"]), float(row["cpu_ms"])) for row in echoes.values()]
    add("message", "A message there and back, processor time", "KiB", "ms", points)
    return found


# ---------------------------------------------------------------- connecting


class _Devbox:
    """An sshd and an app server, and connects that are counted in processor time."""

    def __init__(self, sshd: Sshd, port: int, here: Path) -> None:
        self.sshd = sshd
        self.port = port
        self.environment = client_environment(here)

    def config(self, *lines: str, name: str = "config_curves") -> Path:
        return self.sshd.client_config(f"HostKeyAlias {ALIAS}", *lines, name=name)

    async def costs(self, configs: Mapping[int, Path]) -> Points:
        """Give the milliseconds of processor time of a cold connect with each of these configs.

        They are taken by turns and the least counts: whoever else works on the machine can only add to it. A
        first visit is left out.
        """
        endpoint = f"ws://127.0.0.1:{self.port}"
        took: dict[int, list[float]] = {size: [] for size in configs}
        for number in range(ROUNDS + 1):
            for size, config in configs.items():
                done = await connect_once(config, self.sshd.alias, endpoint, self.environment)
                took[size] += [1000 * done[1]] if number else []
        return [(size, min(each)) for size, each in took.items()]


@asynccontextmanager
async def _open_devbox(place: Path) -> AsyncGenerator[_Devbox, None]:
    async with (
        open_sshd(place / "sshd", lines=(f"MaxAuthTries {2 * max(KEYS)}",)) as sshd,
        open_app_server(sshd.home) as port,
    ):
        (sshd.home / ".codex").mkdir()
        (here := place / "here").mkdir()
        name_host_key(sshd)
        yield _Devbox(sshd, port, here)


async def connect_once(
    config: Path, alias: str, endpoint: str, environment: dict[str, str], *more: str
) -> tuple[float, float]:
    """Give the seconds a cold connect takes, and those of processor time, its helpers' included."""
    before, began = _children_cpu(), time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.connect_child", str(config), alias, endpoint, *more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            said = await process.stdout.readline()
            seconds = time.perf_counter() - began
            assert said == b"up\n", said
            process.stdin.close()
            await process.wait()
    finally:
        await processes.end(process)
    return seconds, _children_cpu() - before


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def _keys(devbox: _Devbox) -> Points:
    keygen = require_program("ssh-keygen", "ssh-keygen: apt-get install openssh-client")
    directory = devbox.sshd.directory / "keys"
    directory.mkdir()
    keys = [directory / f"key-{number}" for number in range(max(KEYS) - 1)]
    for key in keys:
        await processes.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", key])
    configs = {}
    for count in KEYS:
        lines = (f"IdentityFile {key}" for key in keys[: count - 1])
        configs[count] = devbox.config(*lines, name=f"config_keys_{count}")
    return await devbox.costs(configs)


async def _hosts(devbox: _Devbox) -> Points:
    configs = {}
    for count in HOSTS:
        config = configs[count] = devbox.config(name=f"config_hosts_{count}")
        others = (
            f"Host other-{number}\n    HostName 192.0.2.1\n    User somebody\n" for number in range(count)
        )
        config.write_text("".join(others) + config.read_text())
    return await devbox.costs(configs)


async def _known_hosts(devbox: _Devbox) -> Points:
    configs = {}
    ours = devbox.sshd.known_hosts.read_text()
    kind, key = ours.split()[1:3]
    for count in KNOWN:
        others = (f"other-{number}.example.org,192.0.2.1 {kind} {key}\n" for number in range(count))
        known = devbox.sshd.directory / f"known_hosts_{count}"
        known.write_text("".join(others) + ours)
        configs[count] = devbox.config(f"UserKnownHostsFile {known}", name=f"config_known_{count}")
    return await devbox.costs(configs)


async def _threads(place: Path) -> Points:
    """Connect to a real codex and list the newest threads: what that takes here and there."""
    points: Points = []
    binary = require_codex(os.environ.get("BENCH_CODEX", "pypi"))
    async with open_sshd(place / "threads" / "sshd") as sshd, open_model() as model:
        home, work, here = sshd.home / ".codex", place / "threads" / "work", place / "threads" / "here"
        for made in (home, work, here):
            made.mkdir()
        model.write_config(home)
        name_host_key(sshd)
        config = sshd.client_config(f"HostKeyAlias {ALIAS}", name="config_threads")
        async with open_codex(binary, home, cwd=work) as codex:
            there = 0
            for count in THREADS:
                async with open_wire(codex.endpoint, token=codex.token) as wire:
                    await wire.initialize()
                    for _ in range(there, count):
                        await wire.start_turn(await wire.start_thread(), "say it is there")
                        await wire.finish_turn()
                there = count
                took, before = [], processes.cpu_seconds(codex.pid)
                for _ in range(ROUNDS):
                    done = await connect_once(
                        config, sshd.alias, codex.endpoint, client_environment(here), "list"
                    )
                    took.append(done[1])
                there_too = (processes.cpu_seconds(codex.pid) - before) / ROUNDS
                points.append((count, 1000 * (min(took) + there_too)))
    return points


# ---------------------------------------------------------------- the transcript


async def _items() -> tuple[Points, Points]:
    times: Points = []
    sizes: Points = []
    for count in ITEMS:
        server = Server()
        async with serve(server.handle, "127.0.0.1", 0, compression=None, max_size=None) as listener:
            port = listener.sockets[0].getsockname()[1]
            child = (sys.executable, "-m", "tests.bench.tui_child", str(port))
            async with open_terminal(*child) as terminal, asyncio.timeout(2 * LONGEST_SECONDS):
                await terminal.watch("idle")
                before = terminal.cpu_seconds()
                loaded = terminal.watch("всёздесь")
                for message in history(Load(items=count, lines=10 * count, per_second=0)):
                    await server.say(message)
                await server.say(item("agentMessage", "last", text="всёздесь"))
                await loaded
                times.append((count, terminal.cpu_seconds() - before))
                sizes.append((count, terminal.memory_mib()[0]))
    return times, sizes


async def main(names: Sequence[str]) -> None:
    """Print some curves: ``python -m tests.bench.curves``."""
    import tempfile

    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as place:
        for name, row in (await measure_curves(Path(place))).items():
            print(name, f"{row['exponent']:.2f}", [(x, round(y, 1)) for x, y in row["points"]])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
