"""``codex-ssh app-server``, once its flags are read: from flags to a running listener.

Lives here: which flags make sense together, which engine runs, and signals. Not here: the flags themselves
(:mod:`codex_ssh.cli.app_server`) and listening (:mod:`codex_ssh.server.listener`).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import resource
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from codex_ssh.core.token import Verifier
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError
from codex_ssh.local.files import read_secret
from codex_ssh.local.stdio_pipes import open_stdio_client
from codex_ssh.server.address import (
    ListenAddress,
    NoAddress,
    StdioAddress,
    TcpAddress,
    UnixAddress,
    parse_listen,
)
from codex_ssh.server.audit import open_audit_file
from codex_ssh.server.auth import AuthFlags, AuthMode, check_flags, read_verifier
from codex_ssh.server.backend import AttachedBackend, find_codex, open_codex, parse_upstream
from codex_ssh.server.credential import FileVerifier
from codex_ssh.server.engine import Engine, Joiner
from codex_ssh.server.hub import Hub
from codex_ssh.server.limits import MAX_CONNECTIONS
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.log import ListenerFormatter, log_listener
from codex_ssh.server.rehearsal.engine import Rehearsal, open_rehearsal
from codex_ssh.server.tls import TlsFiles, keep_buffers_small

logger = logging.getLogger(__name__)

DONE: Final = 0
FAILED: Final = 1

GOODBYE_SECONDS: Final = 1.0
"""How long clients may take to read that the engine has ended."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the flags ask for, checked; secret files have been read.

    Attributes:
        listen: ``--listen`` as given, for the log.
        listener: None serves stdin and stdout.
        names_engine: Whether to say which engine answers, since nobody chose one.
        codex: The real codex to run, for ``--engine codex``.
        codex_flags: Its own flags.
        upstream: The app server to attach to instead.
        upstream_token: The file with its token; None sends none.
        audit_log: Where to write who came; None writes nothing.
    """

    listen: str
    listener: ListenerConfig | None
    names_engine: bool
    codex: Path | None = None
    codex_flags: tuple[str, ...] = ()
    upstream: TcpAddress | UnixAddress | None = None
    upstream_token: Path | None = None
    audit_log: Path | None = None


def read_plan(args: argparse.Namespace) -> Plan:
    """Check the flags in the order the real server does: the address, auth, then what they ask for.

    Raises:
        UsageError: ``--listen`` is none of the forms.
        ConfigError: Flags contradict each other, or a file is not good.
    """
    listen = "stdio://" if args.listen is None else str(args.listen)
    address = parse_listen(listen)
    auth = AuthFlags(
        mode=AuthMode(args.ws_auth) if args.ws_auth else None,
        token_file=args.ws_token_file,
        token_sha256=args.ws_token_sha256,
        shared_secret_file=args.ws_shared_secret_file,
        issuer=args.ws_issuer,
        audience=args.ws_audience,
        max_clock_skew_seconds=args.ws_max_clock_skew_seconds,
    )
    check_flags(auth)
    listener = _read_config(args, address, auth)
    upstream = _read_upstream(args, listener)
    return Plan(
        listen=listen,
        listener=listener,
        names_engine=args.engine is None and upstream is None,
        codex=find_codex() if args.engine == "codex" and upstream is None else None,
        codex_flags=_codex_flags(args),
        upstream=upstream,
        upstream_token=_check_upstream_token(args, upstream),
        audit_log=args.audit_log,
    )


def _read_upstream(
    args: argparse.Namespace, listener: ListenerConfig | None
) -> TcpAddress | UnixAddress | None:
    if args.upstream is None:
        return None
    if args.engine == "rehearsal":
        raise ConfigError("`--upstream` requires `--engine codex`, not `rehearsal`")
    if listener is None:
        raise ConfigError("`--upstream` cannot be used with `--listen stdio://`")
    return parse_upstream(args.upstream)


def _check_upstream_token(args: argparse.Namespace, upstream: TcpAddress | UnixAddress | None) -> Path | None:
    path: Path | None = args.upstream_token_file
    if path is None:
        return None
    if not isinstance(upstream, TcpAddress):
        raise ConfigError("`--upstream-token-file` requires `--upstream ws://127.0.0.1:PORT`")
    read_secret(path)  # a fault is told now, not to the first client
    return path


def _codex_flags(args: argparse.Namespace) -> tuple[str, ...]:
    """The flags of codex that concern its engine only."""
    words: list[str] = []
    for flag, values in (("-c", args.config), ("--enable", args.enable), ("--disable", args.disable)):
        for value in values:
            words += [flag, value]
    if args.strict_config:
        words.append("--strict-config")
    return tuple(words)


def _read_config(args: argparse.Namespace, address: ListenAddress, auth: AuthFlags) -> ListenerConfig | None:
    tls = _read_tls(args, address)
    match address:
        case NoAddress():
            raise ConfigError("no transport configured; use --listen or enable remote control")
        case StdioAddress():
            if args.audit_log is not None:
                raise ConfigError("`--audit-log` cannot be used with `--listen stdio://`")
            return None
        case _:
            return ListenerConfig(
                address=address,
                verifier=_read_auth(auth),
                codex_home=_codex_home(),
                tls=tls,
                close_expired=args.ws_close_expired,
                max_connections=args.max_connections or MAX_CONNECTIONS,
            )


def _read_auth(flags: AuthFlags) -> Verifier | None:
    """Read the verifier, which then follows its file if it is made of one."""
    if flags.secret_file is None:
        return read_verifier(flags)

    def load() -> Verifier:
        verifier = read_verifier(flags)
        assert verifier is not None
        return verifier

    return FileVerifier(path=flags.secret_file, load=load)


def _read_tls(args: argparse.Namespace, address: ListenAddress) -> TlsFiles | None:
    if isinstance(address, TcpAddress) and address.tls:
        if args.tls_cert is None or args.tls_key is None:
            raise ConfigError("`--listen wss://IP:PORT` needs `--tls-cert` and `--tls-key`")
        return TlsFiles(certificate=args.tls_cert, key=args.tls_key, client_ca=args.tls_client_ca)
    if any(given is not None for given in (args.tls_cert, args.tls_key, args.tls_client_ca)):
        raise ConfigError("`--tls-cert`, `--tls-key` and `--tls-client-ca` require `--listen wss://IP:PORT`")
    return None


def _codex_home() -> Path:
    """Where a control socket belongs, as for the real server."""
    given = os.environ.get("CODEX_HOME")
    return Path(given) if given else Path.home() / ".codex"


def serve(plan: Plan) -> int:
    """Serve until a signal, the end of stdin or the end of the engine; give the exit code.

    Raises:
        CodexSshError: It cannot listen, or the engine cannot run.
    """
    formatter = log_listener(plan.listen)
    if plan.listener is None and plan.codex is not None:
        # What would we add? The real one speaks on our pipes itself.
        os.execv(plan.codex, [str(plan.codex), "app-server", *plan.codex_flags])  # noqa: S606
    if plan.names_engine:
        print("no --engine given: this is the rehearsal engine, not Codex", file=sys.stderr)
    _allow_many_files()
    keep_buffers_small()
    return asyncio.run(_serve(plan, formatter))


def _allow_many_files() -> None:
    """A client takes a descriptor or two, and the usual soft limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and (hard == resource.RLIM_INFINITY or soft < hard):
        wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


class _Signals:
    """The first signal drains, the second one ends at once. All three mean the same."""

    def __init__(self) -> None:
        self.first, self.second = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._take)

    def _take(self) -> None:
        (self.second if self.first.is_set() else self.first).set()


async def _serve(plan: Plan, formatter: ListenerFormatter) -> int:
    signals = _Signals()
    async with AsyncExitStack() as stack:
        if plan.listener is None:
            engine = await stack.enter_async_context(_open_rehearsal())
            client = await stack.enter_async_context(open_stdio_client())
            await _first_of(engine.serve(client), signals.first.wait())
            return DONE
        config = plan.listener
        if plan.audit_log is not None:
            config = replace(config, audit_file=stack.enter_context(open_audit_file(plan.audit_log)))
        backend = await stack.enter_async_context(_open_engine(plan))
        listener = await stack.enter_async_context(open_listener(config, backend.engine))
        formatter.listener = listener.url
        print(listener.banner, end="", file=sys.stderr, flush=True)
        await _first_of(signals.first.wait(), backend.ended.wait())
        if signals.first.is_set():
            logger.warning("draining: running turns go on; a second signal ends at once")
            await _first_of(listener.drain(), signals.second.wait())
            return DONE
        logger.error("%s", backend.why())
        # The clients' goodbyes are on their way.
        await asyncio.sleep(GOODBYE_SECONDS)
        return FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """An engine, and the end it may come to by itself."""

    engine: Engine | Joiner
    ended: asyncio.Event
    why: Callable[[], str]


@asynccontextmanager
async def _open_engine(plan: Plan) -> AsyncGenerator[_Running, None]:
    if plan.upstream is not None:
        hub = Hub(backend=AttachedBackend(address=plan.upstream, token_file=plan.upstream_token))
        yield _Running(engine=hub, ended=asyncio.Event(), why=str)
    elif plan.codex is not None:
        async with open_codex(plan.codex, plan.codex_flags) as codex:
            yield _Running(engine=Hub(backend=codex), ended=codex.ended, why=lambda: codex.epitaph)
    else:
        async with _open_rehearsal() as engine:
            yield _Running(engine=engine, ended=asyncio.Event(), why=str)


@asynccontextmanager
async def _open_rehearsal() -> AsyncGenerator[Rehearsal, None]:
    """Run the rehearsal engine; a CODEX_HOME that is named is told to clients, and nothing is written there.

    Without one it tells a private directory: the user's own is Codex's, which this is not.
    """
    with ExitStack() as stack:
        given = os.environ.get("CODEX_HOME")
        private = given or stack.enter_context(TemporaryDirectory(prefix="codex-ssh-rehearsal-"))
        async with open_rehearsal(codex_home=Path(private)) as engine:
            yield engine


async def _first_of(*waits: Coroutine[object, object, object]) -> None:
    """Return when one of them has; the others are given up."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wait) for wait in waits]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
