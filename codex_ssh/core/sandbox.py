"""Whether codex can sandbox commands on the devbox, in words for a person.

Lives here: the words. Not here: trying it (``link/inventory.sh``).
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.probe import Surroundings

_AGAINST: Final = {
    "no-namespaces": "unprivileged user namespaces are off (user.max_user_namespaces is 0)",
    "apparmor": "AppArmor restricts unprivileged user namespaces",
}


def describe_sandbox(around: Surroundings) -> str:
    """Say whether codex can sandbox commands there, and what is known to be in its way."""
    if around.sandbox_starts:
        return "starts"
    cause = _AGAINST.get(around.sandbox, "")
    if around.sandbox_starts is None:
        return f"not tried; {cause}" if cause else "not tried"
    bwrap = "" if around.bwrap else "bubblewrap is not installed there"
    return "; ".join(part for part in ("does not start", cause, bwrap, around.sandbox_said) if part)
