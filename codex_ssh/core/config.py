"""The settings of a host, and where each value came from.

Lives here: the keys, their forms, and precedence: flag, then environment (``CODEX_SSH_*``), then
``[host."pattern"]`` (a later section wins over an earlier one), then ``[defaults]``, then built in.
Not here: reading files and the environment (:mod:`codex_ssh.local.config_file`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, fields, replace
from fnmatch import fnmatchcase
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from codex_ssh.core import config_value as form
from codex_ssh.core.egress_hosts import OPENAI, read_hosts
from codex_ssh.core.endpoint import (
    DevboxEndpoint,
    StdioEndpoint,
    WsEndpoint,
    WssEndpoint,
    is_loopback,
    parse_endpoint,
)
from codex_ssh.core.pin import parse_pins
from codex_ssh.core.ports import Deny, read_deny
from codex_ssh.core.release import REGISTRY
from codex_ssh.core.ssh_options import SshClient
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError, UsageError

Raw: TypeAlias = Mapping[str, Any]
"""One table of a TOML file, as decoded."""


class WssFallback(enum.Enum):
    """What to do when SSH cannot be reached and the host has a ``wss`` URL."""

    AUTO = "auto"
    ASK = "ask"
    NEVER = "never"


class Install(enum.Enum):
    """What to do when there is no codex on the devbox."""

    ASK = "ask"
    ALWAYS = "always"
    NEVER = "never"


class ForwardPorts(enum.Enum):
    """What becomes of a port that something begins to listen on in a turn."""

    OFF = "off"
    ASK = "ask"
    AUTO = "auto"


class Egress(enum.Enum):
    """How codex on the devbox reaches the network."""

    OFF = "off"
    VIA_LAPTOP = "via-laptop"


class FrontEnd(enum.Enum):
    """Which TUI: ours, or the official one."""

    BUILTIN = "builtin"
    CODEX = "codex"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a host can be set to. The field's name is the key in the file.

    Attributes:
        ssh: Which program makes the SSH connection.
        fast_path: What the last visit taught may be used to say more at once.
        exec: A command here that gives a shell on a devbox without an SSH server; empty goes by SSH.
        endpoint: Where the app server listens on the devbox; None finds or starts one (``auto``).
        codex_path: The codex to start there; empty finds one.
        install: Whether a codex is installed there when there is none.
        install_from: The npm registry it comes from.
        token_file: The token file there; empty learns it from the app server's command line.
        env: Variables for an app server that is started there.
        token_env: Name of an environment variable here that holds the token.
        token_path: A file here that holds the token.
        token_command: A command here that prints the token, as a list of words; no shell.
        wss: Where the app server is reached directly when SSH cannot be.
        wss_fallback: Whether to go there by itself.
        tls_ca: A file here with the certificate authority of the ``wss`` server.
        tls_pin: Pins of its public key, commas between them; without ``tls_ca`` they replace authorities.
        tls_cert: A file here with the certificate we show it.
        tls_key: The key of that; empty looks into ``tls_cert``.
        shared_secret_path: A file here with the secret its JWTs are made with.
        jwt_issuer: The ``iss`` of those.
        jwt_audience: Their ``aud``.
        tui: Which front end.
        cd: Working directory on the devbox; empty takes the app server's own.
        model: Model for new threads; empty takes the devbox's default.
        door: Run our own TUI through the loopback door too.
        trust_listener: Send the token though nobody proved whose listener it is.
        allow_exposed: Use an app server that listens beyond loopback.
        forward_ports: What becomes of ports that dev servers open on the devbox: offered, opened, or neither.
        forward_deny: Ports of the devbox that are never opened here, and ranges of them.
        egress: Whether codex there goes out through this machine, since the devbox has no network.
        egress_hosts: What it may reach so.
        passive: A lost link waits for the user, since connecting wakes the host.
        share: Windows on this machine use one SSH connection to it.
    """

    ssh: SshClient = SshClient.AUTO
    fast_path: bool = True
    exec: tuple[str, ...] = ()
    endpoint: DevboxEndpoint | None = None
    codex_path: str = ""
    install: Install = Install.ASK
    install_from: str = REGISTRY
    token_file: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    token_env: str = ""
    token_path: str = ""
    token_command: tuple[str, ...] = ()
    wss: WssEndpoint | None = None
    wss_fallback: WssFallback = WssFallback.ASK
    tls_ca: str = ""
    tls_pin: tuple[bytes, ...] = ()
    tls_cert: str = ""
    tls_key: str = ""
    shared_secret_path: str = ""
    jwt_issuer: str = ""
    jwt_audience: str = ""
    tui: FrontEnd = FrontEnd.BUILTIN
    cd: str = ""
    model: str = ""
    door: bool = False
    trust_listener: bool = False
    allow_exposed: bool = False
    forward_ports: ForwardPorts = ForwardPorts.ASK
    forward_deny: Deny = ()
    egress: Egress = Egress.OFF
    egress_hosts: tuple[str, ...] = OPENAI
    passive: bool = False
    share: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Raw values from one place.

    Attributes:
        origin: That place, for messages: a file and section, a variable, ``the command line``.
        values: Key to value; keys are fields of :class:`Settings`.
    """

    origin: str
    values: Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """The settings that hold for a host, and the origin of each that is not built in."""

    settings: Settings
    origins: Mapping[str, str] = field(default_factory=dict)


def merge(layers: Sequence[Layer]) -> Effective:
    """Put layers together; a later one wins.

    Raises:
        ConfigError: A key nobody knows, or a value out of its form; names the origin.
    """
    settings, origins = Settings(), {}
    for layer in layers:
        for key, raw in layer.values.items():
            settings = replace(settings, **{key: _parse(key, raw, layer.origin)})
            origins[key] = layer.origin
    return Effective(settings=settings, origins=origins)


def layers_for_host(document: Raw, host: str, *, path: str) -> list[Layer]:
    """Give the layers of a config file that apply to a host, weakest first.

    Args:
        document: The decoded file.
        host: The host as the user typed it, without user and port.
        path: The file, for messages.

    Raises:
        ConfigError: A table nobody knows.
    """
    for name in document:
        if name not in TABLES:
            raise ConfigError(f"{path}: unknown table {name!r}", hint=form.did_you_mean(name, TABLES))
    layers = []
    defaults, hosts = document.get("defaults", {}), document.get("host", {})
    if not isinstance(defaults, Mapping) or not isinstance(hosts, Mapping):
        raise ConfigError(f"{path}: 'defaults' and 'host' are tables", hint='write [host."NAME"]')
    if defaults:
        layers.append(Layer(origin=f"{path} [defaults]", values=defaults))
    for pattern, values in hosts.items():
        if not isinstance(values, Mapping):
            raise ConfigError(f"{path}: 'host.{pattern}' is not a table", hint=f'write [host."{pattern}"]')
        if fnmatchcase(host, pattern):
            layers.append(Layer(origin=f'{path} [host."{pattern}"]', values=values))
    return layers


def environment_layer(environment: Mapping[str, str]) -> Layer:
    """Give the layer of ``CODEX_SSH_*`` variables; words of a command are split at spaces."""
    values: dict[str, Any] = {}
    for key in KEYS:
        text = environment.get(f"CODEX_SSH_{key.upper()}")
        if text:
            values[key] = text.split() if key == "token_command" else text
    return Layer(origin="the environment", values=values)


def _parse(key: str, raw: object, origin: str) -> Any:
    read = _FORMS.get(key)
    if read is None:
        raise ConfigError(f"{origin}: unknown key {key!r}", hint=form.did_you_mean(key, KEYS))
    try:
        return read(raw)
    except (UsageError, ValueError, TypeError) as error:
        hint = error.hint if isinstance(error, UsageError) else ""
        raise ConfigError(f"{origin}: {key}: {error}", hint=hint) from None


def _variables(raw: object) -> Mapping[str, str]:
    if isinstance(raw, str):  # from the environment: "NAME=VALUE NAME=VALUE"
        raw = dict(word.partition("=")[::2] for word in raw.split())
    if not isinstance(raw, Mapping) or not all(isinstance(value, str) for value in raw.values()):
        raise TypeError("not a table of texts")
    for name in raw:
        if not (isinstance(name, str) and name.isascii() and name.isidentifier()):
            raise ValueError(f"not a variable's name: {name!r}")
    return dict(raw)


def _endpoint(raw: object) -> DevboxEndpoint | None:
    if raw == "auto":
        return None
    if raw in ("stdio", "stdio://"):
        return StdioEndpoint()
    endpoint = parse_endpoint(form.text(raw))
    if isinstance(endpoint, WssEndpoint):
        raise UsageError(
            "an endpoint on the devbox is ws://, unix:// or stdio", hint="a wss:// URL goes into 'wss'"
        )
    if isinstance(endpoint, WsEndpoint) and not endpoint.is_loopback:
        raise UsageError(
            f"{str(endpoint)!r} is not on the devbox's loopback",
            hint="the address is as seen from the devbox: ws://127.0.0.1:PORT",
        )
    return endpoint


def _registry(raw: object) -> str:
    url = urlsplit(form.text(raw))
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname or "")):
        raise UsageError(f"not an https:// URL: {raw!r}", hint="name the base of an npm registry")
    return url.geturl()


def _wss(raw: object) -> WssEndpoint:
    endpoint = parse_endpoint(form.text(raw))
    if not isinstance(endpoint, WssEndpoint):
        raise UsageError(f"{str(endpoint)!r} is not a wss:// URL", hint="write wss://HOST:PORT")
    return endpoint


_FORMS: Final[Mapping[str, Callable[[object], object]]] = {
    "ssh": SshClient,
    "fast_path": form.flag,
    "exec": form.command,
    "endpoint": _endpoint,
    "codex_path": form.text,
    "install": Install,
    "install_from": _registry,
    "token_file": form.text,
    "env": _variables,
    "token_env": form.text,
    "token_path": form.text,
    "token_command": form.words,
    "wss": _wss,
    "wss_fallback": WssFallback,
    "tls_ca": form.text,
    "tls_pin": lambda raw: parse_pins(form.text(raw)),
    "tls_cert": form.text,
    "tls_key": form.text,
    "shared_secret_path": form.text,
    "jwt_issuer": form.text,
    "jwt_audience": form.text,
    "tui": FrontEnd,
    "cd": form.text,
    "model": form.text,
    "door": form.flag,
    "trust_listener": form.flag,
    "allow_exposed": form.flag,
    "forward_ports": lambda raw: form.name(raw, ForwardPorts),
    "forward_deny": read_deny,
    "egress": lambda raw: form.name(raw, Egress),
    "egress_hosts": read_hosts,
    "passive": form.flag,
    "share": form.flag,
}

TABLES: Final = ("defaults", "host", "tui", "fleet")
"""Every table; ``tui`` is read by :mod:`codex_ssh.core.tui_settings`, ``fleet`` by
:mod:`codex_ssh.core.host_command`."""

KEYS: Final = tuple(item.name for item in fields(Settings))
"""Every key, in the order of the reference."""
