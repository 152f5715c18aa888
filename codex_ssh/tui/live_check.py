"""Checks the link and the app server as they are now, without a second login.

Lives here: what is asked, and what counts as not well. Not here: showing it, and the check of the whole way
to a host (``codex-ssh doctor``). Nothing here imports Textual.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.login import describe_account
from codex_ssh.core.methods import account_read, model_list, thread_list
from codex_ssh.core.remote_command import command_exec
from codex_ssh.core.value import dataclass
from codex_ssh.errors import DevboxFailed, LinkLost, RpcFailed
from codex_ssh.tui import remote_files
from codex_ssh.tui.chat import Chat

CHECK_SECONDS: Final = 10.0
"""The longest one check takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of one check.

    Attributes:
        found: What was found, or what is not well; one line.
        ms: How long it took, in milliseconds; None where nothing was asked.
    """

    name: str
    found: str
    is_well: bool = True
    ms: float | None = None


async def check_link(chat: Chat, now: Callable[[], float]) -> list[Finding]:
    """Check everything, in order from the link to the thread's directory.

    Args:
        chat: The conversation.
        now: A clock that only goes forward, in seconds.
    """
    facts = chat.facts
    trip = f"round trip {chat.round_trip * 1000:.0f} ms" if chat.round_trip is not None else ""
    state = chat.status.state
    where = f"{facts.user}@{facts.host}" if facts.user else facts.host
    said = [facts.transport, trip, "" if state is LinkState.UP else chat.status.reason or state.value]
    findings = [
        Finding(name="link", found=", ".join(part for part in said if part), is_well=state is LinkState.UP),
        Finding(name="machine", found=", ".join(part for part in (where, facts.hostname) if part)),
        Finding(
            name="app server",
            found=", ".join(part for part in (facts.server_version, facts.codex_home) if part),
        ),
        *(Finding(name="warning", found=warning, is_well=False) for warning in facts.warnings),
    ]
    for name, check in _CHECKS.items():
        began = now()
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                found, is_well = await check(chat)
        except TimeoutError:
            found, is_well = f"no answer within {CHECK_SECONDS:.0f} s", False
        except RpcFailed as failed:
            found, is_well = failed.said, False
        except (DevboxFailed, LinkLost) as failed:
            found, is_well = str(failed), False
        if found:
            ms = (now() - began) * 1000
            findings.append(Finding(name=name, found=found, is_well=is_well, ms=ms))
    return findings


Check = Callable[[Chat], Awaitable[tuple[str, bool]]]
"""Gives what was found, empty when there was nothing to ask, and whether it is well."""


async def _account(chat: Chat) -> tuple[str, bool]:
    account = await chat.call(account_read())
    if account.kind:
        return describe_account(account), True
    return (
        "nobody is signed in: /login" if account.login_required else "none needed"
    ), not account.login_required


async def _models(chat: Chat) -> tuple[str, bool]:
    count = len((await chat.call(model_list())).data)
    return f"{count} to choose from", count > 0


async def _threads(chat: Chat) -> tuple[str, bool]:
    page = await chat.call(thread_list(limit=1))
    return ("stored ones can be listed" if page.data else "none stored yet"), True


async def _directory(chat: Chat) -> tuple[str, bool]:
    if chat.transcript is None:
        return "", True
    await remote_files.check_directory(chat, chat.transcript.cwd)
    return chat.transcript.cwd, True


async def _sandbox(chat: Chat) -> tuple[str, bool]:
    if chat.knows("command/exec") is False:
        return "", True
    ran = await chat.call(command_exec(["true"], seconds=5, most_bytes=1000, reads_only=True))
    if ran.code == 0:
        return "a program that may only read runs", True
    said = ran.err.strip().splitlines() or [f"it ended with {ran.code}"]
    return f"no program runs in it: {said[-1]}", False


_CHECKS: Final[dict[str, Check]] = {
    "account": _account,
    "models": _models,
    "threads": _threads,
    "directory": _directory,
    "sandbox": _sandbox,
}
