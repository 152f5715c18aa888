"""What the probe script found out about the devbox, parsed once.

Lives here: the values and the reading of the script's answer. Not here: the script
(``link/probe.sh``), running it (:mod:`codex_ssh.link.appserver`), and what follows from the facts
(:mod:`codex_ssh.core.ownership`, :mod:`codex_ssh.link.appserver`).
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

from codex_ssh.core.command import ServerAuth, UnknownAuth, parse_auth, parse_listen
from codex_ssh.core.secret import Secret
from codex_ssh.core.value import dataclass

SECRET_LIMIT_BYTES: Final = 4096
"""The largest token or shared-secret file that is read. Real ones are below 100 bytes."""


class ProbeError(ValueError):
    """The answer is not the probe's: markers missing, or a line out of its form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFile:
    """A token or shared-secret file as the probe found it.

    Attributes:
        path: Absolute path on the devbox.
        state: ``missing``, ``irregular``, ``unreadable`` or ``read``.
        mode: Mode in the words of ``ls -l``; empty unless it was opened.
        owner: Its uid; None unless it was opened.
        text: The content, trimmed; None when the script would not or could not read it.
        size: Bytes read, at most ``SECRET_LIMIT_BYTES + 1``.
    """

    path: str
    state: str
    mode: str = ""
    owner: int | None = None
    text: Secret | None = None
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One listening TCP socket.

    Attributes:
        address: Numeric address it is bound to; ``*`` for any.
        uid: The owner, as far as the source tells.
    """

    address: str
    uid: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundServer:
    """What is known about one TCP port.

    Attributes:
        port: The port.
        seen: The source of ``listeners``: ``proc``, ``ss``, ``lsof``, or empty when there was none.
        listeners: Everything that listens on the port.
        pid: The login user's app server behind it; None when none was recognised.
        started: Its start time in the kernel's own form; only ever compared.
        auth: How it authenticates, from its command line.
        listen: Its ``--listen`` value.
        token: The secret file its command line names, or the recipe's.
        clients: How many connections it has; None when that cannot be counted.
        codex_home: Its own ``CODEX_HOME``; empty when its environment cannot be read.
    """

    port: int
    seen: str = ""
    listeners: tuple[Listener, ...] = ()
    pid: int | None = None
    started: str = ""
    auth: ServerAuth = field(default_factory=UnknownAuth)
    listen: str = ""
    token: SecretFile | None = None
    clients: int | None = None
    codex_home: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFacts:
    """One line of ``ls -ldn``."""

    mode: str
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSocket:
    """What is known about one unix socket.

    Attributes:
        path: As it was asked for.
        real: With every link resolved.
        socket: The socket itself; None when there is none.
        dirs: Every directory from the socket up to ``/``.
        live: Whether somebody listens on it; None when that cannot be seen.
        clients: How many connections it has; None when that cannot be counted.
        pid: The login user's app server behind it; None when none was recognised.
        codex_home: That one's own ``CODEX_HOME``; empty when its environment cannot be read.
    """

    path: str
    real: str
    socket: PathFacts | None
    dirs: tuple[PathFacts, ...]
    live: bool | None = None
    clients: int | None = None
    pid: int | None = None
    codex_home: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCodex:
    """A codex on the devbox.

    Attributes:
        version: What it says; empty when it would not say within five seconds.
    """

    path: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a start needs to know, and what a person asks for.

    Attributes:
        path: The PATH a login shell has; empty when it would not tell.
        umask: That shell's umask, in octal; empty when it would not tell.
        found: Every codex in a PATH or a known place, the one that would be started first; only when
            everything was asked for, like the next three.
        bwrap: bubblewrap is installed; codex brings one of its own.
        sandbox_starts: codex could sandbox a command; None when that was not tried.
        sandbox_said: What codex said when it could not.
        libc: ``gnu`` or ``musl``.
        home_fs: Type of the file system HOME lies on; empty when it cannot be seen.
        systemd: A systemd of the user's own runs.
        linger: It goes on after the last logout.
        kills: logind ends what a logout leaves behind.
        sandbox: What will keep codex from sandboxing commands: ``no-namespaces``, ``apparmor``, or empty.
    """

    path: str = ""
    umask: str = ""
    found: tuple[FoundCodex, ...] = ()
    bwrap: bool = False
    sandbox_starts: bool | None = None
    sandbox_said: str = ""
    libc: str = ""
    home_fs: str = ""
    systemd: bool = False
    linger: bool = False
    kills: bool = False
    sandbox: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The devbox, at the moment of asking.

    Attributes:
        uid: Numeric user id of the login.
        now: The devbox's clock, seconds since the epoch; 0 when it would not tell.
        boot: The kernel's boot id; empty where there is none.
        parent: ``/proc/PID/stat`` of what the script ran under, which is sshd; empty where there is none.
        codex: Path of the codex that was found; empty when none was.
        codex_from: Where it was found, in words.
        codex_version: What it says its version is, without the program's name.
        codex_home_real: ``codex_home`` with every link resolved.
        own: The server we started earlier, if our state file names one whose process lives.
        own_unix: The same, where it listens on a unix socket.
        own_state: That state file's lines.
        daemon: The control socket of the official daemon.
        ws: The TCP port that was asked about.
        unix: The unix socket that was asked about.
        recipe: The token file of the recipe; only when everything was asked for.
        around: What a start needs.
        elsewhere: The shell that looked is not, or may not be, where the SSH server is: what it sees is
            proved only for what that shell itself connects to.
    """

    uid: int
    user: str
    hostname: str
    os: str
    arch: str
    home: str
    codex_home: str
    boot: str = ""
    parent: str = ""
    now: int = 0
    codex: str = ""
    codex_from: str = ""
    codex_version: str = ""
    codex_home_real: str = ""
    own: FoundServer | None = None
    own_unix: FoundSocket | None = None
    own_state: Mapping[str, str] = field(default_factory=dict)
    daemon: FoundSocket | None = None
    ws: FoundServer | None = None
    unix: FoundSocket | None = None
    recipe: SecretFile | None = None
    around: Surroundings = field(default_factory=Surroundings)
    elsewhere: bool = False


def parse_probe(answer: bytes, *, marker: str, port: int | None) -> Probe:
    """Read the script's answer.

    Args:
        answer: Everything that came on stdout; rc files may have printed in front of the marker.
        marker: The random word of this run.
        port: The port the script was asked about.

    Raises:
        ProbeError: No answer between the markers, or not in its form.
    """
    facts = _read_lines(answer, marker)
    try:
        return Probe(
            uid=int(facts.one("uid")),
            user=facts.one("user"),
            hostname=facts.one("hostname"),
            os=facts.one("os"),
            arch=facts.one("arch"),
            home=facts.one("home"),
            codex_home=facts.one("codex_home"),
            boot=facts.one("boot"),
            parent=facts.one("sshd"),
            now=int(facts.one("now") or 0),
            codex=facts.one("codex"),
            codex_from=facts.one("codex_from"),
            codex_version=facts.one("codex_version"),
            codex_home_real=facts.one("codex_home_real"),
            own=_server(facts, "own", _port_of(facts.one("state.endpoint"))),
            own_unix=_socket(facts, "own"),
            own_state=facts.below("state."),
            daemon=_socket(facts, "daemon"),
            ws=_server(facts, "ws", port or 0),
            unix=_socket(facts, "unix"),
            recipe=_secret_file(facts, "recipe"),
            around=_surroundings(facts),
            elsewhere=facts.one("namespace") == "other",
        )
    except (ValueError, IndexError) as error:
        raise ProbeError(f"the probe's answer is out of its form: {error}") from error


def parse_lines(answer: bytes, *, marker: str) -> dict[str, str]:
    """Read an answer of the same form as a plain mapping; values of a repeated key become its lines.

    Raises:
        ProbeError: No answer between the markers, or not in its form.
    """
    facts = _read_lines(answer, marker)
    return {key: "\n".join(facts.many(key)) for key in facts.below("")}


class _Facts:
    def __init__(self, lines: Sequence[tuple[str, bytes]]) -> None:
        self._lines = lines

    def many(self, key: str) -> list[str]:
        return [value.decode("utf-8", "surrogateescape") for name, value in self._lines if name == key]

    def one(self, key: str) -> str:
        return next(iter(self.many(key)), "")

    def raw(self, key: str) -> bytes | None:
        return next((value for name, value in self._lines if name == key), None)

    def below(self, prefix: str) -> dict[str, str]:
        names = {name for name, _ in self._lines if name.startswith(prefix)}
        return {name.removeprefix(prefix): self.one(name) for name in sorted(names)}


def _read_lines(answer: bytes, marker: str) -> _Facts:
    _, begun, rest = answer.partition(f"{marker} begin\n".encode())
    inside, ended, _ = rest.partition(f"{marker} end\n".encode())
    if not begun:
        raise ProbeError("the probe's first line never came")
    if not ended:
        raise ProbeError("the probe's answer is cut off")
    lines = []
    for line in inside.splitlines():
        key, form, value = [*line.split(b" ", 2), b"", b""][:3]
        match form:
            case b"p":
                lines.append((key.decode("ascii", "replace"), value))
            case b"x":
                try:
                    lines.append((key.decode("ascii", "replace"), bytes.fromhex(value.decode("ascii"))))
                except (ValueError, binascii.Error) as error:
                    raise ProbeError(f"a value of {key!r} is not hexadecimal") from error
            case _:
                raise ProbeError(f"a line is neither plain nor hexadecimal: {line[:80]!r}")
    return _Facts(lines)


def _server(facts: _Facts, role: str, port: int) -> FoundServer | None:
    if not port or not facts.below(f"{role}."):
        return None
    argv = [
        word.decode("utf-8", "surrogateescape") for word in (facts.raw(f"{role}.argv") or b"").split(b"\0")
    ]
    words = argv[:-1] if any(argv) else facts.one(f"{role}.words").split()
    pid = facts.one(f"{role}.pid")
    return FoundServer(
        port=port,
        seen=facts.one(f"{role}.seen"),
        listeners=tuple(
            [_kernel_listener(row) for row in facts.many(f"{role}.listen")]
            + _ss_listeners(facts.one(f"{role}.ss"))
            + _lsof_listeners(facts.one(f"{role}.lsof"))
        ),
        pid=int(pid) if pid else None,
        started=facts.one(f"{role}.start"),
        auth=parse_auth(words, cwd=facts.one(f"{role}.cwd")),
        listen=parse_listen(words),
        token=_secret_file(facts, f"{role}.token"),
        clients=_count(facts.one(f"{role}.clients")),
        codex_home=_codex_home(facts, role),
    )


def _port_of(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2]) if endpoint.startswith("ws://") else 0


def _count(text: str) -> int | None:
    return int(text) if text else None


def _codex_home(facts: _Facts, role: str) -> str:
    """Give a process's CODEX_HOME, which codex takes to be below its HOME unless it is set."""
    named, home = facts.one(f"{role}.env.CODEX_HOME"), facts.one(f"{role}.env.HOME")
    return named or (f"{home}/.codex" if home else "")


def _surroundings(facts: _Facts) -> Surroundings:
    return Surroundings(
        path=facts.one("path"),
        umask=facts.one("umask"),
        found=tuple(_found_codex(line) for line in facts.many("codex.found")),
        bwrap=facts.one("bwrap") == "yes",
        sandbox_starts={"yes": True, "no": False}.get(facts.one("sandbox.starts")),
        sandbox_said=facts.one("sandbox.said"),
        libc=facts.one("libc"),
        home_fs=facts.one("home_fs"),
        systemd=facts.one("systemd") == "yes",
        linger=facts.one("linger") == "yes",
        kills=facts.one("kills") == "yes",
        sandbox=facts.one("sandbox"),
    )


def _found_codex(line: str) -> FoundCodex:
    version, _, path = line.partition(" ")
    return FoundCodex(path=path, version=version)


def _secret_file(facts: _Facts, role: str) -> SecretFile | None:
    state = facts.one(f"{role}.state")
    if not state:
        return None
    listed = facts.one(f"{role}.ls").split()
    content = facts.raw(f"{role}.text")
    return SecretFile(
        path=facts.one(f"{role}.path"),
        state=state,
        mode=listed[0] if listed else "",
        owner=int(listed[2]) if listed else None,
        text=None if content is None else Secret(content.decode("utf-8", "replace").strip()),
        size=len(content or b""),
    )


def _kernel_listener(row: str) -> Listener:
    local, uid, _ = row.split(",")
    return Listener(address=read_address(local.partition(":")[0]), uid=int(uid))


def read_address(text: str) -> str:
    """Turn the hexadecimal address of ``/proc/net/tcp`` into the numeric form; ``*`` for any.

    The kernel prints each 32-bit word in the byte order of the machine. All-zero is "any" in either
    order, and 127.0.0.1 is recognised in both, so the order need not be known for what we decide.
    """
    raw = bytes.fromhex(text)
    words = [raw[i : i + 4] for i in range(0, len(raw), 4)]
    if not any(raw):
        return "*"
    if len(words) == 1:
        word = words[0] if words[0][0] == 127 else words[0][::-1]
        return ".".join(str(byte) for byte in word)
    if words[0] == words[1] == b"\0\0\0\0":
        if words[2] == b"\0\0\0\0" and sorted(words[3]) == [0, 0, 0, 1]:
            return "::1"
        if words[2] in (b"\0\0\xff\xff", b"\xff\xff\0\0"):
            return read_address(words[3].hex())
    swapped = b"".join(word[::-1] for word in words).hex()
    return ":".join(swapped[i : i + 4] for i in range(0, 32, 4))


def _ss_listeners(text: str) -> list[Listener]:
    """Read ``ss -Hltne``: state, two queues, local address, peer, then ``uid:N`` unless it is 0."""
    found = []
    for line in text.splitlines():
        words = line.split()
        address = words[3].rpartition(":")[0].strip("[]").partition("%")[0]
        uid = next((int(word[4:]) for word in words[5:] if word.startswith("uid:")), 0)
        found.append(Listener(address="*" if not address.strip("0.:*") else address, uid=uid))
    return found


def _lsof_listeners(text: str) -> list[Listener]:
    """Read ``lsof -Fpun``: ``u`` (uid) of each process, then an ``n`` (name) per file."""
    found, uid = [], None
    for line in text.splitlines():
        if line.startswith("u"):
            uid = int(line[1:])
        elif line.startswith("n"):
            found.append(Listener(address=line[1:].rpartition(":")[0].strip("[]"), uid=uid))
    return found


def _socket(facts: _Facts, role: str) -> FoundSocket | None:
    path = facts.one(f"{role}.path")
    if not path:
        return None
    socket, pid, live = facts.one(f"{role}.socket"), facts.one(f"{role}.pid"), facts.one(f"{role}.live")
    return FoundSocket(
        path=path,
        real=facts.one(f"{role}.real"),
        socket=_path_facts(socket) if socket else None,
        dirs=tuple(_path_facts(line) for line in facts.many(f"{role}.dir") if line),
        live=live == "yes" if live else None,
        clients=_count(facts.one(f"{role}.clients")),
        pid=int(pid) if pid else None,
        codex_home=_codex_home(facts, role),
    )


def _path_facts(line: str) -> PathFacts:
    words = line.split()
    return PathFacts(mode=words[0], uid=int(words[2]))
