"""Links: what may be opened, where it leads, and what is strange about it."""

from __future__ import annotations

import pytest

from codex_ssh.core.links import read_link


@pytest.mark.parametrize(
    ("text", "url", "shown"),
    [
        ("https://example.org/", "https://example.org/", "example.org"),
        (" HTTPS://Example.ORG:8443/A?b=c#d ", "https://example.org:8443/A?b=c#d", "example.org:8443"),
        ("http://devbox_1.lan/", "http://devbox_1.lan/", "devbox_1.lan"),
        ("https://example.org./", "https://example.org/", "example.org"),
        ("https://example.org/ü?q=%20ü", "https://example.org/%C3%BC?q=%20%C3%BC", "example.org"),
        ("https://example.org/(a)[b];c", "https://example.org/(a)[b];c", "example.org"),
    ],
)
def test_a_usual_link_is_opened_as_it_is_and_its_host_shown(text: str, url: str, shown: str) -> None:
    link = read_link(text)

    assert link is not None
    assert (link.url, link.shown, link.warnings) == (url, shown, ())
    assert not link.is_here


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "//example.org/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://example.org/",
        "vscode://x/y",
        "http:///path",
        "http://?q",
        "https://example.org/a b",
        "https://example.org/\x1b[2J",
        "https://example.org/\nx",
        "https://exam\u200bple.org/",
        "https://example.org/\u202egnp.exe",
        "https://good.example\\@evil.example/",
        "https://a:99999/",
        "https://a:x/",
        "https://[::1/",
        "https://[fe80::1%eth0]/",
        "https://a..b/",
        "https://.a/",
        "https://a%2fb/",
        "https://1.2.3.4.5/",
        "https://256.1.1.1/",
        "https://" + "ü" * 70 + ".example/",
        "https://example.org/" + "a" * 9000,
        '--help"https://example.org',
        "-https://example.org",
    ],
)
def test_anything_else_is_not_opened(text: str) -> None:
    assert read_link(text) is None


@pytest.mark.parametrize(
    ("text", "host", "shown", "warned"),
    [
        (
            "https://github.com@evil.example/",
            "evil.example",
            "evil.example",
            "what stands before the @ is a user name: the host is evil.example",
        ),
        (
            "https://gооgle.com/",
            "xn--ggle-55da.com",
            "xn--ggle-55da.com (gооgle.com)",
            "the host has Cyrillic and Latin letters, which can look like others: it is xn--ggle-55da.com",
        ),
        (
            "https://xn--80ak6aa92e.com/",
            "xn--80ak6aa92e.com",
            "xn--80ak6aa92e.com (аррӏе.com)",
            "the host has Cyrillic letters, which can look like others: it is xn--80ak6aa92e.com",
        ),
        (
            "https://exａmple.org/",
            "example.org",
            "example.org",
            "the host is written in an unusual way: it is example.org",
        ),
        ("https://192.0.2.7/", "192.0.2.7", "192.0.2.7", "the host is an address, not a name"),
        (
            "https://[2001:db8::7]:8443/",
            "2001:db8::7",
            "[2001:db8::7]:8443",
            "the host is an address, not a name",
        ),
        (
            "http://3221225991/",
            "192.0.2.7",
            "192.0.2.7",
            "the host is written in an unusual way: it is 192.0.2.7",
        ),
        ("http://0xc0.0.02.7/", "192.0.2.7", "192.0.2.7", "the host is an address, not a name"),
    ],
)
def test_a_host_that_looks_like_another_is_shown_for_what_it_is(
    text: str, host: str, shown: str, warned: str
) -> None:
    link = read_link(text)

    assert link is not None
    assert (link.host, link.shown) == (host, shown)
    assert warned in link.warnings
    assert link.url.isascii()


@pytest.mark.parametrize(
    ("text", "is_here"),
    [
        ("http://localhost:3000/", True),
        ("http://app.localhost/", True),
        ("http://127.0.0.1:3000/", True),
        ("http://127.1/", True),
        ("http://2130706433/", True),
        ("http://[::1]:3000/", True),
        ("http://localhost.example/", False),
        ("http://10.0.0.1/", False),
    ],
)
def test_a_link_to_this_machine_is_known(text: str, is_here: bool) -> None:
    link = read_link(text)

    assert link is not None
    assert link.is_here is is_here
