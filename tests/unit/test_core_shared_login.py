from dataclasses import replace

import pytest

from codex_ssh.core.shared_login import login_name
from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.core.ssh_options import SshClient, SshOptions
from tests.unit.test_core_ssh_config import read

LINES = ("hostname 10.0.0.1", "user me", "port 22", "sendenv LC_*", "sendenv TEAM")
ENVIRONMENT = {"HOME": "/home/me", "SSH_AUTH_SOCK": "/agent", "LC_ALL": "C", "TERM": "xterm"}


def name(
    config: SshConfig | None = None,
    options: SshOptions | None = None,
    environment: dict[str, str] = ENVIRONMENT,
    *,
    directory: str = "/work",
) -> str:
    return login_name(config or read(*LINES), options or SshOptions(), environment, directory=directory)


def test_the_same_login_has_the_same_name_and_it_tells_nothing() -> None:
    assert name() == name()
    assert len(name()) == 24
    assert set(name()) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "line",
    ["hostname 10.0.0.2", "user you", "port 23", "proxyjump hop", "proxycommand nc %h %p", "identityfile /k",
     "forwardagent yes", "setenv A=b", "userknownhostsfile /dev/null", "stricthostkeychecking no",
     "certificatefile /c", "pubkeyauthentication no", "hostkeyalias other"],
)  # fmt: skip
def test_whatever_the_config_says_about_the_login_counts(line: str) -> None:
    keyword = line.split(maxsplit=1)[0]
    lines = [old for old in LINES if old.split()[0] != keyword]
    assert name(read(*lines, line)) != name()


@pytest.mark.parametrize(
    "options",
    [
        SshOptions(user="you"),
        SshOptions(port=23),
        SshOptions(identity_files=("key",)),
        SshOptions(jump="hop"),
        SshOptions(config_file="config"),
        SshOptions(set_options=("Compression=yes",)),
        SshOptions(keepalive_interval=0),
    ],
    ids=lambda options: str(options).partition("(")[2][:20],
)
def test_every_flag_counts(options: SshOptions) -> None:
    assert name(options=options) != name()


def test_how_long_one_waits_and_which_program_was_asked_for_do_not_count() -> None:
    options = SshOptions(client=SshClient.ASYNCSSH, connect_timeout=1, login_timeout=1, share=True)
    assert name(options=options) == name()


def test_variables_count_that_choose_keys_or_are_sent_along() -> None:
    for more in ({"SSH_AUTH_SOCK": "/other"}, {"HOME": "/root"}, {"LC_ALL": "de"}, {"TEAM": "a"}):
        assert name(environment=ENVIRONMENT | more) != name()
    assert name(environment=ENVIRONMENT | {"TERM": "dumb", "TEA": "b"}) == name()


def test_a_relative_path_is_another_file_in_another_directory() -> None:
    for options in (SshOptions(config_file="config"), SshOptions(identity_files=("key",))):
        assert name(options=options, directory="/elsewhere") != name(options=options)
        absolute = replace(
            options,
            config_file=options.config_file and "/work/config",
            identity_files=tuple("/work/key" for _ in options.identity_files),
        )
        assert name(options=absolute) == name(options=options)
    assert name(directory="/elsewhere") == name()
