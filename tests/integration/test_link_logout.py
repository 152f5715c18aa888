"""What a logout does to a server of ours: it survives, or the user was told that it will not.

There is no systemd with a manager for users where the tests run: ``/etc/systemd`` and ``/var/lib/systemd``
are stand-ins in a mount namespace of each login's own, and ``systemd-run`` is a program that records how
it was called and runs what it was given.
"""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from codex_ssh.link.appserver import find_or_start_app_server, look
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.connect import open_link
from tests.conftest import StartSshd
from tests.e2e.test_server import profile
from tests.integration.test_link_dial import Nobody, dialler, logged_in, ours, speaks
from tests.support import processes
from tests.support.codex import require_codex
from tests.support.model import Model
from tests.support.require import require_program
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [
    pytest.mark.sshd,
    pytest.mark.codex,
    pytest.mark.skipif(os.getuid() != 0, reason="mount namespaces need root"),
]

RECORDS = """\
#!/bin/sh
echo "$@" >>{record}
while [ $# -gt 0 ]; do
    case $1 in -*) shift ;; *) exec "$@" ;; esac
done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logind:
    """A devbox with a logind and a manager for users, as far as scripts can see.

    Attributes:
        record: What ``systemd-run`` was called with, one call a line.
    """

    sshd: Sshd
    record: Path


@asynccontextmanager
async def open_logind(
    start_sshd: StartSshd, where: Path, model: Model, *, kills: bool, linger: bool, systemd_run: str = RECORDS
) -> AsyncGenerator[Logind, None]:
    unshare = require_program("unshare", "unshare: apt-get install util-linux")
    etc, lib, run = where / "etc", where / "lib", where / "run"
    for directory in (etc / "logind.conf.d", lib / "linger", run / "systemd"):
        directory.mkdir(parents=True)
    (etc / "logind.conf.d" / "mine.conf").write_text(
        f"[Login]\nKillUserProcesses={'yes' if kills else 'no'}\n"
    )
    if linger:
        (lib / "linger" / "root").touch()
    inside = (
        f"mount --bind {etc} /etc/systemd && mount --bind {lib} /var/lib/systemd && "
        'exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
    )
    if (await processes.run([unshare, "--mount", "sh", "-c", f"mount --bind {etc} {etc}"])).code != 0:
        pytest.skip("no mount namespaces here")
    sshd = await start_sshd(
        environment={"XDG_RUNTIME_DIR": str(run)},
        lines=[f"ForceCommand {unshare} --mount /bin/sh -c {shlex.quote(inside)}"],
    )
    record = where / "systemd-run.log"
    stand_in = sshd.home / "bin" / "systemd-run"
    stand_in.write_text(systemd_run.format(record=record))
    stand_in.chmod(0o755)
    sshd.install(require_codex().path, "codex")
    model.write_config(sshd.home / ".codex")
    with socket.socket(socket.AF_UNIX) as manager:
        manager.bind(str(run / "systemd" / "private"))
        yield Logind(sshd=sshd, record=record)


async def survives(sshd: Sshd) -> bool:
    """Log in, start a server, log out, and look."""
    async with logged_in(sshd) as ssh:
        app = await find_or_start_app_server(ssh, Wanted())
        assert await speaks(dialler(ssh, app))
    (pid,) = ours(sshd)
    await until(lambda: not sshd.connection_pids(), "the login is over")
    return processes.is_alive(pid)


async def test_where_people_linger_the_server_runs_under_their_systemd(
    start_sshd: StartSshd, short_path: Path, model: Model
) -> None:
    async with open_logind(start_sshd, short_path, model, kills=True, linger=True) as box:
        assert await survives(box.sshd)
        tried, ran = box.record.read_text().splitlines()
        assert tried == "--user --scope --quiet --collect true"
        assert ran.startswith("--user --scope --quiet --collect /bin/sh -c ")
        assert "app-server --listen" in ran
        async with logged_in(box.sshd) as ssh:
            app = await find_or_start_app_server(ssh, Wanted())
        assert app.probe.own_state["keeps"] == "systemd"
        assert app.short_lived == ""
    assert len(ours(box.sshd)) == 1


async def test_a_systemd_that_will_not_is_passed_by_and_the_end_is_told(
    start_sshd: StartSshd, short_path: Path, model: Model
) -> None:
    refuses = "#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n"
    async with open_logind(
        start_sshd, short_path, model, kills=True, linger=True, systemd_run=refuses
    ) as box:
        assert await survives(box.sshd)
        async with logged_in(box.sshd) as ssh:
            app = await find_or_start_app_server(ssh, Wanted())
        assert app.probe.own_state["keeps"] == "session"


async def test_where_a_logout_ends_everything_the_user_is_told_before(
    start_sshd: StartSshd, short_path: Path, model: Model
) -> None:
    async with open_logind(start_sshd, short_path, model, kills=True, linger=False) as box:
        async with open_link(profile(box.sshd), Nobody()) as link:
            (warning,) = link.facts.warnings
        assert "ends when you log out there" in warning
        assert "loginctl enable-linger" in warning
        assert not box.record.exists()


async def test_where_a_logout_ends_nothing_a_session_of_its_own_will_do(
    start_sshd: StartSshd, short_path: Path, model: Model
) -> None:
    async with open_logind(start_sshd, short_path, model, kills=False, linger=False) as box:
        assert await survives(box.sshd)
        (pid,) = ours(box.sshd)
        assert os.getsid(pid) == pid
        async with logged_in(box.sshd) as ssh:
            assert (await look(ssh, Wanted())).own_state["keeps"] == "setsid"
        async with open_link(profile(box.sshd), Nobody()) as link:
            assert link.facts.warnings == ()
