"""``codex-ssh token``: make, tell and replace the token file there, and mint JWTs for scripts."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codex_ssh.cli.options import (
    add_connection_options,
    build_profile,
    build_prompter,
    host_argument,
    load_settings,
)
from codex_ssh.cli.output import note, warn
from codex_ssh.core.plain_text import plain_lines
from codex_ssh.errors import ConfigError, UsageError
from codex_ssh.local.files import read_secret
from codex_ssh.local.log import log_to_stderr

if TYPE_CHECKING:
    from codex_ssh.link.token_file import TokenFile
    from codex_ssh.link.way import Profile

NAME = "token"
HELP = "make, show the fingerprint of, or replace the token there; mint a JWT"

ACTIONS = ("create", "fingerprint", "rotate", "mint")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("action", metavar="ACTION", choices=ACTIONS, help=", ".join(ACTIONS))
    parser.add_argument(
        "host", metavar="HOST", nargs="?", type=host_argument, help="alias, USER@HOST or USER@HOST:PORT"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")
    mint = parser.add_argument_group("mint", "a JWT for an app server with --ws-auth signed-bearer-token")
    mint.add_argument("--shared-secret-file", metavar="FILE", default="", help="the secret, on this machine")
    mint.add_argument("--issuer", metavar="ISSUER", default="", help="its iss")
    mint.add_argument("--audience", metavar="AUDIENCE", default="", help="its aud")
    mint.add_argument(
        "--lifetime", metavar="SECONDS", type=int, default=300, help="from now to exp; 300 unless given"
    )
    add_connection_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do one thing to the host's token file, or mint."""
    log_to_stderr(arguments.verbosity)
    if arguments.action == "mint":
        return _mint(arguments)
    if arguments.host is None:
        raise UsageError(f"token {arguments.action} wants a host", hint="codex-ssh token ACTION HOST")
    from codex_ssh.cli.run import run_async

    effective = load_settings(arguments, arguments.host)
    profile = build_profile(arguments, arguments.host, effective.settings)
    return run_async(_act(arguments, profile))


def _mint(arguments: argparse.Namespace) -> int:
    from codex_ssh.core.token import MIN_SHARED_SECRET_BYTES, mint

    if arguments.host is not None or not arguments.shared_secret_file:
        raise UsageError("token mint wants --shared-secret-file and no host")
    if arguments.lifetime <= 0:
        raise UsageError("--lifetime is a number of seconds above zero")
    secret = read_secret(Path(arguments.shared_secret_file).expanduser())
    if len(secret.reveal().encode()) < MIN_SHARED_SECRET_BYTES:
        raise ConfigError(
            f"{arguments.shared_secret_file!r}: the secret is shorter than {MIN_SHARED_SECRET_BYTES} bytes"
        )
    jwt = mint(
        secret,
        now=time.time(),
        lifetime_seconds=arguments.lifetime,
        issuer=arguments.issuer,
        audience=arguments.audience,
    )
    sys.stdout.write(jwt.reveal() + "\n")
    return 0


async def _act(arguments: argparse.Namespace, profile: Profile) -> int:
    from codex_ssh.link import token_file
    from codex_ssh.link.way import open_host

    async with open_host(profile, build_prompter(arguments)) as ssh:
        match arguments.action:
            case "create":
                _print(arguments, await token_file.create_token(ssh, profile))
            case "fingerprint":
                _print(arguments, await token_file.read_fingerprint(ssh, profile))
            case _:
                note("a busy app server of ours is waited for; Ctrl-C leaves everything as it is")
                file = await token_file.rotate_token(ssh, profile)
                if file.used_by is not None and not file.restarted:
                    warn("the app server there keeps the old token until somebody restarts it")
                _print(arguments, file, restarted=file.restarted)
    return 0


def _print(arguments: argparse.Namespace, file: TokenFile, **more: Any) -> None:
    if arguments.json:
        print(json.dumps({"path": file.path, "sha256": file.sha256, **more}), flush=True)
        return
    print(f"sha256:{file.sha256}", flush=True)
    note(f"of {plain_lines(file.path)} on {arguments.host}")
