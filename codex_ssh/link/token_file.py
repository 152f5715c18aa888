"""The token file on the devbox: made, told by its fingerprint, and replaced.

Lives here: what ``codex-ssh token`` does on one SSH connection. Not here: reading it for a dial
(:mod:`codex_ssh.link.token`) and restarting the server that uses it (:mod:`codex_ssh.link.upkeep`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from codex_ssh.core import token as rules
from codex_ssh.core.command import CapabilityFile, SignedBearer
from codex_ssh.core.probe import SecretFile
from codex_ssh.core.value import dataclass
from codex_ssh.errors import Stage, TokenError
from codex_ssh.link.appserver import look, make_token
from codex_ssh.link.choosing import AppServer, choose
from codex_ssh.link.shell import compose, run_script
from codex_ssh.link.ssh import Ssh
from codex_ssh.link.token import read_secret
from codex_ssh.link.upkeep import restart_server, wait_idle
from codex_ssh.link.way import Profile

WRITE_TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFile:
    """A token file on the devbox.

    Attributes:
        path: Absolute path there.
        sha256: Its token's digest, 64 hex digits: what ``--ws-token-sha256`` takes.
        used_by: The running app server that read it when it started; None when there is none.
        restarted: Whether that one was restarted with a new token.
    """

    path: str
    sha256: str
    used_by: AppServer | None = None
    restarted: bool = False


async def create_token(ssh: Ssh, profile: Profile) -> TokenFile:
    """Make the recipe's file, or the one named, mode 0600.

    Raises:
        TokenError: There is one already, or it cannot be written.
    """
    return await _write(ssh, profile.wanted.token_file, over=False)


async def read_fingerprint(ssh: Ssh, profile: Profile) -> TokenFile:
    """Give the digest of the token in use, or of the recipe's file where no server uses one.

    Raises:
        TokenError: There is none, or it is not safe to use.
    """
    probe_uid, file, used_by = await _in_use(ssh, profile)
    secret = read_secret(file, uid=probe_uid, host=ssh.host)
    assert file is not None
    return TokenFile(path=file.path, sha256=rules.digest(secret), used_by=used_by)


async def rotate_token(ssh: Ssh, profile: Profile) -> TokenFile:
    """Replace the token in use by a new one, at once and whole.

    A server of ours is waited for until it is idle and restarted; any other keeps the old token.

    Raises:
        TokenError: It cannot be written.
        AppServerError: Our server did not come up again.
    """
    _, file, used_by = await _in_use(ssh, profile)
    path = profile.wanted.token_file or (file.path if file is not None else "")
    ours = used_by is not None and used_by.is_ours
    if ours:
        # Before, since afterwards it refuses the token that would be read to ask it.
        await wait_idle(ssh, profile)
    written = await _write(ssh, path, over=True)
    if ours:
        named = replace(profile, wanted=replace(profile.wanted, token_file=written.path))
        await restart_server(ssh, named, when_idle=False, force=True)
    return replace(written, used_by=used_by, restarted=ours)


async def _in_use(ssh: Ssh, profile: Profile) -> tuple[int, SecretFile | None, AppServer | None]:
    probe = await look(ssh, profile.wanted, everything=True)
    app, _ = choose(probe, profile.wanted, ssh.host)
    if app is not None and app.secret is not None and isinstance(app.auth, CapabilityFile | SignedBearer):
        return probe.uid, app.secret, app
    return probe.uid, probe.recipe, None


async def _write(ssh: Ssh, path: str, *, over: bool) -> TokenFile:
    token = make_token()
    script = compose(
        *("form.sh", "token.sh"), TOKEN_FILE=path, TOKEN=token.reveal(), REPLACE="1" if over else ""
    )
    facts = await run_script(ssh, script, timeout=WRITE_TIMEOUT_SECONDS)
    where = facts.get("path", path)
    match facts.get("outcome"):
        case "written":
            return TokenFile(path=where, sha256=rules.digest(token))
        case "exists":
            raise TokenError(
                f"there is a token file {where!r} already",
                stage=Stage.TOKEN,
                host=ssh.host,
                hint="codex-ssh token rotate replaces it",
            )
        case _:
            raise TokenError(
                f"the token file {where!r} could not be written",
                stage=Stage.TOKEN,
                host=ssh.host,
                said=facts.get("why", ""),
                hint="look at that directory's owner, mode and room",
            )
