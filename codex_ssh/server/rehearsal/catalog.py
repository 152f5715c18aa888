"""Replies that never change: what a client asks at its start, answered honestly and shortly.

Lives here: the account nobody has, the one model that is none, the configuration that is not read. Not
here: anything about threads (:mod:`codex_ssh.server.rehearsal.engine`).
"""

from __future__ import annotations

import platform
import uuid
from collections.abc import Mapping
from typing import Any, Final

from codex_ssh.server.rehearsal import wire
from codex_ssh.server.rehearsal.wire import Shape

EXPERIMENTAL: Final = frozenset(
    {
        "collaborationMode/list",
        "thread/settings/update",
        *(f"thread/queue/{deed}" for deed in ("add", "list", "update", "delete", "reorder", "start")),
        *(f"fuzzyFileSearch/session{deed}" for deed in ("Start", "Update", "Stop")),
    }
)
"""Methods that need ``experimentalApi``."""


def model_list() -> Shape:
    """Give the only model there is."""
    efforts = [{"reasoningEffort": "low", "description": "There is no reasoning"}]
    model = {
        "id": wire.MODEL,
        "model": wire.MODEL,
        "upgrade": None,
        "upgradeInfo": None,
        "availabilityNux": None,
        "displayName": "Rehearsal (not Codex)",
        "description": "No model: does what the lines of the prompt say.",
        "modelSpecialty": None,
        "hidden": False,
        "supportedReasoningEfforts": efforts,
        "defaultReasoningEffort": "low",
        "inputModalities": ["text", "image"],
        "supportsPersonality": False,
        "multiAgentVersion": None,
        "additionalSpeedTiers": [],
        "serviceTiers": [],
        "defaultServiceTier": None,
        "availableAccessPrograms": None,
        "isDefault": True,
    }
    return {"data": [model], "nextCursor": None}


def config(*, layers: bool) -> Shape:
    """Give a configuration: the defaults of the rehearsal, read from nowhere."""
    shape: Shape = {
        "model": wire.MODEL,
        "review_model": None,
        "model_context_window": wire.CONTEXT_WINDOW,
        "model_provider": wire.MODEL,
        "approval_policy": "on-request",
        "sandbox_mode": "danger-full-access",
        "model_reasoning_summary": "auto",
        "mcp_servers": {},
        "profiles": {},
    }
    return {"config": shape, "origins": {}, "layers": [] if layers else None}


def per_directory(cwds: object, **members: object) -> Shape:
    """Give one empty entry a directory, as the lists of hooks and skills have them."""
    asked = cwds if isinstance(cwds, list) else []
    return {"data": [{"cwd": cwd, **members, "errors": []} for cwd in asked]}


STATIC: Final[Mapping[str, Shape]] = {
    "account/bedrock/checkGovCloudRequirements": {"isGovCloud": False, "shouldWarn": False},
    "configRequirements/read": {"supportsIndependentSpeedModes": False, "requirements": None},
    "collaborationMode/list": {
        "data": [
            {"name": "Plan", "mode": "plan", "model": None, "reasoning_effort": "medium"},
            {"name": "Default", "mode": "default", "model": None, "reasoning_effort": None},
        ]
    },
    "plugin/installed": {"marketplaces": [], "marketplaceLoadErrors": []},
    "plugin/list": {"marketplaces": [], "marketplaceLoadErrors": [], "featuredPluginIds": []},
    "mcpServerStatus/list": {"data": [], "nextCursor": None},
    "experimentalFeature/list": {"data": [], "nextCursor": None},
}
"""Replies that are the same whatever was asked."""


def initialized(*, codex_home: str, client: str, version: str, terminal: str) -> Shape:
    """Give the reply to ``initialize``; the version stands behind the first slash, where clients look."""
    system = f"{platform.system()} {platform.release()}; {platform.machine()}"
    agent = f"{wire.NAME}/{wire.PROTOCOL_VERSION} ({system}) {terminal} ({client}; {version})"
    return {
        "userAgent": agent,
        "codexHome": codex_home,
        "platformFamily": "unix",
        "platformOs": "macos" if platform.system() == "Darwin" else platform.system().lower(),
    }


def remote_control() -> Shape:
    """Give ``remoteControl/status/changed``, the first thing the real server tells every client."""
    return {
        "status": "disabled",
        "serverName": platform.node(),
        "installationId": str(uuid.uuid5(uuid.NAMESPACE_DNS, wire.NAME)),
        "environmentId": None,
    }


_POLICIES: Final[Mapping[str, Shape]] = {
    "readOnly": {"type": "readOnly", "networkAccess": False},
    "workspaceWrite": {
        "type": "workspaceWrite",
        "writableRoots": [],
        "networkAccess": False,
        "excludeTmpdirEnvVar": False,
        "excludeSlashTmp": False,
    },
    "dangerFullAccess": {"type": "dangerFullAccess"},
}

PROFILES: Final[Mapping[str, str]] = {
    ":read-only": "read-only",
    ":workspace": "workspace-write",
    ":danger-full-access": "danger-full-access",
}
"""The sandbox of each permission profile."""


def sandbox(value: Any) -> Shape | None:
    """Read a sandbox mode or policy; None when nothing was asked for.

    There is no sandbox. What was asked for is remembered, shown, and heeded in one way only: with
    ``read-only`` and approvals ``never`` nothing is run or written.
    """
    match value:
        case {"type": str() as kind}:
            return {**_POLICIES.get(kind, {}), **value}
        case "read-only":
            return dict(_POLICIES["readOnly"])
        case "workspace-write":
            return dict(_POLICIES["workspaceWrite"])
        case "danger-full-access":
            return dict(_POLICIES["dangerFullAccess"])
        case None:
            return None
        case _:
            raise wire.Refused(
                f"Invalid request: unknown variant `{value}`, expected one of "
                "`read-only`, `workspace-write`, `danger-full-access`"
            )
