"""The one place that decides what a missing real peer means.

Locally it is a visible skip; in CI (``CI=true``) it is a failure, so that a test can not
go missing there. That holds for every skip, also for one by a mark; a peer that is there and too old is
the only exception.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

T = TypeVar("T")

_TOO_OLD = "too old here: "


def require(peer: T | None, what: str) -> T:
    """Give the peer, or skip (locally) or fail (in CI) the test.

    Args:
        peer: The real thing, None when it was not found.
        what: Its name and how to get it.
    """
    if peer is None:
        _missing(what)
    return peer


def require_program(name: str, what: str) -> Path:
    """Give the path of a system program; looks in ``/usr/sbin`` as well."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return Path(require(found, what))


def too_old(what: str) -> NoReturn:
    """Skip the test, in CI too: the peer is the system's own.

    Args:
        what: Its name, and since when it has what is tested.
    """
    pytest.skip(f"{_TOO_OLD}{what}")


def fail_in_ci(report: pytest.TestReport) -> None:
    """Make a failure of a skipped test, in CI."""
    if not report.skipped or hasattr(report, "wasxfail") or os.environ.get("CI") != "true":
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if _TOO_OLD not in reason:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {reason}"


def _missing(what: str) -> NoReturn:
    message = f"missing real peer: {what}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
