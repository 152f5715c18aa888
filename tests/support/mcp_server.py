"""An MCP server that asks back: ``python -m tests.support.mcp_server``, JSON-RPC over stdin and stdout.

Its tools ask what they are called with: ``form`` for a form to be filled in, ``page`` for a page to be
opened; what was answered is the result of the tool.
"""

from __future__ import annotations

import json
import sys
from typing import Any

Json = dict[str, Any]

TOOLS = [
    {"name": name, "description": name, "inputSchema": {"type": "object", "additionalProperties": True}}
    for name in ("form", "page")
]


def send(message: Json) -> None:
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def receive() -> Json:
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return dict(json.loads(line))


def ask(arguments: Json) -> Json:
    """Ask the client, and give what it answers."""
    send({"id": "ask", "method": "elicitation/create", "params": arguments})
    while True:
        message = receive()
        if message.get("id") == "ask" and "method" not in message:
            return message
        if "id" in message:
            send({"id": message["id"], "result": {}})


def main() -> None:
    while True:
        message = receive()
        number, params = message.get("id"), message.get("params", {})
        match message.get("method"):
            case "initialize":
                result: Json = {
                    "protocolVersion": params["protocolVersion"],
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "asker", "version": "1"},
                }
            case "tools/list":
                result = {"tools": TOOLS}
            case "tools/call":
                answer = ask(params["arguments"])
                text = json.dumps(answer.get("result", answer.get("error")))
                result = {"content": [{"type": "text", "text": text}]}
            case _:
                result = {}
        if number is not None:
            send({"id": number, "result": result})


if __name__ == "__main__":
    main()
