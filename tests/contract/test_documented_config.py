"""The keys of the config file: the code, the reference and the example agree."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from codex_ssh.core.config import KEYS, Settings, environment_layer, layers_for_host, merge
from codex_ssh.core.tui_settings import TUI_KEYS, StatusItem, TitleItem, TuiSettings, merge_tui, tui_layers
from tests.contract.documented import CONFIG, ROOT, first_cells, sections

EXAMPLE = ROOT / "config" / "codex-ssh.example.toml"

NO_BUILT_IN = {"wss"}
"""Keys whose built-in value cannot be written down."""


def example(*, uncommented: bool) -> dict[str, Any]:
    text = EXAMPLE.read_text(encoding="utf-8")
    if uncommented:
        text = re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.MULTILINE)
    return tomllib.loads(text)


def test_the_reference_names_every_key_in_order() -> None:
    keys = sections(CONFIG.read_text(encoding="utf-8"))["Keys"]

    assert tuple(first_cells(keys)) == KEYS


def test_the_example_as_it_is_changes_nothing() -> None:
    layers = layers_for_host(example(uncommented=False), "devbox", path="example")

    assert merge(layers).settings == Settings()


def test_the_example_shows_every_key_with_its_built_in_value() -> None:
    defaults = example(uncommented=True)["defaults"]

    assert tuple(defaults) == tuple(key for key in KEYS if key not in NO_BUILT_IN)
    assert merge(layers_for_host({"defaults": defaults}, "x", path="example")).settings == Settings()


def test_the_example_hosts_are_valid_once_uncommented() -> None:
    document = example(uncommented=True)

    assert document["host"]
    for pattern in document["host"]:
        effective = merge(layers_for_host(document, pattern.replace("*", "x"), path="example"))
        assert effective.origins
    assert {key for values in document["host"].values() for key in values} >= NO_BUILT_IN


def test_the_reference_names_the_variable_of_every_key() -> None:
    text = CONFIG.read_text(encoding="utf-8")
    some = environment_layer({"CODEX_SSH_TOKEN_FILE": "x"})

    assert dict(some.values) == {"token_file": "x"}
    assert "`CODEX_SSH_` and the key in capitals" in text


def test_the_reference_names_every_key_of_the_tui_and_every_piece() -> None:
    text = sections(CONFIG.read_text(encoding="utf-8"))["The TUI"]

    assert tuple(first_cells(text)) == TUI_KEYS
    for piece in (*StatusItem, *TitleItem):
        assert f"`{piece.value}`" in text


def test_the_example_shows_every_key_of_the_tui_with_its_built_in_value() -> None:
    document = example(uncommented=True)

    assert tuple(document["tui"]) == TUI_KEYS
    assert merge_tui(tui_layers(document, {}, path="example")).settings == TuiSettings()


def test_the_page_about_caddy_shows_the_file_that_is_tested() -> None:
    page = (ROOT / "docs" / "howto" / "caddy.md").read_text(encoding="utf-8")
    file = (ROOT / "config" / "Caddyfile").read_text(encoding="utf-8")
    bare = "".join(
        line for line in file.splitlines(keepends=True) if not line.lstrip("\t").startswith("#")
    )  # comments are said in words there

    public = re.sub(r"\t*tls .*\n", "", bare)

    assert f"```\n{bare}```" in page
    assert f"```\n{public}```" in page
