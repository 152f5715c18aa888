"""An asyncssh connection that says early what it knows will be asked.

Lives here: every private name of asyncssh that codex-ssh uses, each part behind a switch.
Not here: when a fast start may be made and what follows a surprise (:mod:`codex_ssh.link.ssh_login`), and
where lessons come from (:mod:`codex_ssh.local.lessons`).

A plain login with a key takes eight round trips; this one takes three, TCP included. What each switch does,
and what it leaves out of a stock connection:

- ``key_exchange``: the version, KEXINIT and the first key exchange packet go out together. Only one key
  exchange is offered, the one the server took the last time, so there is nothing to guess (RFC 4253 section
  7 lets either side send its KEXINIT at once; the server cannot tell when the next packet was made).
- ``login``: the service request and the signed request go out together, without asking for the list of
  methods and without asking whether the key would do (RFC 4252 section 7 allows it).
- ``channels``: what follows the login is sent behind the signed request. A server that refuses the key has
  then answered packets it should not see yet, which is a surprise, and the connection is given up.
- ``exec``: the first script goes out behind the request for its channel, which is given the number the
  server gave the last time.
- ``lean``: no empty MSG_IGNORE in front of every packet. It was for CBC ciphers; ours carry their own tag.

The host key is verified before anything of the login leaves: all of it waits for the key exchange's reply.
Anything that is not as expected ends the connection with :class:`Surprise`.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Generator, Mapping
from dataclasses import field
from typing import Any, Final

import asyncssh
from asyncssh.auth import _ClientPublicKeyAuth
from asyncssh.connection import SSHClientConnection
from asyncssh.constants import (
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EOF,
    MSG_CHANNEL_OPEN,
    MSG_CHANNEL_OPEN_CONFIRMATION,
    MSG_CHANNEL_REQUEST,
    MSG_IGNORE,
    MSG_SERVICE_ACCEPT,
    MSG_USERAUTH_FAILURE,
    MSG_USERAUTH_LAST,
    MSG_USERAUTH_SUCCESS,
)
from asyncssh.kex import Kex, get_kex
from asyncssh.kex_dh import _KexECDH
from asyncssh.packet import SSHPacket, String, UInt32

from codex_ssh.core.lesson import Lesson
from codex_ssh.core.value import dataclass
from codex_ssh.link.ssh_hello import COOKIE_END, Hello


class Surprise(Exception):
    """The server did something else than the last time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Which parts of the fast path are taken."""

    key_exchange: bool = False
    login: bool = False
    channels: bool = False
    exec: bool = False
    lean: bool = False


PLAIN: Final = Switches(lean=True)
"""Asks everything."""

FAST: Final = Switches(key_exchange=True, login=True, channels=True, exec=True, lean=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a connection begins.

    Attributes:
        switches: Which parts are said early.
        lesson: What the last visit taught; None for a plain start.
        hello: The first words, where they are out already.
        script: What the first session is given to read, with ``exec``.
        signed: Called when the signed request is out, with ``channels``: what is sent then follows it.
    """

    switches: Switches = PLAIN
    lesson: Lesson | None = None
    hello: Hello | None = None
    script: bytes = b""
    signed: Callable[[Connection], None] = field(default=lambda _: None)


class Connection(SSHClientConnection):
    """A client connection that can begin fast.

    Args:
        loop: The running loop.
        options: asyncssh's own.
        start: How it begins.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, options: asyncssh.SSHClientConnectionOptions, start: Start
    ) -> None:
        self._switches = start.switches
        self._start = start
        self._early: Kex | None = None
        self._current_kex: Kex | None = None
        self._hushed = False
        self._gathers = self._switches.channels
        self._gathered: list[bytes] = []
        self._tried = False
        self._signed = False
        self._guessing: Any = None
        self.kex_name = ""
        """The key exchange both sides took."""
        self.first_channel: int | None = None
        """The number the server gave the first channel."""
        super().__init__(loop, options, wait="auth")
        if self._switches.login:
            self._auth_methods = [b"publickey"]

    # ------------------------------------------------------------ the key exchange

    @property
    def _kex(self) -> Kex | None:
        return self._current_kex

    @_kex.setter
    def _kex(self, kex: Kex | None) -> None:
        if kex is not None:
            self.kex_name = kex.algorithm.decode()
            early, self._early = self._early, None
            if early is not None:
                if early.algorithm != kex.algorithm:
                    raise Surprise(f"it wants {self.kex_name} now")
                kex = early
        self._current_kex = kex

    def _send_version(self) -> None:
        lesson, hello = self._start.lesson, self._start.hello
        self._hushed = hello is not None
        super()._send_version()
        if not self._switches.key_exchange or lesson is None:
            return
        self._send_kexinit()
        early = get_kex(self, lesson.kex.encode())
        if not isinstance(early, _KexECDH):
            raise Surprise(f"{lesson.kex} cannot be begun alone")
        if hello is not None:
            self._adopt(hello, early)
        early._send_init()
        early.start = _begun  # type: ignore[method-assign]
        self._early = early
        self._hushed = False

    def _adopt(self, hello: Hello, kex: _KexECDH) -> None:
        """Go on from words that are out already, if they are ours."""
        if (hello.version, hello.kexinit[COOKIE_END:]) != (
            self._client_version,
            self._client_kexinit[COOKIE_END:],
        ):
            raise Surprise("we offer something else ourselves now")
        self._client_kexinit = hello.kexinit
        private: Any = kex._priv
        private._priv_key = hello.key
        kex._client_pub = private.get_public()

    def _send(self, data: bytes) -> None:
        if self._hushed:
            return
        if not self._gathers:
            super()._send(data)
            return
        # A fresh TCP connection may have ten packets under way: small ones are sent together, so that what
        # follows the login arrives with it.
        if not self._gathered:
            self._loop.call_soon(self._send_gathered)
        self._gathered.append(data)

    def _send_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            super()._send(b"".join(gathered))

    @property
    def offer(self) -> str:
        """What we offered in the key exchange, in base64."""
        return base64.b64encode(self._client_kexinit[COOKIE_END:]).decode()

    def _send_kexinit(self) -> None:
        if self._early is None:  # else it is out already
            super()._send_kexinit()

    # ------------------------------------------------------------ the login

    def send_service_request(self, service: bytes) -> None:
        """Ask for the service; with ``login`` the login follows at once."""
        super().send_service_request(service)
        if self._switches.login:
            self._auth_in_progress = True
            if self._owner is not None:
                self._owner.begin_auth(self._username)
            # Behind whatever came in the same segment, which may say what signatures the server takes.
            self._loop.call_soon(self.try_next_auth)

    def try_next_auth(self, *, next_method: bool = False) -> None:
        """Log in by the next way; with ``login`` there is one."""
        if not self._switches.login:
            super().try_next_auth(next_method=next_method)
        elif self._tried:
            self.surprised("the key cannot be used")
        elif self._transport is not None:
            self._tried = True
            self._auth = _SignedAtOnce(self, b"publickey")

    def _accept_service(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        if self._switches.login:
            # The login is under way already; nothing waits for this.
            if not self._recv_encryption or packet.get_string() != self._next_service:
                self.surprised("it accepts another service")
        else:
            super()._process_service_accept(pkttype, pktid, packet)

    def _refuse_login(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        if self._switches.login:
            self.surprised("the server refused the key")
        else:
            super()._process_userauth_failure(pkttype, pktid, packet)

    def _accept_login(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        self._gathers = False
        self._send_gathered()
        super()._process_userauth_success(pkttype, pktid, packet)

    def signed(self) -> None:
        """The signed request is out."""
        if self._switches.channels:
            self._signed = True
            self._start.signed(self)

    def surprised(self, why: str) -> None:
        """Give the connection up."""
        self._force_close(Surprise(why))

    # ------------------------------------------------------------ what follows it

    def send_packet(self, pkttype: int, *args: bytes, handler: Any = None) -> None:
        """Send a packet, or keep it until the login is over."""
        if pkttype == MSG_IGNORE and self._switches.lean and self._is_sealed():
            return
        if pkttype > MSG_USERAUTH_LAST and self._signed and not self._auth_complete and self._kex_complete:
            self._auth_complete = True  # for this packet
            try:
                super().send_packet(pkttype, *args, handler=handler)
            finally:
                self._auth_complete = False
            if self._switches.exec:
                self._guess(pkttype, args, handler)
        else:
            super().send_packet(pkttype, *args, handler=handler)

    def _is_sealed(self) -> bool:
        return b"gcm" in self._enc_alg_cs or b"chacha20" in self._enc_alg_cs

    def _guess(self, pkttype: int, args: tuple[bytes, ...], channel: Any) -> None:
        """Go on with the first channel as if it were open."""
        lesson, script = self._start.lesson, self._start.script
        assert lesson is not None
        if pkttype == MSG_CHANNEL_OPEN and self._guessing is None and args[0] == String(b"session"):
            self._guessing = channel
            channel._send_chan = lesson.channel
            channel._open_waiter = _Guessed(self, channel, lesson.channel)
        elif pkttype == MSG_CHANNEL_REQUEST and channel is self._guessing:
            number = UInt32(lesson.channel)
            if args[0].startswith(number + String(b"exec")):
                self.send_packet(MSG_CHANNEL_DATA, number + String(script), handler=channel)
                self.send_packet(MSG_CHANNEL_EOF, number, handler=channel)

    def _note_channel(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        if self.first_channel is None:
            # RFC 4254 section 5.1: our number, then theirs.
            self.first_channel = int.from_bytes(packet.get_remaining_payload()[4:8], "big")
        super()._process_channel_open_confirmation(pkttype, pktid, packet)

    _packet_handlers: dict[int, Callable[..., Any]] = {  # noqa: RUF012 - the shape is asyncssh's
        **SSHClientConnection._packet_handlers,
        MSG_SERVICE_ACCEPT: _accept_service,
        MSG_USERAUTH_FAILURE: _refuse_login,
        MSG_USERAUTH_SUCCESS: _accept_login,
        MSG_CHANNEL_OPEN_CONFIRMATION: _note_channel,
    }


class _SignedAtOnce(_ClientPublicKeyAuth):
    """Logs in with one key, without asking whether it would do."""

    _conn: Connection

    async def _start(self) -> None:
        self._keypair = await self._conn.public_key_auth_requested()
        if self._keypair is None:
            self._conn.surprised("the key is gone")
            return
        lesson = self._conn._start.lesson
        assert lesson is not None
        if not self._conn._server_sig_algs and lesson.signature.encode() in self._keypair.sig_algorithms:
            self._keypair.set_sig_algorithm(lesson.signature.encode())
        await self._send_signed_request()
        self._conn.signed()


class _Guessed:
    """Stands where asyncssh waits for a channel to be opened, and is not waited for."""

    def __init__(self, connection: Connection, channel: Any, number: int) -> None:
        self._connection = connection
        self._channel = channel
        self._number = number

    def __await__(self) -> Generator[None, None, SSHPacket]:
        yield from ()
        return SSHPacket(b"")

    def cancelled(self) -> bool:
        return False

    def set_result(self, packet: SSHPacket) -> None:
        """The channel is open."""
        packet.check_end()
        if self._channel._send_chan != self._number:
            self._connection.surprised("it numbers its channels in another way")
        self._channel._send_state = "eof"  # all there is to say has been said

    def set_exception(self, error: BaseException) -> None:
        """It will not be opened."""
        self._connection.surprised(f"it opened no session: {error}")


async def _begun() -> None:
    """Nothing: its first packet is out already."""


async def connect(
    options: Mapping[str, Any],
    host: str,
    port: int,
    way: Any,
    start: Start,
) -> Connection:
    """Connect and log in; as :func:`asyncssh.connect`, but for the start.

    Args:
        options: As for :func:`asyncssh.connect`.
        host: Where to.
        port: Where to.
        way: Opens the byte stream: has asyncssh's ``create_connection``.
        start: How it begins.

    Raises:
        Surprise: The server did something else than the last time.
        Exception: As :func:`asyncssh.connect`.
    """
    loop = asyncio.get_running_loop()
    made = await asyncssh.SSHClientConnectionOptions.construct(None, host=host, port=port, **options)
    made.waiter = loop.create_future()
    try:
        _, connection = await way.create_connection(lambda: Connection(loop, made, start), host, port)
    except BaseException:
        made.waiter.cancel()
        raise
    connection.set_extra_info(host=host, port=port)
    try:
        await made.waiter
    except BaseException:
        connection.abort()
        await connection.wait_closed()
        raise
    assert isinstance(connection, Connection)
    return connection
