"""The app server's own JSON schema, as the newer codex prints it: what is right on the wire."""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from tests.support.codex import require_codex

Json = dict[str, Any]


@functools.cache
def _notifications() -> Json:
    """Give the schema of everything the server says unasked."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                require_codex("npm").path,
                "app-server",
                "generate-json-schema",
                "--experimental",
                "--out",
                folder,
            ],
            check=True,
            timeout=60,
            capture_output=True,
        )
        found: Json = json.loads((Path(folder) / "ServerNotification.json").read_text())
    return found


def item_types() -> set[str]:
    """Give the names of all item types."""
    shapes = _notifications()["definitions"]["ThreadItem"]["oneOf"]
    return {shape["properties"]["type"]["enum"][0] for shape in shapes}


def faults(message: Json) -> list[str]:
    """Say what is wrong with a notification; nothing for one that is right."""
    schema = _notifications()
    method = message["method"]
    shape = next((one for one in schema["oneOf"] if method in one["properties"]["method"]["enum"]), None)
    if shape is None:
        return [f"{method}: unknown"]
    validator = _validator(method)
    return [
        f"{method}{''.join(f'[{key!r}]' for key in fault.absolute_path)}: {fault.message[:300]}"
        for fault in validator.iter_errors(message["params"])
    ]


@functools.cache
def _validator(method: str) -> Draft7Validator:
    schema = _notifications()
    shape = next(one for one in schema["oneOf"] if method in one["properties"]["method"]["enum"])
    params = shape["properties"]["params"]
    return Draft7Validator({**params, "definitions": schema["definitions"]})
