"""What measures connecting still measures it; how fast it is, no test asks."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from tests.bench.connect import measure_connects, round_trips
from tests.bench.line import KINDS, best_kind, open_line
from tests.support.serving import serving
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """A line that can be had here."""
    wanted: str = request.param
    if wanted == "tun" and best_kind() != "tun":
        pytest.skip("no TUN devices here")
    return wanted


async def test_both_ways_lead_to_the_app_server_over_the_line(tmp_path: Path, kind: str) -> None:
    (measured,) = await measure_connects(tmp_path, rounds=1, round_trips_ms=(10,), kind=kind)

    assert measured.line == kind
    assert measured.ratio == measured.ours_ms / measured.recipe_ms
    # The line holds every byte: no machine is faster than the round trips that cannot be left out.
    assert measured.ours_ms > 3 * 10
    assert measured.recipe_ms > 2 * 3 * 10


async def test_what_passes_over_a_line_that_is_cut_comes_once_it_is_whole(tmp_path: Path, kind: str) -> None:
    came: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.read(64))
        writer.transport.abort()

    async with open_line(kind) as line:
        (*_, address) = (*line.server_lines, "ListenAddress 127.0.0.1")[0].split()
        async with serving(listen, address) as port, line.to(port, 0.01) as way:
            await line.cut()
            with line.at_far_end():
                client = socket.socket()
            with client:
                client.setblocking(False)
                loop = asyncio.get_running_loop()
                async with asyncio.TaskGroup() as group:
                    connected = group.create_task(loop.sock_connect(client, (way.host, way.port)))
                    await asyncio.sleep(0)
                    assert not came
                    await line.mend()
                    await connected
                await loop.sock_sendall(client, b"here")
                await until(lambda: came == [b"here"], "the bytes are there")


def test_round_trips_are_the_slope() -> None:
    assert round_trips([(0, 300), (20, 380), (100, 700), (200, 1100)]) == pytest.approx(4)
