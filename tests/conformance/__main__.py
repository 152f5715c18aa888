"""``python -m tests.conformance -- codex app-server``: where any app server and ours differ.

Exit code 0 when every difference is documented, 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from tests.conformance.play import PARTS, Difference, compare, play

OURS = (sys.executable, "-m", "codex_ssh", "app-server", "--engine", "rehearsal")


def main() -> int:
    """Play, print, and judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="play this part; may be repeated")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("server", nargs="+", metavar="COMMAND", help="the other server's command, behind --")
    arguments = parser.parse_args()
    parts = arguments.only or PARTS
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])  # ours runs elsewhere

    async def both() -> tuple[dict[str, str], dict[str, str]]:
        theirs = await play(arguments.server, parts, lambda what: _tell(f"theirs: {what}"))
        return theirs, await play(OURS, parts, lambda what: _tell(f"ours: {what}"))

    theirs, ours = asyncio.run(both())
    differences = compare(theirs, ours)
    fresh = [each for each in differences if not each.documented]
    gone = [each for each in differences if each.documented and each.theirs == each.ours]
    if arguments.json:
        shown = {"cases": len(theirs), "differences": [asdict(each) for each in differences]}
        print(json.dumps(shown, indent=2))
    else:
        _print("not documented", fresh)
        _print("documented, and the same by now", gone)
        known = [each for each in differences if each not in (*fresh, *gone)]
        _print("documented", known)
        print(f"{len(theirs)} cases: {len(known)} documented differences, {len(fresh)} others")
    return 1 if fresh or gone else 0


def _print(title: str, differences: list[Difference]) -> None:
    if differences:
        print(f"{title}:")
    for each in differences:
        print(f"  {each.case}\n    theirs: {each.theirs}\n    ours:   {each.ours}")


def _tell(what: str) -> None:
    print(what, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
