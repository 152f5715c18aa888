"""Going over a connection that another window has already, without ever making one.

Lives here: finding it for one host. Not here: riding it (:mod:`codex_ssh.link.holder_ride`), and windows that
share what they make (:mod:`codex_ssh.link.holder`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from codex_ssh.core.host import Host
from codex_ssh.core.shared_login import login_name
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.link.holder_ride import NoRide, get_on, open_ride
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.ssh_config import read_ssh_config
from codex_ssh.local import meeting
from codex_ssh.local.paths import runtime_dir

log = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 1.0
"""A window that is still being asked something itself is not waited for."""


@asynccontextmanager
async def open_existing(host: Host, options: SshOptions) -> AsyncGenerator[Ssh | None, None]:
    """Give the connection another window has to a host while the block lasts; None where none has one.

    Raises:
        ConfigError: The ssh config cannot be read.
    """
    directory = runtime_dir()
    if not options.share or not _is_used(directory):
        yield None
        return
    config = await read_ssh_config(host, options)
    name = login_name(config, options, os.environ, directory=os.getcwd())
    control = meeting.find(directory, name)
    if control is None:
        yield None
        return
    try:
        await get_on(control, patience=PATIENCE_SECONDS, tell=log.info)
    except NoRide as no:
        log.info("no ride to %s over another window's connection: %s", host, no)
        control.close()
        yield None
        return
    except BaseException:
        control.close()
        raise
    async with open_ride(control, directory / name, config, options, host=str(host)) as ride:
        yield ride


def _is_used(directory: Path) -> bool:
    try:
        return any(directory.iterdir())
    except OSError:
        return False
