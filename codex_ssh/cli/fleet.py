"""Which hosts are looked at together, and how: for ``codex-ssh ps`` and the TUI.

Lives here: the hosts, their settings, and keeping what was seen. Not here: looking
(:mod:`codex_ssh.link.fleet`) and printing (:mod:`codex_ssh.cli.ps`).
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from codex_ssh.cli.options import load_settings
from codex_ssh.core.config import Settings
from codex_ssh.core.fleet import HostReport, recall
from codex_ssh.core.host import Host, parse_host
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ConfigError, UsageError
from codex_ssh.local.config_file import read_config
from codex_ssh.local.host_command import fleet_settings, kept_hosts, refresh_hosts
from codex_ssh.local.paths import hosts_dir
from codex_ssh.local.seen_hosts import keep_report, known_hosts, read_report, see_host
from codex_ssh.local.ssh_hosts import config_hosts

if TYPE_CHECKING:
    from codex_ssh.link.fleet import Target


log = logging.getLogger(__name__)


def usual_hosts() -> list[Host]:
    """Give the hosts somebody was on lately, those the config file names, and those its command knows."""
    found: list[Host] = []
    told = kept_hosts(fleet_settings(read_config()))
    for name in dict.fromkeys([*known_hosts(hosts_dir(), now=time.time()), *config_hosts(), *told]):
        try:
            found.append(parse_host(name))
        except UsageError:
            continue  # a section for something that is no host
    return found


def came_to(arguments: argparse.Namespace, host: str, version: str = "") -> None:
    """Keep that somebody was on a host, so that it is looked at from now on.

    One that only a flag led to is not kept: it could not be found again.

    Args:
        arguments: The command line.
        host: As the user calls it.
        version: Of the app server there; empty where it is not known.
    """
    if getattr(arguments, "exec", None) or getattr(arguments, "wss", None):
        return
    see_host(hosts_dir(), host, version=version, at=time.time())


async def look_at_hosts(
    arguments: argparse.Namespace,
    hosts: Sequence[Host],
    tell: Callable[[HostReport], None],
    *,
    are_named: bool,
) -> None:
    """Look at hosts side by side; what is seen is kept, and told with what was seen earlier.

    Args:
        arguments: For ``-F``.
        hosts: All of them.
        tell: Called once for each, as soon as it is known.
        are_named: The user named them: then those are looked at too that a look wakes, and no others that
            ``host_command`` knows.
    """
    from codex_ssh.link.fleet import look_at_fleet
    from codex_ssh.local.tasks import open_tasks

    directory = hosts_dir()

    def keep(report: HostReport) -> None:
        last = read_report(directory, report.host)
        keep_report(directory, report)
        tell(recall(report, last))

    async with open_tasks() as tasks:
        more: list[Host] = []
        if not are_named:
            tasks.start(_ask_for_more(more))
        await look_at_fleet([_target(arguments, host, is_named=are_named) for host in hosts], keep)
        await tasks.wait()
    late = [host for host in more if host not in hosts]
    await look_at_fleet([_target(arguments, host, is_named=False) for host in late], keep)


async def _ask_for_more(more: list[Host]) -> None:
    """Ask the program that knows hosts, where there is one and its last answer is old."""
    try:
        found = await refresh_hosts(fleet_settings(read_config()), now=time.time())
    except ConfigError as error:
        log.warning("%s%s", error, f"; {error.hint}" if error.hint else "")
        return
    more.extend(parse_host(name) for name in found)


def settings_of(arguments: argparse.Namespace, host: Host) -> Settings:
    """Give the settings of a host by environment and config file; raises ConfigError."""
    return load_settings(arguments, host).settings


def _target(arguments: argparse.Namespace, host: Host, *, is_named: bool) -> Target:
    """Give a host as something to look at; what is wrong with its settings concerns this host alone."""
    from codex_ssh.link.fleet import Target
    from codex_ssh.link.profile import make_profile
    from codex_ssh.local.terminal import SilentPrompter

    try:
        settings = settings_of(arguments, host)
    except ConfigError as error:
        return Target(host=str(host), profile=None, wrong=error)
    ssh = SshOptions(
        config_file=arguments.ssh_config,
        client=settings.ssh,
        share=settings.share,
        fast_path=settings.fast_path,
    )
    profile = make_profile(host, settings, ssh, SilentPrompter(shows=False))
    return Target(host=str(host), profile=profile, wakes=settings.passive and not is_named)
