"""The app-server protocol on stdin and stdout, over somebody's WebSocket: lines become frames, and back.

For clients that know stdio only. ``TOKEN=… python -m tests.support.stdio_bridge wss://127.0.0.1:PORT``;
authorities are those of ``SSL_CERT_FILE``.
"""

from __future__ import annotations

import asyncio
import os
import sys

from websockets.asyncio.client import ClientConnection, connect

from tests.support.wire import FRAME_BYTES


async def bridge(url: str, token: str) -> None:
    """Pass lines and frames until either side ends."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=FRAME_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        connect(
            url, additional_headers=headers, compression=None, proxy=None, max_size=FRAME_BYTES
        ) as socket,
        asyncio.TaskGroup() as group,
    ):
        down = group.create_task(_print(socket))
        while line := await lines.readline():
            await socket.send(line.decode().rstrip("\n"))
        down.cancel()


async def _print(socket: ClientConnection) -> None:
    async for frame in socket:
        assert isinstance(frame, str)
        print(frame, flush=True)


if __name__ == "__main__":
    asyncio.run(bridge(sys.argv[1], os.environ["TOKEN"]))
