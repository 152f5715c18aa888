"""A PAM service of its own for a test's sshd, and a throw-away account with a password. Both need root."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tests.support import processes
from tests.support.require import require_program

_SERVICE = """\
auth required pam_unix.so nodelay
account required pam_unix.so
session required pam_permit.so
"""


@contextmanager
def open_pam() -> Generator[str, None, None]:
    """A service that asks for the account's password; gives its name."""
    name = f"codex-ssh-{secrets.token_hex(4)}"
    path = Path("/etc/pam.d", name)
    path.write_text(_SERVICE)
    try:
        yield name
    finally:
        path.unlink()


@asynccontextmanager
async def open_account(password: str) -> AsyncGenerator[str, None]:
    """An account nobody uses, without a home; gives its name."""
    useradd = require_program("useradd", "useradd: apt-get install passwd")
    usermod = require_program("usermod", "usermod: apt-get install passwd")
    openssl = require_program("openssl", "openssl: apt-get install openssl")
    name = f"t{secrets.token_hex(4)}"
    hashed = await processes.run([openssl, "passwd", "-6", "-stdin"], stdin=password)
    assert hashed.code == 0, hashed.err
    made = await processes.run([useradd, "--no-create-home", "--home-dir", "/", "--shell", "/bin/sh", name])
    assert made.code == 0, made.err
    try:
        given = await processes.run([usermod, "-p", hashed.out.strip(), name])
        assert given.code == 0, given.err
        yield name
    finally:
        await processes.run([require_program("userdel", "userdel: apt-get install passwd"), name])
