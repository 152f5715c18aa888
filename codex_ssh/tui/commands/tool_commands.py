"""Slash commands about what the model can call on: MCP servers, skills, hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from codex_ssh.core.entry import Level
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.tool_methods import (
    NOT_SIGNED_IN,
    McpServer,
    SkillSetting,
    hooks_list,
    mcp_server_list,
    mcp_sign_in,
    skill_enable,
    skill_settings,
)
from codex_ssh.tui.caller import read_pages
from codex_ssh.tui.commands.paging import show_page
from codex_ssh.tui.commands.slash_command import SlashCommand, thread_of
from codex_ssh.tui.page import rows_page
from codex_ssh.tui.screens.pick_screen import Choice

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp

SIGN_IN: Final = "mcpServer/oauth/login"

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


# ---------------------------------------------------------------- MCP servers


async def mcp(app: CodexApp, words: list[str]) -> None:
    """Show the MCP servers and their tools, or sign in to one."""
    if words[:1] == ["login"]:
        await _sign_in(app, " ".join(words[1:]))
        return
    servers = await _servers(app)
    if not servers:
        app.chat.note(Level.INFO, f"codex on {app.chat.facts.host} has no MCP servers")
        return
    rows = [row for server in servers for row in _server_rows(server)]
    await show_page(app, rows_page(f"MCP servers on {app.chat.facts.host}", rows))


async def _servers(app: CodexApp) -> list[McpServer]:
    thread_id = thread_of(app).thread_id
    return await read_pages(app.chat, lambda cursor: mcp_server_list(thread_id, cursor=cursor))


def _server_rows(server: McpServer) -> list[tuple[str, str]]:
    rows = [(server.name, ""), ("state", server.state or "not told"), ("sign-in", _sign_in_text(server))]
    if server.error:
        rows.append(("fault", server.error))
    rows += [(name, about or "no description") for name, about in sorted(server.tools.items())]
    return rows + [("resource", address) for address in server.resources]


def _sign_in_text(server: McpServer) -> str:
    match server.sign_in:
        case "notLoggedIn":
            return f"not signed in: /mcp login {server.name}"
        case "oAuth":
            return "signed in"
        case "bearerToken":
            return "by a token of the configuration"
        case "unsupported":
            return "none needed"
    return server.sign_in or "not told"


async def _sign_in(app: CodexApp, name: str) -> None:
    """Begin a sign-in; the browser is here, and what it comes back to is on the devbox."""
    if app.chat.knows(SIGN_IN) is False:
        app.chat.note(Level.ERROR, f"the app server cannot sign in to MCP servers: it has no {SIGN_IN!r}")
        return
    if not name:
        servers = [server for server in await _servers(app) if server.sign_in == NOT_SIGNED_IN]
        if not servers:
            app.chat.note(Level.INFO, "no MCP server wants a sign-in")
            return
        choices = [Choice(value=server.name, label=server.name, about=server.state) for server in servers]
        chosen = await app.pick("sign in to which MCP server?", choices)
        if chosen is None:
            return
        name = chosen
    address = await app.chat.call(mcp_sign_in(name, thread_of(app).thread_id))
    app.chat.note(
        Level.INFO, f"sign in to {name} in a browser", f"{address}\n{_way_back(app, address)}".strip()
    )
    app.view.follow()
    host = urlsplit(address).hostname or "?"
    if await app.sure(f"open {host} in your browser now?", plain_line(address)):
        await app.desk.open_url(address)


def _way_back(app: CodexApp, address: str) -> str:
    """Say how the browser here finds its way back, where that is a port of the devbox."""
    wanted = parse_qs(urlsplit(address).query).get("redirect_uri", [""])[0]
    try:
        back = urlsplit(wanted)
        host, port = back.hostname, back.port
    except ValueError:
        return ""
    if host not in _LOOPBACK or port is None:
        return ""
    return (
        f"it comes back to port {port} of the devbox: in another terminal,"
        f" ssh -N -L {port}:127.0.0.1:{port} {app.chat.facts.host}"
    )


# ---------------------------------------------------------------- skills


async def skills(app: CodexApp, _words: list[str]) -> None:
    """Turn skills on and off, until the list is left."""
    while True:
        found = await app.chat.call(skill_settings(thread_of(app).cwd))
        for fault in found.faults:
            app.chat.note(Level.WARNING, f"a skill cannot be used: {fault}")
        if not found.skills:
            app.chat.note(Level.INFO, "there are no skills")
            return
        choices = [
            Choice(value=str(at), label=f"{'[x]' if one.is_enabled else '[ ]'} {one.name}", about=_about(one))
            for at, one in enumerate(found.skills)
        ]
        chosen = await app.pick("skills: enter turns one on or off, esc leaves", choices)
        if chosen is None:
            return
        skill = found.skills[int(chosen)]
        is_on = await app.chat.call(skill_enable(skill.path, enabled=not skill.is_enabled))
        app.chat.note(Level.INFO, f"the skill {skill.name} is {'on' if is_on else 'off'}")


def _about(skill: SkillSetting) -> str:
    return f"({skill.scope}) {skill.about}" if skill.scope else skill.about


# ---------------------------------------------------------------- hooks


async def hooks(app: CodexApp, _words: list[str]) -> None:
    """Show the hooks."""
    found = await app.chat.call(hooks_list(thread_of(app).cwd))
    if not found.hooks and not found.faults:
        app.chat.note(Level.INFO, f"there are no hooks for {thread_of(app).cwd}")
        return
    rows: list[tuple[str, str]] = [("fault", fault) for fault in found.faults]
    for event in dict.fromkeys(hook.event for hook in found.hooks):
        rows.append((event, ""))
        for hook in found.hooks:
            if hook.event == event:
                state = hook.trust if hook.is_enabled else "off"
                about = ", ".join(part for part in (state, hook.command, hook.source) if part)
                rows.append((hook.matcher or "always", about))
    await show_page(app, rows_page(f"hooks on {app.chat.facts.host}", rows))


COMMANDS: Final = (
    SlashCommand(
        name="mcp",
        about="MCP servers and their tools; sign in to one",
        argument="[login [NAME]]",
        run=mcp,
        needs=("mcpServerStatus/list",),
        of_thread=True,
    ),
    SlashCommand(
        name="skills",
        about="turn skills on and off",
        run=skills,
        needs=("skills/list", "skills/config/write"),
        of_thread=True,
    ),
    SlashCommand(
        name="hooks",
        about="programs that run at events of codex",
        run=hooks,
        needs=("hooks/list",),
        of_thread=True,
    ),
)
