"""The states of a link."""

from __future__ import annotations

import pytest

from codex_ssh.core.lifecycle import LinkState, LinkStatus


def test_a_link_that_heals_counts_its_attempts_and_remembers_why() -> None:
    status = LinkStatus(since=1.0)
    status = status.step(LinkState.UP, now=2.0)
    status = status.step(LinkState.LOST, now=3.0, reason="reset")
    assert (status.state, status.since, status.attempt, status.reason) == (LinkState.LOST, 3.0, 0, "reset")
    status = status.step(LinkState.CONNECTING, now=4.0)
    assert (status.attempt, status.reason) == (1, "reset")
    status = status.step(LinkState.LOST, now=5.0, reason="refused").step(LinkState.CONNECTING, now=6.0)
    assert (status.attempt, status.reason) == (2, "refused")
    assert status.step(LinkState.UP, now=7.0) == LinkStatus(state=LinkState.UP, since=7.0)


@pytest.mark.parametrize("state", LinkState)
def test_nothing_follows_a_stop(state: LinkState) -> None:
    stopped = LinkStatus().step(LinkState.STOPPED, now=1.0, reason="refused")
    with pytest.raises(ValueError, match="'stopped' cannot become"):
        stopped.step(state, now=2.0)


def test_every_state_can_be_stopped_and_none_gets_stuck() -> None:
    up = LinkStatus().step(LinkState.UP, now=1.0)
    silent = up.step(LinkState.SILENT, now=2.0)
    lost = silent.step(LinkState.LOST, now=2.0)
    paused = lost.step(LinkState.PAUSED, now=2.0)
    for status in (LinkStatus(), up, silent, lost, paused):
        assert status.step(LinkState.STOPPED, now=3.0).state is LinkState.STOPPED
    for status in (lost, paused):
        assert status.step(LinkState.CONNECTING, now=3.0).step(LinkState.UP, now=4.0).state.is_open
    with pytest.raises(ValueError, match="cannot become 'connected'"):
        lost.step(LinkState.UP, now=3.0)


def test_a_silent_link_is_open_and_has_failed_no_attempt() -> None:
    up = LinkStatus().step(LinkState.UP, now=1.0)
    silent = up.step(LinkState.SILENT, now=5.0, reason="nothing comes back")
    assert (silent.state.is_open, silent.attempt, silent.since) == (True, 0, 5.0)
    again = silent.step(LinkState.UP, now=6.0)
    assert (again.reason, again.since) == ("", 6.0)
