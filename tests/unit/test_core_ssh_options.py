from typing import Any

import pytest

from codex_ssh.core.host import Host, parse_host
from codex_ssh.core.ssh_options import SshOptions, ssh_arguments, ssh_by_hand
from codex_ssh.errors import UsageError


def test_a_bare_host_is_the_only_argument() -> None:
    assert ssh_arguments(Host(name="devbox"), SshOptions()) == ["--", "devbox"]


def test_every_flag_goes_to_ssh_as_it_was_given() -> None:
    options = SshOptions(
        config_file="my config",
        set_options=("Compression=yes", "RequestTTY no"),
        user="me",
        port=2222,
        identity_files=("a key", "b"),
        jump="bastion,inner",
    )
    assert ssh_arguments(Host(name="devbox"), options) == [
        *("-F", "my config"),
        *("-o", "Compression=yes", "-o", "RequestTTY no"),
        *("-l", "me", "-p", "2222", "-i", "a key", "-i", "b", "-J", "bastion,inner"),
        *("--", "devbox"),
    ]


def test_flags_win_over_what_the_host_names() -> None:
    host = Host(name="devbox", user="typed", port=1)
    assert ssh_arguments(host, SshOptions()) == ["-l", "typed", "-p", "1", "--", "devbox"]
    assert ssh_arguments(host, SshOptions(user="me", port=2)) == ["-l", "me", "-p", "2", "--", "devbox"]


def test_a_hop_keeps_the_config_file_and_our_limits_only() -> None:
    options = SshOptions(
        config_file="f",
        set_options=("A=b",),
        user="me",
        port=1,
        identity_files=("k",),
        jump="j",
        keepalive_interval=1,
        connect_timeout=2,
    )
    assert options.for_hop() == SshOptions(config_file="f", keepalive_interval=1, connect_timeout=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": "$(id)"},
        {"user": "-oProxyCommand=id"},
        {"set_options": ("SetEnv=A=b\nproxycommand id",)},
        {"identity_files": ("key\0",)},
        {"config_file": "a\rb"},
        {"jump": "a\nb"},
    ],
)
def test_what_could_be_taken_for_something_else_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        SshOptions(**wrong)


@pytest.mark.parametrize(
    ("host", "options", "command"),
    [
        ("devbox", {}, "ssh -v devbox"),
        ("me@devbox:2222", {}, "ssh -v -l me -p 2222 devbox"),
        (
            "devbox",
            {"config_file": "/a b/config", "jump": "bastion", "identity_files": ("~/.ssh/id",), "port": 22},
            "ssh -v -F '/a b/config' -p 22 -i '~/.ssh/id' -J bastion devbox",
        ),
        (
            "devbox",
            {"set_options": ("HostKeyAlias=x", "setenv TOKEN=canary", "SetEnv=TOKEN=canary")},
            "ssh -v -o HostKeyAlias=x devbox",
        ),
    ],
)
def test_a_person_can_try_the_same_by_hand(host: str, options: dict[str, Any], command: str) -> None:
    assert ssh_by_hand(parse_host(host), SshOptions(**options)) == command
