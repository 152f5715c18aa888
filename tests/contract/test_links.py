"""Every link in the documentation leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.documented import ROOT, pages

LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)(?:#[^)]*)?\)")

TO_COME = {"docs/reference/tui.svg", "docs/reference/tui.md"}
"""The picture of the TUI and its page: linked, and allowed to be missing."""


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=shown)
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = [page.parent / target for target in LINK.findall(page.read_text(encoding="utf-8"))]
    missing = {shown(target.resolve()) for target in targets if not target.exists()}

    assert missing - TO_COME == set()


def test_every_page_is_linked_from_the_readme_or_a_page() -> None:
    linked = {
        (page.parent / target).resolve()
        for page in pages()
        for target in LINK.findall(page.read_text(encoding="utf-8"))
    }

    assert [
        shown(page) for page in pages() if page.name != "README.md" and page.resolve() not in linked
    ] == []
