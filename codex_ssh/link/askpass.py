"""The program that ``ssh`` runs to ask a question; it hands it to the codex-ssh that started that ``ssh``.

Lives here: the program only, run as ``python -I -S askpass.py SOCKET PROMPT``; it imports nothing of ours.
Not here: the other end of the socket (:mod:`codex_ssh.link.ssh_askpass`).
"""

from __future__ import annotations

import json
import os
import socket
import sys


def main() -> int:
    """Send the prompt, print the answer; exit 1 when there is none.

    ``SSH_ASKPASS_PROMPT`` is ``confirm`` for a question whose answer is the exit code, ``none`` for a message
    that is shown until ``ssh`` ends us, and unset for the rest (OpenSSH 8.2 and later).
    """
    question = {
        "prompt": sys.argv[2] if len(sys.argv) > 2 else "",
        "hint": os.environ.get("SSH_ASKPASS_PROMPT", ""),
        "asker": os.getppid(),
    }
    with socket.socket(socket.AF_UNIX) as there:
        there.connect(sys.argv[1])
        there.sendall(json.dumps(question).encode() + b"\n")
        with there.makefile("rb") as answers:
            line = answers.readline()
    if not line:
        return 1
    answer = json.loads(line)
    if answer is None:
        return 1
    sys.stdout.buffer.write(answer.encode(errors="surrogateescape") + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
