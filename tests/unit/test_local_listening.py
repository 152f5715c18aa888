"""Who listens here, asked of the system this runs on, and of ``lsof`` alone."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from codex_ssh.local import listening
from codex_ssh.local.listening import local_listener
from tests.support.require import require_program


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0.0.0.0"])
def test_a_listener_of_ours_is_ours(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        found = local_listener(server.getsockname()[1])
        assert found is not None
        assert found.is_ours
        assert found.sockets == {str(os.fstat(server.fileno()).st_ino)}
        assert (Path("/proc/self/comm").read_text().strip()) in found.programs
        port = server.getsockname()[1]
    assert local_listener(port) is None


def test_an_address_nobody_calls_localhost_does_not_count() -> None:
    with socket.create_server(("127.0.0.2", 0)) as server:
        assert local_listener(server.getsockname()[1]) is None


def test_lsof_tells_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    require_program("lsof", "apt-get install lsof")
    monkeypatch.setattr(listening, "_PROC", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = local_listener(server.getsockname()[1])
        assert found is not None
        assert (found.is_ours, found.sockets) == (True, frozenset())
        assert found.programs
        port = server.getsockname()[1]
    assert local_listener(port) is None
