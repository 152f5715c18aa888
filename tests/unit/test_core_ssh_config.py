import pytest

from codex_ssh.core.ssh_config import (
    LocalFacts,
    SshConfig,
    StrictHostKeys,
    expand_tokens,
    needs_openssh,
    parse_ssh_config,
    prefer_ciphers,
    prefer_kex,
    split_paths,
)
from codex_ssh.errors import ConfigError

FACTS = LocalFacts(
    home="/home/me",
    user="me",
    uid=1000,
    hostname="laptop.example.com",
    environment={"KEYS": "/keys", "SSH_AUTH_SOCK": "/agent", "OTHER": "/other"},
)


def read(*lines: str, alias: str = "devbox", there: tuple[str, ...] = ()) -> SshConfig:
    return parse_ssh_config("\n".join(lines), alias=alias, facts=FACTS, exists=there.__contains__)


def test_a_host_without_any_config_is_its_own_name() -> None:
    config = read("host devbox", "user me", "hostname devbox", "port 22")
    assert (config.alias, config.hostname, config.user, config.port) == ("devbox", "devbox", "me", 22)
    assert config.strict_host_keys is StrictHostKeys.ASK
    assert config.methods == ("publickey", "keyboard-interactive", "password")
    assert config.jumps == ()


def test_every_token_of_an_identity_file_is_expanded() -> None:
    config = read(
        "hostname 10.0.0.1",
        "user bob",
        "port 2200",
        "hostkeyalias Alias",
        "proxyjump a,b",
        "identityfile ~/.ssh/%h %n %p %r %k %j %% %d %i %u %L %l",
        "identityfile ${KEYS}/%u",
        "certificatefile none",
    )
    assert config.identity_files == (
        "/home/me/.ssh/10.0.0.1 devbox 2200 bob Alias a,b % /home/me 1000 me laptop laptop.example.com",
        "/keys/me",
    )
    assert config.identity_files_named
    assert config.certificate_files == ()
    assert config.jumps == ("a", "b")
    assert config.host_key_alias == "alias"


def test_what_a_token_gives_is_not_expanded_again() -> None:
    facts = LocalFacts(home="/h%h", user="%p", uid=1, hostname="x", environment={"A": "%h"})
    config = parse_ssh_config(
        "hostname d\nuser u\nidentityfile ~/%u${A}", alias="d", facts=facts, exists=lambda path: False
    )
    assert config.identity_files == ("/hd/%p%h",)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("identityfile ~/%y", "'%y'"),
        ("identityfile ~/x%", "'%'"),
        ("identityfile ${UNSET}/x", "'UNSET'"),
        ("proxycommand nc %y", "'%y'"),
        ("hostname -oProxyCommand=id", "-oProxyCommand=id"),
        ("hostname a;b", "a;b"),
        ("refuseconnection use the other one", "use the other one"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(line: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(line)
    assert says in caught.value.message


def test_a_login_name_with_shell_characters_is_refused_where_a_shell_would_see_it() -> None:
    assert read("user a b").user == "a b"
    with pytest.raises(ConfigError, match="ProxyCommand"):
        read("user $(id)", "proxycommand nc %h %p %r")
    assert read("user $(id)", "proxycommand nc %h %p").user == "$(id)"


def test_no_value_with_shell_characters_becomes_part_of_a_command() -> None:
    with pytest.raises(ConfigError, match="%k"):
        read("hostkeyalias $(id)", "proxycommand nc %k %p")
    home = LocalFacts(home="/h/$(id)", user="u", uid=1, hostname="x", environment={})
    with pytest.raises(ConfigError, match="%d"):
        parse_ssh_config("proxycommand %d/nc", alias="d", facts=home, exists=lambda path: False)
    assert read("hostkeyalias $(id)", "proxycommand echo %%k").proxy_command == "echo %k"


def test_a_proxy_command_gets_its_tokens() -> None:
    config = read("hostname ::1", "port 7", "user bob", "proxycommand nc -X '%n' %h:%p %r 100%%")
    assert config.proxy_command == "nc -X 'devbox' ::1:7 bob 100%"
    assert read("proxycommand none").proxy_command == ""


@pytest.mark.parametrize(
    ("value", "agent"),
    [
        ("none", ""),
        ("SSH_AUTH_SOCK", "/agent"),
        ("$OTHER", "/other"),
        ("${UNSET}", ""),
        ("/x", "/x"),
        ("~/a", "/home/me/a"),
    ],
)
def test_the_agent_is_found_the_way_ssh_finds_it(value: str, agent: str) -> None:
    assert read(f"identityagent {value}").identity_agent == agent
    assert read().identity_agent == "/agent"


@pytest.mark.parametrize(
    ("lines", "agent"),
    [
        ((), ""),
        (("forwardagent no",), ""),
        (("forwardagent yes",), "/agent"),
        (("forwardagent yes", "identityagent /x"), "/x"),
        (("forwardagent yes", "identityagent none"), ""),
        (("forwardagent $OTHER",), "/other"),
        (("forwardagent /y", "identityagent none"), "/y"),
    ],
)
def test_an_agent_is_lent_only_where_the_config_says_so(lines: tuple[str, ...], agent: str) -> None:
    assert read(*lines).forward_agent == agent


def test_methods_follow_switches_and_preference() -> None:
    off = read("pubkeyauthentication false", "passwordauthentication no")
    assert off.methods == ("keyboard-interactive",)
    preferred = read("preferredauthentications password,gssapi-with-mic,publickey")
    assert preferred.methods == ("password", "publickey")
    assert read("preferredauthentications hostbased").methods == ("hostbased",)


@pytest.mark.parametrize(
    ("word", "strict"),
    [
        ("true", StrictHostKeys.YES),
        ("yes", StrictHostKeys.YES),
        ("accept-new", StrictHostKeys.ACCEPT_NEW),
        ("ask", StrictHostKeys.ASK),
        ("false", StrictHostKeys.NO),
        ("off", StrictHostKeys.NO),
        ("something new", StrictHostKeys.ASK),
    ],
)
def test_strict_host_key_checking_is_read_in_every_spelling(word: str, strict: StrictHostKeys) -> None:
    assert read(f"stricthostkeychecking {word}").strict_host_keys is strict


def test_times_and_flags_are_read() -> None:
    config = read("connecttimeout none", "serveraliveinterval 60", "batchmode yes", "hashknownhosts yes")
    assert config.connect_timeout is None
    assert config.alive_interval == 60
    assert config.batch
    assert config.hash_known_hosts
    assert read("connecttimeout 5").connect_timeout == 5


def test_the_built_in_identity_files_count_as_not_named() -> None:
    names = ("id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_xmss", "id_dsa")
    assert not read(*(f"identityfile ~/.ssh/{name}" for name in names)).identity_files_named
    assert read("identityfile none").identity_files == ()


@pytest.mark.parametrize(
    ("text", "there", "paths"),
    [
        ("", (), ()),
        ("none", (), ()),
        ("/a /b", (), ("/a", "/b")),
        ("/a /b", ("/a", "/b"), ("/a", "/b")),
        ("~/k /a b/kh", (), ("/home/me/k", "/a b/kh")),
        ("/a /b", ("/a /b",), ("/a /b",)),
        ("/x /a /b", ("/x", "/a /b"), ("/x", "/a /b")),
        ("/x /a /b", ("/x",), ("/x", "/a", "/b")),
    ],
)
def test_a_list_of_unquoted_paths_is_settled_by_which_files_exist(
    text: str, there: tuple[str, ...], paths: tuple[str, ...]
) -> None:
    assert split_paths(text, "/home/me", there.__contains__) == paths


def test_a_very_long_list_of_paths_is_taken_as_written() -> None:
    text = " ".join(f"/{number}" for number in range(20))
    assert split_paths(text, "/h", lambda path: False) == tuple(f"/{number}" for number in range(20))


def test_tokens_are_replaced_once() -> None:
    assert expand_tokens("%a%%a", {"a": "%%", "%": "%"}, where="x") == "%%%a"


def test_gcm_goes_first_only_in_a_list_that_is_opensshs_own() -> None:
    own = ("chacha20-poly1305@openssh.com", "aes128-ctr", "aes128-gcm@openssh.com")
    assert prefer_ciphers(own)[0] == "aes128-gcm@openssh.com"
    assert sorted(prefer_ciphers(own)) == sorted(own)
    mine = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com")
    assert prefer_ciphers(mine) == mine
    assert prefer_ciphers(("chacha20-poly1305@openssh.com",)) == ("chacha20-poly1305@openssh.com",)
    assert prefer_ciphers(()) == ()


def test_a_post_quantum_exchange_stays_post_quantum() -> None:
    assert (
        prefer_kex(("sntrup761x25519-sha512@openssh.com", "curve25519-sha256"))[0] == "mlkem768x25519-sha256"
    )
    assert prefer_kex(("curve25519-sha256",)) == ("curve25519-sha256",)


def test_what_only_openssh_can_do_is_named() -> None:
    assert (
        needs_openssh(read("pkcs11provider none", "proxyusefdpass no", "securitykeyprovider internal")) == ()
    )
    assert needs_openssh(read("pkcs11provider /lib/x.so")) == ("PKCS11Provider is set",)
    assert needs_openssh(read("knownhostscommand /bin/k %H")) == ("KnownHostsCommand is set",)
    assert needs_openssh(read("proxyusefdpass yes")) == ("ProxyUseFdpass is set",)
    assert needs_openssh(read("preferredauthentications gssapi-with-mic")) == (
        "PreferredAuthentications gssapi-with-mic is set",
    )
