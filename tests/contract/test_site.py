"""The documentation as a site: it builds, every page is found, every link and anchor leads somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.contract.documented import DOCS, ROOT

pytestmark = pytest.mark.slow

CONFIG = ROOT / "config" / "mkdocs.yml"

FETCHED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("link", "href"), ("source", "src")}
"""What a browser fetches by itself, without a click."""

FROM_ELSEWHERE = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""")


@dataclass
class Page(HTMLParser):
    """What one page of the site has: ids, addresses that are clicked, addresses that are fetched."""

    ids: set[str] = field(default_factory=set)
    clicked: set[str] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.ids |= {named[name] for name in ("id", "name") if named.get(name)}
        if tag == "link" and named.get("rel") in ("canonical", "edit"):
            return
        for name, value in named.items():
            if (tag, name) in FETCHED:
                self.fetched.add(value)
            elif (tag, name) == ("a", "href"):
                self.clicked.add(value)


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", config, "--site-dir", site],
        capture_output=True,
        text=True,
        timeout=110,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    """The pages of the site by their path."""
    where = tmp_path_factory.mktemp("site")
    done = build(CONFIG, where)
    assert done.returncode == 0, done.stderr
    pages = {}
    for path in where.rglob("*.html"):
        pages[path] = Page()
        pages[path].feed(path.read_text(encoding="utf-8"))
    return pages


def root(site: dict[Path, Page]) -> Path:
    return min((path.parent for path in site), key=lambda path: len(path.parts))


def local(addresses: set[str]) -> Iterator[tuple[str, str, str]]:
    """Each address on this site, with its path and fragment."""
    for address in addresses:
        parts = urlsplit(address)
        if not parts.scheme and not parts.netloc:
            yield address, unquote(parts.path), unquote(parts.fragment)


def test_every_page_is_a_page_of_the_site_and_in_its_menu(site: dict[Path, Page]) -> None:
    top = root(site)
    written = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    menu = {Path(path) for _, path, _ in local(site[top / "index.html"].clicked)}

    assert written == {path.relative_to(top) for path in site} - {Path("404.html")}
    assert written - menu == set()


def test_every_link_and_anchor_of_the_site_leads_somewhere(site: dict[Path, Page]) -> None:
    lost = []
    for path, page in site.items():
        if path.name == "404.html":
            continue
        for address, there, anchor in local(page.clicked | page.fetched):
            target = (path.parent / there).resolve() if there else path
            target = target / "index.html" if target.is_dir() else target
            known = site[target].ids if target in site else set()
            if not target.exists() or (anchor and anchor not in known):
                lost.append(f"{path.name}: {address}")

    assert lost == []


def test_nothing_is_fetched_from_elsewhere(site: dict[Path, Page]) -> None:
    top = root(site)
    fetched = {address for page in site.values() for address in page.fetched}
    styles = [path for path in top.rglob("*.css") if FROM_ELSEWHERE.search(path.read_text(encoding="utf-8"))]

    assert fetched
    assert {address for address in fetched if urlsplit(address).netloc} == set()
    assert styles == []


def test_a_page_nobody_finds_and_links_that_lead_nowhere_fail_the_build(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    (tmp_path / "config").mkdir()
    shutil.copy(CONFIG, tmp_path / "config")
    (tmp_path / "docs" / "lost.md").write_text("# Lost\n\n[a](nowhere.md) [b](index.md#nothing)\n")

    done = build(tmp_path / "config" / "mkdocs.yml", tmp_path / "site")

    assert done.returncode != 0
    assert "lost.md" in done.stderr
    assert "'nowhere.md'" in done.stderr
    assert "#nothing" in done.stderr
