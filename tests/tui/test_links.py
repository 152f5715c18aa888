"""Addresses and paths are found in text, and a drawn segment tells where it points to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from codex_ssh.tui.links import (
    Target,
    file_address,
    find_links,
    link_of,
    link_style,
    linked,
    links_in,
    markdown_address,
    read_target,
)
from codex_ssh.tui.wrap import wrap


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.org/a?b=c#d.", ["https://example.org/a?b=c#d"]),
        ("(http://x.y/a_(b))", ["http://x.y/a_(b)"]),
        ("<https://x.y>", ["https://x.y"]),
        ("https://", []),
        ("javascript://x.y", []),
        ("/etc/ssh/sshd_config", ["file:/etc/ssh/sshd_config"]),
        ("tests/a.py:12: error", ["file:tests/a.py:12"]),
        ("tests/a.py:12:5: error", ["file:tests/a.py:12"]),
        ("a.py:3", ["file:a.py:3"]),
        ("~/.codex/config.toml, too", ["file:~/.codex/config.toml"]),
        ("./run ../up", ["file:./run", "file:../up"]),
        ("(src/main.rs)", ["file:src/main.rs"]),
        ("/help and/or 1/2, 12:30, a:1, TCP/IP", []),
        ("nothing", []),
    ],
)
def test_links_are_found_in_a_line(text: str, found: list[str]) -> None:
    assert [address for _, _, address in find_links(text)] == found


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://u@x.y:8/a", Target(address="https://u@x.y:8/a")),
        ("file:/a/b", Target(address="file:/a/b", path="/a/b")),
        ("file:a.py:12", Target(address="file:a.py:12", path="a.py", line=12)),
        ("mailto:a@b", Target(address="mailto:a@b")),
        ("http://[", Target(address="http://[")),
    ],
)
def test_an_address_is_taken_apart(address: str, link: Target) -> None:
    assert read_target(address) == link
    assert link.is_web == address.startswith("http")
    assert link_of(link_style(address)) == link


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("https://x.y", "https://x.y"),
        ("docs/a.md", "file:docs/a.md"),
        ("/w/a.py#L12-L20", "file:/w/a.py:12"),
        ("/w/a.py:12", "file:/w/a.py:12"),
        ("a.py:12", "file:a.py:12"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("#part", "#part"),
        ("", ""),
    ],
)
def test_what_names_no_scheme_is_a_file(href: str, address: str) -> None:
    assert markdown_address(href) == address


def test_a_style_without_a_link_has_none() -> None:
    assert link_of(None) is None
    assert link_of(Style(bold=True)) is None
    assert link_of(Style(meta={"link": 5})) is None


def test_a_link_wrapped_over_rows_is_whole_on_each() -> None:
    rows = wrap([*linked("at /a/long/path.py:3 now", Style())], 12, anywhere=True)
    link = Target(address="file:/a/long/path.py:3", path="/a/long/path.py", line=3)
    assert links_in(rows) == [(0, 3, 12, link), (1, 0, 8, link)]
    assert file_address("a") == "file:a"


@given(st.text())
def test_spans_join_to_the_text(text: str) -> None:
    assert "".join(span for span, _ in linked(text, Style())) == text
    read_target(text)
    markdown_address(text)
