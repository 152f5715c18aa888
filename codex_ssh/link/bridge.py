"""The way to the app server where the SSH server forbids forwarding: a program on the devbox joins both ends.

Lives here: starting that program by a script, and handing its byte stream over as if it were a channel.
Not here: when it is taken, and the proof that comes before (:mod:`codex_ssh.link.dial`).

For a unix socket this is ``codex app-server proxy --sock PATH``, which copies bytes and leaves the upgrade to
us; for a port whatever of bash, socat, python3 and nc is there. Nothing is installed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint
from codex_ssh.errors import ForwardError, OwnerNotProved, Stage
from codex_ssh.link.shell import ScriptFailed, compose, open_script_stream
from codex_ssh.link.ssh import Ssh

P = TypeVar("P", bound=asyncio.Protocol)

_WAYS: Final = "bash, socat, python3 or nc"


async def open_bridge(
    ssh: Ssh,
    factory: Callable[[], P],
    endpoint: WsEndpoint | UnixEndpoint,
    *,
    codex: str,
    trusted: bool = False,
) -> tuple[asyncio.Transport, P]:
    """Open a byte stream to an endpoint by a program on the devbox.

    Args:
        ssh: The connection.
        factory: Makes the protocol that takes over.
        endpoint: As seen from the devbox.
        codex: The codex there; empty when none was found.
        trusted: Whoever listens; else the program's own shell looks once more whose it is.

    Raises:
        OwnerNotProved: It is another user's; nothing was sent.
        ForwardError: No program there can do it, or it could not connect.
        LinkLost: The SSH connection went away meanwhile.
    """
    variables = {"HOST": "", "PORT": "", "SOCK": "", "CODEX": codex, "TRUST": "1" if trusted else ""}
    if isinstance(endpoint, UnixEndpoint):
        variables["SOCK"] = endpoint.path
    else:
        variables |= {"HOST": endpoint.host, "PORT": str(endpoint.port)}
    try:
        # As it is: what python runs there wants its indentation.
        text = Path(__file__).with_name("bridge.sh").read_text(encoding="utf-8")
        return await open_script_stream(ssh, factory, compose(functions=text, **variables))
    except ScriptFailed as failed:
        if failed.answer.startswith("foreign"):
            raise OwnerNotProved(
                f"the listener is another user's: {endpoint} ({failed.answer.removeprefix('foreign ')})",
                stage=Stage.APP_SERVER,
                host=ssh.host,
                hint="nothing was sent to it; leave --endpoint away, or use another port",
            ) from None
        raise ForwardError(
            f"no program there could connect to {endpoint}",
            stage=Stage.FORWARD,
            host=ssh.host,
            said=failed.said,
            hint=f"its sshd forbids forwarding, so one of {_WAYS} is needed there; or allow forwarding",
        ) from None
