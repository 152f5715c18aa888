"""How a host is reached, put together from its settings.

Lives here: the profile of a host, and the places on this machine a token may be. Not here: the settings
themselves (:mod:`codex_ssh.core.config`), flags (:mod:`codex_ssh.cli.options`), and using any of it
(:mod:`codex_ssh.link.way`).
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codex_ssh.core.config import Egress, Settings
from codex_ssh.core.endpoint import WssEndpoint
from codex_ssh.core.host import Host
from codex_ssh.core.proxy import Proxies
from codex_ssh.core.question import Prompter
from codex_ssh.core.secret import Secret
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ConfigError
from codex_ssh.link.choosing import Wanted
from codex_ssh.link.dial import Trust
from codex_ssh.link.direct import Direct
from codex_ssh.link.install import CodexInstaller
from codex_ssh.link.tls import TlsOptions
from codex_ssh.link.way import Profile
from codex_ssh.local.files import read_secret
from codex_ssh.local.paths import cache_dir

if TYPE_CHECKING:
    from codex_ssh.core.egress import Egress as WayOut
    from codex_ssh.core.token import Signer

TOKEN_COMMAND_TIMEOUT_SECONDS: Final = 30.0


def make_profile(
    host: Host, settings: Settings, ssh: SshOptions, prompter: Prompter, *, wss: WssEndpoint | None = None
) -> Profile:
    """Give everything the link needs to know to reach a host.

    Args:
        host: The host.
        settings: What holds for it.
        ssh: What is asked of SSH beside its own configuration.
        prompter: Asked before codex is installed there.
        wss: Go there and nowhere else.
    """
    goes_out = settings.egress is Egress.VIA_LAPTOP
    return Profile(
        host=host,
        # Nobody makes the connection of another window listen.
        ssh=replace(ssh, share=False) if goes_out else ssh,
        command=settings.exec,
        wanted=Wanted(
            endpoint=settings.endpoint,
            codex_path=settings.codex_path,
            token_file=settings.token_file,
            env=settings.env,
            install=CodexInstaller(
                when=settings.install,
                prompter=prompter,
                cache=cache_dir(),
                registry=settings.install_from,
            ),
            egress=_make_egress() if goes_out else None,
        ),
        egress_hosts=settings.egress_hosts if goes_out else None,
        trust=Trust(unproved=settings.trust_listener, exposed=settings.allow_exposed),
        given=token_source(settings),
        wss=wss or settings.wss,
        wss_only=wss is not None,
        wss_fallback=settings.wss_fallback,
        direct=Direct(
            tls=TlsOptions(
                ca_file=settings.tls_ca,
                pins=settings.tls_pin,
                cert_file=settings.tls_cert,
                key_file=settings.tls_key,
            ),
            proxies=Proxies.from_environment(os.environ),
            signer=signer_source(settings),
        ),
        door=settings.door,
    )


def _make_egress() -> WayOut:
    from codex_ssh.link.egress import make_egress

    return make_egress()


def token_source(settings: Settings) -> Callable[[], Secret | None]:
    """Give a function that reads the token from where the user said it is on this machine, if anywhere.

    It is called when a token is needed, not before: a ``token_command`` may ask for a finger on a key.
    """

    def read() -> Secret | None:
        if settings.token_env:
            return _from_environment(settings.token_env)
        if settings.token_path:
            return read_secret(Path(settings.token_path).expanduser())
        if settings.token_command:
            return _from_command(settings.token_command)
        return None

    return read


def signer_source(settings: Settings) -> Callable[[], Signer | None]:
    """Give a function that reads the shared secret for JWTs on this machine, if there is one."""

    def read() -> Signer | None:
        if not settings.shared_secret_path:
            return None
        from codex_ssh.core.token import Signer, TokenTextFault, parse_shared_secret

        path = Path(settings.shared_secret_path).expanduser()
        try:
            secret = parse_shared_secret(read_secret(path).reveal().encode())
        except TokenTextFault as fault:
            raise ConfigError(f"the shared secret {str(path)!r} {fault}") from None
        return Signer(secret=secret, issuer=settings.jwt_issuer, audience=settings.jwt_audience)

    return read


def _from_environment(name: str) -> Secret:
    # The words are the official client's.
    text = os.environ.get(name)
    if text is None:
        raise ConfigError(f"environment variable {name!r} is not set", hint="it names the token's variable")
    if not text.strip():
        raise ConfigError(f"environment variable {name!r} is empty")
    return Secret(text.strip())


def _from_command(words: tuple[str, ...]) -> Secret:
    shown = shlex.join(words)
    try:
        ran = subprocess.run(
            words, capture_output=True, timeout=TOKEN_COMMAND_TIMEOUT_SECONDS, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"the token command {shown!r} did not run: {error}") from error
    if ran.returncode != 0 or not ran.stdout.strip():
        raise ConfigError(
            f"the token command {shown!r} gave no token (exit {ran.returncode})",
            hint=ran.stderr.strip()[-500:],
        )
    return Secret(ran.stdout.strip())
