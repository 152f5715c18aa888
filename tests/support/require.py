"""The one place that decides what a missing real peer means.

Locally it is a visible skip; in CI (``CI=true``) it is a failure, so that a test can not
go missing there.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

T = TypeVar("T")


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


def _missing(what: str) -> NoReturn:
    message = f"missing real peer: {what}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
