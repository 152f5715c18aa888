"""What listens there: reading it, and what of it is news."""

from __future__ import annotations

import pytest

from codex_ssh.core.listening import (
    EPHEMERAL,
    Holder,
    Listening,
    ListeningPort,
    News,
    read_holders,
    read_listening,
)
from codex_ssh.core.ports import read_deny

ROWS = (
    "0100007F:1F40,11",  # 127.0.0.1:8000
    "00000000:0BB8,12",  # any:3000
    "00000000000000000000000000000000:0BB8,13",
    "00000000000000000000000001000000:1435,14",  # ::1:5173
    "0200000A:1F91,15",  # 10.0.0.2:8081, of a network
)


def test_the_kernels_table_is_read() -> None:
    facts = {
        "seen": "proc",
        "up": "1000.5",
        "hertz": "100",
        "range": "40000\t50000",
        "listen": "\n".join(ROWS),
        "began.11": "99050",
        "argv.11": "/usr/bin/python3.11\0-m\0http.server\0-d\0/srv",
        "began.14": "",
        "argv.14": "node\0/w/node_modules/.bin/vite",
    }
    listening = read_listening(facts, read_holders(facts))
    assert listening.ports == (
        ListeningPort(port=3000, bound=(("*", "12"), ("*", "13"))),
        ListeningPort(port=5173, bound=(("::1", "14"),), process="node vite"),
        ListeningPort(port=8000, bound=(("127.0.0.1", "11"),), process="python3.11 http.server", age=10.0),
    )
    assert listening.ephemeral == range(40000, 50001)
    assert listening.sockets == ("12", "13", "14", "11")
    assert [(one.hosts, one.is_exposed) for one in listening.ports] == [
        (("127.0.0.1", "::1"), True), (("::1",), False), (("127.0.0.1",), False),
    ]  # fmt: skip
    assert listening.ports[0].sockets(["::1"]) == {"12", "13"}
    assert listening.ports[1].sockets(["127.0.0.1"]) == frozenset()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("", ""),
        ("sshd: alice@notty", "sshd"),
        ("/opt/bin/vite\0--port\0" + "3000", "vite"),
        ("python3\0-c\0import secrets", "python3"),
        ("python3\0-W\0error\0-m\0http.server\0" + "8000", "python3 http.server"),
        ("node\0--inspect", "node"),
        ("php\0-S\0localhost:8000", "php localhost:8000"),
        ("nginx: master process /usr/sbin/nginx", "nginx"),
    ],
)
def test_a_process_is_named_in_two_words(argv: str, words: str) -> None:
    assert read_holders({"began.1": "5", "argv.1": argv}) == {"1": Holder(words=words, started=0.05)}


def test_ss_and_lsof_are_read_too() -> None:
    users = 'users:(("ruby",pid=7,fd=5))'
    named = f"LISTEN 0 5 127.0.0.1:8000 0.0.0.0:* {users} uid:1000 ino:11 sk:1"
    ss = f"{named}\nLISTEN 0 5 *:3000 *:*  ino:12 sk:2"
    assert read_listening({"seen": "ss", "ss": ss}, {}).ports == (
        ListeningPort(port=3000, bound=(("*", "12"),)),
        ListeningPort(port=8000, bound=(("127.0.0.1", "11"),), process="ruby"),
    )
    lsof = "p1\ncnode\nf20\nn*:3000\nf21\nn127.0.0.1:8000\np2\ncruby\nf9\nn[::1]:9292\nf10\nn10.0.0.2:99\n"
    assert read_listening({"seen": "lsof", "lsof": lsof}, {}).ports == (
        ListeningPort(port=3000, bound=(("*", ""),), process="node"),
        ListeningPort(port=8000, bound=(("127.0.0.1", ""),), process="node"),
        ListeningPort(port=9292, bound=(("::1", ""),), process="ruby"),
    )
    assert not read_listening({}, {}).is_seen


# ---------------------------------------------------------------- news


def there(*ports: int, age: float | None = 100.0, process: str = "node") -> Listening:
    return Listening(ports=tuple(ListeningPort(port=one, age=age, process=process) for one in ports))


def numbers(found: tuple[ListeningPort, ...]) -> list[int]:
    return [one.port for one in found]


def test_what_was_there_before_the_turn_is_no_news_and_what_comes_is_told_once() -> None:
    news = News()
    news.begin()
    assert news.take(there(3000), since=1.0, own=()) == ()
    assert numbers(news.take(there(3000, 8000), since=4.0, own=())) == [8000]
    assert news.take(there(3000, 8000), since=7.0, own=()) == ()
    assert news.take(there(3000), since=10.0, own=()) == ()
    assert numbers(news.take(there(3000, 8000), since=13.0, own=())) == [8000]
    news.begin()
    assert news.take(there(3000, 8000), since=1.0, own=()) == ()


def test_at_the_first_look_a_process_younger_than_the_turn_is_news() -> None:
    news = News()
    news.begin()
    mixed = Listening(ports=(*there(3000).ports, *there(8000, age=0.5).ports, *there(9000, age=None).ports))
    assert numbers(news.take(mixed, since=1.0, own=())) == [8000]


@pytest.mark.parametrize(
    ("listening", "own"),
    [
        (there(EPHEMERAL.start), ()),
        (there(8000), (8000,)),
        (there(5432), ()),
        (there(6010, process="sshd"), ()),
        (there(4500, process="codex"), ()),
    ],
    ids=["a port the kernel gave", "ours", "denied", "of an SSH server", "of an app server"],
)
def test_some_ports_are_never_news(listening: Listening, own: tuple[int, ...]) -> None:
    news = News(read_deny([5432]))
    news.begin()
    assert news.take(there(), since=1.0, own=own) == ()
    assert news.take(listening, since=4.0, own=own) == ()
    assert numbers(news.take(there(8001), since=5.0, own=own)) == [8001]
