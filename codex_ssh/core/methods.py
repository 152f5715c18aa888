"""The app server methods we call: one small function each, giving a :class:`Call` with its decoder.

Lives here: the server itself, threads and turns. Not here: what a call is (:mod:`codex_ssh.core.call`),
sending (:mod:`codex_ssh.link.session`), and what the server says unasked (:mod:`codex_ssh.core.events`).

Source: ``codex app-server generate-json-schema``, 0.163 and 0.169, and what those versions do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from codex_ssh.core.attachment import Attachment, wire_inputs
from codex_ssh.core.call import Call, Order, Page, nothing, page_of, said
from codex_ssh.core.fields import list_at, shape_at, text_at, texts_at, truth_at
from codex_ssh.core.items import Item, decode_item
from codex_ssh.core.rpc import Json
from codex_ssh.core.thread import Thread, Turn, TurnId, decode_thread, decode_turn
from codex_ssh.core.value import dataclass

OPTED_OUT: Final = (
    "thread/readState/changed",
    "remoteControl/status/changed",
    "app/list/updated",
)
"""Notifications nothing of ours looks at; the server does not send them."""


# ---------------------------------------------------------------- the server


@dataclass(frozen=True, slots=True, kw_only=True)
class InitializeResult:
    """What the server says about itself.

    Attributes:
        user_agent: ``NAME/0.169.0 (OS; arch) terminal (client; version)``; NAME is the first client's.
    """

    user_agent: str
    codex_home: str
    platform_family: str
    platform_os: str

    @property
    def server_version(self) -> str:
        """The app server's version: the word after the first slash of the user agent; may be empty."""
        words = self.user_agent.partition("/")[2].split(maxsplit=1)
        return words[0] if words else ""


def initialize(
    *, name: str, title: str, version: str, opt_out: tuple[str, ...] = OPTED_OUT
) -> Call[InitializeResult]:
    """Introduce a client; the first request of every session. Experimental methods are asked for."""
    return Call(
        method="initialize",
        params={
            "clientInfo": {"name": name, "title": title, "version": version},
            "capabilities": {
                "experimentalApi": True,
                # Whoever is asked by a rule that wants a person is one: exec says no where nobody looks.
                "requiredHumanApproval": True,
                "optOutNotificationMethods": list(opt_out),
            },
        },
        decode=lambda result: InitializeResult(
            user_agent=text_at(result, "userAgent"),
            codex_home=text_at(result, "codexHome"),
            platform_family=text_at(result, "platformFamily"),
            platform_os=text_at(result, "platformOs"),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who pays.

    Attributes:
        kind: ``apiKey``, ``chatgpt`` …; empty when nobody is signed in.
        plan: The ChatGPT plan; may be empty.
        login_required: The configured provider needs a sign-in.
    """

    kind: str
    email: str = ""
    plan: str = ""
    login_required: bool = False


def account_read() -> Call[Account]:
    """Ask who is signed in on the devbox."""

    def decode(result: Json) -> Account:
        account = shape_at(result, "account")
        return Account(
            kind=text_at(account, "type"),
            email=text_at(account, "email"),
            plan=text_at(account, "planType"),
            login_required=truth_at(result, "requiresOpenaiAuth"),
        )

    return Call(method="account/read", params={}, decode=decode, is_repeatable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model a turn can ask for.

    Attributes:
        id: What ``model`` parameters take.
        efforts: Reasoning efforts it supports, in the server's order.
        default_effort: May be empty.
    """

    id: str
    name: str
    description: str
    efforts: tuple[str, ...]
    default_effort: str
    is_default: bool


def model_list(*, cursor: str | None = None) -> Call[Page[Model]]:
    """Ask which models there are, hidden ones left out."""

    def decode(shape: Json) -> Model:
        number = text_at(shape, "model") or text_at(shape, "id")
        return Model(
            id=number,
            name=text_at(shape, "displayName") or number,
            description=text_at(shape, "description"),
            efforts=tuple(
                text_at(effort, "reasoningEffort") for effort in list_at(shape, "supportedReasoningEfforts")
            ),
            default_effort=text_at(shape, "defaultReasoningEffort"),
            is_default=truth_at(shape, "isDefault"),
        )

    return Call(method="model/list", params=said(cursor=cursor), decode=page_of(decode), is_repeatable=True)


# ---------------------------------------------------------------- threads


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenThread:
    """A thread this session is subscribed to, and its settings.

    Attributes:
        approval_policy: ``untrusted``, ``on-request``, ``never``, or ``granular``.
        sandbox: ``dangerFullAccess``, ``readOnly``, ``workspaceWrite``, ``externalSandbox``.
        instructions: The files there the model was told to go by, such as ``AGENTS.md``.
        profile: Its permission profile, such as ``:workspace``; empty when it has none.
        reviewer: Who decides approvals: ``user`` or ``auto_review``.
        mode: How it works: ``plan``, or ``default``, which a new thread does not say.
    """

    thread: Thread
    model: str
    model_provider: str
    effort: str
    cwd: str
    approval_policy: str
    sandbox: str
    instructions: tuple[str, ...] = ()
    profile: str = ""
    reviewer: str = ""
    mode: str = ""


def thread_start(
    *, cwd: str = "", model: str = "", approval_policy: str = "", sandbox: str = ""
) -> Call[OpenThread]:
    """Start a thread and subscribe to it.

    ``cwd`` is a directory on the devbox; codex does not check that it exists. ``approval_policy`` is
    ``untrusted``, ``on-request`` or ``never``; ``sandbox`` is ``read-only``, ``workspace-write`` or
    ``danger-full-access``.

    The thread cannot be resumed, read or listed before its first turn.
    """
    params = said(cwd=cwd, model=model, approvalPolicy=approval_policy, sandbox=sandbox)
    return Call(method="thread/start", params=params, decode=open_thread)


def thread_resume(thread_id: str, *, cwd: str = "", model: str = "") -> Call[OpenThread]:
    """Subscribe to a thread; its pending approvals are asked again with the ids they had.

    The history is left out, and read with :func:`thread_turns_list` and :func:`thread_items_list`: what 0.163
    puts into this answer while a turn runs has invented item ids.
    """
    params = {"threadId": thread_id, "excludeTurns": True, **said(cwd=cwd, model=model)}
    return Call(method="thread/resume", params=params, decode=open_thread, is_repeatable=True)


def thread_fork(thread_id: str) -> Call[OpenThread]:
    """Begin a new thread with the history of another one, and subscribe to it.

    It works on a thread another codex process has open, which cannot be resumed.
    """
    params = {"threadId": thread_id, "excludeTurns": True}
    return Call(method="thread/fork", params=params, decode=open_thread)


def thread_read(thread_id: str) -> Call[Thread]:
    """Look at a thread, without its turns, without subscribing."""
    return Call(
        method="thread/read",
        params={"threadId": thread_id},
        decode=lambda result: decode_thread(shape_at(result, "thread")),
        is_repeatable=True,
    )


def look_on(thread: Thread) -> OpenThread:
    """Give a thread that was only read as if it were open; its settings are not known."""
    return OpenThread(
        thread=thread,
        model=thread.model,
        model_provider="",
        effort="",
        cwd=thread.cwd,
        approval_policy="",
        sandbox="",
    )


def thread_list(
    *,
    cwd: str = "",
    limit: int | None = None,
    cursor: str | None = None,
    search: str = "",
    archived: bool = False,
) -> Call[Page[Thread]]:
    """List stored threads, the last updated first.

    ``cwd`` keeps those started in that directory, ``search`` those whose title contains it; ``archived``
    lists those that were put away instead of the others.
    """
    params = said(
        cwd=cwd,
        limit=limit,
        cursor=cursor,
        searchTerm=search,
        sortKey="updated_at",
        archived=archived or None,
    )
    return Call(method="thread/list", params=params, decode=page_of(decode_thread), is_repeatable=True)


def loaded_threads() -> Call[tuple[str, ...]]:
    """Ask for the ids of the threads in the server's memory: nothing is read from disk for it."""
    return Call(
        method="thread/loaded/list",
        params={},
        decode=lambda result: texts_at(result, "data"),
        is_repeatable=True,
    )


def thread_search(text: str, *, limit: int | None = None, archived: bool = False) -> Call[Page[Thread]]:
    """List threads in which something was said that contains a text, the last updated first."""
    params = said(searchTerm=text, limit=limit, archived=archived or None, sortKey="updated_at")
    decode = page_of(lambda found: decode_thread(shape_at(found, "thread")))
    return Call(method="thread/search", params=params, decode=decode, is_repeatable=True)


def thread_turns_list(
    thread_id: str,
    *,
    order: Order = Order.NEWEST_FIRST,
    limit: int | None = None,
    cursor: str | None = None,
    items_view: str = "notLoaded",
) -> Call[Page[Turn]]:
    """List a thread's turns.

    ``items_view`` is ``notLoaded``, ``summary`` (the user's message and the last answer) or ``full``.
    """
    params = {
        "threadId": thread_id,
        **said(sortDirection=order.value, limit=limit, cursor=cursor, itemsView=items_view),
    }
    return Call(method="thread/turns/list", params=params, decode=page_of(decode_turn), is_repeatable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """An item of a thread's history and the turn it belongs to."""

    turn_id: TurnId
    item: Item


def thread_items_list(
    thread_id: str,
    *,
    order: Order = Order.OLDEST_FIRST,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[StoredItem]]:
    """List a thread's items. What still runs, or was cut short, is not stored and not in it."""
    params = {"threadId": thread_id, **said(sortDirection=order.value, limit=limit, cursor=cursor)}
    return Call(method="thread/items/list", params=params, decode=page_of(_stored_item), is_repeatable=True)


def thread_unsubscribe(thread_id: str) -> Call[str]:
    """Stop hearing of a thread, which stays loaded; gives ``unsubscribed`` or why there was nothing to do."""
    return Call(
        method="thread/unsubscribe",
        params={"threadId": thread_id},
        decode=lambda result: text_at(result, "status"),
    )


def thread_name_set(thread_id: str, name: str) -> Call[None]:
    """Name a thread."""
    return Call(method="thread/name/set", params={"threadId": thread_id, "name": name}, decode=nothing)


def thread_shell_command(thread_id: str, command: str, *, seconds: float) -> Call[None]:
    """Run a command of the user's own in a thread, as a turn in which no model speaks.

    It is run by the user's shell there, without a sandbox and without asking, and ended after ``seconds``.
    """
    params = {"threadId": thread_id, "command": command, "timeoutMs": int(seconds * 1000)}
    return Call(method="thread/shellCommand", params=params, decode=nothing)


def thread_archive(thread_id: str) -> Call[None]:
    """Put a thread away: it is kept, and listed no more."""
    return Call(method="thread/archive", params={"threadId": thread_id}, decode=nothing)


def thread_unarchive(thread_id: str) -> Call[None]:
    """List a thread again that was put away."""
    return Call(method="thread/unarchive", params={"threadId": thread_id}, decode=nothing)


def thread_delete(thread_id: str) -> Call[None]:
    """Forget a thread and all of its history, for good."""
    return Call(method="thread/delete", params={"threadId": thread_id}, decode=nothing)


# ---------------------------------------------------------------- turns


def turn_start(
    thread_id: str,
    text: str,
    *,
    attachments: Sequence[Attachment] = (),
    client_message_id: str = "",
    cwd: str = "",
    model: str = "",
    effort: str = "",
    approval_policy: str = "",
    sandbox_policy: Mapping[str, Json] | None = None,
) -> Call[Turn]:
    """Start a turn, or steer the one that runs (the answer then carries the running turn's id).

    ``client_message_id`` comes back as the user message's ``client_id``. ``cwd``, ``model``, ``effort``,
    ``approval_policy`` and ``sandbox_policy`` (as the wire has it: ``{"type": "workspaceWrite", …}``) hold
    for this turn and the ones after it.
    """
    params = {
        "threadId": thread_id,
        "input": wire_inputs(text, attachments),
        **said(
            clientUserMessageId=client_message_id,
            cwd=cwd,
            model=model,
            effort=effort,
            approvalPolicy=approval_policy,
            sandboxPolicy=sandbox_policy,
        ),
    }
    return _begin(params)


def turn_go_on(thread_id: str, *, model: str = "", effort: str = "") -> Call[Turn]:
    """Start a turn without saying anything: the thread as it stands is what is answered.

    Refused while a turn runs ("failed to submit turn input: EmptyInput").
    """
    params = {"threadId": thread_id, "input": [], **said(model=model, effort=effort)}
    return _begin(params)


def _begin(params: Mapping[str, Json]) -> Call[Turn]:
    return Call(
        method="turn/start", params=params, decode=lambda result: decode_turn(shape_at(result, "turn"))
    )


def turn_steer(
    thread_id: str,
    turn_id: str,
    text: str,
    *,
    attachments: Sequence[Attachment] = (),
    client_message_id: str = "",
) -> Call[TurnId]:
    """Say something to the running turn; the answer being streamed is cut at once.

    Refused when no turn runs ("no active turn to steer") or another one does.
    """
    params = {
        "threadId": thread_id,
        "expectedTurnId": turn_id,
        "input": wire_inputs(text, attachments),
        **said(clientUserMessageId=client_message_id),
    }
    return Call(method="turn/steer", params=params, decode=lambda result: TurnId(text_at(result, "turnId")))


def turn_interrupt(thread_id: str, turn_id: str = "") -> Call[None]:
    """Stop the running turn; an empty ``turn_id`` means whichever runs."""
    return Call(method="turn/interrupt", params={"threadId": thread_id, "turnId": turn_id}, decode=nothing)


# ---------------------------------------------------------------- shared shapes


def _stored_item(shape: Json) -> StoredItem:
    return StoredItem(turn_id=TurnId(text_at(shape, "turnId")), item=decode_item(shape_at(shape, "item")))


def open_thread(result: Json) -> OpenThread:
    """Read the answer to what opens a thread."""
    policy = shape_at(result, "approvalPolicy")
    return OpenThread(
        thread=decode_thread(shape_at(result, "thread")),
        model=text_at(result, "model"),
        model_provider=text_at(result, "modelProvider"),
        effort=text_at(result, "reasoningEffort"),
        cwd=text_at(result, "cwd"),
        approval_policy=next(iter(policy), "") or text_at(result, "approvalPolicy"),
        sandbox=text_at(shape_at(result, "sandbox"), "type"),
        instructions=texts_at(result, "instructionSources"),
        profile=text_at(shape_at(result, "activePermissionProfile"), "id"),
        reviewer=text_at(result, "approvalsReviewer"),
        mode=text_at(shape_at(result, "collaborationMode"), "mode"),
    )
