"""Signals of the keyboard: ours, lent, and ours again."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest

from codex_ssh.local.signals import catch_signals, keyboard_signals_are_theirs
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _put_back() -> Generator[None, None, None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def test_what_the_keyboard_sends_is_lent_and_nothing_else() -> None:
    got: list[str] = []
    catch_signals({signal.SIGINT: lambda: got.append("int"), signal.SIGTERM: lambda: got.append("term")})

    with keyboard_signals_are_theirs():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGQUIT)
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: "term" in got, "the third one comes")
        assert got == ["term"]
    os.kill(os.getpid(), signal.SIGINT)
    await until(lambda: "int" in got, "it is ours again")


async def test_nobody_who_caught_them_gets_them_back_as_they_were() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGQUIT)
    with keyboard_signals_are_theirs():
        os.kill(os.getpid(), signal.SIGINT)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGQUIT)) == before
