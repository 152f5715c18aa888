"""Threads and their turns as the server remembers them: in memory, and nowhere else.

Lives here: the record of what was said and done, and its shapes. Not here: doing it
(:mod:`codex_ssh.server.rehearsal.turn`), and requests about it (:mod:`codex_ssh.server.rehearsal.engine`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from codex_ssh.server.rehearsal import wire
from codex_ssh.server.rehearsal.hub import Hub, Session, now_ms
from codex_ssh.server.rehearsal.wire import Shape

if TYPE_CHECKING:
    from codex_ssh.server.rehearsal.turn import RunningTurn

IDLE: Final[Shape] = {"type": "idle"}
NOT_LOADED: Final[Shape] = {"type": "notLoaded"}
SYSTEM_ERROR: Final[Shape] = {"type": "systemError"}


def active(*flags: str) -> Shape:
    """Give the status of a thread that works, or waits for somebody."""
    return {"type": "active", "activeFlags": list(flags)}


@dataclass(slots=True, kw_only=True)
class Turn:
    """One turn.

    Attributes:
        items: What is complete, in order; what was cut or interrupted is not kept.
    """

    id: str
    started_ms: int | None = None
    completed_ms: int | None = None
    status: str = "inProgress"
    error: Shape | None = None
    items: list[Shape] = field(default_factory=list)

    def shape(self, view: str = "notLoaded", items: Sequence[Shape] | None = None) -> Shape:
        """Give the turn; the view says which items come along, unless they are given."""
        duration = None
        if self.completed_ms is not None and self.started_ms is not None:
            duration = self.completed_ms - self.started_ms
        return {
            "id": self.id,
            "rootTurnId": self.id,
            "items": self._viewed(view) if items is None else list(items),
            "itemsView": view,
            "status": self.status,
            "error": self.error,
            "startedAt": None if self.started_ms is None else self.started_ms // 1000,
            "completedAt": None if self.completed_ms is None else self.completed_ms // 1000,
            "durationMs": duration,
        }

    @property
    def last_answer(self) -> list[Shape]:
        """The last answer, as a list of one, or none."""
        return [item for item in self.items if item["type"] == "agentMessage"][-1:]

    def _viewed(self, view: str) -> list[Shape]:
        if view == "full":
            return self.items
        if view == "summary":
            said = [item for item in self.items if item["type"] == "userMessage"]
            return [*said[:1], *self.last_answer]
        return []


@dataclass(slots=True, kw_only=True, eq=False)
class Thread:
    """One thread.

    Attributes:
        subscribers: Who hears of its turns and items.
        forked_from: The thread it is a copy of.
        running: The turn under way.
        queue: What is to be said when it is over, as the wire has it.
        trusted: Commands and files that were accepted for the session.
        settings: What the client chose: model, effort, approvalPolicy, reviewer, sandbox, profile, mode.
        tokens_read: Made-up count of what was read, for the token display.
        tokens_written: The same for what was written.
    """

    id: str
    hub: Hub
    cwd: str
    settings: Shape
    originator: str
    created_ms: int = field(default_factory=now_ms)
    updated_ms: int = field(default_factory=now_ms)
    ephemeral: bool = False
    environments: bool = True
    thread_source: str | None = None
    forked_from: str | None = None
    name: str | None = None
    archived: bool = False
    loaded: bool = True
    status: Shape = field(default_factory=lambda: dict(IDLE))
    turns: list[Turn] = field(default_factory=list)
    subscribers: set[Session] = field(default_factory=set)
    running: RunningTurn | None = None
    queue: list[Shape] = field(default_factory=list)
    trusted: set[str] = field(default_factory=set)
    tokens_read: int = 0
    tokens_written: int = 0
    read_turn: str | None = None
    goal: Shape | None = None

    @property
    def preview(self) -> str:
        """What the user said first."""
        return _first_said(item for turn in self.turns for item in turn.items)

    @property
    def last_said(self) -> str:
        """What the user said last, which a turn without input goes on from."""
        return _first_said(item for turn in reversed(self.turns) for item in reversed(turn.items))

    @property
    def has_turns(self) -> bool:
        """Whether anything was ever said; a thread without turns cannot be resumed by others."""
        return bool(self.turns)

    def notify(self, method: str, **params: Any) -> None:
        """Tell the subscribers."""
        self.hub.notify(self.subscribers, method, {"threadId": self.id, **params})

    def set_status(self, status: Shape) -> None:
        """Change the status, and tell everybody: a list of threads shows it."""
        self.status = status
        self.hub.broadcast("thread/status/changed", {"threadId": self.id, "status": status})

    def shape(self, *, turns: Sequence[Shape] = (), loaded: bool = True) -> Shape:
        """Give the thread as the wire has it. ``path`` is null: nothing is on disk."""
        return {
            "id": self.id,
            "environments": self._environments() if loaded else None,
            "extra": None,
            "sessionId": self.id,
            "forkedFromId": self.forked_from,
            "attachedToThreadId": None,
            "parentThreadId": None,
            "preview": self.preview,
            "ephemeral": self.ephemeral,
            "section": None,
            "sectionEnteredAt": None,
            "projectId": None,
            "historyMode": "paginated",
            "modelProvider": wire.MODEL,
            "model": self.settings["model"],
            "reasoningEffort": self.settings.get("effort"),
            "createdAt": self.created_ms // 1000,
            "updatedAt": self.updated_ms // 1000,
            "recencyAt": self.updated_ms // 1000,
            "status": self.status,
            "path": None,
            "cwd": self.cwd,
            "cliVersion": wire.PROTOCOL_VERSION,
            "originator": self.originator,
            "source": "vscode",
            "canAcceptDirectInput": True if loaded else None,
            "threadSource": self.thread_source,
            "agentNickname": None,
            "agentRole": None,
            "gitInfo": None,
            "name": self.name,
            "daybreakEnabled": None,
            "turns": list(turns),
        }

    def _environments(self) -> list[Shape]:
        if not self.environments:
            return []
        return [{"environmentId": "local", "cwd": self.cwd, "runtimeWorkspaceRoots": [self.cwd]}]

    def opened_shape(self, thread: Shape) -> Shape:
        """Give the reply to ``thread/start`` and the beginning of that to ``thread/resume``."""
        return {
            "thread": thread,
            "model": self.settings["model"],
            "modelProvider": wire.MODEL,
            "serviceTier": None,
            "disabledPluginIds": [],
            "cwd": self.cwd,
            "runtimeWorkspaceRoots": [self.cwd],
            "instructionSources": [],
            "approvalPolicy": self.settings["approvalPolicy"],
            "approvalsReviewer": self.settings.get("reviewer", "user"),
            "sandbox": self.settings["sandbox"],
            "activePermissionProfile": self.settings.get("profile"),
            "reasoningEffort": self.settings.get("effort"),
            "multiAgentMode": "explicitRequestOnly",
        }

    @property
    def collaboration_mode(self) -> Shape:
        """How it works; there is no model that would go by it."""
        mode = self.settings.get("mode", "default")
        chosen = {
            "model": self.settings["model"],
            "reasoning_effort": self.settings.get("effort"),
            "developer_instructions": self.settings.get("instructions"),
        }
        return {"mode": mode, "settings": chosen}

    def settings_shape(self) -> Shape:
        """Give ``thread/settings/updated``'s settings."""
        return {
            "disabledPluginIds": [],
            "cwd": self.cwd,
            "environments": self._environments(),
            "approvalPolicy": self.settings["approvalPolicy"],
            "approvalsReviewer": self.settings.get("reviewer", "user"),
            "sandboxPolicy": self.settings["sandbox"],
            "activePermissionProfile": self.settings.get("profile"),
            "model": self.settings["model"],
            "modelProvider": wire.MODEL,
            "serviceTier": None,
            "effort": self.settings.get("effort"),
            "summary": "auto",
            "collaborationMode": self.collaboration_mode,
            "multiAgentMode": "explicitRequestOnly",
            "personality": None,
        }

    def read_state(self) -> Shape:
        """Give which turn is the first unread one: the newest, until somebody says it was read."""
        unread = self.turns and self.turns[-1].id != self.read_turn
        first = {"type": "turn", "turnId": self.turns[-1].id} if unread else None
        return {"firstUnread": first, "revision": f"{self.id}:{len(self.turns)}"}

    def mark_read(self, *, is_read: bool) -> None:
        """Remember whether the newest turn was read."""
        self.read_turn = self.turns[-1].id if self.turns and is_read else None


def _first_said(items: Iterable[Shape]) -> str:
    said = next((item for item in items if item["type"] == "userMessage"), None)
    return "\n".join(part.get("text", "") for part in said["content"]).strip() if said else ""
