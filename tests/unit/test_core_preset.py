"""Permissions go together as a person chooses them, and what a devbox rules out is not among them."""

import pytest

from codex_ssh.core.preset import PRESETS, allowed_presets, current_preset
from codex_ssh.core.settings_methods import PermissionProfile, Requirements

BUILT_IN = tuple(PermissionProfile(id=name) for name in (":read-only", ":workspace", ":danger-full-access"))


def ids(requirements: Requirements, *profiles: PermissionProfile) -> list[str]:
    """Give what is allowed."""
    return [preset.id for preset in allowed_presets(profiles, requirements)[0]]


def test_without_requirements_everything_is_allowed() -> None:
    assert ids(Requirements()) == ["ask", "auto", "full", "read"]
    assert ids(Requirements(), *BUILT_IN) == ["ask", "auto", "full", "read"]


def test_a_profile_of_the_devbox_is_a_preset_too() -> None:
    lab = PermissionProfile(id="lab", about="the lab's own")
    assert ids(Requirements(), *BUILT_IN, lab)[-1] == "lab"
    assert allowed_presets((*BUILT_IN, lab), Requirements())[0][-1].about == "the lab's own"


@pytest.mark.parametrize(
    ("requirements", "allowed"),
    [
        (Requirements(approvals=("on-request",)), ["ask", "auto", "read"]),
        (Requirements(reviewers=("user",)), ["ask", "full", "read"]),
        (Requirements(sandboxes=("read-only",)), ["read"]),
    ],
)
def test_requirements_rule_out(requirements: Requirements, allowed: list[str]) -> None:
    assert ids(requirements, *BUILT_IN) == allowed
    ruled_out = [preset.id for preset in allowed_presets(BUILT_IN, requirements)[1]]
    assert sorted([*allowed, *ruled_out]) == ["ask", "auto", "full", "read"]


def test_a_profile_that_is_not_allowed_or_not_there_rules_out() -> None:
    assert ids(Requirements(), *BUILT_IN[:2], PermissionProfile(id=BUILT_IN[2].id, is_allowed=False)) == [
        "ask",
        "auto",
        "read",
    ]
    assert ids(Requirements(), BUILT_IN[1]) == ["ask", "auto"]


@pytest.mark.parametrize(
    ("profile", "sandbox", "approvals", "reviewer", "found"),
    [
        (":workspace", "workspaceWrite", "on-request", "user", "ask"),
        (":workspace", "workspaceWrite", "on-request", "auto_review", "auto"),
        ("", "workspaceWrite", "on-request", "", "ask"),
        ("", "readOnly", "on-request", "user", "read"),
        (":danger-full-access", "dangerFullAccess", "never", "user", "full"),
        ("", "dangerFullAccess", "on-request", "user", ""),
        ("lab", "workspaceWrite", "on-request", "user", ""),
    ],
)
def test_the_preset_that_holds_is_found(
    profile: str, sandbox: str, approvals: str, reviewer: str, found: str
) -> None:
    assert (
        current_preset(PRESETS, profile=profile, sandbox=sandbox, approvals=approvals, reviewer=reviewer)
        == found
    )


def test_every_preset_has_a_sandbox_for_servers_without_profiles() -> None:
    policies = [preset.without_profiles.sandbox for preset in PRESETS]
    assert policies == [
        {"type": name} for name in ("workspaceWrite", "workspaceWrite", "dangerFullAccess", "readOnly")
    ]
