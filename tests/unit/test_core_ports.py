"""Ports: what is written, what is denied, and which one it is here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codex_ssh.core.ports import (
    Direction,
    Forward,
    Wish,
    is_denied,
    local_ports,
    read_deny,
    read_remote_wish,
    read_socks_wish,
    read_wish,
    read_wishes,
)
from codex_ssh.errors import UsageError


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("8000", Wish(local=8000, remote=8000)),
        ("3000:8000", Wish(local=3000, remote=8000, is_fixed=True)),
        ("0:8000", Wish(local=0, remote=8000)),
        ("3000:db.lan:5432", Wish(local=3000, remote=5432, host="db.lan", is_fixed=True)),
        ("3000:[::1]:5432", Wish(local=3000, remote=5432, host="::1", is_fixed=True)),
    ],
)
def test_a_forward_is_written_as_for_ssh(text: str, wish: Wish) -> None:
    assert read_wish(text) == wish


@pytest.mark.parametrize(
    "text", ["", "0", "65536", "x", "8000:", ":8000", "-1", "3000:a b:1", "0.0.0.0:3000:h:1", "٣", "1:2:3:4"]
)
def test_what_is_no_forward_says_what_is(text: str) -> None:
    with pytest.raises(UsageError, match="not a forward") as caught:
        read_wish(text)
    assert "3000:8000" in caught.value.hint


def test_the_other_way_and_socks_are_written_as_for_ssh() -> None:
    back = Wish(direction=Direction.REMOTE, remote=9000, local=3000, is_fixed=True)
    assert read_remote_wish("9000:3000") == back
    assert read_remote_wish("9000") == replace(back, local=9000)
    assert read_remote_wish("9000:nas.lan:80") == replace(back, local=80, host="nas.lan")
    socks = Wish(direction=Direction.SOCKS, local=1080, is_fixed=True)
    assert read_socks_wish("1080") == socks
    assert read_socks_wish("0") == Wish(direction=Direction.SOCKS, local=0)
    assert read_wishes(["8000", "-R", "9000:3000", "-D1080"]) == [read_wish("8000"), back, socks]
    assert [str(wish) for wish in (back, socks)] == ["-R 9000:3000", "-D 1080"]
    for wrong in (["-R"], ["-D", "x"], ["-X", "1"]):
        with pytest.raises(UsageError):
            read_wishes(wrong)


def test_a_wish_is_shown_as_it_is_written() -> None:
    for text in ("8000", "3000:8000", "3000:db:5432"):
        assert str(read_wish(text)) == text


def test_another_port_is_like_the_wanted_one_unless_that_was_named() -> None:
    assert local_ports(read_wish("8000")) == (8000, 18000, 0)
    assert local_ports(read_wish("80")) == (80, 8080, 10080, 0)
    assert local_ports(read_wish("60000")) == (60000, 0)
    assert local_ports(read_wish("3000:80")) == (3000,)
    assert local_ports(read_wish("0:80")) == (0,)


def test_a_forward_says_where_it_is_and_where_it_leads() -> None:
    one = Forward(number=1, direction=Direction.LOCAL, local=3000, remote=8000)
    assert (one.url, one.far) == ("http://localhost:3000", "8000")
    assert one.said("box") == "http://localhost:3000 is port 8000 of box"
    assert (replace(one, host="db").far, replace(one, host="db").covers, one.covers) == ("db:8000", 0, 8000)
    back = Forward(number=2, direction=Direction.REMOTE, local=3000, remote=9000)
    assert (back.url, back.covers, back.said("box")) == ("", 9000, "port 9000 of box is localhost:3000 here")
    socks = Forward(number=3, direction=Direction.SOCKS, local=1080, remote=0)
    assert socks.said("box") == "socks5h://localhost:1080 goes wherever box can"


@pytest.mark.parametrize("raw", [[22, "9000-9002"], "22 9000-9002", "22,9000-9002"])
def test_a_deny_list_has_ports_and_ranges(raw: object) -> None:
    deny = read_deny(raw)
    assert [port for port in (21, 22, 23, 8999, 9000, 9002, 9003) if is_denied(port, deny)] == [
        22,
        9000,
        9002,
    ]


@pytest.mark.parametrize("raw", [["x"], [0], ["9-8"], [True], ["70000"], ["1-"], [-5]])
def test_a_deny_list_of_something_else_is_refused(raw: object) -> None:
    with pytest.raises(UsageError, match="not a port or a range of ports"):
        read_deny(raw)
    with pytest.raises(TypeError):
        read_deny(22)
