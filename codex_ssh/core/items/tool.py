"""Calls of tools: of MCP servers, of tools a client brought along, on the web, and of pictures.

Source: ``ThreadItem`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.fields import list_at, number_at, shape_at, text_at, texts_at
from codex_ssh.core.items.base import ItemId, ItemStatus, compact_json
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass

_MOST_RESULTS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of an MCP tool, or of a tool a client brought along.

    Attributes:
        server: The MCP server, or the namespace of a client's tool; may be empty.
        title: How the app behind it calls the action, such as ``Calendar: list events``; mostly empty.
        arguments: As compact JSON.
        result: The text the tool gave; parts that are not text as ``[image image/png]``.
        structured: The structured result as compact JSON; empty when there is none, or the text says it.
        error: The tool's error message.
        progress: The last progress message.
    """

    id: ItemId
    server: str = ""
    tool: str = ""
    title: str = ""
    status: ItemStatus = ItemStatus.UNKNOWN
    arguments: str = ""
    result: str = ""
    structured: str = ""
    error: str = ""
    progress: str = ""
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutput:
    """What a function gave that has no item of its own."""

    id: ItemId
    name: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page a search found."""

    title: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSearch:
    """A search or a page the model looked at.

    Attributes:
        query: In words; for a page the server writes its address here.
        queries: All of them, when it searched for several things at once.
        action: ``search``, ``openPage``, ``findInPage`` or ``other``; may be empty.
        target: The page's address, for the page actions.
        pattern: What is looked for in the page.
        results: What was found, as far as told.
    """

    id: ItemId
    query: str = ""
    queries: tuple[str, ...] = ()
    action: str = ""
    target: str = ""
    pattern: str = ""
    results: tuple[Found, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageView:
    """The model looked at a picture on the devbox."""

    id: ItemId
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageGeneration:
    """The model makes a picture.

    Attributes:
        status: The server's word, such as ``completed``.
        prompt: What was asked for, as the service rewrote it.
        path: Where it is on the devbox; empty when it was not saved.
        inputs: Pictures it was made from.
        failure: Why there is none; empty otherwise.
    """

    id: ItemId
    status: str = ""
    prompt: str = ""
    path: str = ""
    inputs: tuple[str, ...] = ()
    failure: str = ""


def decode_mcp_tool_call(number: ItemId, shape: Json) -> ToolCall:
    """Read an ``mcpToolCall``."""
    status = ItemStatus.read(text_at(shape, "status"))
    result = shape_at(shape, "result")
    text = _content_text(list_at(result, "content"))
    structured = compact_json(result.get("structuredContent"))
    app = shape_at(shape, "appContext")
    error = text_at(shape_at(shape, "error"), "message")
    if status is ItemStatus.FAILED and not error:
        # A tool that says itself that it failed says why in its result.
        error, text = text, ""
    return ToolCall(
        id=number,
        server=text_at(shape, "server"),
        tool=text_at(shape, "tool"),
        title=": ".join(part for part in (text_at(app, "appName"), text_at(app, "actionName")) if part),
        status=status,
        arguments=compact_json(shape.get("arguments")),
        result=text,
        structured="" if _says_the_same(text, structured) else structured,
        error=error,
        duration_ms=number_at(shape, "durationMs"),
    )


def decode_dynamic_tool_call(number: ItemId, shape: Json) -> ToolCall:
    """Read a ``dynamicToolCall``."""
    status = ItemStatus.read(text_at(shape, "status"))
    text = _content_text(list_at(shape, "contentItems"))
    failed = status is ItemStatus.FAILED or shape.get("success") is False
    return ToolCall(
        id=number,
        server=text_at(shape, "namespace"),
        tool=text_at(shape, "tool"),
        status=ItemStatus.FAILED if failed else status,
        arguments=compact_json(shape.get("arguments")),
        result="" if failed else text,
        error=text if failed else "",
        duration_ms=number_at(shape, "durationMs"),
    )


def decode_tool_output(number: ItemId, shape: Json) -> ToolOutput:
    """Read a ``functionCallOutput``."""
    name = ".".join(part for part in (text_at(shape, "namespace"), text_at(shape, "name")) if part)
    output = text_at(shape, "output") or _content_text(list_at(shape, "output"))
    return ToolOutput(id=number, name=name, output=output)


def decode_web_search(number: ItemId, shape: Json) -> WebSearch:
    """Read a ``webSearch``."""
    action = shape_at(shape, "action")
    found = (
        Found(title=text_at(result, "title"), address=text_at(result, "url"))
        for result in list_at(shape, "results")[:_MOST_RESULTS]
    )
    return WebSearch(
        id=number,
        query=text_at(shape, "query") or text_at(action, "query"),
        queries=texts_at(action, "queries"),
        action=text_at(action, "type"),
        target=text_at(action, "url"),
        pattern=text_at(action, "pattern"),
        results=tuple(result for result in found if result.title or result.address),
    )


def decode_image_view(number: ItemId, shape: Json) -> ImageView:
    """Read an ``imageView``."""
    return ImageView(id=number, path=text_at(shape, "path"))


def decode_image_generation(number: ItemId, shape: Json) -> ImageGeneration:
    """Read an ``imageGeneration``; the picture itself is left where it is."""
    inputs = (text_at(image, "path") for image in list_at(shape, "inputImages"))
    return ImageGeneration(
        id=number,
        status=text_at(shape, "status"),
        prompt=text_at(shape, "revisedPrompt"),
        path=text_at(shape, "savedPath"),
        inputs=tuple(path for path in inputs if path),
        failure=text_at(shape_at(shape, "failure"), "type"),
    )


def _content_text(parts: list[Json]) -> str:
    return "\n".join(_part_text(part) for part in parts)


def _part_text(part: Json) -> str:
    kind = text_at(part, "type", "unknown")
    if text := text_at(part, "text"):
        return text
    resource = shape_at(part, "resource")
    about = text_at(part, "mimeType") or text_at(part, "uri") or text_at(resource, "uri")
    label = f"[{' '.join(piece for piece in (kind, about) if piece)}]"
    return "\n".join(piece for piece in (label, text_at(resource, "text")) if piece)


def _says_the_same(text: str, structured: str) -> bool:
    """Whether a result's text is the structured result once more, as MCP servers like to have it."""
    return not structured or "".join(text.split()) == "".join(structured.split())
