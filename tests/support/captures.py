"""What real codex versions said, recorded: the notifications, requests and answers of small scenarios.

The files in ``tests/unit/data/codex-VERSION`` hold one frame a line: ``{"conn", "msg"}`` for what came
unasked, ``{"conn", "reply", "params", "result"}`` for an answer, with the method and parameters asked.
Paths are made equal; notifications we opt out of, and times, are left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from codex_ssh.core.rpc import Json, Notification, Request

DATA = Path(__file__).parents[1] / "unit" / "data"
VERSIONS = ("0.163.0", "0.169.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer and what was asked."""

    method: str
    params: Json
    result: Json


Frame = Notification | Request | Answer


def frames(version: str, name: str, conn: str = "") -> list[Frame]:
    """Give what one connection (or all) heard in a scenario, in order."""
    found: list[Frame] = []
    for line in (DATA / f"codex-{version}" / f"{name}.jsonl").read_text().splitlines():
        row = json.loads(line)
        if conn and row["conn"] != conn:
            continue
        if "reply" in row:
            found.append(Answer(method=row["reply"], params=row["params"], result=row["result"]))
        elif "id" in row["msg"]:
            message = row["msg"]
            found.append(Request(id=message["id"], method=message["method"], params=message["params"]))
        else:
            message = row["msg"]
            found.append(Notification(method=message["method"], params=message["params"]))
    return found


def recorded(version: str) -> list[tuple[str, list[Frame]]]:
    """Give every scenario recorded of a version, with its name."""
    files = sorted((DATA / f"codex-{version}").glob("*.jsonl"))
    return [(file.stem, frames(version, file.stem)) for file in files]
