"""Sub-agents: what the model has others do, and what they are at.

Source: ``ThreadItem`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
"""

from __future__ import annotations

from codex_ssh.core.fields import shape_at, text_at, texts_at
from codex_ssh.core.items.base import ItemId, ItemStatus
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentState:
    """What an agent was at when the server last looked.

    Attributes:
        thread_id: The agent's own thread.
        status: ``pendingInit``, ``running``, ``completed``, ``errored`` …
        message: What it said last; may be empty.
    """

    thread_id: str
    status: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentsCall:
    """The model starts agents, talks to them, waits for them or ends them.

    Attributes:
        tool: ``spawnAgent``, ``sendInput``, ``wait``, ``closeAgent`` …
        receivers: Threads of the agents it is about.
        prompt: What they are told; may be empty.
        model: The model a new agent uses; may be empty.
        agents: Their states, as far as told.
    """

    id: ItemId
    tool: str = ""
    status: ItemStatus = ItemStatus.UNKNOWN
    receivers: tuple[str, ...] = ()
    prompt: str = ""
    model: str = ""
    effort: str = ""
    agents: tuple[AgentState, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentActivity:
    """An agent began, was told something, was stopped or is done.

    Attributes:
        kind: ``started``, ``interacted``, ``interrupted`` or ``completed``.
        path: Who it is: its path in the tree of agents.
    """

    id: ItemId
    kind: str = ""
    path: str = ""
    thread_id: str = ""
    model: str = ""


def decode_agents_call(number: ItemId, shape: Json) -> AgentsCall:
    """Read a ``collabAgentToolCall``."""
    states = shape_at(shape, "agentsStates")
    return AgentsCall(
        id=number,
        tool=text_at(shape, "tool"),
        status=ItemStatus.read(text_at(shape, "status")),
        receivers=texts_at(shape, "receiverThreadIds"),
        prompt=text_at(shape, "prompt"),
        model=text_at(shape, "model"),
        effort=text_at(shape, "reasoningEffort"),
        agents=tuple(
            AgentState(
                thread_id=str(name), status=text_at(state, "status"), message=text_at(state, "message")
            )
            for name, state in states.items()
        ),
    )


def decode_agent_activity(number: ItemId, shape: Json) -> AgentActivity:
    """Read a ``subAgentActivity``."""
    return AgentActivity(
        id=number,
        kind=text_at(shape, "kind"),
        path=text_at(shape, "agentPath"),
        thread_id=text_at(shape, "agentThreadId"),
        model=text_at(shape, "model"),
    )
