"""What was chosen inside the TUI is kept, and never stands in the way of what the user wrote."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from codex_ssh.core.tui_settings import ThemeName
from codex_ssh.errors import DeskFailed
from codex_ssh.local.choices import ORIGIN, keep_choice, read_choices
from codex_ssh.local.config_file import read_tui_settings
from codex_ssh.local.desk import open_desk
from codex_ssh.local.paths import choices_file


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("CODEX_SSH_CONFIG", str(tmp_path / "config.toml"))


def test_a_choice_holds_the_next_time() -> None:
    assert read_choices().values == {}
    keep_choice("theme", "dark")
    keep_choice("theme", "light")
    assert read_choices().values == {"theme": "light"}
    assert stat.S_IMODE(choices_file().stat().st_mode) == 0o600
    effective = read_tui_settings()
    assert effective.settings.theme is ThemeName.LIGHT
    assert effective.origins == {"theme": ORIGIN}


def test_the_users_own_file_is_stronger(tmp_path: Path) -> None:
    keep_choice("theme", "dark")
    (tmp_path / "config.toml").write_text('[tui]\ntheme = "mono"\n')
    assert read_tui_settings().settings.theme is ThemeName.MONO


@pytest.mark.parametrize("text", ["", "[]", "{", '{"theme": "of-tomorrow"}', '{"unknown": 1}', "\x00"])
def test_what_cannot_be_read_counts_as_not_chosen(text: str) -> None:
    choices_file().parent.mkdir(parents=True)
    choices_file().write_text(text)
    assert read_choices().values == {}
    keep_choice("theme", "dark")
    assert read_choices().values == {"theme": "dark"}


def test_a_choice_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a directory should be")
    with pytest.raises(DeskFailed, match="it holds until you leave"):
        keep_choice("theme", "dark")


async def test_a_desk_keeps_it_and_says_what_is_stronger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_desk("devbox") as desk:
        assert desk.keep("theme", "dark") == ""
        (tmp_path / "config.toml").write_text('[tui]\ntheme = "mono"\n')
        assert desk.keep("theme", "light") == f"{tmp_path}/config.toml [tui] says which it is the next time"
        monkeypatch.setenv("CODEX_SSH_TUI_THEME", "dark")
        assert desk.keep("theme", "light") == "the environment says which it is the next time"
