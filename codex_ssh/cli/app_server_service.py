"""``codex-ssh app-server --detach``, ``status`` and ``stop``: words for :mod:`codex_ssh.server.service`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from codex_ssh.cli.app_server_run import Plan
from codex_ssh.errors import ConfigError
from codex_ssh.local.paths import services_dir
from codex_ssh.server import service

DONE, FAILED, USAGE = 0, 1, 2


def detach(plan: Plan, words: Sequence[str]) -> int:
    """Start it in the background; say where it listens.

    Raises:
        ConfigError: There is nothing to listen on.
        AppServerError: It runs already, or does not start.
    """
    if plan.listener is None:
        raise ConfigError("`--detach` cannot be used with `--listen stdio://`")
    started = service.start(words, listen=plan.listen, directory=services_dir())
    print(started.url)
    print(f"process {started.pid}, log {started.log}", file=sys.stderr)
    return DONE


def control(action: str, listen: str | None) -> int:
    """Show or stop what runs detached; exit code 1 says that nothing does, or that one does not end."""
    directory = services_dir()
    chosen = [each for each in service.running(directory) if listen in (None, each.listen, each.url)]
    if not chosen:
        print("no app server runs detached" + (f" with --listen {listen}" if listen else ""), file=sys.stderr)
        return FAILED
    if action == "status":
        for each in chosen:
            print(f"{each.url}\tprocess {each.pid}\tsince {each.since}\tlog {each.log}")
        return DONE
    if len(chosen) > 1:
        names = ", ".join(each.listen for each in chosen)
        print(f"error: several run: {names}; name one with --listen", file=sys.stderr)
        return USAGE
    (one,) = chosen
    if service.stop(one, directory=directory):
        print(f"stopped {one.url}", file=sys.stderr)
        return DONE
    print(f"{one.url} is still draining: its turns go on; stop it again to end it at once", file=sys.stderr)
    return FAILED
