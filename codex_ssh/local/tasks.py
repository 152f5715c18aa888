"""Tasks that end with their block, and one exception out of it instead of a group.

Lives here: the only TaskGroup of the link and of what is done on this machine. A block that fails gives the
exception that says most: what the block itself raised, else the first of its tasks'.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any


class Tasks:
    """The tasks of one block."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(
        self, coroutine: Coroutine[Any, Any, None], *, at_end: Callable[[], object] | None = None
    ) -> None:
        """Run something beside the block; its failure ends the block.

        Args:
            coroutine: What to run.
            at_end: Called when it has ended, also when it was cancelled before it began: then not even its
                ``finally`` runs, so what was handed to it is let go here.
        """
        try:
            task = self._group.create_task(coroutine)
        except RuntimeError:  # the block is ending: cancelled before it began
            coroutine.close()
            if at_end is not None:
                at_end()
            return
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if at_end is not None:
            task.add_done_callback(lambda _: at_end())

    async def wait(self) -> None:
        """Wait until all of them have ended."""
        while self._running:
            await asyncio.wait(self._running)

    def cancel(self) -> None:
        """Ask all of them to end."""
        for task in tuple(self._running):
            task.cancel()


@asynccontextmanager
async def open_tasks() -> AsyncGenerator[Tasks, None]:
    """Give a place to start tasks; at the end of the block they are cancelled and awaited."""
    said: BaseException | None = None
    current = asyncio.current_task()
    assert current is not None
    cancelled_before = current.cancelling()
    try:
        async with asyncio.TaskGroup() as group:
            tasks = Tasks(group)
            try:
                yield tasks
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                said = error
                raise
            finally:
                tasks.cancel()
    except BaseExceptionGroup as failed:
        if current.cancelling() > cancelled_before:
            # A group drops a cancellation that comes while it ends with an error (CPython before 3.13): who
            # cancelled would wait for ever for a task that goes on.
            raise asyncio.CancelledError from None
        raise said or _first(failed) from None


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = failed
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
