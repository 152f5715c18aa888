"""The garbage collector is quiet while a screen is drawn, and as it was afterwards."""

from __future__ import annotations

import gc
import weakref

import pytest

from codex_ssh.tui.garbage import THRESHOLDS, rare_collections


def test_it_is_quiet_inside_and_as_before_outside() -> None:
    before = gc.get_threshold()

    with pytest.raises(ZeroDivisionError), rare_collections():
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > 0
        _ = 1 / 0

    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_what_is_made_inside_is_still_collected() -> None:
    class Ring:
        def __init__(self) -> None:
            self.itself = self

    with rare_collections():
        gone = weakref.ref(Ring())
        gc.collect()

        assert gone() is None
