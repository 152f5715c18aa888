"""Whatever a link says, what a browser gets is one harmless word that leads where it was shown to lead."""

from __future__ import annotations

from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.links import read_link
from codex_ssh.core.plain_text import plain_line

PART = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["//", "@", ":", "[", "]", "\\", "xn--", "%2e", "。", "．", ".", "1", "0x7f", "localhost", "ß", "#"]
    ),
)
LINK = st.tuples(st.sampled_from(["http://", "https://", "HTTP:", ""]), st.lists(PART, max_size=8)).map(
    lambda both: both[0] + "".join(both[1])
)


@given(LINK)
def test_what_a_browser_gets_leads_where_it_was_shown_to_lead(text: str) -> None:
    link = read_link(text)
    if link is None:
        return
    assert link.url.isascii()
    assert link.url.isprintable()
    assert " " not in link.url
    assert urlsplit(link.url).scheme in ("http", "https")
    assert urlsplit(link.url).hostname == link.host
    for shown in (link.shown, *link.warnings):
        assert plain_line(shown) == shown
    assert link.host in link.shown
    again = read_link(link.url)
    assert again is not None
    assert (again.url, again.host) == (link.url, link.host)
