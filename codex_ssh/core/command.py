"""How an app server authenticates, learned from its own command line.

Lives here: reading the argv of a running ``app-server``. Not here: getting that argv
(:mod:`codex_ssh.link.appserver`) and using what was learned (:mod:`codex_ssh.link.dial`).

Source: ``codex app-server --help`` 0.163 and 0.169; clap takes ``--flag VALUE`` and ``--flag=VALUE``, and
flags of the parent command may stand before ``app-server``.
"""

from __future__ import annotations

from collections.abc import Sequence

from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAuth:
    """Anybody who can connect may use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityFile:
    """One token, kept in a file on the devbox."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityDigest:
    """One token, of which the devbox knows only the digest.

    Attributes:
        sha256: 64 lower-case hex digits.
    """

    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBearer:
    """HS256 JWTs, signed with a secret kept in a file on the devbox. Blank means not checked."""

    path: str
    issuer: str = ""
    audience: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownAuth:
    """The command line could not be read, or is not an app server's."""


ServerAuth = NoAuth | CapabilityFile | CapabilityDigest | SignedBearer | UnknownAuth

_VALUED = (
    "--listen",
    "--ws-auth",
    "--ws-token-file",
    "--ws-token-sha256",
    "--ws-shared-secret-file",
    "--ws-issuer",
    "--ws-audience",
)


def is_app_server(argv: Sequence[str]) -> bool:
    """Whether an argv is ``… app-server …``, and neither one of its sub-commands nor a mention of it."""
    if "app-server" not in argv[1:]:
        return False
    behind = argv[list(argv).index("app-server", 1) + 1 :]
    return not (behind and behind[0] in ("daemon", "proxy", "generate-ts", "generate-json-schema", "help"))


def parse_listen(argv: Sequence[str]) -> str:
    """Give the ``--listen`` value of an app server's argv, empty when it has none."""
    return _flags(argv).get("--listen", "")


def parse_auth(argv: Sequence[str], *, cwd: str) -> ServerAuth:
    """Tell how the app server with this argv authenticates.

    Args:
        argv: Its command line, the program first.
        cwd: Its working directory, against which it resolved relative paths.
    """
    if not is_app_server(argv):
        return UnknownAuth()
    flags = _flags(argv)
    match flags.get("--ws-auth"):
        case None:
            return NoAuth()
        case "capability-token" if digest := flags.get("--ws-token-sha256"):
            return CapabilityDigest(sha256=digest.strip().lower())
        case "capability-token" if path := flags.get("--ws-token-file"):
            return CapabilityFile(path=_absolute(path, cwd))
        case "signed-bearer-token" if path := flags.get("--ws-shared-secret-file"):
            return SignedBearer(
                path=_absolute(path, cwd),
                issuer=flags.get("--ws-issuer", "").strip(),
                audience=flags.get("--ws-audience", "").strip(),
            )
        case _:
            return UnknownAuth()


def _flags(argv: Sequence[str]) -> dict[str, str]:
    flags: dict[str, str] = {}
    words = iter(argv[1:])
    for word in words:
        name, given, value = word.partition("=")
        if name in _VALUED:
            flags[name] = value if given else next(words, "")
    return flags


def _absolute(path: str, cwd: str) -> str:
    return path if path.startswith("/") else f"{cwd.rstrip('/')}/{path}"
