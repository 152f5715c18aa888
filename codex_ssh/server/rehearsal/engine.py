"""Placeholder: echoes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from codex_ssh.server.listener import Client


class Rehearsal:
    """Placeholder: echoes."""

    async def serve(self, client: Client) -> None:
        """Stub"""
        async for frame in client.frames():
            client.send(frame)

    async def drain(self) -> None:
        """Stub"""


@asynccontextmanager
async def open_rehearsal(*, codex_home: Path | None = None) -> AsyncGenerator[Rehearsal, None]:
    """Stub"""
    yield Rehearsal()
