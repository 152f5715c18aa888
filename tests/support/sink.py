"""A TCP listener that only counts: nothing may reach it, as a proxy or otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.serving import serving


@dataclass(slots=True, kw_only=True)
class Sink:
    """A running sink.

    Attributes:
        port: Where it listens on 127.0.0.1.
        connections: How many came.
        received: Every byte they sent.
    """

    port: int = 0
    connections: int = 0
    received: bytearray = field(default_factory=bytearray)

    @property
    def proxy_environment(self) -> dict[str, str]:
        """Every proxy variable in both spellings, pointing here; no exceptions in ``no_proxy``."""
        names = ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy", "socks_proxy")
        url = f"http://127.0.0.1:{self.port}"
        both = [spelling for name in names for spelling in (name, name.upper())]
        return dict.fromkeys(both, url) | {"no_proxy": "", "NO_PROXY": ""}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while chunk := await reader.read(65536):
            self.received += chunk


@asynccontextmanager
async def open_sink() -> AsyncGenerator[Sink, None]:
    """Listen on a free loopback port until the block ends."""
    sink = Sink()
    async with serving(sink._serve) as sink.port:
        yield sink
