"""Runs a command's coroutine: one event loop, signals that unwind everything, one exit code."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from functools import partial
from typing import Any

from codex_ssh.errors import ExitCode, Interrupted
from codex_ssh.local.parting import Parting, set_parting
from codex_ssh.local.signals import catch_signals

_SIGNALS = {
    signal.SIGINT: ExitCode.SIGINT,
    signal.SIGTERM: ExitCode.SIGTERM,
    signal.SIGHUP: ExitCode.SIGTERM,
}


def run_async(main: Coroutine[Any, Any, int]) -> int:
    """Run to the end and give the exit code.

    A signal cancels the coroutine, so that every block above still closes what it opened; a second one
    cancels again, so that a clean-up that hangs ends too. What others still need goes on in another process.

    Raises:
        Interrupted: A signal ended it.
    """
    got: list[ExitCode] = []
    parting = Parting()

    async def watched() -> int:
        task = asyncio.current_task()
        assert task is not None

        def stop(code: ExitCode) -> None:
            got.append(code)
            task.cancel()

        catch_signals({number: partial(stop, code) for number, code in _SIGNALS.items()})
        set_parting(parting)
        return await main

    runner = asyncio.Runner(loop_factory=parting.make_loop)
    try:
        return runner.run(watched())
    except asyncio.CancelledError:
        raise Interrupted(got[0] if got else ExitCode.SIGINT) from None
    finally:
        if not (parting.goes_on and parting.part(runner)):
            runner.close()
