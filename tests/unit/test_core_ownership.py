"""Whose listener is it?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from codex_ssh.core.ownership import OVERFLOW_UID, Owner, judge_listeners, judge_socket
from codex_ssh.core.probe import FoundServer, FoundSocket, Listener, PathFacts

ME, OTHER = 1000, 1001


def port(*listeners: Listener, seen: str = "proc") -> FoundServer:
    return FoundServer(port=4500, seen=seen, listeners=listeners)


@pytest.mark.parametrize(
    ("found", "owner"),
    [
        (port(Listener(address="127.0.0.1", uid=ME)), Owner.PROVED),
        (port(Listener(address="127.0.0.1", uid=ME), Listener(address="::1", uid=ME)), Owner.PROVED),
        (port(), Owner.NOBODY),
        (port(seen=""), Owner.UNKNOWN),
        (port(Listener(address="127.0.0.1", uid=OTHER)), Owner.FOREIGN),
        (port(Listener(address="127.0.0.1", uid=ME), Listener(address="*", uid=OTHER)), Owner.FOREIGN),
        (port(Listener(address="127.0.0.1", uid=0)), Owner.FOREIGN),
        (port(Listener(address="127.0.0.1", uid=OVERFLOW_UID)), Owner.UNKNOWN),
        (port(Listener(address="127.0.0.1", uid=None)), Owner.UNKNOWN),
        (port(Listener(address="*", uid=ME)), Owner.EXPOSED),
        (port(Listener(address="127.0.0.1", uid=ME), Listener(address="10.0.0.5", uid=ME)), Owner.EXPOSED),
    ],
)
def test_a_port_is_ours_only_when_everything_on_it_is(found: FoundServer, owner: Owner) -> None:
    assert judge_listeners(found, uid=ME).owner is owner


def socket(uid: int, *dirs: PathFacts) -> FoundSocket:
    return FoundSocket(path="/s", real="/d/s", socket=PathFacts(mode="srw-------", uid=uid), dirs=dirs)


ROOT = PathFacts(mode="drwxr-xr-x", uid=0)
TMP = PathFacts(mode="drwxrwxrwt", uid=0)
MINE = PathFacts(mode="drwx------", uid=ME)


@pytest.mark.parametrize(
    ("found", "owner"),
    [
        (socket(ME, MINE, ROOT), Owner.PROVED),
        (socket(ME, MINE, TMP, ROOT), Owner.PROVED),
        (socket(OTHER, MINE, ROOT), Owner.FOREIGN),
        (socket(ME, PathFacts(mode="drwx------", uid=OTHER), ROOT), Owner.FOREIGN),
        (socket(ME, PathFacts(mode="drwxrwxr-x", uid=ME), ROOT), Owner.EXPOSED),
        (socket(ME, PathFacts(mode="drwxr-xrwx", uid=0), ROOT), Owner.EXPOSED),
        (socket(ME), Owner.UNKNOWN),
        (FoundSocket(path="/s", real="/s", socket=None, dirs=(ROOT,)), Owner.NOBODY),
        (replace(socket(ME, ROOT), live=False), Owner.NOBODY),
        (socket(OVERFLOW_UID, ROOT), Owner.UNKNOWN),
    ],
)
def test_a_socket_is_ours_only_when_nobody_can_put_another_there(found: FoundSocket, owner: Owner) -> None:
    assert judge_socket(found, uid=ME).owner is owner


def test_the_verdict_says_why() -> None:
    verdict = judge_listeners(port(Listener(address="127.0.0.1", uid=OTHER)), uid=ME)
    assert verdict.because == "port 4500 belongs to uid 1001, the login is uid 1000"
