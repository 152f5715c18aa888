"""The schema takes what the program takes, and refuses what it refuses."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from codex_ssh.core.config import KEYS, layers_for_host, merge
from codex_ssh.core.config_schema import config_schema
from codex_ssh.core.tui_settings import TUI_KEYS, merge_tui, tui_layers
from codex_ssh.errors import ConfigError
from tests.contract.test_documented_config import example

SCHEMA = config_schema()


def taken(document: dict[str, Any]) -> bool:
    try:
        merge(layers_for_host(document, "devbox", path="file"))
        merge_tui(tui_layers(document, {}, path="file"))
    except ConfigError:
        return False
    return True


def fits(document: dict[str, Any]) -> bool:
    return not list(Draft7Validator(SCHEMA).iter_errors(document))


def test_it_is_a_schema_and_every_key_has_words() -> None:
    Draft7Validator.check_schema(SCHEMA)
    tables = SCHEMA["properties"]
    assert tuple(tables["defaults"]["properties"]) == KEYS
    assert tuple(tables["tui"]["properties"]) == TUI_KEYS
    for table in ("defaults", "tui"):
        for name, shape in tables[table]["properties"].items():
            assert shape["description"].endswith("."), name


@pytest.mark.parametrize("uncommented", [False, True])
def test_the_example_fits(uncommented: bool) -> None:
    assert fits(example(uncommented=uncommented))


@pytest.mark.parametrize(
    "text",
    [
        'defaults.ssh = "auto"',
        'defaults.exec = "docker exec -i x"',
        'defaults.exec = ["docker", "exec"]',
        'defaults.env = { A = "b" }',
        "defaults.door = true",
        '[host."gpu-*"]\ncd = "/w"',
        '[tui]\ntheme = "dark"\nstatus = ["host", "model"]',
        '[tui]\ntitle = "off"',
        '[tui.keys]\n"composer.send" = "f2"\ncomposer.newline = ["f3"]',
    ],
)
def test_what_is_taken_fits(text: str) -> None:
    document = tomllib.loads(text)
    assert taken(document)
    assert fits(document)


@pytest.mark.parametrize(
    "text",
    [
        'defaults.shh = "auto"',
        'defaults.ssh = "putty"',
        "defaults.cd = 3",
        "defaults.env = { A = 1 }",
        "[elsewhere]\na = 1",
        '[tui]\ntheme = "pink"',
        '[tui]\nstatus = ["hots"]',
        '[tui.keys]\n"composer.sned" = "f2"',
    ],
)
def test_what_is_refused_does_not_fit(text: str) -> None:
    document = tomllib.loads(text)
    assert not taken(document)
    assert not fits(document)
