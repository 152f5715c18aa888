"""The collector rests while the program loads, and works as always from then on."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from codex_ssh.local.collector import no_collections

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


def test_nothing_is_collected_while_something_is_loaded() -> None:
    with pytest.raises(ZeroDivisionError), no_collections():
        assert not gc.isenabled()
        with no_collections():
            pass
        assert not gc.isenabled()
        _ = 1 / 0

    assert gc.isenabled()


def test_it_goes_on_resting_where_somebody_stopped_it() -> None:
    gc.disable()
    try:
        with no_collections():
            pass

        assert not gc.isenabled()
    finally:
        gc.enable()


SET = """
import gc
from codex_ssh.local.collector import START_OBJECTS, rest_at_start
rest_at_start()
frozen = gc.get_freeze_count()
gc.set_threshold(1000)
kept = [[] for _ in range(START_OBJECTS)]
assert gc.get_threshold()[0] == 1000 and gc.get_freeze_count() == frozen and not gc.callbacks
print("well")
"""


def test_what_somebody_sets_meanwhile_stays() -> None:
    done = subprocess.run([sys.executable, "-c", SET], capture_output=True, text=True, timeout=60)

    assert done.stdout == "well\n", done.stderr


def test_a_process_of_ours_is_looked_through_once_it_has_started() -> None:
    done = subprocess.run([sys.executable, "-c", REST], capture_output=True, text=True, timeout=60)

    assert done.stdout == "well\n", done.stderr


END = """
import atexit, gc, sys
from codex_ssh.__main__ import main
atexit.register(lambda: print("frozen", gc.get_freeze_count() > 10_000))
sys.argv = ["codex-ssh", "--version"]
main()
"""


def test_what_is_left_at_the_end_is_not_looked_through() -> None:
    done = subprocess.run([sys.executable, "-c", END], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "frozen True"
