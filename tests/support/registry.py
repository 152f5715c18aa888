"""An npm registry on loopback with one package: a codex that is a short script before the real one."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.serving import serving

PLATFORM = "linux-x64"
VERSION = "0.163.7"


@dataclass(slots=True, kw_only=True)
class Registry:
    """A running registry.

    Attributes:
        port: Where it listens on 127.0.0.1.
        package: The tarball.
        announced: Its SHA-512 in the form of the manifest; a lie is possible.
        gives: How many bytes of the tarball are sent before it breaks off; None sends all.
        holds: The tarball stops in the middle until this is set.
        asked: Every path that was asked for.
    """

    port: int = 0
    package: bytes = b""
    announced: str = ""
    gives: int | None = None
    holds: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its base."""
        return f"http://127.0.0.1:{self.port}"

    def fill(self, codex: Path, *, ballast: int = 0) -> None:
        """Put a codex into the package, and so many random bytes beside it."""
        self.package = make_package(f'#!/bin/sh\nexec {codex} "$@"\n'.encode(), ballast)
        self.announced = f"sha512-{base64.b64encode(hashlib.sha512(self.package).digest()).decode()}"

    def spoil(self) -> None:
        """Change one byte of the package behind its announcement."""
        middle = len(self.package) // 2
        self.package = self.package[:middle] + bytes([self.package[middle] ^ 1]) + self.package[middle + 1 :]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        self.asked.append(path)
        await self._answer(path, writer)

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        base = "/@openai%2Fcodex/"
        if path == f"{base}latest":
            body = json.dumps({"version": VERSION}).encode()
        elif path == f"{base}{VERSION}-{PLATFORM}":
            dist = {"tarball": f"{self.url}/codex.tgz", "integrity": self.announced}
            body = json.dumps({"version": f"{VERSION}-{PLATFORM}", "dist": dist}).encode()
        elif path == "/codex.tgz":
            body = self.package
        else:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body))
        if path == "/codex.tgz":
            half = len(body) // 2 if self.gives is None else self.gives
            writer.write(body[:half])
            await writer.drain()
            if self.gives is not None:
                return
            await self.holds.wait()
            body = body[half:]
        writer.write(body)
        await writer.drain()


def make_package(codex: bytes, ballast: int) -> bytes:
    """Give a tarball in the form of the registry's."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        noise = hashlib.shake_128(b"ballast").digest(ballast)
        for name, mode, content in (
            ("package/package.json", 0o644, b"{}"),
            ("package/vendor/x86_64-unknown-linux-musl/bin/codex", 0o755, codex),
            ("package/vendor/x86_64-unknown-linux-musl/ballast", 0o644, noise),
        ):
            item = tarfile.TarInfo(name)
            item.size, item.mode = len(content), mode
            tar.addfile(item, io.BytesIO(content))
    return buffer.getvalue()


@asynccontextmanager
async def open_registry(codex: Path, *, ballast: int = 0) -> AsyncGenerator[Registry, None]:
    """Run a registry until the block ends; it holds nothing back."""
    registry = Registry()
    registry.holds.set()
    async with serving(registry._serve) as registry.port:
        registry.fill(codex, ballast=ballast)
        yield registry
