"""Showing a web page in the browser of this machine.

Lives here: which program does it. Not here: what may be opened (:mod:`codex_ssh.core.links`), and asking
first (:mod:`codex_ssh.tui`).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from codex_ssh.core.links import read_link
from codex_ssh.errors import DeskFailed
from codex_ssh.local.clipboard import is_over_ssh, is_wsl
from codex_ssh.local.program import run_program

OPEN_SECONDS: Final = 3.0
"""How long an opener may take to fail; one that is still there has become the browser."""

_LEFT_ALONE: Final = '"$@" & wait $!'
"""Runs a program that goes on when the shell is ended. Its words are arguments, never part of the script."""


async def open_page(url: str, environment: Mapping[str, str]) -> None:
    """Show a page.

    Raises:
        DeskFailed: It is no ``http`` or ``https`` URL, or there is no browser here, or it failed.
    """
    link = read_link(url)
    if link is None:
        raise DeskFailed("only http and https links are opened", hint="copy it, if you trust it")
    words = _opener(environment)
    if words is None:
        raise DeskFailed("there is no browser here", hint=f"open it yourself: {link.url}")
    ran = await run_program(
        ["/bin/sh", "-c", _LEFT_ALONE, "sh", *words, link.url],
        seconds=OPEN_SECONDS,
        environment=environment,
        may_stay=True,
    )
    if ran is not None and ran.code != 0:
        name = words[0].rpartition("/")[2]
        raise DeskFailed(
            f"{name!r} could not open it (exit code {ran.code})", hint=f"open it yourself: {link.url}"
        )


def _opener(environment: Mapping[str, str]) -> Sequence[str] | None:
    if is_over_ssh(environment):
        return None  # it would open where nobody sits
    if sys.platform == "darwin":
        names = [["open"]]
    elif is_wsl(environment):
        names = [["wslview"], ["rundll32.exe", "url.dll,FileProtocolHandler"]]
    elif environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        names = [["xdg-open"]]
    else:
        names = []  # xdg-open would start a browser in a terminal it does not have
    for name, *more in names:
        program = shutil.which(name, path=environment.get("PATH"))
        if program is not None:
            return [program, *more]
    return None
