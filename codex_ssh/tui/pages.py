"""What ``/status`` and ``/help`` say, as text."""

from __future__ import annotations

from collections.abc import Sequence

from codex_ssh.core.keymap import Keymap
from codex_ssh.core.limits import LimitWindow
from codex_ssh.core.login import describe_account
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui.attention import ask_text
from codex_ssh.tui.cells import seconds
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.status_items import context_left, goal_text, permissions_text


def help_text(keymap: Keymap, commands: Sequence[SlashCommand]) -> str:
    """Give the keys and the commands, one a line."""
    rows = help_rows(keymap, commands)
    return "\n".join(f"  {name:<24}{about}" if about else name for name, about in rows)


def help_rows(keymap: Keymap, commands: Sequence[SlashCommand]) -> list[tuple[str, str]]:
    """Give the keys and the commands, and what each does; a heading does nothing."""
    found: list[tuple[str, str]] = []
    for place, rows in keymap.sheet():
        found += [(f"keys {place.value}", ""), *rows]
    found.append(("commands", ""))
    found += [(f"/{command.name} {command.argument}".rstrip(), command.about) for command in commands]
    return found


def status_text(chat: Chat, now: float) -> str:
    """Give all that is known about server and thread, one fact a line.

    Args:
        chat: The conversation.
        now: Seconds since 1970.
    """
    facts, transcript, around = chat.facts, chat.transcript, chat.surroundings
    trip = f"{chat.round_trip * 1000:.1f} ms" if chat.round_trip is not None else "not known"
    rows = {
        "host": f"{facts.user}@{facts.host}" if facts.user else facts.host,
        "machine": facts.hostname,
        "link": "up" if chat.is_online else f"{chat.status.state.value} {chat.status.reason}".strip(),
        "transport": f"{facts.transport}, round trip {trip}",
        "app server": facts.server_version,
        "codex home": facts.codex_home,
        "account": describe_account(around.account) if around.account is not None else "",
    }
    rows |= {f"{window.name} limit": _window_text(window, now) for window in around.limits.windows}
    rows["credits"] = around.limits.credits
    if transcript is not None:
        usage = transcript.usage
        left = context_left(transcript)
        window = f" of {usage.context_window}" if usage.context_window else ""
        rows |= {
            "thread": f"{transcript.thread_id} {transcript.name}".strip(),
            "state": transcript.state.value,
            "waits for you": ", ".join(map(ask_text, chat.asks)),
            "queued": "; ".join(one.draft.text for one in chat.queue.waiting),
            "goal": goal_text(transcript.goal, ""),
            "directory": transcript.cwd,
            "git branch": around.branch,
            "instructions": ", ".join(transcript.instructions),
            "model": f"{transcript.model} {transcript.effort}".strip(),
            "next turn": f"{chat.model} {chat.effort}".strip(),
            "provider": transcript.provider,
            "permissions": permissions_text(transcript),
            "mode": transcript.mode,
            "tokens": f"{usage.total} in all, {usage.input} in, {usage.output} out",
            "context": f"{usage.context}{window} tokens{f', {left} % left' if left is not None else ''}",
        }
    return "\n".join(f"{name:<15}{plain_line(value)}" for name, value in rows.items() if value)


def _window_text(window: LimitWindow, now: float) -> str:
    again = f", anew in {seconds(max(0, int(window.resets_at - now)) * 1000)}" if window.resets_at else ""
    return f"{window.left} % left{again}"
