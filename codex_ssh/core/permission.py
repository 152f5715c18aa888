"""Permissions beyond the sandbox, one by one: what each allows, and the profile of those that are granted.

Lives here: taking a profile apart and putting a part of it together again. Not here: who grants
(:mod:`codex_ssh.core.ask`).

Real servers tell files twice, as ``entries`` and in the older lists; what both tell is one permission.

Source: ``RequestPermissionProfile``, ``AdditionalPermissionProfile`` and ``GrantedPermissionProfile`` of
``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from codex_ssh.core.decision import as_json
from codex_ssh.core.fields import shape_at, text_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One thing that would be allowed.

    Attributes:
        label: What, with remote text in it.
        path: Where it stands in the profile: member, and for files list and the entry itself.
        value: The member's value, or the entry.
    """

    label: str
    path: tuple[str, ...]
    value: Json


def decode_permissions(profile: Mapping[str, Json]) -> tuple[Permission, ...]:
    """Take a profile apart; a member we do not understand is given as JSON, never left out."""
    found: list[Permission] = []
    for name, value in profile.items():
        if value is None:
            continue
        if name == "network" and isinstance(value, dict) and set(value) <= {"enabled"}:
            label = "use the network" if value.get("enabled") else "not use the network"
            found.append(Permission(label=label, path=(name,), value=value))
        elif name == "fileSystem" and isinstance(value, dict) and _is_plain(value):
            found += _files(value)
        else:
            found.append(Permission(label=f"{name}: {as_json(value)}", path=(name,), value=value))
    return tuple(found)


def grant(chosen: Iterable[Permission]) -> Json:
    """Give the profile that has these permissions and no others."""
    profile: dict[str, Json] = {}
    for one in chosen:
        if len(one.path) == 1:
            profile[one.path[0]] = one.value
        else:
            member, kind = one.path
            profile.setdefault(member, {}).setdefault(kind, []).append(one.value)
    return profile


_FILE_LISTS: Final = ("read", "write", "entries")
_SPECIAL: Final = {
    "root": "the whole file system",
    "minimal": "the few files every program needs",
    "tmpdir": "the directory for temporary files",
    "slash_tmp": "/tmp",  # noqa: S108 - named, not used
    "project_roots": "the project's directories",
}
_ACCESS: Final = {"deny": "never touch"}


def _is_plain(files: Mapping[str, Json]) -> bool:
    """Whether all it has are lists we can take apart."""
    named = {name: value for name, value in files.items() if value is not None}
    return bool(named) and all(
        name in _FILE_LISTS and isinstance(value, list) and value for name, value in named.items()
    )


def _files(files: Mapping[str, Json]) -> list[Permission]:
    found: dict[str, Permission] = {}
    for kind in _FILE_LISTS:
        for entry in files.get(kind) or []:
            label = _entry_label(entry) if kind == "entries" else f"{kind} {entry}"
            # Entries come last and stand in for the older form.
            found[label] = Permission(label=label, path=("fileSystem", kind), value=entry)
    return list(found.values())


def _entry_label(entry: Json) -> str:
    where, access = shape_at(entry, "path"), text_at(entry, "access")
    if not access or set(entry) != {"access", "path"} or len(where) != 2:
        return as_json(entry)  # it says more than we would
    match text_at(where, "type"):
        case "path":
            what = text_at(where, "path")
        case "glob_pattern":
            what = f"everything that matches {text_at(where, 'pattern')}"
        case "special":
            value = shape_at(where, "value")
            what = _SPECIAL.get(text_at(value, "kind"), "")
            if what and (sub := text_at(value, "subpath")):
                what = f"{sub} in {what}"
        case _:
            what = ""
    return f"{_ACCESS.get(access, access)} {what}" if what else as_json(entry)
