"""Runs every test of the SSH stage with each client, and with a fast start; both ends of a copy."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from codex_ssh.core.ssh_options import SshClient
from tests.support import ssh_clients
from tests.support.require import require_program


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each client to tests that take it, or those the test names."""
    if "ssh_client" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("ssh_client")
        metafunc.parametrize("ssh_client", marker.args if marker else ssh_clients.NAMES, indirect=True)


@pytest.fixture
def ssh_client(request: pytest.FixtureRequest) -> Generator[SshClient, None, None]:
    """The client ``tests.support.ssh_clients.open_ssh`` uses during the test."""
    if request.param == "openssh":
        require_program("ssh", "ssh: apt-get install openssh-client")
    ssh_clients.use(request.param)
    yield ssh_clients.under_test()
    ssh_clients.use("auto")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder for this machine's side of a copy."""
    place = tmp_path / "here"
    place.mkdir()
    return place


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A folder for the devbox's side."""
    place = tmp_path / "there"
    place.mkdir()
    return place
