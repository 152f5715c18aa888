"""Slash commands about the session: sign-in, what is known, keys, hosts, a check, leaving."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from codex_ssh.core.entry import Level
from codex_ssh.tui.bridge import ExitReason
from codex_ssh.tui.commands.paging import show_page
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.live_check import check_link
from codex_ssh.tui.page import rows_page
from codex_ssh.tui.pages import help_rows, status_text
from codex_ssh.tui.screens.hosts_screen import Chosen

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


async def login(app: CodexApp, _words: list[str]) -> None:
    """Sign in to codex on the devbox."""
    app.chat.sign_in.offer()


async def status(app: CodexApp, _words: list[str]) -> None:
    """Say all that is known."""
    app.chat.note(Level.INFO, "status", status_text(app.chat, time.time()))
    app.view.follow()


async def keys(app: CodexApp, _words: list[str]) -> None:
    """Show the keys and the commands."""
    await show_page(app, rows_page("keys and commands", help_rows(app.keymap, app.offered)))


async def doctor(app: CodexApp, _words: list[str]) -> None:
    """Check the link and the app server."""
    findings = await check_link(app.chat, time.monotonic)
    rows = []
    for one in findings:
        took = f" ({one.ms:.0f} ms)" if one.ms is not None else ""
        rows.append(f"{'✔' if one.is_well else '✗'} {one.name:<12}{one.found}{took}")
    ill = [one for one in findings if not one.is_well]
    host = app.chat.facts.host
    text = f"{host} is well" if not ill else f"{host}: {len(ill)} to look at"
    rows.append(f"codex-ssh doctor {host} checks the whole way there, from the start")
    app.chat.note(Level.WARNING if ill else Level.INFO, text, "\n".join(rows))
    app.view.follow()


async def hosts(app: CodexApp, words: list[str]) -> None:
    """Go to another host, which may be chosen from a list; where there is none, say which this is."""
    if app.visits is not None:
        await (app.go_to(Chosen(host=words[0])) if words else app.choose_host())
        return
    found = list(app.desk.hosts())
    here = app.chat.facts.host
    names = [one.name for one in found]
    width = max((len(name) for name in [*names, here]), default=0)
    rows = []
    for one in found:
        mark = "▶" if one.name == here else " "
        rows.append(f"{mark} {one.name:<{width}}  {one.path}{f':{one.line}' if one.line else ''}")
    if here not in names:
        rows.insert(0, f"▶ {here:<{width}}  as you typed it")
    rows.append("another one: codex-ssh NAME, in another terminal")
    app.chat.note(Level.INFO, f"this is {here}", "\n".join(rows))
    app.view.follow()


async def all_hosts(app: CodexApp, _words: list[str]) -> None:
    """Show all open hosts side by side."""
    await app.show_all_hosts()


async def close(app: CodexApp, _words: list[str]) -> None:
    """Leave the host that is shown."""
    app.leave_host(app.here)


async def leave(app: CodexApp, _words: list[str]) -> None:
    """Leave."""
    app.finish(ExitReason.QUIT)


COMMANDS: Final = (
    SlashCommand(name="login", about="sign in to codex on the devbox", run=login),
    SlashCommand(name="status", about="server, thread, model, tokens", run=status),
    SlashCommand(
        name="doctor", about="check the link and the app server", run=doctor, needs=("account/read",)
    ),
    SlashCommand(
        name="hosts",
        about="your hosts: see what goes on, and go to another one",
        argument="[HOST]",
        run=hosts,
    ),
    SlashCommand(name="all", about="all open hosts side by side, as they go on", run=all_hosts),
    SlashCommand(name="close", about="leave this host; the others stay open", run=close),
    SlashCommand(name="keys", about="the keys and the commands; ? on an empty line", run=keys),
    SlashCommand(name="help", about="the same", run=keys),
    SlashCommand(name="quit", about="leave; a running turn goes on", run=leave),
)
