"""A scripted model server: what a real codex talks to in tests instead of a model.

What lives here: a small HTTP server on loopback that answers ``POST /v1/responses`` with
server-sent events, and the ``config.toml`` that points a codex at it. What it does is chosen by
plain words in the last user text, one step a line:

======================  =====================================================================
``say TEXT``            an answer, streamed word by word
``think TEXT``          a reasoning summary, streamed word by word
``run: CMD``            the command CMD in the session's workspace
``escalate: CMD``       the same, asking to run it outside the sandbox
``patch FILE``          writes FILE by ``apply_patch``
``plan``                a plan of three steps
``call NAME JSON``      a call of that tool, with these arguments; ``SPACE/NAME`` for one in a namespace
``item JSON``           that output item, as it is
``slow N MS``           an answer of N words with MS milliseconds between them
``hold TEXT``           streams TEXT, then waits until somebody releases the model
``tokens N``            from here on reports N tokens used
``fail STATUS``         an HTTP error (default 500) instead of an answer
``break``               the stream ends in the middle
anything else           the answer ``you said: TEXT``
======================  =====================================================================

After a tool call the model goes on with the next line, and closes with ``done`` if there is none.
``POST /release`` releases what ``hold`` holds, for a model in another process.

Run as a program it prints its address: ``python -m tests.support.model``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.serving import serving
from tests.support.waiting import until

Json = dict[str, Any]

HOLD_SECONDS = 60
"""The longest a ``hold`` lasts: a forgotten one must not outlive its test."""

CALL_WORDS = ("run:", "escalate:", "patch", "plan", "call")
"""Steps that are tool calls: the response ends after one, and codex comes back with its output."""


@dataclass(slots=True, kw_only=True)
class Model:
    """A running model server.

    Attributes:
        port: Where it listens on 127.0.0.1.
        requests: Every body codex sent, in order.
        holding: How many answers a ``hold`` holds right now.
    """

    port: int = 0
    requests: list[Json] = field(default_factory=list)
    holding: int = 0
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _count: int = 0

    @property
    def base_url(self) -> str:
        """The ``base_url`` of the provider."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def config_toml(self) -> str:
        """A whole ``config.toml`` for a private CODEX_HOME."""
        return (
            'model = "scripted"\n'
            'model_provider = "scripted"\n'
            'model_reasoning_summary = "auto"\n'
            'approval_policy = "on-request"\n'
            'sandbox_mode = "danger-full-access"\n'
            "check_for_update_on_startup = false\n"
            "[tools.update_plan]\n"
            "enabled = true\n"
            "[analytics]\n"
            "enabled = false\n"
            "[model_providers.scripted]\n"
            'name = "scripted"\n'
            f'base_url = "{self.base_url}"\n'
            'wire_api = "responses"\n'
            "requires_openai_auth = false\n"
            "supports_websockets = false\n"
            "request_max_retries = 0\n"
            "stream_max_retries = 0\n"
        )

    def write_config(self, codex_home: Path) -> None:
        """Write the config into a CODEX_HOME, which is made if it is not there."""
        codex_home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (codex_home / "config.toml").write_text(self.config_toml, encoding="utf-8")

    def release(self) -> None:
        """Let everything that ``hold`` holds go on."""
        self._released.set()
        self._released = asyncio.Event()

    async def wait_holding(self) -> None:
        """Wait until an answer is held: all of its text has been streamed."""
        await until(lambda: self.holding, "the model holds an answer")

    async def _hold(self, reader: asyncio.StreamReader) -> None:
        """Wait for the release, or for codex to hang up, as it does to interrupt."""
        released = self._released
        self.holding += 1
        try:
            await until(lambda: released.is_set() or reader.at_eof(), "released", seconds=HOLD_SECONDS)
        finally:
            self.holding -= 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await _read_request(reader)) is not None:
            path, body = request
            if path == "/release":
                self.release()
                _respond(writer, 200, b"{}")
            elif path == "/v1/responses":
                await self._answer(reader, writer, json.loads(body))
                break  # a stream ends with its connection
            else:
                _respond(writer, 404, b'{"error":{"message":"not scripted"}}')
            await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: Json) -> None:
        self.requests.append(body)
        self._count += 1
        steps = _steps(body["input"])
        if steps and steps[0].split()[0] == "fail":
            words = steps[0].split()
            status = int(words[1]) if len(words) > 1 else 500
            error = {"error": {"message": "scripted failure", "type": "server_error"}}
            _respond(writer, status, json.dumps(error).encode())
            return
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        writer.write(head.encode())
        stream = _Stream(writer=writer, response_id=f"resp-{self._count}")
        await stream.send("response.created", response={"id": stream.response_id})
        tokens = 100
        for number, step in enumerate(steps):
            word, _, rest = step.partition(" ")
            if word == "tokens":
                tokens = int(rest)
            elif word == "break":
                return
            elif word == "hold":
                await stream.message(rest or "holding", pause=partial(self._hold, reader))
            else:
                await _play(stream, step, number)
        await stream.send(
            "response.completed",
            response={
                "id": stream.response_id,
                "usage": {
                    "input_tokens": tokens,
                    "input_tokens_details": {"cached_tokens": 0},
                    "output_tokens": 20,
                    "output_tokens_details": {"reasoning_tokens": 0},
                    "total_tokens": tokens + 20,
                },
            },
        )


async def _play(stream: _Stream, step: str, number: int) -> None:
    word, _, rest = step.partition(" ")
    match word:
        case "say":
            await stream.message(rest)
        case "think":
            await stream.reasoning(rest or "Weighing it up")
        case "slow":
            count, milliseconds = (*rest.split(), "50")[:2]
            text = " ".join(f"word{n}" for n in range(int(count)))
            await stream.message(text, seconds_between=int(milliseconds) / 1000)
        case "run:":
            await stream.call(number, "exec_command", {"cmd": rest})
        case "escalate:":
            wish = {"sandbox_permissions": "require_escalated", "justification": "the test wants it"}
            await stream.call(number, "exec_command", {"cmd": rest, **wish})
        case "patch":
            await stream.call(number, "exec_command", {"cmd": _patch(rest)})
        case "call":
            name, _, arguments = rest.partition(" ")
            await stream.call(number, name, json.loads(arguments or "{}"))
        case "item":
            await stream.item(json.loads(rest))
        case "plan":
            await stream.call(
                number,
                "update_plan",
                {
                    "explanation": "Three steps",
                    "plan": [
                        {"step": "Look", "status": "completed"},
                        {"step": "Write", "status": "in_progress"},
                        {"step": "Check", "status": "pending"},
                    ],
                },
            )
        case _:
            await stream.message(f"you said: {step}" if step != "done" else step)


def _patch(file: str) -> str:
    return (
        "apply_patch <<'EOF'\n*** Begin Patch\n"
        f"*** Add File: {file}\n+first line\n+second line\n"
        "*** End Patch\nEOF"
    )


def _steps(items: Sequence[Json]) -> list[str]:
    """The steps to play now: from after the last answered call to the next call."""
    last = max(n for n, item in enumerate(items) if _is_user(item))
    done = sum(item.get("type") == "function_call_output" for item in items[last:])
    text = "".join(part.get("text", "") for part in items[last]["content"])
    steps = [line.strip() for line in text.splitlines() if line.strip()]
    calls = [n for n, step in enumerate(steps) if step.split()[0] in CALL_WORDS]
    first = calls[done - 1] + 1 if 0 < done <= len(calls) else 0
    end = calls[done] + 1 if done < len(calls) else len(steps)
    return steps[first:end] or ["done"]


def _is_user(item: Json) -> bool:
    return item.get("type") == "message" and item.get("role") == "user"


@dataclass(slots=True, kw_only=True)
class _Stream:
    writer: asyncio.StreamWriter
    response_id: str
    items: int = 0

    async def send(self, event: str, **members: object) -> None:
        data = json.dumps({"type": event, **members})
        self.writer.write(f"event: {event}\ndata: {data}\n\n".encode())
        await self.writer.drain()

    def _next_id(self, kind: str) -> str:
        self.items += 1
        return f"{kind}-{self.response_id}-{self.items}"

    async def message(
        self, text: str, *, seconds_between: float = 0, pause: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        item: Json = {
            "type": "message",
            "role": "assistant",
            "id": self._next_id("msg"),
            "content": [],
        }
        await self.send("response.output_item.added", output_index=0, item=item)
        for delta in _words(text):
            await self.send(
                "response.output_text.delta",
                item_id=item["id"],
                output_index=0,
                content_index=0,
                delta=delta,
            )
            if seconds_between:
                await asyncio.sleep(seconds_between)
        if pause is not None:
            await pause()
        item["content"] = [{"type": "output_text", "text": text}]
        await self.send("response.output_item.done", output_index=0, item=item)

    async def item(self, item: Json) -> None:
        item = {"id": self._next_id("it"), **item}
        await self.send("response.output_item.added", output_index=0, item=item)
        await self.send("response.output_item.done", output_index=0, item=item)

    async def reasoning(self, text: str) -> None:
        item: Json = {"type": "reasoning", "id": self._next_id("rs"), "summary": []}
        await self.send("response.output_item.added", output_index=0, item=item)
        await self.send("response.reasoning_summary_part.added", item_id=item["id"], summary_index=0)
        for delta in _words(text):
            await self.send(
                "response.reasoning_summary_text.delta",
                item_id=item["id"],
                summary_index=0,
                delta=delta,
            )
        item["summary"] = [{"type": "summary_text", "text": text}]
        await self.send("response.output_item.done", output_index=0, item=item)

    async def call(self, number: int, name: str, arguments: Json) -> None:
        space, _, name = name.rpartition("/")
        item = {
            **({"namespace": space} if space else {}),
            "type": "function_call",
            "id": self._next_id("fc"),
            "call_id": f"call-{self.response_id}-{number}",
            "name": name,
            "arguments": json.dumps(arguments),
        }
        await self.send("response.output_item.done", output_index=0, item=item)


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return [word if n == 0 else f" {word}" for n, word in enumerate(words)]


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, bytes] | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    start, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return start.split(" ")[1], body


def _respond(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    head = (
        f"HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)


@asynccontextmanager
async def open_model(*, port: int = 0) -> AsyncGenerator[Model, None]:
    """Serve on a free loopback port until the block ends."""
    model = Model()
    async with serving(model._serve, port=port) as model.port:
        yield model


async def _main(port: int) -> None:
    async with open_model(port=port) as model:
        print(model.base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="a scripted model server on loopback")
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(_main(parser.parse_args().port))
