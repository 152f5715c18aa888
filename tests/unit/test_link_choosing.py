"""The order of choice among the app servers of a devbox, and the reason for every one that is passed over."""

from __future__ import annotations

from typing import Any

import pytest

from codex_ssh.core.endpoint import DevboxEndpoint, StdioEndpoint, UnixEndpoint, WsEndpoint
from codex_ssh.core.probe import FoundServer, FoundSocket, Listener, PathFacts, Probe
from codex_ssh.errors import AppServerError
from codex_ssh.link.choosing import (
    ASKED,
    DAEMON,
    DOCUMENTED,
    OURS,
    AppServer,
    Wanted,
    choose,
    no_codex,
)

ME, OTHER = 1000, 1001


def tcp(
    port: int = 4500, uid: int | None = ME, address: str = "127.0.0.1", pid: int | None = 7
) -> FoundServer:
    return FoundServer(port=port, seen="proc", listeners=(Listener(address=address, uid=uid),), pid=pid)


def socket(path: str, uid: int = ME, *, mode: str = "drwx------", live: bool = True) -> FoundSocket:
    return FoundSocket(
        path=path,
        real=path,
        socket=PathFacts(mode="srw-------", uid=uid),
        dirs=(PathFacts(mode=mode, uid=ME),),
        live=live,
    )


def devbox(**found: Any) -> Probe:
    facts = {"uid": ME, "user": "alice", "hostname": "box", "os": "Linux", "arch": "x86_64", "home": "/h"}
    return Probe(**{**facts, "codex_home": "/h/.codex", "boot": "b-1", "codex": "/bin/codex", **found})


def chosen(probe: Probe, endpoint: DevboxEndpoint | None = None) -> tuple[AppServer | None, dict[str, str]]:
    return choose(probe, Wanted(endpoint=endpoint), "devbox")


OURS_THERE = {"own_unix": socket("/h/.codex-ssh/s"), "own_state": {"boot": "b-1"}}
DAEMON_THERE = {"daemon": socket("/h/.codex/daemon.sock")}
RECIPE_THERE = {"ws": tcp()}


@pytest.mark.parametrize(
    ("found", "expected", "where"),
    [
        ({**OURS_THERE, **DAEMON_THERE, **RECIPE_THERE}, OURS, UnixEndpoint(path="/h/.codex-ssh/s")),
        ({"own": tcp(4711), **DAEMON_THERE}, OURS, WsEndpoint(host="127.0.0.1", port=4711)),
        ({**DAEMON_THERE, **RECIPE_THERE}, DAEMON, UnixEndpoint(path="/h/.codex/daemon.sock")),
        (RECIPE_THERE, DOCUMENTED, WsEndpoint(host="127.0.0.1", port=4500)),
        # Nothing is known of the owner: dial asks before anything is sent.
        ({"ws": FoundServer(port=4500)}, DOCUMENTED, WsEndpoint(host="127.0.0.1", port=4500)),
        # Recognised, and wider than loopback: dial refuses it, and says so.
        ({"ws": tcp(address="0.0.0.0")}, DOCUMENTED, WsEndpoint(host="127.0.0.1", port=4500)),
    ],
)
def test_the_first_that_may_be_used_is(found: dict[str, Any], expected: str, where: DevboxEndpoint) -> None:
    app, _ = chosen(devbox(**found))
    assert app is not None
    assert (app.chosen, app.endpoint) == (expected, where)


@pytest.mark.parametrize(
    ("found", "step", "why"),
    [
        ({}, "own", "there is none"),
        ({"own_state": {"boot": "b-0"}}, "own", "it ended: the machine was restarted"),
        ({"own_state": {"boot": "b-1"}}, "own", "it ended"),
        ({"own": tcp(4711, OTHER), "own_state": {"boot": "b-1"}}, "own", "belongs to uid 1001"),
        ({}, "daemon", "there is none"),
        ({"daemon": socket("/d", OTHER)}, "daemon", "belongs to uid 1001"),
        ({"daemon": socket("/d", live=False)}, "daemon", "nobody listens"),
        ({"daemon": socket("/d", mode="drwxrwxrwx")}, "daemon", "can be written by others"),
        ({"ws": tcp(uid=OTHER)}, "documented", "belongs to uid 1001"),
        ({"ws": tcp(pid=None)}, "documented", "it belongs to a program that is no app server"),
        ({"ws": FoundServer(port=4500, seen="proc")}, "documented", "nothing listens on port 4500"),
    ],
)
def test_what_is_passed_over_is_told_with_its_reason(found: dict[str, Any], step: str, why: str) -> None:
    app, passed_over = chosen(devbox(**found))
    assert app is None
    assert why in passed_over[step]


def test_one_that_is_named_is_taken_whoever_it_belongs_to_and_nothing_else() -> None:
    named = WsEndpoint(host="127.0.0.1", port=4500)
    app, passed_over = chosen(devbox(**OURS_THERE, ws=tcp(uid=OTHER)), named)
    assert app is not None
    assert (app.chosen, app.endpoint, passed_over) == (ASKED, named, {})


@pytest.mark.parametrize(
    ("endpoint", "found", "why"),
    [
        (WsEndpoint(host="127.0.0.1", port=4500), {}, "the port was not looked at"),
        (
            WsEndpoint(host="127.0.0.1", port=4500),
            {"ws": FoundServer(port=4500, seen="ss")},
            "nothing listens",
        ),
        (UnixEndpoint(path="/x"), {}, "no socket at '/x'"),
        (StdioEndpoint(), {"codex": ""}, "no codex was found"),
    ],
)
def test_one_that_is_named_and_not_there_is_an_error(
    endpoint: DevboxEndpoint, found: dict[str, Any], why: str
) -> None:
    with pytest.raises(AppServerError, match=why) as raised:
        chosen(devbox(**{**OURS_THERE, **found}), endpoint)
    assert raised.value.host == "devbox"
    assert raised.value.hint


def test_a_devbox_without_codex_hears_what_was_passed_over() -> None:
    error = no_codex("devbox", {"own": "there is none", "daemon": "nobody listens"})
    assert "the one we started earlier (there is none); the official daemon's control socket" in error.hint
