"""The checks of ``selftest``: each breaks or strains a link on purpose and compares what is there afterwards.

Lives here: what is done to the link, and what must be true then. Not here: flags and order
(:mod:`codex_ssh.cli.selftest`), what passes by on the link (:mod:`codex_ssh.cli.witness`), printing
(:mod:`codex_ssh.cli.card`).

The client is the one of our TUI, without a screen; the judge is the app server's own account of the thread.
The thread is a scratch one. What streams is a command of the user's own (``thread/shellCommand``), which
prints numbered lines and needs no model.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import field
from typing import Final

from codex_ssh.cli.bench import ASK_SECONDS, COMMAND_SECONDS, Bench, CheckFailed, CheckSkipped
from codex_ssh.cli.card import Figures, Outcome, Result
from codex_ssh.core.ask import Ask, CommandAsk, UnknownAsk
from codex_ssh.core.call import Call
from codex_ssh.core.decision import Verdict
from codex_ssh.core.entry import TurnEnd
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.methods import thread_read, thread_turns_list
from codex_ssh.core.rpc import METHOD_NOT_FOUND
from codex_ssh.core.thread import ThreadState, TurnStatus
from codex_ssh.core.value import dataclass
from codex_ssh.errors import CodexSshError, RpcFailed
from codex_ssh.link.supervisor import words
from codex_ssh.server.rehearsal.wire import MODEL as REHEARSAL
from codex_ssh.tui.chat import Chat

NOTICE_SECONDS: Final = 5.0
"""A link that says nothing has to be noticed within this."""

MODEL_SECONDS: Final = 180.0
"""The longest a model may take to ask for its approval."""

LARGE_BYTES: Final = 20 * 1024 * 1024
"""More than the 16 MiB the app server takes in one frame, less than the 64 MiB of one message."""

STREAM_LINES: Final = 4_000
SLOW_LINES: Final = 2_000
"""Below the 64 KiB of a command's output that codex 0.163 and 0.169 store."""

BURST_LINES: Final = 200_000
"""3 MiB, which are told and not stored: in fewer messages than the 1024 that may wait for a slow line."""

SLOW_BATCH: Final = 50
"""Lines between two pauses of a tenth of a second."""

_LINE: Final = "selftest %06d"

_PROMPT: Final = """\
Run the one command of the next line with your shell tool, as it is, and say done after it.
run: sleep 0"""
"""What makes any model ask: no sandbox rule lets this command pass by itself under ``untrusted``."""

_ON_PURPOSE: Final = "the selftest wants it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a check that passed found: words for people, figures for programs."""

    words: str
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check.

    Attributes:
        doing: What it does, for progress.
        check: Does it; raises CheckFailed and CheckSkipped.
        breaks: It ends the session: not done where the app server ends with it.
    """

    name: str
    doing: str
    check: Callable[[Bench], Awaitable[Found]]
    breaks: bool = False


async def perform(check: Check, bench: Bench) -> Result:
    """Do one check, whatever comes of it."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    figures: Figures = {}
    try:
        if check is not CHECKS[0]:
            await bench.require_link()
        _require_way(check, bench)
        found = await check.check(bench)
        outcome, said, figures = Outcome.OK, found.words, found.figures
    except CheckSkipped as skipped:
        outcome, said = Outcome.SKIPPED, str(skipped)
    except CheckFailed as failed:
        outcome, said = Outcome.FAILED, str(failed)
    except CodexSshError as error:
        outcome, said = Outcome.FAILED, words(error)
    return Result(check=check.name, outcome=outcome, words=said, figures=figures, seconds=loop.time() - began)


# ---------------------------------------------------------------- the checks


async def _connect(bench: Bench) -> Found:
    trips = [await bench.witness.link.ping() for _ in range(5)]
    bench.chat.open()
    await bench.until(
        lambda: bench.chat.transcript is not None or not bench.chat.doing,
        "a thread is opened",
        seconds=COMMAND_SECONDS,
    )
    if bench.chat.transcript is None:
        raise CheckFailed("the app server opened no thread; -v says why")
    trip, facts = statistics.median(trips), bench.line.facts
    started = ", app server started" if bench.is_new_server else ""
    return Found(
        words=f"{_ms(bench.connect_seconds)} by {facts.transport}, round trip {_ms(trip)}{started}",
        figures={
            "connectMs": _figure(bench.connect_seconds),
            "roundTripMs": _figure(trip),
            "transport": facts.transport,
        },
    )


async def _stream(bench: Bench) -> Found:
    began = asyncio.get_running_loop().time()
    await bench.run(_printing(STREAM_LINES))
    took = asyncio.get_running_loop().time() - began
    expected = _printed(STREAM_LINES)
    if (heard := "".join(bench.witness.output)) != expected:
        raise CheckFailed(_difference(heard, expected))
    items = await bench.compare()
    pieces = len(bench.witness.output)
    return Found(
        words=f"{STREAM_LINES} lines, {_kib(expected)} in {pieces} pieces, {_ms(took)}",
        figures={"bytes": len(expected), "lines": STREAM_LINES, "ms": _figure(took), "items": items},
    )


async def _drop(bench: Bench) -> Found:
    _needs_ssh(bench)
    await bench.start(_printing(SLOW_LINES, batch=SLOW_BATCH))
    await bench.begun()
    before, connections = bench.witness.link, bench.line.connections
    bench.line.give_up_connection(_ON_PURPOSE)
    took = await bench.back(before)
    await bench.ended()
    items = await bench.compare()
    if (shown := bench.last_output()) != _printed(SLOW_LINES):
        raise CheckFailed(_difference(shown, _printed(SLOW_LINES)))
    logins = bench.line.connections - connections
    return Found(
        words=f"back in {_ms(took)} with {logins} new login, {items} items as the app server has them",
        figures={"ms": _figure(took), "logins": logins, "items": items},
    )


async def _reset(bench: Bench) -> Found:
    before, connections = bench.witness.link, bench.line.connections
    before.abort()
    took = await bench.back(before)
    if bench.line.connections != connections:
        raise CheckFailed("the session came back over another SSH connection")
    items = await bench.compare()
    return Found(
        words=f"back in {_ms(took)} over the same connection, {items} items as the app server has them",
        figures={"ms": _figure(took), "logins": 0, "items": items},
    )


async def _half_open(bench: Bench) -> Found:
    before = bench.witness.link
    before.pause_reading()
    noticed = await bench.until(
        lambda: bench.line.status.state is not LinkState.UP, "the silence is noticed", seconds=NOTICE_SECONDS
    )
    bench.line.give_up_session(_ON_PURPOSE)
    took = await bench.back(before)
    items = await bench.compare()
    return Found(
        words=f"noticed after {_ms(noticed)}, back {_ms(took)} later",
        figures={"noticedMs": _figure(noticed), "ms": _figure(took), "items": items},
    )


async def _burst(bench: Bench) -> Found:
    before, turns = bench.witness.link, await _newest_turn(bench)
    began = asyncio.get_running_loop().time()
    bench.witness.hold()
    try:
        await bench.start(_printing(BURST_LINES))
        # The answer comes behind all that was said before it: the reader stood still for all of that.
        newest = await _other_turn(bench, turns)
    finally:
        bench.witness.release()
    took = asyncio.get_running_loop().time() - began
    await bench.until(
        lambda: bench.transcript.entry(newest, "#end") is not None,
        "what waited is read",
        seconds=COMMAND_SECONDS,
    )
    if bench.witness.link is not before:
        raise CheckFailed("the app server dropped the connection while the reader was busy")
    expected = _printed(BURST_LINES)
    if (heard := "".join(bench.witness.output)) != expected:
        raise CheckFailed(_difference(heard, expected))
    messages = bench.witness.messages
    return Found(
        words=f"{_mib(len(expected))} in {messages} messages, {_ms(took)}, read late and whole",
        figures={"bytes": len(expected), "messages": messages, "ms": _figure(took)},
    )


async def _large(bench: Bench) -> Found:
    # A parameter nobody knows: it is carried and ignored. Refused or not, the answer proves that it arrived.
    params = {"threadId": bench.transcript.thread_id, "selftest": "x" * LARGE_BYTES}
    call = Call(method="thread/read", params=params, decode=lambda _: None)
    before, began = bench.witness.link, asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(2 * COMMAND_SECONDS):
            await bench.chat.call(call)
        answer = "answered"
    except RpcFailed as failed:
        answer = f"refused ({failed.code})"
    except TimeoutError:
        raise CheckFailed(f"no answer within {2 * COMMAND_SECONDS:g} s") from None
    took = asyncio.get_running_loop().time() - began
    if bench.witness.link is not before:
        raise CheckFailed("the connection was dropped")
    return Found(
        words=f"{_mib(LARGE_BYTES)} up in fragments, {answer} after {_ms(took)}",
        figures={"bytes": LARGE_BYTES, "ms": _figure(took)},
    )


async def _approval_drop(bench: Bench) -> Found:
    if bench.transcript.model != REHEARSAL:
        if not bench.with_model:
            raise CheckSkipped("needs a turn of the model, which costs: --with-model")
        if bench.line.facts.signed_out:
            raise CheckSkipped("nobody is signed in to codex there")
    chat, turns = bench.chat, bench.turns
    bench.witness.forget()
    chat.send(_PROMPT)
    await bench.until(lambda: bool(chat.asks) or bench.turns > turns, "an approval", seconds=MODEL_SECONDS)
    if not chat.asks:
        raise CheckSkipped("the turn ended without asking for an approval")
    asked, before = _identities(chat.asks), bench.witness.link
    bench.witness.forget()
    if bench.line.facts.transport == "wss":
        before.abort()
    else:
        bench.line.give_up_connection(_ON_PURPOSE)
    took = await bench.back(before)
    try:
        await bench.until(lambda: bool(chat.asks), "the request comes back", seconds=NOTICE_SECONDS)
        if _identities(chat.asks) != asked or len(bench.witness.requests) != 1:
            raise CheckFailed(f"one request waited, {len(bench.witness.requests)} came back, or another one")
    finally:
        for ask in chat.asks:
            _refuse(chat, ask)
    await bench.until(lambda: bench.turns > turns, "the end of the turn", seconds=MODEL_SECONDS)
    return Found(
        words=f"back in {_ms(took)}, the same request once; it was not approved",
        figures={"ms": _figure(took), "requests": 1},
    )


async def _server_kill(bench: Bench) -> Found:
    generation = bench.line.facts.generation
    if not bench.is_new_server:
        raise CheckSkipped("the app server was there before: only one this run started is killed")
    if not generation:
        raise CheckSkipped("the process of the app server is not known")
    await bench.start(_killing(generation.split()[-1]))
    await bench.until(lambda: bool(bench.witness.output), "output", seconds=COMMAND_SECONDS)
    turn, before = bench.transcript.turn_id, bench.witness.link
    took = await bench.back(before)
    if bench.line.facts.generation == generation:
        raise CheckFailed("the app server was not killed: the link was lost for another reason")
    await bench.until(
        lambda: bench.transcript.entry(turn or "", "#end") is not None,
        "the turn's end is told",
        seconds=NOTICE_SECONDS,
    )
    end = bench.transcript.entry(turn or "", "#end")
    if end is None or not isinstance(end.content, TurnEnd) or end.content.status is TurnStatus.COMPLETED:
        raise CheckFailed("the turn that was killed is shown as completed")
    return Found(
        words=f"a new one in {_ms(took)}, the turn that ran is shown as {end.content.status.value}",
        figures={"ms": _figure(took)},
    )


CHECKS: Final = (
    Check(name="connect", doing="opening a scratch thread", check=_connect),
    Check(name="stream", doing="a command prints thousands of lines", check=_stream),
    Check(name="drop", doing="giving up the SSH connection under a command", check=_drop, breaks=True),
    Check(name="reset", doing="ending the WebSocket alone", check=_reset, breaks=True),
    Check(name="half-open", doing="reading nothing any more", check=_half_open, breaks=True),
    Check(name="burst", doing="a command prints some MiB while nobody looks", check=_burst),
    Check(name="large", doing="sending one message of 20 MiB", check=_large),
    Check(name="approval-drop", doing="a drop while an approval waits", check=_approval_drop, breaks=True),
    Check(name="server-kill", doing="SIGKILL for the app server", check=_server_kill, breaks=True),
)


def _require_way(check: Check, bench: Bench) -> None:
    if check.breaks and bench.line.facts.transport.endswith("stdio"):
        raise CheckSkipped("this app server ends with its connection")


def _needs_ssh(bench: Bench) -> None:
    if bench.line.facts.transport == "wss":
        raise CheckSkipped("there is no SSH connection on this way")


async def _newest_turn(bench: Bench, *, over: bool = False) -> str:
    """Give the id of the newest turn; empty when there is none, or it still runs and must be over."""
    try:
        page = await bench.chat.call(thread_turns_list(bench.transcript.thread_id, limit=1))
    except RpcFailed as failed:
        if failed.code != METHOD_NOT_FOUND:  # what codex says of a thread without turns
            raise
        return ""
    return "".join(turn.id for turn in page.data if not over or turn.status.is_over)


async def _other_turn(bench: Bench, than: str) -> str:
    """Wait for the end of another turn, by asking the app server alone, and give its id."""
    for _ in range(int(COMMAND_SECONDS / ASK_SECONDS)):
        newest = await _newest_turn(bench, over=True)
        if newest not in ("", than):
            # A command's turn may be listed as over while it runs; the thread's status tells.
            thread = await bench.chat.call(thread_read(bench.transcript.thread_id))
            if thread.status.state is not ThreadState.ACTIVE:
                return newest
        await asyncio.sleep(ASK_SECONDS)
    raise CheckFailed(f"the end of the command: not within {COMMAND_SECONDS:g} s")


def _identities(asks: tuple[Ask, ...]) -> list[tuple[object, str]]:
    return [(ask.request_id, getattr(ask, "item_id", "")) for ask in asks]


def _refuse(chat: Chat, ask: Ask) -> None:
    """Say no, and end the turn where that is offered: it costs less."""
    if isinstance(ask, UnknownAsk):
        return
    by_verdict = {one.verdict: one for one in ask.decisions}
    refusal = by_verdict.get(Verdict.CANCEL) or by_verdict.get(Verdict.DECLINE) or ask.decisions[-1]
    chat.answer(ask, refusal.result, declined=isinstance(ask, CommandAsk))


def _printing(lines: int, *, batch: int = 0) -> str:
    """A command any shell takes, that prints so many numbered lines, with a pause after each batch."""
    pause = f'; if (i % {batch} == 0) {{ fflush(); system("sleep 0.1") }}' if batch else ""
    return f"""awk 'BEGIN {{ for (i = 1; i <= {lines}; i++) {{ printf "{_LINE}\\n", i{pause} }} }}'"""


def _killing(pid: str) -> str:
    """A command that prints a line and kills the process it descends from; never any other."""
    return (
        f"sh -c 'p=$$; for n in 1 2 3 4 5 6 7 8; do "
        'p=$(ps -o ppid= -p "$p" 2>/dev/null || sed "s/^.*) . //; s/ .*//" "/proc/$p/stat"); p=$(echo $p); '
        f'if [ "$p" = {pid} ]; then echo killing {pid}; sleep 1; kill -9 {pid}; exit; fi; done; '
        f"echo {pid} is not above me; exit 1'"
    )


def _printed(lines: int) -> str:
    return "".join(f"{_LINE % n}\n" for n in range(1, lines + 1))


def _difference(heard: str, expected: str) -> str:
    at = next((n for n, pair in enumerate(zip(heard, expected, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(heard), len(expected)) if at is None else at
    line = expected.count("\n", 0, at) + 1
    return f"{len(heard)} of {len(expected)} characters arrived, and line {line} is not what was printed"


def _figure(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


def _kib(text: str) -> str:
    return f"{len(text) // 1024} KiB"


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB".replace(".0 ", " ")
