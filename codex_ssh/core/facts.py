"""What is known about the app server a session talks to, for whoever shows it.

Lives here: the value only. Not here: who finds the facts out (:mod:`codex_ssh.link.connect`).
"""

from __future__ import annotations

from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """Facts that stay true for one session.

    Attributes:
        host: The host as the user typed it.
        user: Login name there; empty over ``wss``.
        hostname: The machine's own name; empty when nobody could ask it.
        boot: The boot id of that machine's kernel; empty when nobody could ask it.
        transport: How the session gets there: ``ssh``, ``ssh unix``, ``ssh exec``, ``ssh+door``, ``wss``.
        server_version: The app server's version; empty when its user agent did not say.
        codex_home: ``CODEX_HOME`` on the devbox.
        generation: Differs between two runs of the app server; empty when nobody could tell them apart.
        warnings: What the user should know, in our words, one line each.
        signed_out: codex there needs a sign-in, and nobody is signed in.
        is_new_server: It was started for this session, and was not there before.
    """

    host: str
    user: str
    hostname: str
    transport: str
    server_version: str
    codex_home: str
    boot: str = ""
    generation: str = ""
    warnings: tuple[str, ...] = ()
    signed_out: bool = False
    is_new_server: bool = False
