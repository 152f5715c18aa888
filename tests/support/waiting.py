"""The only place in the tests that waits: polling of a condition, bounded, with a name."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

POLL_SECONDS = 0.02
"""Time between two looks."""


class NeverHappened(AssertionError):
    """What was waited for did not come in time."""


@overload
async def until(
    condition: Callable[[], Awaitable[T]],
    what: str,
    *,
    seconds: float = ...,
    show: Callable[[], object] | None = ...,
) -> T: ...
@overload
async def until(
    condition: Callable[[], T],
    what: str,
    *,
    seconds: float = ...,
    show: Callable[[], object] | None = ...,
) -> T: ...
async def until(
    condition: Callable[[], T | Awaitable[T]],
    what: str,
    *,
    seconds: float = 15,
    show: Callable[[], object] | None = None,
) -> T:
    """Wait until the condition gives something true, and give that.

    Args:
        condition: Asked again and again; plain or async. It must not raise.
        what: What should happen, as part of the error message.
        seconds: The longest wait.
        show: Called for more to put into the message, a screen or a log.

    Raises:
        NeverHappened: It did not come in time.
    """
    seen: T | None = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                answer = condition()
                seen = await answer if inspect.isawaitable(answer) else answer
                if seen:
                    return seen
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        more = f"\n{show()}" if show is not None else ""
        message = f"never happened in {seconds:g} s: {what}; last seen: {seen!r}{more}"
        raise NeverHappened(message) from None
