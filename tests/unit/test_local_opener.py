"""Pages in a browser, with openers of this test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from codex_ssh.errors import DeskFailed
from codex_ssh.local.opener import open_page
from tests.support import processes
from tests.support.programs import path_with, put_program
from tests.support.waiting import until

NOTES = 'printf "%s\\n" "$@" > "$HERE/words"'


@pytest.fixture(autouse=True)
def _linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.release", lambda: "6.1.0")


def variables(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"PATH": path_with(tmp_path), **more}


def words(tmp_path: Path) -> list[str]:
    return (tmp_path / "words").read_text().splitlines()


async def test_a_page_is_opened_as_one_word_and_as_the_network_knows_it(tmp_path: Path) -> None:
    put_program(tmp_path, "xdg-open", NOTES)

    await open_page("https://Exämple.org/$(id)?a=b&c;d'", variables(tmp_path, DISPLAY=":0"))

    assert words(tmp_path) == ["https://xn--exmple-cua.org/$(id)?a=b&c;d'"]


@pytest.mark.parametrize(
    ("system", "more", "name", "first"),
    [
        ("darwin", {}, "open", []),
        ("linux", {"WAYLAND_DISPLAY": "w"}, "xdg-open", []),
        ("linux", {"WSL_DISTRO_NAME": "Debian"}, "wslview", []),
        ("linux", {"WSL_DISTRO_NAME": "Debian"}, "rundll32.exe", ["url.dll,FileProtocolHandler"]),
    ],
)
async def test_each_system_has_its_opener(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    more: dict[str, str],
    name: str,
    first: list[str],
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    put_program(tmp_path, name, NOTES)

    await open_page("https://example.org/", variables(tmp_path, **more))

    assert words(tmp_path) == [*first, "https://example.org/"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "--help", "", "ssh://x/"])
async def test_nothing_else_is_opened(tmp_path: Path, url: str) -> None:
    put_program(tmp_path, "xdg-open", NOTES)
    with pytest.raises(DeskFailed, match="only http and https"):
        await open_page(url, variables(tmp_path, DISPLAY=":0"))
    assert not (tmp_path / "words").exists()


@pytest.mark.parametrize("more", [{}, {"DISPLAY": ":0", "SSH_TTY": "/dev/pts/1"}])
async def test_where_nobody_would_see_it_the_address_is_given(tmp_path: Path, more: dict[str, str]) -> None:
    put_program(tmp_path, "xdg-open", NOTES)
    with pytest.raises(DeskFailed, match="no browser") as failed:
        await open_page("https://example.org/", variables(tmp_path, **more))
    assert "https://example.org/" in failed.value.hint
    assert not (tmp_path / "words").exists()


async def test_an_opener_that_fails_is_said_so(tmp_path: Path) -> None:
    put_program(tmp_path, "xdg-open", "exit 3")
    with pytest.raises(DeskFailed, match=r"'xdg-open' could not open it \(exit code 3\)"):
        await open_page("https://example.org/", variables(tmp_path, DISPLAY=":0"))


async def test_an_opener_that_becomes_the_browser_is_left_alone(tmp_path: Path) -> None:
    put_program(tmp_path, "xdg-open", 'echo $$ > "$HERE/pid"; exec sleep 600')

    await open_page("https://example.org/", variables(tmp_path, DISPLAY=":0"))

    pid = int((tmp_path / "pid").read_text())
    assert processes.is_alive(pid)
    processes.kill([pid])
    await until(lambda: not processes.is_alive(pid), "it is gone")
