"""An ssh-agent with one key on security hardware, as a program: the hardware is played, the rest is real.

It speaks the agent protocol on a unix socket (draft-miller-ssh-agent) and signs as an authenticator does
(OpenSSH's PROTOCOL.u2f): over the hash of the application, the flags, a counter and the hash of the message.

Run: ``python sk_agent.py SOCKET PUBLIC_FILE KIND FLAGS TOUCH_FILE``. It writes the public key, then listens,
and signs when the touch file is there.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import struct
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KINDS = ("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")
TOUCHED, UNTOUCHED = 1, 0

_APPLICATION = b"ssh:"
_FAILURE, _IDENTITIES, _ANSWER, _SIGN, _SIGNATURE = 5, 11, 12, 13, 14


@dataclass(frozen=True, slots=True, kw_only=True)
class SkAgent:
    """A running one.

    Attributes:
        socket: For ``IdentityAgent``.
        public: The public key file.
        touch: Made by who touches the key.
        asked: Made when a signature is wanted.
    """

    socket: Path
    public: Path
    touch: Path
    asked: Path


@asynccontextmanager
async def open_sk_agent(
    directory: Path, kind: str, *, flags: int = TOUCHED, touched: bool = True
) -> AsyncGenerator[SkAgent, None]:
    """Run one until the block ends.

    Args:
        directory: With a short path.
        kind: The type of its key.
        flags: What the hardware says about the touch.
        touched: Whether the key is touched without delay.
    """
    agent = SkAgent(
        socket=directory / "sk.sock",
        public=directory / "sk.pub",
        touch=directory / "touch",
        asked=directory / "touch.asked",
    )
    if touched:
        agent.touch.touch()
    argv = [sys.executable, __file__, agent.socket, agent.public, kind, str(flags), agent.touch]
    process = await asyncio.create_subprocess_exec(*map(str, argv), stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            assert await process.stdout.readline() == b"listening\n"
        yield agent
    finally:
        process.kill()
        await process.wait()


class _Key:
    def __init__(self, kind: str, flags: int) -> None:
        self.kind = kind.encode()
        self._flags = flags
        self._counter = 0
        self._ed25519 = ed25519.Ed25519PrivateKey.generate()
        self._ecdsa = ec.generate_private_key(ec.SECP256R1())

    @property
    def blob(self) -> bytes:
        if self.kind == KINDS[0].encode():
            point = self._ed25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            return _string(self.kind) + _string(point) + _string(_APPLICATION)
        point = self._ecdsa.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return _string(self.kind) + _string(b"nistp256") + _string(point) + _string(_APPLICATION)

    def sign(self, message: bytes) -> bytes:
        self._counter += 1
        tail = struct.pack(">BI", self._flags, self._counter)
        data = hashlib.sha256(_APPLICATION).digest() + tail + hashlib.sha256(message).digest()
        if self.kind == KINDS[0].encode():
            signature = self._ed25519.sign(data)
        else:
            r, s = decode_dss_signature(self._ecdsa.sign(data, ec.ECDSA(hashes.SHA256())))
            signature = _mpint(r) + _mpint(s)
        return _string(self.kind) + _string(signature) + tail


async def _serve(path: str, public: str, kind: str, flags: str, touch: str) -> None:
    key = _Key(kind, int(flags))
    Path(public).write_text(f"{kind} {base64.b64encode(key.blob).decode()} a-key-in-hand\n")

    async def answer(body: bytes) -> bytes:
        if body[0] == _IDENTITIES:
            return bytes([_ANSWER]) + struct.pack(">I", 1) + _string(key.blob) + _string(b"a-key-in-hand")
        blob, rest = _take(body[1:])
        if body[0] != _SIGN or blob != key.blob:
            return bytes([_FAILURE])
        Path(f"{touch}.asked").touch()
        while not Path(touch).exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
        return bytes([_SIGNATURE]) + _string(key.sign(_take(rest)[0]))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                length = struct.unpack(">I", await reader.readexactly(4))[0]
                writer.write(_string(await answer(await reader.readexactly(length))))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_unix_server(serve, path)
    print("listening", flush=True)
    await server.serve_forever()


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _take(data: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(data[:4], "big")
    return data[4 : 4 + length], data[4 + length :]


def _mpint(number: int) -> bytes:
    return _string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
