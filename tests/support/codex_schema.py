"""The JSON schema a codex prints of its own protocol."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.codex import CodexBinary

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodexSchema:
    """What one codex says about itself, experimental parts included."""

    _requests: Json
    _server_requests: Json
    _notifications: Json
    _definitions: Json

    @property
    def methods(self) -> dict[str, Json]:
        """Methods a client calls, and the schema of their parameters."""
        return {
            name: self._resolve(one["properties"].get("params", {}), self._requests["definitions"])
            for name, one in _by_method(self._requests).items()
        }

    @property
    def server_methods(self) -> set[str]:
        """Methods the server calls."""
        return set(_by_method(self._server_requests))

    @property
    def notifications(self) -> set[str]:
        """What the server says unasked."""
        return set(_by_method(self._notifications))

    @property
    def item_types(self) -> set[str]:
        """Types of thread items."""
        return {one["properties"]["type"]["enum"][0] for one in self._definitions["ThreadItem"]["oneOf"]}

    @staticmethod
    def _resolve(shape: Json, definitions: Json) -> Json:
        name = shape.get("$ref", "").rpartition("/")[2]
        return definitions[name] if name else shape


def _by_method(schema: Json) -> dict[str, Json]:
    return {one["properties"]["method"]["enum"][0]: one for one in schema["oneOf"]}


@cache
def read_schema(binary: CodexBinary) -> CodexSchema:
    """Let a codex print its schema."""
    with tempfile.TemporaryDirectory() as name:
        subprocess.run(
            [binary.path, "app-server", "generate-json-schema", "--experimental", "--out", name],
            check=True,
            capture_output=True,
            timeout=60,
            env={"HOME": name, "CODEX_HOME": name, "PATH": "/usr/bin:/bin"},
        )
        place = Path(name)
        found = {path.stem: json.loads(path.read_text()) for path in place.glob("*.json")}
    return CodexSchema(
        _requests=found["ClientRequest"],
        _server_requests=found["ServerRequest"],
        _notifications=found["ServerNotification"],
        _definitions=found["codex_app_server_protocol.v2.schemas"]["definitions"],
    )
