"""MCP servers, skills and hooks are shown, and the two that can be changed are."""

from __future__ import annotations

from codex_ssh.core.rpc import Json
from codex_ssh.tui.desk import NoDesk
from tests.tui.conversation import Script
from tests.tui.stage import open_stage

ADDRESS = "https://id.example.org/authorize?client_id=c&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fcallback"


class Browser(NoDesk):
    """A machine with a browser."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    async def open_url(self, url: str) -> None:
        self.opened.append(url)


def with_mcp() -> Script:
    """Give a server with two MCP servers, told one a page."""
    script = Script()
    servers: list[Json] = [
        {
            "name": "files",
            "authStatus": "unsupported",
            "runtimeStatus": "connected",
            "tools": {"read": {"name": "read", "description": "reads a file"}, "list": {"name": "list"}},
            "resources": [{"uri": "file:///a"}],
            "resourceTemplates": [],
        },
        {
            "name": "tracker",
            "authStatus": "notLoggedIn",
            "runtimeStatus": "authenticationRequired",
            "tools": {},
            "resources": [],
            "resourceTemplates": [],
            "toolsError": "401 Unauthorized",
        },
    ]

    def page(params: Json) -> Json:
        at = int(params.get("cursor", 0))
        return {"data": servers[at : at + 1], "nextCursor": str(at + 1) if at + 1 < len(servers) else None}

    script.replies["mcpServerStatus/list"] = page
    script.replies["mcpServer/oauth/login"] = lambda _: {"authorizationUrl": ADDRESS}
    return script


async def test_mcp_servers_are_shown_with_their_tools() -> None:
    async with open_stage(with_mcp(), size=(100, 30)) as stage:
        await stage.type("/mcp")
        await stage.wait_text("MCP servers on devbox  1 of 2: files")
        for text in ("connected", "reads a file", "file:///a", "401 Unauthorized", "/mcp login tracker"):
            await stage.wait_text(text)
        assert stage.script.asked("mcpServerStatus/list")[0] == {"threadId": "t-1", "detail": "full"}


async def test_without_mcp_servers_it_is_said() -> None:
    script = Script()
    script.replies["mcpServerStatus/list"] = lambda _: {"data": []}
    async with open_stage(script) as stage:
        await stage.type("/mcp")
        await stage.wait_text("codex on devbox has no MCP servers")


async def test_a_sign_in_shows_the_address_and_the_way_back() -> None:
    browser = Browser()
    async with open_stage(with_mcp(), size=(120, 40), desk=browser) as stage:
        await stage.type("/mcp login")
        await stage.wait_text("sign in to which MCP server?")
        assert "files" not in stage.screen().partition("sign in to which")[2]
        await stage.pilot.press("enter")
        await stage.wait_text("open id.example.org in your browser now?")
        assert stage.script.asked("mcpServer/oauth/login") == [{"name": "tracker", "threadId": "t-1"}]
        await stage.pilot.press("enter")
        await stage.wait_text("ssh -N -L 4711:127.0.0.1:4711 devbox")
        assert browser.opened == []
        await stage.type("/mcp login tracker")
        await stage.wait_text("open id.example.org in your browser now?")
        await stage.pilot.press("y")
        await stage.wait(lambda: browser.opened == [ADDRESS], "the browser was asked")
        stage.script.say("mcpServer/oauthLogin/completed", threadId=None, name="tracker", success=True)
        await stage.wait_text("signed in to the MCP server tracker")
        stage.script.say(
            "mcpServer/oauthLogin/completed", threadId=None, name="tracker", success=False, error="denied"
        )
        await stage.wait_text("the sign-in to the MCP server tracker failed")
        await stage.wait_text("denied")


async def test_a_server_without_sign_ins_says_so() -> None:
    script = with_mcp()
    script.lacking.add("mcpServer/oauth/login")
    async with open_stage(script) as stage:
        await stage.type("/mcp login tracker")
        await stage.wait_text("the app server cannot sign in to MCP servers")


def with_skills() -> Script:
    """Give a server with two skills, and one that is broken."""
    script = Script()
    on = {"door": True, "wall": False}

    def skills(_: Json) -> Json:
        listed = [
            {"name": name, "description": f"about a {name}", "path": f"/s/{name}/SKILL.md", "scope": "user"}
            | {"enabled": is_on}
            for name, is_on in on.items()
        ]
        return {"data": [{"cwd": "/w", "skills": listed, "errors": [{"path": "/s/x", "message": "no name"}]}]}

    def write(params: Json) -> Json:
        on[params["path"].split("/")[2]] = params["enabled"]
        return {"effectiveEnabled": params["enabled"]}

    script.replies["skills/list"] = skills
    script.replies["skills/config/write"] = write
    return script


async def test_skills_are_turned_on_and_off() -> None:
    async with open_stage(with_skills()) as stage:
        await stage.type("/skills")
        await stage.wait_text("[x] door  (user) about a door")
        await stage.wait_text("[ ] wall")
        await stage.pilot.press("enter")
        await stage.wait_text("[ ] door")
        await stage.pilot.press("down", "enter")
        await stage.wait_text("[x] wall")
        await stage.pilot.press("escape")
        await stage.wait_text("the skill wall is on")
        await stage.wait_text("/s/x: no name")
        assert [params["enabled"] for params in stage.script.asked("skills/config/write")] == [False, True]


async def test_hooks_are_shown_by_event() -> None:
    script = Script()
    hook = {
        "eventName": "preToolUse",
        "matcher": "shell",
        "command": "make check",
        "sourcePath": "/home/alice/.codex/hooks.json",
        "trustStatus": "untrusted",
        "enabled": True,
    }
    script.replies["hooks/list"] = lambda _: {
        "data": [{"cwd": "/w", "hooks": [hook], "warnings": ["one is old"], "errors": []}]
    }
    async with open_stage(script, size=(100, 30)) as stage:
        await stage.type("/hooks")
        await stage.wait_text("hooks on devbox")
        await stage.wait_text("preToolUse")
        await stage.wait_text("untrusted, make check, /home/alice/.codex/hooks.json")
        await stage.wait_text("one is old")


async def test_without_hooks_it_is_said() -> None:
    script = Script()
    script.replies["hooks/list"] = lambda _: {
        "data": [{"cwd": "/w", "hooks": [], "warnings": [], "errors": []}]
    }
    async with open_stage(script) as stage:
        await stage.type("/hooks")
        await stage.wait_text("there are no hooks for /w")
