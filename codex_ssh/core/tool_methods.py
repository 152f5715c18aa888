"""The app server methods about what the model can call on: MCP servers, skills, hooks.

Lives here: one small function each, giving a :class:`Call`. Not here: skills as they are named in a message
(:mod:`codex_ssh.core.search_methods`).

Source: ``codex app-server generate-json-schema --experimental``, 0.163 and 0.169, and what those do.
"""

from __future__ import annotations

from collections.abc import Mapping

from codex_ssh.core.call import Call, Page, page_of, said
from codex_ssh.core.fields import list_at, shape_at, text_at, texts_at, truth_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass

NOT_SIGNED_IN = "notLoggedIn"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpServer:
    """An MCP server codex is configured with.

    Attributes:
        state: ``connected``, ``failed`` …; empty when it is not told.
        sign_in: ``unsupported``, ``notLoggedIn``, ``bearerToken``, ``oAuth`` or ``unknown``.
        tools: What each does, by name.
        resources: Their addresses.
        error: Why its tools are not known, in the server's words.
    """

    name: str
    state: str = ""
    sign_in: str = ""
    tools: Mapping[str, str]
    resources: tuple[str, ...] = ()
    error: str = ""


def mcp_server_list(thread_id: str = "", *, cursor: str | None = None) -> Call[Page[McpServer]]:
    """List the MCP servers with their tools, as a thread sees them; starts those that do not run."""

    def decode(shape: Json) -> McpServer:
        tools = shape_at(shape, "tools")
        return McpServer(
            name=text_at(shape, "name"),
            state=text_at(shape, "runtimeStatus"),
            sign_in=text_at(shape, "authStatus"),
            tools={
                name: text_at(tool, "description") or text_at(tool, "title") for name, tool in tools.items()
            },
            resources=tuple(
                text_at(one, name)
                for kind, name in (("resources", "uri"), ("resourceTemplates", "uriTemplate"))
                for one in list_at(shape, kind)
            ),
            error=text_at(shape, "toolsError"),
        )

    params = said(threadId=thread_id, cursor=cursor, detail="full")
    return Call(method="mcpServerStatus/list", params=params, decode=page_of(decode), is_repeatable=True)


def mcp_sign_in(name: str, thread_id: str = "") -> Call[str]:
    """Begin to sign in to an MCP server; gives the address for a browser.

    ``mcpServer/oauthLogin/completed`` tells how it ended.
    """
    params = {"name": name, **said(threadId=thread_id)}
    return Call(
        method="mcpServer/oauth/login",
        params=params,
        decode=lambda result: text_at(result, "authorizationUrl"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillSetting:
    """A skill, and whether it is on.

    Attributes:
        path: Its ``SKILL.md`` on the devbox.
        scope: ``user``, ``repo``, ``system`` or ``admin``.
    """

    name: str
    about: str
    path: str
    scope: str
    is_enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillSettings:
    """The skills of a directory, and what is wrong with others, a line each."""

    skills: tuple[SkillSetting, ...]
    faults: tuple[str, ...] = ()


def skill_settings(cwd: str) -> Call[SkillSettings]:
    """List the skills of a directory, those that are off too."""

    def decode(result: Json) -> SkillSettings:
        entries = list_at(result, "data")
        return SkillSettings(
            skills=tuple(_skill(shape) for entry in entries for shape in list_at(entry, "skills")),
            faults=tuple(
                f"{text_at(fault, 'path')}: {text_at(fault, 'message')}"
                for entry in entries
                for fault in list_at(entry, "errors")
            ),
        )

    params = {"cwds": [cwd], "forceReload": True}
    return Call(method="skills/list", params=params, decode=decode, is_repeatable=True)


def _skill(shape: Json) -> SkillSetting:
    about = text_at(shape_at(shape, "interface"), "shortDescription")
    return SkillSetting(
        name=text_at(shape, "name"),
        about=about or text_at(shape, "shortDescription") or text_at(shape, "description"),
        path=text_at(shape, "path"),
        scope=text_at(shape, "scope"),
        is_enabled=truth_at(shape, "enabled"),
    )


def skill_enable(path: str, *, enabled: bool) -> Call[bool]:
    """Turn a skill on or off for this login, for good; gives whether it is on now."""
    return Call(
        method="skills/config/write",
        params={"path": path, "enabled": enabled},
        decode=lambda result: truth_at(result, "effectiveEnabled"),
        is_repeatable=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A program that runs at an event of codex's.

    Attributes:
        event: ``preToolUse``, ``sessionStart`` …
        matcher: For what of it; may be empty.
        command: What is run; empty for a hook of another kind.
        source: Where it is configured.
        trust: ``trusted``, ``untrusted`` …: an untrusted one is not run.
    """

    event: str
    matcher: str
    command: str
    source: str
    trust: str
    is_enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The hooks of a directory, and what is wrong with them, a line each."""

    hooks: tuple[Hook, ...]
    faults: tuple[str, ...] = ()


def hooks_list(cwd: str) -> Call[Hooks]:
    """List the hooks of a directory."""

    def decode(result: Json) -> Hooks:
        entries = list_at(result, "data")
        faults = [text_at(fault, "message") for entry in entries for fault in list_at(entry, "errors")]
        faults += [warning for entry in entries for warning in texts_at(entry, "warnings")]
        hooks = (
            Hook(
                event=text_at(shape, "eventName"),
                matcher=text_at(shape, "matcher"),
                command=text_at(shape, "command"),
                source=text_at(shape, "sourcePath") or text_at(shape, "source"),
                trust=text_at(shape, "trustStatus"),
                is_enabled=truth_at(shape, "enabled"),
            )
            for entry in entries
            for shape in list_at(entry, "hooks")
        )
        return Hooks(hooks=tuple(hooks), faults=tuple(faults))

    return Call(method="hooks/list", params={"cwds": [cwd]}, decode=decode, is_repeatable=True)
