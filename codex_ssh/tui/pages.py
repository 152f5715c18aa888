"""What ``/status`` and ``/help`` say, as text."""

from __future__ import annotations

from collections.abc import Sequence

from codex_ssh.core.keymap import Keymap
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.commands.slash_command import SlashCommand


def help_text(keymap: Keymap, commands: Sequence[SlashCommand]) -> str:
    """Give the keys and the commands, one a line."""
    lines = []
    for place, rows in keymap.sheet():
        lines += [place.value, *(f"  {keys:<24}{about}" for keys, about in rows)]
    lines += ["commands", *(f"  /{command.name:<23}{command.about}" for command in commands)]
    return "\n".join(lines)


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
