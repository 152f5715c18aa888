"""What ``/status`` and ``/help`` say, as text."""

from __future__ import annotations

from typing import Final

from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.commands import COMMANDS

KEYS: Final = """\
enter          send; while a turn runs: steer it
ctrl+j         new line (shift+enter and alt+enter too, where the terminal tells them apart)
up, down       what you said before, when the cursor is on the first or last line
esc            interrupt the turn
tab            between composer and approval
y a p d n c    answer an approval; up, down and enter too
ctrl+o         fold or unfold everything; a click does it for one entry
pgup, pgdn     scroll; ctrl+end follows the end again
ctrl+r         reconnect at once, when the link is lost
ctrl+c         clear the composer; twice: leave
ctrl+q         leave; a running turn goes on"""


def help_text() -> str:
    """Give the keys and the commands, one a line."""
    return "\n".join([KEYS, *(f"/{command.name.value:<14}{command.about}" for command in COMMANDS)])


def status_text(chat: Chat) -> str:
    """Give all that is known about server and thread, one fact a line."""
    facts, transcript = chat.facts, chat.transcript
    trip = f"{chat.round_trip * 1000:.1f} ms" if chat.round_trip is not None else "not known"
    rows = {
        "host": f"{facts.user}@{facts.host}" if facts.user else facts.host,
        "machine": facts.hostname,
        "transport": f"{facts.transport}, round trip {trip}",
        "app server": facts.server_version,
        "codex home": facts.codex_home,
    }
    if transcript is not None:
        usage = transcript.usage
        window = f" of {usage.context_window}" if usage.context_window else ""
        rows |= {
            "thread": f"{transcript.thread_id} {transcript.name}".strip(),
            "directory": transcript.cwd,
            "model": f"{transcript.model} {transcript.effort}".strip(),
            "next turn": f"{chat.model} {chat.effort}".strip(),
            "approvals": transcript.approval_policy,
            "sandbox": transcript.sandbox,
            "tokens": f"{usage.total} in all, {usage.input} in, {usage.output} out",
            "context": f"{usage.context}{window} tokens",
            "state": transcript.state.value,
        }
    return "\n".join(f"{name:<12}{plain_line(value)}" for name, value in rows.items() if value)
