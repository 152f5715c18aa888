"""The user's other hosts for the TUI: looking at them, and opening one beside the first.

Lives here: what stands behind :class:`codex_ssh.tui.fleet.Fleet`. Not here: the first host
(:mod:`codex_ssh.cli.connect`), and which hosts there are (:mod:`codex_ssh.cli.fleet`).

Flags of the command line are for the host it names; another one has its settings from the config file alone.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from codex_ssh.cli.fleet import came_to, look_at_hosts, settings_of, usual_hosts
from codex_ssh.cli.output import note
from codex_ssh.core.fleet import HostReport, Reach
from codex_ssh.core.host import parse_host
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.question import Prompter
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.core.tui_settings import TuiSettings
from codex_ssh.local.drafts import merge_kept, no_drafts, open_drafts
from codex_ssh.local.paths import drafts_dir, hosts_dir, threads_dir
from codex_ssh.local.seen_hosts import read_report
from codex_ssh.local.seen_threads import see_threads

if TYPE_CHECKING:
    from codex_ssh.tui.bridge import TuiOutcome
    from codex_ssh.tui.fleet import OpenHost


class OtherHosts:
    """All hosts of the user.

    Args:
        arguments: For ``-F`` and ``--approve-only``.
        look: How the TUI looks and behaves.
        prompter: Asks what a login wants to know, in the TUI.
    """

    def __init__(self, arguments: argparse.Namespace, look: TuiSettings, prompter: Prompter) -> None:
        self._arguments = argparse.Namespace(ssh_config=arguments.ssh_config)
        self._looks_on: bool = arguments.approve_only
        self._settings = look
        self._prompter = prompter

    def known(self) -> Sequence[HostReport]:
        """Give every host by name, with what was last seen there."""
        directory = hosts_dir()
        return [
            read_report(directory, str(host)) or HostReport(host=str(host), reach=Reach.LEFT, at=0)
            for host in sorted(usual_hosts(), key=str)
        ]

    async def look(self, hosts: Sequence[str], tell: Callable[[HostReport], None]) -> None:
        """Look at hosts side by side; those a look would wake are left alone."""
        await look_at_hosts(self._arguments, [parse_host(host) for host in hosts], tell, are_named=False)

    @asynccontextmanager
    async def open(self, host: str) -> AsyncGenerator[OpenHost, None]:
        """Log in to a host, and hold its session until the block ends."""
        from codex_ssh.link.carrier import LinkCarrier
        from codex_ssh.link.forwards import open_forwards
        from codex_ssh.link.lifeline import open_lifeline
        from codex_ssh.link.profile import make_profile
        from codex_ssh.local.desk import open_desk
        from codex_ssh.tui.approving import approving
        from codex_ssh.tui.bridge import TuiOptions
        from codex_ssh.tui.fleet import OpenHost

        named = parse_host(host)
        settings = settings_of(self._arguments, named)
        ssh = SshOptions(
            config_file=self._arguments.ssh_config,
            client=settings.ssh,
            share=settings.share,
            fast_path=settings.fast_path,
        )
        profile = make_profile(named, settings, ssh, self._prompter)
        looks_on = self._looks_on
        with no_drafts() if looks_on else open_drafts(drafts_dir(), str(named)) as drafts:
            async with (
                open_desk(str(named), self._settings) as desk,
                open_lifeline(
                    profile, self._prompter, lambda: self._prompter, passive=settings.passive
                ) as lifeline,
                open_forwards(lifeline.ssh, str(named), deny=settings.forward_deny) as forwards,
            ):
                came_to(self._arguments, str(named), lifeline.facts.server_version)
                options = TuiOptions(
                    cwd=settings.cd,
                    model=settings.model,
                    offers_running=True,
                    approves_only=looks_on,
                    left=merge_kept(drafts.left),
                    settings=self._settings,
                    forward_ports=settings.forward_ports,
                    forward_deny=settings.forward_deny,
                )
                yield OpenHost(
                    lifeline=approving(lifeline) if looks_on else lifeline,
                    options=options,
                    drafts=drafts,
                    desk=desk,
                    keeper=forwards if lifeline.facts.transport != "wss" and not looks_on else None,
                    carrier=LinkCarrier(lifeline),
                    left=lambda outcome: _say_goodbye(str(named), outcome),
                )


def _say_goodbye(host: str, outcome: TuiOutcome) -> None:
    see_threads(threads_dir(), host, outcome.threads)
    if outcome.turn_running:
        note(f"{host}: the turn goes on there")
    if outcome.can_resume:
        note(f"to go on: codex-ssh {host} --resume {plain_line(outcome.thread_id)}")
