"""Tasks that end with their block."""

from __future__ import annotations

import asyncio

import pytest

from codex_ssh.local.tasks import open_tasks


async def test_tasks_are_cancelled_and_awaited_at_the_end_of_the_block() -> None:
    ended = []

    async def wait() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(True)

    async with open_tasks() as tasks:
        tasks.start(wait())
        tasks.start(wait())
        await asyncio.sleep(0)
        assert len(tasks) == 2
    assert ended == [True, True]


async def test_all_of_them_can_be_waited_for() -> None:
    ended = []

    async def end(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        ended.append(turns)

    async with open_tasks() as tasks:
        await tasks.wait()
        for turns in (3, 1, 2):
            tasks.start(end(turns))
        await tasks.wait()
        assert (ended, len(tasks)) == ([1, 2, 3], 0)


async def test_a_failing_task_ends_the_block_with_its_own_exception() -> None:
    async def fail() -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        async with open_tasks() as tasks:
            tasks.start(fail())
            await asyncio.get_running_loop().create_future()


async def test_what_the_block_itself_raises_goes_first() -> None:
    async def fail() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            raise ConnectionError("gone")

    with pytest.raises(KeyError):
        async with open_tasks() as tasks:
            tasks.start(fail())
            await asyncio.sleep(0)
            raise KeyError


async def test_cancelling_the_block_from_outside_stays_a_cancellation() -> None:
    started = asyncio.Event()

    async def block() -> None:
        async with open_tasks():
            started.set()
            await asyncio.get_running_loop().create_future()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(block())
        await started.wait()
        task.cancel()
    assert task.cancelled()


async def test_a_cancellation_that_meets_a_failing_block_is_not_lost() -> None:
    """As when a link breaks while its owner is just being ended."""
    ending, go_on = asyncio.Event(), asyncio.Event()

    async def slow_to_end() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ending.set()
            await go_on.wait()

    async def block() -> None:
        async with open_tasks() as tasks:
            tasks.start(slow_to_end())
            await asyncio.sleep(0)
            raise ConnectionError("gone")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(block())
        await ending.wait()
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
    assert task.cancelled()


async def test_what_a_task_was_given_is_let_go_also_when_it_never_began() -> None:
    done = []

    async def end() -> None:
        done.append("began")

    async with open_tasks() as tasks:
        tasks.start(end(), at_end=lambda: done.append("let go"))
        await tasks.wait()
        assert done == ["began", "let go"]
        tasks.start(end(), at_end=lambda: done.append("not begun"))
    assert done == ["began", "let go", "not begun"]


async def test_a_block_that_is_ending_begins_nothing() -> None:
    done = []

    async def fail() -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        async with open_tasks() as tasks:
            tasks.start(fail())
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                tasks.start(fail(), at_end=lambda: done.append("let go"))
    assert done == ["let go"]
