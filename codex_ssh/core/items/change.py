"""Edits of files on the devbox.

Source: ``ThreadItem`` and ``FileUpdateChange`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

import enum

from codex_ssh.core.fields import list_at, shape_at, text_at
from codex_ssh.core.items.base import ItemId, ItemStatus
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass


class ChangeKind(enum.Enum):
    """What happens to a file; the value is the app server's word."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file of an edit.

    Attributes:
        diff: For ``update`` a unified diff; for ``add`` and ``delete`` the bare content of the file.
        moved_to: The new path when the file moves; empty otherwise.
    """

    path: str
    kind: ChangeKind = ChangeKind.UPDATE
    diff: str = ""
    moved_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """An edit of files on the devbox."""

    id: ItemId
    status: ItemStatus = ItemStatus.UNKNOWN
    changes: tuple[Change, ...] = ()


def decode_file_change(number: ItemId, shape: Json) -> FileChange:
    """Read a ``fileChange``."""
    status = ItemStatus.read(text_at(shape, "status"))
    return FileChange(id=number, status=status, changes=decode_changes(shape))


def decode_changes(shape: Json) -> tuple[Change, ...]:
    """Read the ``changes`` of a file change."""
    return tuple(
        Change(
            path=text_at(change, "path"),
            kind=_CHANGE_KINDS.get(text_at(shape_at(change, "kind"), "type"), ChangeKind.UPDATE),
            diff=text_at(change, "diff"),
            moved_to=text_at(shape_at(change, "kind"), "move_path"),
        )
        for change in list_at(shape, "changes")
    )


_CHANGE_KINDS = {kind.value: kind for kind in ChangeKind}
