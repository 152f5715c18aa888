import contextlib
import shlex

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.host import Host, parse_host
from codex_ssh.core.ssh_config import LocalFacts, parse_ssh_config
from codex_ssh.core.ssh_options import SshOptions, ssh_arguments
from codex_ssh.errors import ConfigError, UsageError

FACTS = LocalFacts(home="/home/me", user="me", uid=1, hostname="laptop.example", environment={})


def parsed(text: str) -> Host | None:
    with contextlib.suppress(UsageError):
        return parse_host(text)
    return None


@given(st.text() | st.text("ab:@[]/.-%1"))
def test_any_text_is_a_host_or_a_usage_error(text: str) -> None:
    host = parsed(text)
    if host is not None:
        assert parse_host(str(host)) == host


@given(st.text() | st.text("ab:@.-+%"))
def test_no_accepted_host_can_be_an_option_or_more_than_one_word_of_a_shell(text: str) -> None:
    host = parsed(text)
    if host is None:
        return
    assert not host.name.startswith("-")
    assert not host.user.startswith("-")
    assert shlex.split(host.name, posix=True) == [host.name]
    arguments = ssh_arguments(host, SshOptions())
    assert arguments[-2:] == ["--", host.name]


@given(hostname=st.text(), user=st.text())
def test_no_resolved_value_reaches_a_proxy_command_as_shell_text(hostname: str, user: str) -> None:
    output = f"hostname {hostname}\nuser {user}\nport 22\nproxycommand nc %h %p %r"
    try:
        config = parse_ssh_config(output, alias="devbox", facts=FACTS, exists=lambda path: False)
    except ConfigError:
        return
    name, login = config.hostname, config.user.replace("\\", "")
    assert shlex.split(config.proxy_command) == ["nc", name, "22", login]
