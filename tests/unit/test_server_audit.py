"""The audit file and its lines."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from codex_ssh.errors import ConfigError
from codex_ssh.server.audit import AuditLog, open_audit_file


def test_lines_are_added_to_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "audit"
    for number in (1, 2):
        with open_audit_file(path) as handle:
            AuditLog(handle=handle, listener="ws://x").write("open", connection=number, who=None, peer="é\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line.pop("time")[10] for line in lines] == ["T", "T"]
    assert lines == [
        {"listener": "ws://x", "event": "open", "connection": number, "peer": "é\n"} for number in (1, 2)
    ]


@pytest.mark.parametrize("fault", ["open to others", "a link", "a directory", "nowhere"])
def test_a_place_that_is_not_ours_alone_is_refused(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "audit"
    match fault:
        case "open to others":
            path.touch(mode=0o644)
            path.chmod(0o644)
        case "a link":
            path.symlink_to(tmp_path / "elsewhere")
        case "a directory":
            path.mkdir()
        case _:
            path = tmp_path / "none" / "audit"
    with pytest.raises(ConfigError, match="audit log"), open_audit_file(path):
        pass
    assert not (tmp_path / "elsewhere").exists()
