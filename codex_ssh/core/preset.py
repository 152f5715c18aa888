"""Permissions that go together, as a person chooses them.

Lives here: the presets, which of them a devbox allows, and which one a thread has. Not here: how they are set
(:mod:`codex_ssh.core.settings_methods`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from codex_ssh.core.settings_methods import PermissionProfile, Permissions, Requirements
from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A choice of permissions.

    Attributes:
        id: Names it on a command line: ``ask``, ``auto``, ``full``, ``read``, or a profile of the devbox.
        permissions: What is set, where the server has permission profiles.
        sandbox: The sandbox mode that goes with it; empty for a profile of the devbox.
        is_open: Nothing is asked and nothing is fenced in.
    """

    id: str
    label: str
    about: str
    permissions: Permissions
    sandbox: str = ""
    is_open: bool = False

    @property
    def without_profiles(self) -> Permissions:
        """The same for a server without permission profiles."""
        return Permissions(
            sandbox={"type": _POLICIES[self.sandbox]},
            approvals=self.permissions.approvals,
            reviewer=self.permissions.reviewer,
        )


_POLICIES: Final = {
    "read-only": "readOnly",
    "workspace-write": "workspaceWrite",
    "danger-full-access": "dangerFullAccess",
}

PRESETS: Final = (
    Preset(
        id="ask",
        label="Ask for approval",
        about="works in its directory, asks for all beyond it",
        permissions=Permissions(profile=":workspace", approvals="on-request", reviewer="user"),
        sandbox="workspace-write",
    ),
    Preset(
        id="auto",
        label="Approve for me",
        about="the same, and codex's own reviewer answers",
        permissions=Permissions(profile=":workspace", approvals="on-request", reviewer="auto_review"),
        sandbox="workspace-write",
    ),
    Preset(
        id="full",
        label="Full access",
        about="all this login may do, without asking",
        permissions=Permissions(profile=":danger-full-access", approvals="never", reviewer="user"),
        sandbox="danger-full-access",
        is_open=True,
    ),
    Preset(
        id="read",
        label="Read only",
        about="looks at files, asks for everything else",
        permissions=Permissions(profile=":read-only", approvals="on-request", reviewer="user"),
        sandbox="read-only",
    ),
)
"""The choices every codex has."""


def allowed_presets(
    profiles: Sequence[PermissionProfile], requirements: Requirements
) -> tuple[tuple[Preset, ...], tuple[Preset, ...]]:
    """Give the presets a devbox allows, and those its administrator rules out.

    Args:
        profiles: Its permission profiles; the ones of its own become presets, too. Empty where the server
            knows none.
        requirements: What is allowed otherwise.
    """
    by_id = {profile.id: profile for profile in profiles}
    own = tuple(
        Preset(
            id=profile.id,
            label=profile.id,
            about=profile.about or "a permission profile of this devbox",
            permissions=Permissions(profile=profile.id, approvals="on-request", reviewer="user"),
        )
        for profile in profiles
        if not profile.id.startswith(":")
    )

    def is_allowed(preset: Preset) -> bool:
        profile = by_id.get(preset.permissions.profile)
        return (
            (not by_id or (profile is not None and profile.is_allowed))
            and _within(preset.permissions.approvals, requirements.approvals)
            and _within(preset.permissions.reviewer, requirements.reviewers)
            and _within(preset.sandbox, requirements.sandboxes)
        )

    everything = (*PRESETS, *own)
    return (
        tuple(preset for preset in everything if is_allowed(preset)),
        tuple(preset for preset in everything if not is_allowed(preset)),
    )


def current_preset(
    presets: Sequence[Preset], *, profile: str, sandbox: str, approvals: str, reviewer: str
) -> str:
    """Give the id of the preset whose permissions a thread has; empty when none fits.

    Args:
        presets: Those there are.
        profile: The thread's permission profile; empty when it has none.
        sandbox: Its sandbox policy's type, which decides where it has no profile.
        approvals: Its approval policy.
        reviewer: Who decides; empty counts as the user.
    """
    for preset in presets:
        rights = preset.permissions
        same = profile == rights.profile if profile else _POLICIES.get(preset.sandbox) == sandbox
        if same and (approvals, reviewer or "user") == (rights.approvals, rights.reviewer):
            return preset.id
    return ""


def _within(value: str, allowed: Sequence[str]) -> bool:
    return not allowed or not value or value in allowed
