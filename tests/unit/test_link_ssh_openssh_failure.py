"""The words of an ssh that did not get in, recorded from OpenSSH 9.2, and the classes they belong to."""

import pytest

from codex_ssh.core.ssh_config import SshConfig
from codex_ssh.errors import (
    CodexSshError,
    ConfigError,
    ForwardError,
    HostKeyRefused,
    HostUnreachable,
    LoginRefused,
    StageError,
)
from codex_ssh.link.ssh_openssh_failure import failure_of

CONFIG = SshConfig(alias="box", hostname="10.0.0.1", port=22, user="me", others={})
JUMPING = SshConfig(alias="box", hostname="10.0.0.1", port=22, user="me", jumps=("a", "b"), others={})
CLOSED = "Connection closed by UNKNOWN port 65535"
BROKEN = "banner exchange: Connection to UNKNOWN port 65535: Broken pipe"


@pytest.mark.parametrize(
    ("lines", "kind", "words"),
    [
        (["ssh: connect to host 10.0.0.1 port 22: Connection refused"], HostUnreachable, "nothing listens"),
        (["ssh: connect to host 10.0.0.1 port 22: Connection timed out"], HostUnreachable, "does not answer"),
        (["ssh: connect to host 10.0.0.1 port 22: No route to host"], HostUnreachable, "cannot be reached"),
        (["ssh: Could not resolve hostname x: Name or service not known"], HostUnreachable, "no such name"),
        (
            ["kex_exchange_identification: Connection closed by remote host"],
            HostUnreachable,
            "before the login",
        ),
        ([BROKEN], HostUnreachable, "before the login"),
        (
            ["banner exchange: Connection to 10.0.0.1 port 22: Broken pipe"],
            HostUnreachable,
            "before the login",
        ),
        (["me@10.0.0.1: Permission denied (publickey)."], LoginRefused, "refused the login of 'me'"),
        (
            ["Received disconnect from ::1 port 22:2: Too many authentication failures"],
            LoginRefused,
            "refused",
        ),
        (["Unable to negotiate with ::1 port 22: no matching cipher found."], LoginRefused, "no algorithm"),
        (["Host key verification failed."], HostKeyRefused, "not accepted"),
        (["command-line: line 0: Bad configuration option: nope"], ConfigError, "nope"),
        (["something new"], HostUnreachable, "ended before"),
        ([], HostUnreachable, "ended before"),
    ],
)
def test_words_have_a_class(lines: list[str], kind: type[CodexSshError], words: str) -> None:
    error = failure_of(lines, CONFIG, "box", "")
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize("ended", [CLOSED, BROKEN])
@pytest.mark.parametrize(("around", "hop"), [(0, "box"), (1, "b"), (2, "a")])
def test_a_failure_is_the_hops_whose_ssh_ended_first(around: int, hop: str, ended: str) -> None:
    error = failure_of(["me@x: Permission denied (publickey).", *[ended] * around], JUMPING, "box", "")
    assert isinstance(error, LoginRefused)
    assert error.host == hop
    assert error.said == "me@x: Permission denied (publickey)."


@pytest.mark.parametrize("ended", [CLOSED, BROKEN])
def test_what_a_proxy_command_said_comes_before_how_its_end_was_noticed(ended: str) -> None:
    error = failure_of(["no way to box", ended], CONFIG, "box", "")
    assert isinstance(error, StageError)
    assert error.said == "no way to box"
    alone = failure_of([ended], CONFIG, "box", "")
    assert isinstance(alone, StageError)
    assert alone.said == ended


def test_a_server_behind_hops_that_hangs_up_is_not_taken_for_the_last_hop() -> None:
    gone = [
        "Received disconnect from UNKNOWN port 65535:2: Too many authentication failures",
        "Disconnected from UNKNOWN port 65535",
    ]
    error = failure_of(gone, JUMPING, "box", "")
    assert isinstance(error, LoginRefused)
    assert error.host == "box"


def test_a_hop_that_does_not_forward_and_one_that_cannot_reach_the_host_differ() -> None:
    tail = ["stdio forwarding failed", CLOSED]
    closed = failure_of(
        ["channel 0: open failed: administratively prohibited: open failed", *tail], JUMPING, "box", ""
    )
    assert isinstance(closed, ForwardError)
    assert closed.host == "b"
    down = failure_of(["channel 0: open failed: connect failed: No route to host", *tail], JUMPING, "box", "")
    assert isinstance(down, HostUnreachable)
    assert (down.host, down.said) == ("box", "No route to host")


def test_a_changed_key_names_the_line_of_the_old_one() -> None:
    error = failure_of(
        [
            "@@@@@@@@@@@@@@@@@",
            "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @",
            "The fingerprint for the ED25519 key sent by the remote host is",
            "SHA256:abc.",
            "Offending ED25519 key in /home/me/.ssh/known_hosts:7",
            "Host key for box has changed and you have requested strict checking.",
            "Host key verification failed.",
        ],
        CONFIG,
        "box",
        "",
    )
    assert isinstance(error, StageError)
    assert "/home/me/.ssh/known_hosts:7" in error.message
    assert "SHA256:abc" in error.said
