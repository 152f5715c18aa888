"""The official Python SDK in a process of its own: turn after turn, streamed, approvals by a handler.

``python -m tests.support.sdk_session PROGRAM ARGUMENT…``; every line of stdin is a prompt, what was seen of
its turn is one JSON object on stdout: the text as it was streamed, the status, and the approvals asked for.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from openai_codex.client import CodexClient, CodexConfig
from openai_codex.errors import CodexError


def main(*program: str) -> None:
    """Answer prompts until stdin ends."""
    asked: list[str] = []

    def approve(method: str, params: dict[str, Any] | None) -> Any:
        asked.append(method)
        return {"decision": "accept"}

    with CodexClient(CodexConfig(launch_args_override=program), approval_handler=approve) as client:
        client.initialize()
        thread = client.thread_start({}).thread
        for line in sys.stdin:
            asked.clear()
            try:
                turn = client.turn_start(thread.id, line.strip()).turn
            except CodexError as error:
                print(json.dumps({"error": str(error)}), flush=True)
                continue
            client.register_turn_notifications(turn.id)
            streamed, status = "", ""
            while not status:
                event = client.next_turn_notification(turn.id)
                match event.method:
                    case "item/agentMessage/delta":
                        streamed += event.payload.delta  # type: ignore[union-attr]
                    case "turn/completed":
                        status = event.payload.turn.status.value  # type: ignore[union-attr]
            print(json.dumps({"streamed": streamed, "status": status, "asked": asked}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
