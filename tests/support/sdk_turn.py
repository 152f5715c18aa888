"""The official Python SDK in a process of its own: connects, lists models, runs a turn, prints what it saw.

The SDK launches a program and speaks with it on stdio; which one stands on the command line:
``python -m tests.support.sdk_turn PROMPT PROGRAM ARGUMENT…``
"""

from __future__ import annotations

import json
import sys

from openai_codex import Codex, CodexConfig


def main(prompt: str, *program: str) -> None:
    """Print one JSON object."""
    with Codex(CodexConfig(launch_args_override=program)) as codex:
        thread = codex.thread_start()
        result = thread.run(prompt)
        seen = {
            "server": codex.metadata.userAgent,
            "models": len(codex.models().data),
            "status": result.status.value,
            "answer": result.final_response,
            "turns": len(thread.read(include_turns=True).thread.turns),
        }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
