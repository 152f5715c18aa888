"""The collector rests while the program loads, and works as always from then on."""

from __future__ import annotations

import gc
import subprocess
import sys

from codex_ssh.local.collector import collector_resting

REST = """
import gc
from codex_ssh.local.collector import START_OBJECTS, rest_at_start
usual = gc.get_threshold()
rest_at_start()
looks = gc.get_stats()[0]["collections"]
kept = [[] for _ in range(START_OBJECTS // 2)]
assert gc.get_stats()[0]["collections"] == looks, "it looked while the program loaded"
kept += [[] for _ in range(START_OBJECTS)]
assert gc.get_stats()[0]["collections"] > looks, "it never looked"
assert gc.get_threshold() == usual
assert gc.get_freeze_count() >= START_OBJECTS
assert not gc.callbacks
print("well")
"""


def test_it_rests_while_modules_are_loaded() -> None:
    with collector_resting():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_it_goes_on_resting_where_somebody_stopped_it() -> None:
    gc.disable()
    try:
        with collector_resting():
            pass

        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_process_of_ours_is_looked_through_once_it_has_started() -> None:
    done = subprocess.run([sys.executable, "-c", REST], capture_output=True, text=True, timeout=60)

    assert done.stdout == "well\n", done.stderr
