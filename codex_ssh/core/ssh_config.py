"""What ``ssh -G`` says about one host, as a value; the user's own ``ssh`` is the parser of its config.

Lives here: the value, the parser for that output, the expansion of what it leaves unexpanded, the choice of
algorithms, and the list of things a host may want that our client cannot do.
Not here: running ``ssh -G`` and reading files (:mod:`codex_ssh.link.ssh_config`).

What ``ssh -G`` prints (OpenSSH 9.2, checked): one ``keyword value`` per line, keywords in lower case. The
paths of known_hosts files and the agent come expanded, joined by blanks without quotes; ``identityfile`` and
``certificatefile`` keep ``~``, ``${VAR}`` and ``%`` tokens; ``proxycommand`` keeps its ``%`` tokens, and its
``${VAR}`` are for the shell that runs it. Some booleans are ``yes``/``no``, some ``true``/``false``.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from codex_ssh.core.host import is_safe_name, is_safe_user
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ConfigError

_CHACHA: Final = "chacha20-poly1305@openssh.com"
GCM: Final = "aes128-gcm@openssh.com"
"""The cipher that is fastest here."""
_SNTRUP: Final = ("sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com")
_MLKEM: Final = "mlkem768x25519-sha256"


class StrictHostKeys(enum.Enum):
    """``StrictHostKeyChecking``, by the words ``ssh_config(5)`` uses."""

    YES = "yes"
    ACCEPT_NEW = "accept-new"
    ASK = "ask"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFacts:
    """What the tokens say about this machine and the person on it.

    Attributes:
        home: Home directory (``%d``).
        user: Login name here (``%u``).
        uid: Its number (``%i``).
        hostname: This machine's name, which may have a domain (``%l``; ``%L`` is its first part).
        environment: For ``${VAR}`` in paths.
    """

    home: str
    user: str
    uid: int
    hostname: str
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SshConfig:
    """One host as the user's ``ssh`` sees it. Paths and commands are expanded and ready for use.

    Attributes:
        alias: The name as typed.
        by_hand: The command a person types to see what ``ssh`` does for it.
        hostname: The name or address to connect to.
        port: TCP port.
        user: Login name on the host.
        host_key_alias: Name to look host keys up by; empty means by ``hostname`` and ``port``.
        identity_files: Private (or, for agent keys, public) key files, in order.
        identity_files_named: Whether somebody named those files; the built-in list may silently not exist.
        certificate_files: OpenSSH certificates.
        identities_only: Agent keys are offered only when a file names them.
        identity_agent: Socket of the agent; empty means there is none.
        forward_agent: Socket of the agent the host may use (``ForwardAgent``); empty lends it none.
        methods: Authentication methods to try, in order, by their names on the wire.
        password_prompts: How often a password may be asked for.
        batch: Nobody may be asked anything.
        jumps: Hosts to go through, first hop first, as texts for ``parse_host``.
        proxy_command: Shell command whose stdin and stdout are the connection; empty for none.
        address_family: ``any``, ``inet`` or ``inet6``.
        bind_address: Local address to connect from; may be empty.
        strict_host_keys: What to do about unknown and changed host keys.
        user_known_hosts: Files, in order; the first is the one accepted keys are appended to.
        global_known_hosts: Files that are only read.
        revoked_host_keys: File of host keys that are never accepted; empty for none.
        hash_known_hosts: Whether appended names are hashed.
        trust_loopback: ``NoHostAuthenticationForLocalhost``.
        connect_timeout: Seconds, or None when the config has none.
        alive_interval: ``ServerAliveInterval`` in seconds; 0 is off.
        alive_count: ``ServerAliveCountMax``.
        tcp_keepalive: Whether the system probes an idle connection as well.
        compression: Whether to offer compression.
        ciphers, kex, macs, host_keys, signatures: Algorithm names in order of preference; empty means ours.
        send_env: Patterns of variables to pass on.
        set_env: ``NAME=value`` lines.
        others: Every keyword with its values, for the checks in :func:`needs_openssh`.
    """

    alias: str
    hostname: str
    port: int
    user: str
    by_hand: str = ""
    host_key_alias: str = ""
    identity_files: tuple[str, ...] = ()
    identity_files_named: bool = False
    certificate_files: tuple[str, ...] = ()
    identities_only: bool = False
    identity_agent: str = ""
    forward_agent: str = ""
    methods: tuple[str, ...] = ("publickey", "keyboard-interactive", "password")
    password_prompts: int = 3
    batch: bool = False
    jumps: tuple[str, ...] = ()
    proxy_command: str = ""
    address_family: str = "any"
    bind_address: str = ""
    strict_host_keys: StrictHostKeys = StrictHostKeys.ASK
    user_known_hosts: tuple[str, ...] = ()
    global_known_hosts: tuple[str, ...] = ()
    revoked_host_keys: str = ""
    hash_known_hosts: bool = False
    trust_loopback: bool = False
    connect_timeout: float | None = None
    alive_interval: float = 0
    alive_count: int = 3
    tcp_keepalive: bool = True
    compression: bool = False
    ciphers: tuple[str, ...] = ()
    kex: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    host_keys: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    send_env: tuple[str, ...] = ()
    set_env: tuple[str, ...] = ()
    others: Mapping[str, Sequence[str]]


def parse_ssh_config(
    output: str, *, alias: str, facts: LocalFacts, exists: Callable[[str], bool], by_hand: str = ""
) -> SshConfig:
    """Turn what ``ssh -G`` printed for a host into a value.

    Args:
        output: Its stdout.
        alias: The name as typed (``%n``).
        facts: For the tokens.
        exists: Says whether a path exists; settles lists of paths that hold blanks.
        by_hand: The command a person types to see what ``ssh`` does for it.

    Raises:
        ConfigError: A value cannot be used: unknown token, unset variable, a name a shell could take apart.
    """
    words = _read_lines(output)
    one = {keyword: values[0] for keyword, values in words.items()}
    hostname, user, port = one.get("hostname", alias), one.get("user", facts.user), int(one.get("port", "22"))
    hostname = hostname.removeprefix("[").removesuffix("]")
    if not is_safe_name(hostname):
        raise ConfigError(f"HostName of {alias!r} is not a host: {hostname!r}", hint="look at ssh -G for it")
    if refusal := _unless_none(one.get("refuseconnection", "")):
        raise ConfigError(
            f"RefuseConnection of {alias!r}: {refusal}", hint="that is a line of the ssh config"
        )
    host_key_alias = _unless_none(one.get("hostkeyalias", ""))
    jump, proxy_command = _unless_none(one.get("proxyjump", "")), _unless_none(one.get("proxycommand", ""))
    tokens = {
        "%": "%",
        "h": hostname,
        "n": alias,
        "p": str(port),
        "r": user,
        "k": host_key_alias or alias,
        "j": jump,
        "d": facts.home,
        "i": str(facts.uid),
        "u": facts.user,
        "l": facts.hostname,
        "L": facts.hostname.partition(".")[0],
    }

    def paths(keyword: str) -> tuple[str, ...]:
        return tuple(
            _expand_path(text, tokens, facts, where=f"{keyword} of {alias!r}")
            for text in words.get(keyword, [])
            if text != "none"
        )

    proxy_command = _expand_command(proxy_command, tokens, where=f"ProxyCommand of {alias!r}")
    return SshConfig(
        alias=alias,
        hostname=hostname,
        port=port,
        user=user,
        by_hand=by_hand,
        host_key_alias=host_key_alias.lower(),
        identity_files=paths("identityfile"),
        identity_files_named=tuple(words.get("identityfile", ())) not in _BUILT_IN_IDENTITIES,
        certificate_files=paths("certificatefile"),
        identities_only=_flag(one, "identitiesonly"),
        identity_agent=_find_agent(one.get("identityagent", "SSH_AUTH_SOCK"), facts),
        forward_agent=_find_lent_agent(one, facts),
        methods=_choose_methods(one),
        password_prompts=int(one.get("numberofpasswordprompts", "3")),
        batch=_flag(one, "batchmode"),
        jumps=tuple(jump.split(",")) if jump else (),
        proxy_command=proxy_command,
        address_family=one.get("addressfamily", "any"),
        bind_address=one.get("bindaddress", ""),
        strict_host_keys=_STRICT.get(one.get("stricthostkeychecking", "ask"), StrictHostKeys.ASK),
        user_known_hosts=split_paths(one.get("userknownhostsfile", ""), facts.home, exists),
        global_known_hosts=split_paths(one.get("globalknownhostsfile", ""), facts.home, exists),
        revoked_host_keys=_find_revoked(one.get("revokedhostkeys", ""), facts),
        hash_known_hosts=_flag(one, "hashknownhosts"),
        trust_loopback=_flag(one, "nohostauthenticationforlocalhost"),
        connect_timeout=_seconds(one.get("connecttimeout", "none")),
        alive_interval=_seconds(one.get("serveraliveinterval", "0")) or 0,
        alive_count=int(one.get("serveralivecountmax", "3")),
        tcp_keepalive=one.get("tcpkeepalive", "yes") not in ("no", "false"),
        compression=_flag(one, "compression"),
        ciphers=prefer_ciphers(_names(one, "ciphers")),
        kex=prefer_kex(_names(one, "kexalgorithms")),
        macs=_names(one, "macs"),
        host_keys=_names(one, "hostkeyalgorithms"),
        signatures=_names(one, "pubkeyacceptedalgorithms"),
        send_env=tuple(words.get("sendenv", ())),
        set_env=tuple(words.get("setenv", ())),
        others={keyword: tuple(values) for keyword, values in words.items()},
    )


def expand_tokens(text: str, tokens: Mapping[str, str], *, where: str) -> str:
    """Replace ``%`` tokens, each once: what a token gives is not looked at again.

    Raises:
        ConfigError: A token is not in the table; ``ssh`` refuses it as well.
    """

    def put(match: re.Match[str]) -> str:
        try:
            return tokens[match[1]]
        except KeyError:
            raise ConfigError(f"{where} has a token that means nothing here: {match[0]!r}") from None

    return re.sub(r"%(.?)", put, text, flags=re.DOTALL)


def _expand_command(text: str, tokens: Mapping[str, str], *, where: str) -> str:
    """Replace the tokens of a command for a shell. Values are not quoted, as ``ssh`` does not quote them.

    So a value with characters of a shell is refused, where ``ssh`` (10.0) refuses such host names and typed
    login names, and lets a shell have the rest.
    """
    for token in re.findall(r"%(.)", text, flags=re.DOTALL):
        value = tokens.get(token, "")
        if not _IS_SAFE.get(token, _is_plain)(value):
            raise ConfigError(f"{where} cannot take this for %{token}: {value!r}")
    return expand_tokens(text, tokens, where=where)


def _is_plain(value: str) -> bool:
    return not _OF_A_SHELL.search(value)


_OF_A_SHELL: Final = re.compile(r"""[\x00-\x1f\x7f'"`$\\;&|<>(){}*?\[\]!#^~]""")
_IS_SAFE: Final[Mapping[str, Callable[[str], bool]]] = {
    "h": is_safe_name,
    "n": is_safe_name,
    "k": is_safe_name,
    "r": is_safe_user,
}
"""By token; a home directory may hold blanks, which somebody may have put quotes around."""


def split_paths(text: str, home: str, exists: Callable[[str], bool]) -> tuple[str, ...]:
    """Take apart a list of paths that were joined by blanks without quotes.

    A path begins with ``/`` or ``~``, so any other word belongs to the path before it. Where that still
    leaves a choice (``/a /b`` may be one path), the reading with the most existing files wins; at a tie, the
    one with the most paths.
    """
    words = [word for word in re.split(r"(?<=\S) (?=[/~])", text.strip()) if word not in ("", "none")]
    words = [home + word[1:] if word.startswith("~/") else word for word in words]
    if len(words) > _AMBIGUOUS_AT_MOST or all(map(exists, words)):
        return tuple(words)
    best, best_score = tuple(words), (-1, 0)
    for cuts in range(2 ** max(len(words) - 1, 0)):
        paths = words[:1]
        for index, word in enumerate(words[1:]):
            if cuts >> index & 1:
                paths.append(word)
            else:
                paths[-1] += f" {word}"
        score = (sum(map(exists, paths)), len(paths))
        if score > best_score:
            best, best_score = tuple(paths), score
    return best


def prefer_ciphers(ciphers: tuple[str, ...]) -> tuple[str, ...]:
    """Put AES-GCM first where the list is OpenSSH's own order; a list of the user's keeps its order.

    ChaCha20 costs asyncssh several calls per packet: AES-GCM moves 1.4 to 1.9 times as much. Every built-in
    list of OpenSSH so far begins with ChaCha20, so one that does is not somebody's choice.
    """
    if ciphers[:1] == (_CHACHA,) and GCM in ciphers:
        return (GCM, *(name for name in ciphers if name != GCM))
    return ciphers


def prefer_kex(kex: tuple[str, ...]) -> tuple[str, ...]:
    """Put ML-KEM first where the user's ``ssh`` would use the post-quantum exchange asyncssh lacks."""
    if kex and kex[0] in _SNTRUP and _MLKEM not in kex:
        return (_MLKEM, *kex)
    return kex


def needs_openssh(config: SshConfig) -> tuple[str, ...]:
    """Say what this host wants that our client cannot do; empty when it can do all of it.

    Each reason is a phrase for messages, with the keyword as ``ssh_config(5)`` spells it.
    """
    reasons = []
    for keyword, harmless, reason in _BEYOND_US:
        values = config.others.get(keyword, ())
        if any(value.lower() not in harmless for value in values):
            reasons.append(f"{reason} is set")
    only = set(config.methods)
    if only and not only & {"publickey", "keyboard-interactive", "password"}:
        reasons.append(f"PreferredAuthentications {','.join(config.methods)} is set")
    return tuple(reasons)


_BEYOND_US: Final = (
    ("pkcs11provider", ("none",), "PKCS11Provider"),
    ("knownhostscommand", ("none",), "KnownHostsCommand"),
    ("securitykeyprovider", ("internal", "$ssh_sk_provider", "none"), "SecurityKeyProvider"),
    ("proxyusefdpass", ("no", "false"), "ProxyUseFdpass"),
    ("bindinterface", ("none", ""), "BindInterface"),
)
"""Keyword, values that change nothing, and its name for a message."""

_BUILT_IN_IDENTITIES: Final = tuple(
    tuple(f"~/.ssh/{name}" for name in names)
    for names in (
        ("id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_xmss", "id_dsa"),
        ("id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_xmss"),
        ("id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"),
        ("id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_xmss"),
        (),
    )
)
"""What ``identityfile`` says when nobody named one, by version of OpenSSH."""

_STRICT: Final = {
    "yes": StrictHostKeys.YES,
    "true": StrictHostKeys.YES,
    "accept-new": StrictHostKeys.ACCEPT_NEW,
    "ask": StrictHostKeys.ASK,
    "no": StrictHostKeys.NO,
    "off": StrictHostKeys.NO,
    "false": StrictHostKeys.NO,
}

_AMBIGUOUS_AT_MOST: Final = 8


def _read_lines(output: str) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    for line in output.split("\n"):
        keyword, _, value = line.partition(" ")
        if keyword:
            words.setdefault(keyword.lower(), []).append(value)
    return words


def _expand_path(text: str, tokens: Mapping[str, str], facts: LocalFacts, *, where: str) -> str:
    def put(match: re.Match[str]) -> str:
        try:
            return facts.environment[match[1]]
        except KeyError:
            raise ConfigError(f"{where} names a variable that is not set: {match[1]!r}") from None

    # ssh does it in this order: home first, then tokens and variables in one pass over the config's text.
    text = facts.home + text[1:] if text == "~" or text.startswith("~/") else text
    parts = re.split(r"(\$\{\w+\})", text)
    return "".join(
        re.sub(r"\$\{(\w+)\}", put, part) if index % 2 else expand_tokens(part, tokens, where=where)
        for index, part in enumerate(parts)
    )


def _find_agent(text: str, facts: LocalFacts) -> str:
    if text == "none":
        return ""
    if text == "SSH_AUTH_SOCK":
        return facts.environment.get("SSH_AUTH_SOCK", "")
    if text.startswith("$"):
        return facts.environment.get(text[1:].strip("{}"), "")
    return facts.home + text[1:] if text.startswith("~/") else text


def _find_lent_agent(one: Mapping[str, str], facts: LocalFacts) -> str:
    text = one.get("forwardagent", "no")
    if text == "no":
        return ""
    return _find_agent(one.get("identityagent", "SSH_AUTH_SOCK") if text == "yes" else text, facts)


def _find_revoked(text: str, facts: LocalFacts) -> str:
    return facts.home + text[1:] if text.startswith("~/") else _unless_none(text)


def _choose_methods(one: Mapping[str, str]) -> tuple[str, ...]:
    allowed = [
        method
        for method, keyword in (
            ("publickey", "pubkeyauthentication"),
            ("keyboard-interactive", "kbdinteractiveauthentication"),
            ("password", "passwordauthentication"),
        )
        if one.get(keyword, "yes") not in ("no", "false")
    ]
    preferred = _names(one, "preferredauthentications")
    if not preferred:
        return tuple(allowed)
    known = [method for method in preferred if method in allowed]
    # With nothing left of what we can do, the list itself is what a message should show.
    return tuple(known) or preferred


def _names(one: Mapping[str, str], keyword: str) -> tuple[str, ...]:
    return tuple(name for name in one.get(keyword, "").split(",") if name)


def _flag(one: Mapping[str, str], keyword: str) -> bool:
    return one.get(keyword, "no") in ("yes", "true")


def _unless_none(text: str) -> str:
    return "" if text == "none" else text


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,9}", text) else None
