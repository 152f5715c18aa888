"""Starts: flags an app server refuses, and flags it takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

DIGEST = "a" * 64
LISTEN = ("--listen", "ws://127.0.0.1:0")
CAPABILITY = (*LISTEN, "--ws-auth", "capability-token")
SIGNED = (*LISTEN, "--ws-auth", "signed-bearer-token")

REFUSED_STARTS: Sequence[Sequence[str]] = [
    ("--listen", "ws://localhost:4500"),
    ("--listen", "ws://127.0.0.1"),
    ("--listen", "ws://127.0.0.1:99999"),
    ("--listen", "ws://127.0.0.1:0/x"),
    ("--listen", "ws://127.0.0.1:+0"),
    ("--listen", "ws://1.2.3:0"),
    ("--listen", "WS://127.0.0.1:0"),
    ("--listen", "http://x"),
    ("--listen", ""),
    ("--listen", "off"),
    ("--listen", "ws://0.0.0.0:0"),
    ("--listen", "ws://[::]:0"),
    ("--listen", "ws://[::ffff:127.0.0.1]:0"),
    CAPABILITY,
    (*CAPABILITY, "--ws-token-file", "token", "--ws-token-sha256", DIGEST),
    (*CAPABILITY, "--ws-token-sha256", "zz"),
    (*CAPABILITY, "--ws-token-sha256", ""),
    (*CAPABILITY, "--ws-token-file", "none"),
    (*CAPABILITY, "--ws-token-file", "."),
    (*CAPABILITY, "--ws-token-file", "empty"),
    (*CAPABILITY, "--ws-token-file", "binary"),
    (*CAPABILITY, "--ws-token-file", "token", "--ws-shared-secret-file", "secret"),
    (*CAPABILITY, "--ws-token-file", "token", "--ws-issuer", "x"),
    (*CAPABILITY, "--ws-token-file", "token", "--ws-max-clock-skew-seconds", "3"),
    SIGNED,
    (*SIGNED, "--ws-shared-secret-file", "short"),
    (*SIGNED, "--ws-shared-secret-file", "empty"),
    (*SIGNED, "--ws-shared-secret-file", "secret", "--ws-token-file", "token"),
    (*SIGNED, "--ws-shared-secret-file", "secret", "--ws-max-clock-skew-seconds", str(2**63)),
    (*SIGNED, "--ws-token-file", "token"),
    (*LISTEN, "--ws-token-file", "token"),
    (*LISTEN, "--ws-issuer", "x"),
    ("--listen", "ws://0.0.0.0:0", "--ws-token-sha256", "zz"),
    ("--listen", "unix://token"),
    ("--listen", "off", "--ws-token-file", "token"),
    ("--listen", "off", "--ws-auth", "capability-token", "--ws-token-file", "none"),
    ("--listen", "stdio://", "--ws-auth", "capability-token"),
    ("--stdio", "--ws-issuer", "x"),
]
"""Refused with the same code and the same sentence."""

REFUSED_IN_OTHER_WORDS: Sequence[Sequence[str]] = [
    ("--listen",),
    ("--bogus",),
    ("--stdio", "--listen", "off"),
    ("extra",),
    (*LISTEN, "--ws-auth", "nope"),
    (*LISTEN, *LISTEN),
    (*CAPABILITY, "--ws-token-file", ""),
    (*SIGNED, "--ws-shared-secret-file", "secret", "--ws-max-clock-skew-seconds", "-1"),
    (*SIGNED, "--ws-shared-secret-file", "secret", "--ws-max-clock-skew-seconds", "x"),
    (*SIGNED, "--ws-shared-secret-file", "secret", "--ws-max-clock-skew-seconds", str(2**64)),
    ("--listen", "ws://127.0.0.1:BUSY"),
    ("--listen", "ws://192.0.2.1:0", "--ws-auth", "capability-token", "--ws-token-file", "token"),
]
"""Refused with the same code; the sentence is argparse's or the system's."""

ACCEPTED_STARTS: Sequence[Sequence[str]] = [
    LISTEN,
    ("--listen", "ws://127.1.2.3:0"),
    ("--listen", "ws://[::1]:0"),
    ("--listen=ws://127.0.0.1:0",),
    (*CAPABILITY, "--ws-token-file", "token"),
    (*CAPABILITY, "--ws-token-sha256", DIGEST.upper()),
    (*CAPABILITY, "--ws-token-sha256", f" {DIGEST} "),
    ("--listen", "ws://0.0.0.0:0", "--ws-auth", "capability-token", "--ws-token-sha256", DIGEST),
    ("--listen", "ws://[::]:0", "--ws-auth", "capability-token", "--ws-token-file", "token"),
    (*SIGNED, "--ws-shared-secret-file", "secret"),
    (*SIGNED, "--ws-shared-secret-file", "secret", "--ws-issuer", " ", "--ws-audience", ""),
    (*SIGNED, "--ws-shared-secret-file", "secret", "--ws-max-clock-skew-seconds", "0"),
    (*SIGNED, "--ws-shared-secret-file", "secret", "--ws-max-clock-skew-seconds", str(2**63 - 1)),
]
"""Taken: the server listens, and its banner says the same."""


def write_files(directory: Path) -> None:
    """Write the files the cases name, relative to where both run."""
    (directory / "token").write_text("t\n")
    (directory / "empty").write_text(" \n")
    (directory / "secret").write_text("x" * 32)
    (directory / "short").write_text(f" {'x' * 31}\n")
    (directory / "binary").write_bytes(b"\xff\xfe\n")
    for name in ("token", "empty", "secret", "short", "binary"):
        (directory / name).chmod(0o600)
    directory.chmod(0o700)


def sentence(text: str) -> str:
    """Give the error's own line, without paths that differ by how a file was named."""
    lines = [line for line in text.splitlines() if re.match("(?i)error: ", line)]
    return re.sub(r"(?<= )/\S+/", "", lines[0]) if lines else ""
