"""Why the user's own ``ssh`` ended: its words on stderr, in our classes.

Lives here: the table from its messages to our errors, and whose they are when it goes through hops.
Not here: running it (:mod:`codex_ssh.link.ssh_openssh`).

Source: sshconnect.c, sshconnect2.c, clientloop.c and packet.c of OpenSSH 9.2; the words are never translated.
"""

from __future__ import annotations

import re
from typing import Final

from codex_ssh.core.known_hosts import name_to_look_up
from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.errors import (
    CodexSshError,
    ConfigError,
    ForwardError,
    HostKeyRefused,
    HostUnreachable,
    LoginRefused,
    Stage,
    StageError,
)

_NOISE: Final = re.compile(
    r"Pseudo-terminal will not|Killed by signal|debug\d: |Warning: Permanently added|@+$|@ +WARNING"
)

_HOST_KEY: Final = re.compile(
    r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY"
    r"|No matching host key fingerprint|you have requested strict checking|revoked by"
)
_LOGIN: Final = re.compile(
    r"Permission denied|Too many authentication failures|No more authentication methods"
)
_OTHER: Final = re.compile(
    r"open failed|stdio forwarding failed|UNKNOWN port 65535|Connection (closed|reset|to \S+ closed)|^ssh: "
    r"|not responding|kex_exchange|Unable to negotiate|Connection (to|from) \S+ port \d+: "
)
# An ssh whose way is a program it started has no address to name; sshpkt_vfatal says what became of the
# way, by how far it was: "closed" once it read the end, "Broken pipe" if it had not written its own version.
_WAY_ENDED: Final = re.compile(
    r"Connection (closed|reset) by UNKNOWN port 65535$|Connection (to|from) UNKNOWN port 65535: "
)
_CONFIG: Final = re.compile(
    r"Bad configuration option|bad configuration options|line \d+: |command-line: line "
)


def is_about_a_failure(line: str) -> bool:
    """Whether a line belongs into an error and not to the person at once."""
    return any(pattern.search(line) for pattern in (_NOISE, _HOST_KEY, _LOGIN, _CONFIG, _OTHER))


def failure_of(lines: list[str], config: SshConfig, host: str, declined: str) -> CodexSshError:
    """Say what an ``ssh`` that ended before it was logged in means by its words.

    Args:
        lines: What it printed on stderr.
        config: The resolved host.
        host: The host as the person knows it.
        declined: The last question nobody answered.
    """
    words = [line.strip() for line in lines if line.strip() and not _NOISE.match(line.strip())]
    # Each ssh around the one that failed adds that its way ended.
    outer = [line for line in words if _WAY_ENDED.search(line)]
    inner = [line for line in words if line not in outer]
    # What a ProxyCommand said is more than that it ended.
    telling = [line for line in inner if not line.startswith("kex_exchange_identification: ")]
    if config.jumps and len(outer) >= 1:
        host = config.jumps[max(len(config.jumps) - len(outer), 0)]
    said = re.sub(r"^ssh: connect to host \S+ port \d+: ", "", "\n".join((telling or inner or outer)[-6:]))
    return _classify(said, "\n".join(words), config, host, declined)


def _classify(said: str, everything: str, config: SshConfig, host: str, declined: str) -> CodexSshError:
    hint = f"see what ssh does: {config.by_hand}"
    if _HOST_KEY.search(everything):
        return _host_key(everything, config, host)
    if _LOGIN.search(everything):
        return _login(said, config, host, declined, hint)
    if "Unable to negotiate" in everything:
        return LoginRefused(
            "this server and ssh have no algorithm in common",
            stage=Stage.SSH,
            host=host,
            said=said,
            hint=hint,
        )
    if _CONFIG.search(everything):
        return ConfigError(f"ssh cannot read its config: {said.splitlines()[0]}", hint=hint)
    if "stdio forwarding failed" in everything:
        return _hop(said, config, host)
    unreachable = _unreachable(everything, config)
    if unreachable is not None:
        message, advice, answered = unreachable
        return HostUnreachable(
            message, stage=Stage.SSH, host=host, said=said, hint=advice or hint, answered=answered
        )
    return HostUnreachable(
        "ssh ended before it was logged in", stage=Stage.SSH, host=host, said=said, hint=hint, answered=True
    )


def _host_key(everything: str, config: SshConfig, host: str) -> HostKeyRefused:
    print_of = re.search(r"SHA256:[\w+/]+", everything)
    said = next((line for line in everything.splitlines() if "strict checking" in line), "")
    said = "\n".join(filter(None, (said, print_of[0] if print_of else ""))) or everything.splitlines()[-1]
    where = re.search(r"(?:Offending .*? in|revoked by(?: file)?) (/\S.*)", everything)
    by = where[1].strip() if where else ""
    if "revoked" in everything:
        message = f"the host key is revoked{f' by {by}' if by else ''}"
        hint = "ask whoever runs the host: a revoked key may be in the wrong hands"
    elif "has changed" in everything:
        message = f"the host key has changed{f': {by} has another one' if by else ''}"
        name = name_to_look_up(config.hostname, config.port, config.host_key_alias)
        file = by.rpartition(":")[0]
        hint = f"find out why it changed; if it is meant: ssh-keygen -f '{file}' -R '{name}'"
    elif "strict checking" in everything:
        message = "no host key is on file, and StrictHostKeyChecking is yes"
        hint = "compare the fingerprint with the host's, then connect once with ssh and accept it"
    else:
        message, hint = "the host key was not accepted", "compare the fingerprint with the host's own"
    return HostKeyRefused(message, stage=Stage.SSH, host=host, said=said, hint=hint)


def _login(said: str, config: SshConfig, host: str, declined: str, hint: str) -> LoginRefused:
    if "Too many" in said:
        hint = "the agent offers too many keys: name the right one by IdentityFile and set IdentitiesOnly yes"
    elif "UNPROTECTED" in said or "bad permissions" in said:
        hint = "a private key that others may read is not used: chmod 600 it"
    if declined:
        message = "a question was not answered, and the server refused the login"
    else:
        files = ", ".join(config.identity_files)
        message = f"the server refused the login of {config.user!r}" + (f"; tried {files}" if files else "")
    return LoginRefused(message, stage=Stage.SSH, host=host, said=said, hint=hint)


def _hop(said: str, config: SshConfig, host: str) -> StageError:
    if "administratively prohibited" in said:
        return ForwardError(
            f"the server would not connect to {config.hostname}:{config.port}",
            stage=Stage.FORWARD,
            host=host,
            said=said,
            hint="AllowTcpForwarding or PermitOpen of its sshd forbids it",
        )
    reason = re.search(r"open failed: (?:connect failed: )?(.*)", said)
    return HostUnreachable(
        f"the hop {host!r} cannot reach {config.hostname}:{config.port}",
        stage=Stage.SSH,
        host=config.alias,
        said=reason[1] if reason else said,
        hint="is the host up, and is this its name and port as seen from the hop?",
        answered=True,
    )


def _unreachable(everything: str, config: SshConfig) -> tuple[str, str, bool] | None:
    """Give what happened, what to do about it, and whether somebody took the connection."""
    address = f"{config.hostname}:{config.port}"
    for words, message, hint in (
        ("Could not resolve hostname", f"no such name: {config.hostname!r}",
         "look at HostName in the ssh config, or at the VPN"),
        ("Connection refused", f"nothing listens on {address}",
         f"is sshd running there, and is {config.port} its port?"),
        ("timed out during banner", f"{address} does not answer as an SSH server does", ""),
        ("timed out", f"{address} does not answer", "is the host up, and the VPN?"),
        ("No route to host", f"{address} cannot be reached", "is the network up, and the VPN?"),
        ("unreachable", f"{address} cannot be reached", "is the network up, and the VPN?"),
        ("kex_exchange_identification", "the connection ended before the login", ""),
        ("Connection closed", "the connection ended before the login", ""),
        ("Connection reset", "the connection ended before the login", ""),
        ("Broken pipe", "the connection ended before the login", ""),
    ):  # fmt: skip
        if words in everything:
            return message, hint, "banner" in words or "ended" in message
    return None
