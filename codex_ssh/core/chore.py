"""What the app server asks a program, not a person: the time, a token, an attestation, a tool's result.

Lives here: which requests these are, and the reply to each. Not here: what a person is asked
(:mod:`codex_ssh.core.ask`), and sending the reply.

Every request gets a reply, or a turn waits for ever. Requests go to every client of a thread and the first
answer counts, so what this client cannot do is refused only after the others had time: a tool may be theirs.

Source: ``ServerRequest`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from codex_ssh.core.fields import text_at
from codex_ssh.core.rpc import METHOD_NOT_FOUND, Json, Request
from codex_ssh.core.value import dataclass

REFUSED: Final = -32000
"""The code of a refusal with a reason; the official client's."""

OTHERS_SECONDS: Final = 10.0
"""So long others may answer what may be theirs."""

TOOL_SECONDS: Final = 60.0
"""So long the client that offered a tool may run it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a request is answered without a person.

    Attributes:
        result: The answer; None where it is refused.
        refusal: Why it is refused; empty where it is answered.
        told: What the user should know, in our words; empty when nothing.
        after_seconds: Others may answer first, for so long.
    """

    result: Json = None
    refusal: str = ""
    code: int = REFUSED
    told: str = ""
    after_seconds: float = 0.0


def reply_to_chore(request: Request, now: float) -> Reply | None:
    """Give the reply to a request no person needs to see; None when it is none of these.

    Args:
        request: What was asked.
        now: Unix time in seconds.
    """
    chore = _CHORES.get(request.method)
    return chore(request.params, now) if chore is not None else None


def reply_to_unknown(method: str) -> Reply:
    """Give the reply to a request nobody here knows."""
    return Reply(
        refusal=f"codex-ssh does not know the request `{method}`",
        code=METHOD_NOT_FOUND,
        told=f"the server asked for {method!r}, which codex-ssh cannot do; refused",
        after_seconds=OTHERS_SECONDS,
    )


def _time(_: Json, now: float) -> Reply:
    return Reply(result={"currentTimeAt": int(now)})


def _tool(params: Json, _: float) -> Reply:
    """Say that there is no such tool: we offer none, but another client of the thread may."""
    namespace, tool = text_at(params, "namespace"), text_at(params, "tool")
    name = f"{namespace}.{tool}" if namespace else tool
    text = f"There is no tool {name!r}: the client that offered it is not connected."
    return Reply(
        result={"success": False, "contentItems": [{"type": "inputText", "text": text}]},
        told=f"the model called {name!r}, a tool of a client that does not answer; it was told so",
        after_seconds=TOOL_SECONDS,
    )


def _attestation(_: Json, __: float) -> Reply:
    return Reply(refusal="codex-ssh has no attestation to give")


def _refresh(_: Json, __: float) -> Reply:
    return Reply(
        refusal="codex-ssh holds no ChatGPT tokens: they are on the devbox",
        told="the server asked for new ChatGPT tokens, which only the client that signed it in has: /login",
        after_seconds=OTHERS_SECONDS,
    )


_CHORES: Final[dict[str, Callable[[Json, float], Reply]]] = {
    "account/chatgptAuthTokens/refresh": _refresh,
    "attestation/generate": _attestation,
    "currentTime/read": _time,
    "item/tool/call": _tool,
}
