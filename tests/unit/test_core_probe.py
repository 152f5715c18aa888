"""Reading the probe's answer."""

from __future__ import annotations

import pytest

from codex_ssh.core.command import CapabilityFile, UnknownAuth
from codex_ssh.core.probe import FoundCodex, Listener, PathFacts, ProbeError, parse_lines, parse_probe
from codex_ssh.core.secret import Secret

HEAD = "uid p 1000\nuser p me\nhostname p box\nos p Linux\narch p x86_64\nhome p /home/me\n"
ARGV = "codex\0app-server\0--ws-auth\0capability-token\0--ws-token-file\0/home/me/.codex/t\0"


def answer(lines: str) -> bytes:
    return f"motd\nM1 begin\n{HEAD}codex_home p /home/me/.codex\n{lines}M1 end\nbye\n".encode()


def server_lines(*listen: str) -> str:
    rows = "".join(f"ws.listen p {row}\n" for row in listen)
    return f"ws.seen p proc\n{rows}ws.pid p 42\nws.start p 777\nws.cwd p /\nws.argv x {ARGV.encode().hex()}\n"


def test_what_stands_around_the_markers_is_ignored() -> None:
    probe = parse_probe(
        answer("boot p b-1\nnow p 1795373622\ncodex p /usr/bin/codex\n"), marker="M1", port=None
    )
    assert (probe.uid, probe.user, probe.hostname, probe.home) == (1000, "me", "box", "/home/me")
    assert (probe.boot, probe.now, probe.codex) == ("b-1", 1795373622, "/usr/bin/codex")
    assert probe.ws is None
    assert probe.own is None
    assert probe.unix is None


def test_a_server_is_known_by_its_listeners_its_command_and_its_token() -> None:
    token = (
        "ws.token.path p /home/me/.codex/t\nws.token.state p read\n"
        f"ws.token.ls x {b'-rw------- 1 1000 1000 45 Nov 22 18:00 '.hex()}\n"
        f"ws.token.text x {b'  c2VjcmV0 '.hex()}\n"
    )
    ws = parse_probe(answer(server_lines("0100007F:1194,1000,9") + token), marker="M1", port=4500).ws
    assert ws is not None
    assert ws.listeners == (Listener(address="127.0.0.1", uid=1000),)
    assert (ws.port, ws.pid, ws.started) == (4500, 42, "777")
    assert ws.auth == CapabilityFile(path="/home/me/.codex/t")
    assert ws.token is not None
    assert ws.token.text == Secret("c2VjcmV0")
    assert (ws.token.mode, ws.token.owner, ws.token.size) == ("-rw-------", 1000, 11)


@pytest.mark.parametrize(
    ("kernel", "address"),
    [
        ("0100007F", "127.0.0.1"),
        ("7F000001", "127.0.0.1"),
        ("00000000", "*"),
        ("0" * 32, "*"),
        ("0000000000000000000000000100 0000".replace(" ", ""), "::1"),
        ("00000000000000000000000000000001", "::1"),
        ("0000000000000000FFFF00000100007F", "127.0.0.1"),
        ("0A00A8C0", "192.168.0.10"),
        ("B80D0120000000000000000001000000", "2001:0db8:0000:0000:0000:0000:0000:0001"),
    ],
)
def test_the_kernels_addresses_are_read_in_both_byte_orders(kernel: str, address: str) -> None:
    ws = parse_probe(answer(server_lines(f"{kernel}:1194,1000,9")), marker="M1", port=4500).ws
    assert ws is not None
    assert ws.listeners[0].address == address


def test_ss_and_lsof_serve_where_proc_does_not() -> None:
    ss = (
        "LISTEN 0 128 127.0.0.1:4500 0.0.0.0:* uid:1000 ino:9 sk:1 cgroup:/ <->\n"
        "LISTEN 0 128 *:4500 *:* ino:10 sk:2\nLISTEN 0 128 [::1]:4500 [::]:* uid:5 ino:1"
    )
    ws = parse_probe(answer(f"ws.seen p ss\nws.ss x {ss.encode().hex()}\n"), marker="M1", port=4500).ws
    assert ws is not None
    assert ws.listeners == (
        Listener(address="127.0.0.1", uid=1000),
        Listener(address="*", uid=0),
        Listener(address="::1", uid=5),
    )
    lsof = "p12\nu501\nf7\nn127.0.0.1:4500\nf8\nn*:4500\n"
    words = "ws.words x " + b"codex app-server --ws-auth capability-token --ws-token-file /t".hex() + "\n"
    ws = parse_probe(
        answer(f"ws.seen p lsof\nws.lsof x {lsof.encode().hex()}\n{words}"), marker="M1", port=4500
    ).ws
    assert ws is not None
    assert ws.listeners == (Listener(address="127.0.0.1", uid=501), Listener(address="*", uid=501))
    assert ws.auth == CapabilityFile(path="/t")


def test_our_own_server_comes_with_its_state_file() -> None:
    state = (
        "state.endpoint p ws://127.0.0.1:41234\nstate.pid p 42\n"
        "own.seen p proc\nown.listen p 0100007F:A112,1000,9\n"
    )
    probe = parse_probe(answer(state), marker="M1", port=4500)
    assert probe.own is not None
    assert probe.own.port == 41234
    assert probe.own.auth == UnknownAuth()
    assert probe.own_state == {"pid": "42", "endpoint": "ws://127.0.0.1:41234"}


def test_a_unix_socket_comes_with_every_directory_on_its_path() -> None:
    lines = (
        "unix.path p /run/x.sock\nunix.real p /run/x.sock\n"
        f"unix.socket x {b'srw------- 1 1000 1000 0 Nov 22 18:00 /run/x.sock'.hex()}\n"
        f"unix.dir x {b'drwx------ 2 1000 1000 60 Nov 22 18:00 /run'.hex()}\n"
        f"unix.dir x {b'drwxr-xr-x 18 0 0 60 Nov 22 18:00 /'.hex()}\n"
    )
    unix = parse_probe(answer(lines), marker="M1", port=None).unix
    assert unix is not None
    assert unix.socket == PathFacts(mode="srw-------", uid=1000)
    assert unix.dirs == (PathFacts(mode="drwx------", uid=1000), PathFacts(mode="drwxr-xr-x", uid=0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"sh: not found\n", "first line never came"),
        (b"M1 begin\nuid p 1000\n", "cut off"),
        (b"M1 begin\nuid q 1000\nM1 end\n", "neither plain nor hexadecimal"),
        (b"M1 begin\nuid x zz\nM1 end\n", "not hexadecimal"),
        (b"M1 begin\nuser p me\nM1 end\n", "out of its form"),
    ],
)
def test_an_answer_out_of_its_form_is_an_error(text: bytes, said: str) -> None:
    with pytest.raises(ProbeError, match=said):
        parse_probe(text, marker="M1", port=None)


def test_the_official_daemon_and_what_a_start_needs_are_read() -> None:
    lines = (
        "daemon.path p /h/s\ndaemon.real p /tmp/codex-daemon-1000/aa\ndaemon.live p yes\ndaemon.clients p 2\n"
        f"daemon.socket x {b'srw------- 1 1000 1000 0 Nov 22 18:00 /x'.hex()}\ndaemon.pid p 7\n"
        "daemon.env.HOME p /home/me\n"
        f"path x {b'/a b:/c'.hex()}\numask p 0002\nlinger p yes\nsandbox p apparmor\n"
        f"codex.found x {b'0.1.0 /a b/codex'.hex()}\ncodex.found x {b' /o/codex'.hex()}\n"
        "sandbox.starts p no\nsandbox.said p denied\n"
    )
    probe = parse_probe(answer(lines), marker="M1", port=None)
    assert probe.daemon is not None
    assert (probe.daemon.live, probe.daemon.clients, probe.daemon.pid) == (True, 2, 7)
    assert probe.daemon.codex_home == "/home/me/.codex"
    around = probe.around
    assert (around.path, around.umask, around.linger, around.systemd) == ("/a b:/c", "0002", True, False)
    assert (around.sandbox, around.sandbox_starts, around.sandbox_said) == ("apparmor", False, "denied")
    assert around.found == (
        FoundCodex(path="/a b/codex", version="0.1.0"),
        FoundCodex(path="/o/codex", version=""),
    )


def test_values_of_a_repeated_key_become_lines() -> None:
    assert parse_lines(b"M1 begin\na p 1\na p 2\nb p 3\nM1 end\n", marker="M1") == {"a": "1\n2", "b": "3"}
