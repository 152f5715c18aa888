"""An HTTP proxy that knows CONNECT, as companies have one; it can also say no."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.support.serving import serving


@dataclass(slots=True, kw_only=True)
class HttpProxy:
    """An open proxy.

    Attributes:
        port: Where it listens on loopback.
        route: Where everything goes, whatever is asked for: a port on loopback.
        refusal: The status line's rest it answers instead of 200; empty lets everybody through.
        asked: The heads of all requests.
        relayed: All bytes that went to servers through it.
    """

    port: int
    route: int
    refusal: str = ""
    asked: list[str] = field(default_factory=list)
    relayed: bytearray = field(default_factory=bytearray)


@asynccontextmanager
async def open_proxy(
    *, route: int, refusal: str = "", chain: Path | None = None
) -> AsyncGenerator[HttpProxy, None]:
    """Open it on a free port; with a certificate it speaks TLS itself."""
    tls = None
    if chain is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(chain)
    proxy = HttpProxy(port=0, route=route, refusal=refusal)
    async with serving(partial(_serve, proxy), tls=tls) as proxy.port:
        yield proxy


async def _serve(proxy: HttpProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    proxy.asked.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
    if proxy.refusal:
        writer.write(f"HTTP/1.1 {proxy.refusal}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        return
    far_in, far_out = await asyncio.open_connection("127.0.0.1", proxy.route)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

    async def up() -> None:
        while data := await reader.read(65536):
            proxy.relayed.extend(data)
            far_out.write(data)
            await far_out.drain()
        far_out.transport.abort()

    async def down() -> None:
        while data := await far_in.read(65536):
            writer.write(data)
            await writer.drain()
        writer.transport.abort()

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(up())
            group.create_task(down())
    finally:
        far_out.transport.abort()
