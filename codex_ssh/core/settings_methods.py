"""The app server methods about a thread's settings: model, effort, directory, permissions, mode.

Lives here: one small function each, giving a :class:`Call`. Not here: which permissions go together
(:mod:`codex_ssh.core.preset`), and threads themselves (:mod:`codex_ssh.core.methods`).

What is set holds from the next turn on, for every client and after a resume; the server checks none of it:
a model or a directory that is not there makes the next turn fail.

Source: ``codex app-server generate-json-schema --experimental``, 0.163 and 0.169, and what those do.
"""

from __future__ import annotations

from collections.abc import Mapping

from codex_ssh.core.call import Call, Page, nothing, page_of, said
from codex_ssh.core.fields import list_at, shape_at, text_at, texts_at, truth_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass

PLAN_MODE = "plan"
DEFAULT_MODE = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What a thread may do, and who is asked; empty members stay as they are.

    Attributes:
        profile: Id of a permission profile, such as ``:workspace``; rules out ``sandbox``.
        sandbox: A sandbox policy as the wire has it, for servers without profiles.
        approvals: ``untrusted``, ``on-request`` or ``never``.
        reviewer: ``user``, or ``auto_review`` for the server's own reviewer.
    """

    profile: str = ""
    sandbox: Mapping[str, Json] | None = None
    approvals: str = ""
    reviewer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """A way of working together.

    Attributes:
        kind: The wire's word: ``plan`` or ``default``.
        model: What it brings along; empty for the thread's.
        effort: What it would like; empty for the thread's.
    """

    name: str
    kind: str
    model: str = ""
    effort: str = ""


def thread_settings_update(
    thread_id: str,
    *,
    cwd: str = "",
    model: str = "",
    effort: str = "",
    permissions: Permissions | None = None,
    mode: Mode | None = None,
) -> Call[None]:
    """Change settings of a thread; empty ones stay as they are.

    Args:
        thread_id: The thread.
        cwd: Absolute.
        model: With ``mode`` it must be told: a mode carries a model, and one without an effort takes away
            the thread's.
        effort: The same; it comes before the one a mode would like.
        permissions: What it may do.
        mode: How it works.
    """
    rights = permissions or Permissions()
    collaboration = None
    if mode is not None:
        settings = {"model": mode.model or model, **said(reasoning_effort=effort or mode.effort)}
        collaboration, model, effort = {"mode": mode.kind, "settings": settings}, "", ""
    params = said(
        cwd=cwd,
        model=model,
        effort=effort,
        permissions=rights.profile,
        sandboxPolicy=rights.sandbox,
        approvalPolicy=rights.approvals,
        approvalsReviewer=rights.reviewer,
        collaborationMode=collaboration,
    )
    return Call(
        method="thread/settings/update",
        params={"threadId": thread_id, **params},
        decode=nothing,
        is_repeatable=True,
    )


def collaboration_mode_list() -> Call[tuple[Mode, ...]]:
    """Ask in which ways a thread can work; what has no kind is left out."""

    def decode(result: Json) -> tuple[Mode, ...]:
        modes = (
            Mode(
                name=text_at(shape, "name"),
                kind=text_at(shape, "mode"),
                model=text_at(shape, "model"),
                effort=text_at(shape, "reasoning_effort"),
            )
            for shape in list_at(result, "data")
        )
        return tuple(mode for mode in modes if mode.kind)

    return Call(method="collaborationMode/list", params={}, decode=decode, is_repeatable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionProfile:
    """A named set of permissions of the devbox's configuration.

    Attributes:
        id: Built-in ones begin with a colon.
        is_allowed: The devbox's requirements do not rule it out.
    """

    id: str
    about: str = ""
    is_allowed: bool = True


def permission_profile_list(cwd: str = "", *, cursor: str | None = None) -> Call[Page[PermissionProfile]]:
    """Ask which permission profiles there are for threads in a directory."""

    def decode(shape: Json) -> PermissionProfile:
        return PermissionProfile(
            id=text_at(shape, "id"),
            about=text_at(shape, "description"),
            is_allowed=truth_at(shape, "allowed"),
        )

    params = said(cwd=cwd, cursor=cursor)
    return Call(method="permissionProfile/list", params=params, decode=page_of(decode), is_repeatable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What the devbox's administrator allows; an empty list allows everything.

    Attributes:
        approvals: Approval policies.
        reviewers: Who may decide approvals.
        sandboxes: Sandbox modes: ``read-only``, ``workspace-write``, ``danger-full-access``.
    """

    approvals: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    sandboxes: tuple[str, ...] = ()


def config_requirements_read() -> Call[Requirements]:
    """Ask what the devbox's administrator allows."""

    def decode(result: Json) -> Requirements:
        found = shape_at(result, "requirements")
        return Requirements(
            approvals=texts_at(found, "allowedApprovalPolicies"),
            reviewers=texts_at(found, "allowedApprovalsReviewers"),
            sandboxes=texts_at(found, "allowedSandboxModes"),
        )

    return Call(method="configRequirements/read", params={}, decode=decode, is_repeatable=True)
