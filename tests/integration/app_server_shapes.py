"""What was heard on a wire, reduced to what two servers must have in common: order and members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

Json = dict[str, Any]

CHANCE = frozenset(
    {
        "warning",  # about the scripted model's metadata
        "remoteControl/status/changed",  # any time after initialize
        "item/commandExecution/outputDelta",  # depends on time
    }
)
"""Methods whose place or presence is no matter of the protocol."""

UNORDERED = frozenset({"fuzzyFileSearch/sessionUpdated", "fuzzyFileSearch/sessionCompleted"})
"""Methods whose shape is compared and whose place is not: another task of codex tells how far a search is."""

USAGE = ("thread/tokenUsage/updated", "account/rateLimits/updated")
"""What codex tells when the model's answer has ended. Whether it gets there before a turn that is interrupted
has ended is a matter of time."""

STREAMED = ("item/agentMessage/delta", "item/reasoning/summaryTextDelta")


def order(heard: Sequence[Json]) -> list[str]:
    """Give the methods in order, with what tells them apart, then the answers; runs of deltas are one.

    Answers stand by themselves because codex sends them from another task than notifications: which of the
    two comes first is chance.
    """
    lines: list[str] = []
    answers: list[str] = []
    for message in _without_last_usage(heard):
        if "method" not in message:
            answers.append("error" if "error" in message else "reply")
        elif message["method"] not in CHANCE | UNORDERED:
            line = f"{message['method']} {_detail(message)}".strip()
            if not (line in STREAMED and lines[-1:] == [line]):
                lines.append(line)
    return [*_without_races(lines), "answers:", *answers]


def _without_races(lines: list[str]) -> list[str]:
    """Put a declined item's end before the status that comes with it: codex sends them either way round."""
    for n, (line, behind) in enumerate(pairwise(tuple(lines))):
        if line == "thread/status/changed active" and behind.startswith("item/completed"):
            lines[n], lines[n + 1] = behind, line
    return lines


def _without_last_usage(heard: Sequence[Json]) -> list[Json]:
    """Leave out usage that is told while an interrupted turn ends: between its last item and its end."""
    kept: list[Json] = []
    for message in heard:
        if message.get("method") == "turn/completed" and _detail(message).startswith("interrupted"):
            told = len(kept)
            while told and kept[told - 1].get("method", "") in ("", *USAGE, *CHANCE, "thread/status/changed"):
                told -= 1
            kept[told:] = [one for one in kept[told:] if one.get("method") not in USAGE]
        kept.append(message)
    return kept


def _detail(message: Json) -> str:
    params = message.get("params") or {}
    if isinstance(item := params.get("item"), dict):
        return " ".join(filter(None, (item["type"], item.get("status"))))
    if isinstance(status := params.get("status"), dict):
        return " ".join([status["type"], *status.get("activeFlags", ())])
    if isinstance(turn := params.get("turn"), dict):
        items = [item["type"] for item in turn["items"]]
        return " ".join([turn["status"], turn["itemsView"], *items])
    return ""


def members(heard: Sequence[Json]) -> dict[str, set[str]]:
    """Give the member paths of every kind of message."""
    found: dict[str, set[str]] = {}
    for message in _without_last_usage(heard):
        if "method" in message and message["method"] not in CHANCE:
            kind = message["method"]
            if isinstance(item := (message.get("params") or {}).get("item"), dict):
                kind = f"{kind} {item['type']}"
            found.setdefault(kind, set()).update(paths(message))
    return found


def paths(value: object, at: str = "") -> set[str]:
    """Give the path of every member, lists by their elements."""
    if isinstance(value, Mapping):
        inner = {path for name, member in value.items() for path in paths(member, f"{at}.{name}")}
        return inner | {at}
    if isinstance(value, list):
        return {path for member in value for path in paths(member, f"{at}[]")} | {at}
    return {at}
