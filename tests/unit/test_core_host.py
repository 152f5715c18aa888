import pytest

from codex_ssh.core.host import Host, is_safe_name, is_safe_user, parse_host
from codex_ssh.errors import ExitCode, UsageError


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("devbox", Host(name="devbox")),
        ("dev-box.example.com", Host(name="dev-box.example.com")),
        ("me@devbox", Host(name="devbox", user="me")),
        ("me@devbox:2222", Host(name="devbox", user="me", port=2222)),
        ("devbox:22", Host(name="devbox", port=22)),
        ("ssh://me@devbox:2222", Host(name="devbox", user="me", port=2222)),
        ("ssh://devbox/", Host(name="devbox")),
        ("ssh://[::1]:22", Host(name="::1", port=22)),
        ("[::1]:2222", Host(name="::1", port=2222)),
        ("[fe80::1%eth0]", Host(name="fe80::1%eth0")),
        ("::1", Host(name="::1")),
        ("me@2001:db8::7", Host(name="2001:db8::7", user="me")),
        ("192.0.2.7", Host(name="192.0.2.7")),
        ("me@corp@devbox", Host(name="devbox", user="me@corp")),
        ("CORP\\me@devbox", Host(name="devbox", user="CORP\\me")),
        ("bücher.example", Host(name="bücher.example")),
    ],
)
def test_what_people_type_for_a_host_is_taken_apart(text: str, host: Host) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-oProxyCommand=id",
        "me@-oProxyCommand=id",
        "-l@devbox",
        "@devbox",
        "a b",
        "devbox\n",
        "dev\x1bbox",
        "$(id)",
        "`id`",
        "devbox;id",
        "devbox|id",
        "devbox&",
        "a'b",
        'a"b',
        "*",
        "~root",
        "a,b",
        "a/b",
        "me\\@devbox",
        "me;id@devbox",
        "devbox:",
        "devbox:0",
        "devbox:65536",
        "devbox:ssh",
        "devbox:٢٢",
        "[::1",
        "[::1]22",
        "[devbox]:22",
        "1:2:3",
        "ssh://",
        "ssh://devbox/path",
    ],
)
def test_what_could_be_an_option_or_shell_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_host(text)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    assert caught.value.message.isprintable()


def test_a_long_host_is_cut_in_the_message() -> None:
    with pytest.raises(UsageError) as caught:
        parse_host("x" * 500 + ";")
    assert len(caught.value.message) < 120


def test_a_host_prints_as_what_gives_it_again() -> None:
    assert str(Host(name="::1", user="me", port=22)) == "me@[::1]:22"
    assert str(Host(name="::1")) == "::1"
    assert str(Host(name="devbox", port=22)) == "devbox:22"


def test_resolved_names_and_users_are_held_to_the_same_rule() -> None:
    assert is_safe_name("10.0.0.1")
    assert not is_safe_name("-x")
    assert is_safe_user("me")
    assert not is_safe_user("me\\")
    assert not is_safe_user("$(id)")
