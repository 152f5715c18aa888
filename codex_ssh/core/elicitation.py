"""What MCP servers ask through the app server: forms, pages to open, and whether a tool of theirs may run.

Lives here: the request, its decisions and its wire form. Not here: the fields of a form
(:mod:`codex_ssh.core.question_form`).

Source: ``McpServerElicitationRequestParams`` of ``codex app-server generate-json-schema``, 0.163 and 0.169.
That a tool may run is asked as a form without fields whose ``_meta`` has the tool, seen on both; the answer's
``_meta.persist`` makes it hold for longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from codex_ssh.core.decision import Decision, Verdict, as_json
from codex_ssh.core.fields import shape_at, text_at, texts_at
from codex_ssh.core.question_form import Question, form_questions
from codex_ssh.core.rpc import Json, Request, RequestId
from codex_ssh.core.thread import ThreadId, TurnId
from codex_ssh.core.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ElicitationAsk:
    """An MCP server wants to know something, wants a page opened, or wants to run a tool.

    Attributes:
        server: The MCP server's name.
        url: The page to open; empty for forms.
        is_tool: It is about a tool that wants to run.
        tool: Its name; 0.163 tells it in the message only.
        arguments: What the tool is called with, name and JSON; nothing is left out.
        questions: The form's fields; empty when there is nothing to fill in.
        decisions: ``accept`` is among them only where we can give what is asked.
    """

    request_id: RequestId
    thread_id: ThreadId
    turn_id: TurnId
    server: str
    message: str
    url: str
    questions: tuple[Question, ...]
    decisions: tuple[Decision, ...]
    is_tool: bool = False
    tool: str = ""
    arguments: tuple[tuple[str, str], ...] = ()

    def answer(self, answers: Mapping[str, tuple[str, ...]]) -> Json:
        """Give the wire form of a filled-in form; fields left out are not sent."""
        content = {
            question.id: value
            for question in self.questions
            if (value := question.value(answers.get(question.id, ()))) is not None
        }
        return _accept(content)


def decode_elicitation(request: Request) -> ElicitationAsk:
    """Read a request. Never raises."""
    params, meta = request.params, shape_at(request.params, "_meta")
    mode, url = text_at(params, "mode", "form"), text_at(params, "url")
    is_tool = text_at(meta, "codex_approval_kind") == "mcp_tool_call"
    tool = text_at(meta, "tool_name") if is_tool else ""
    questions = form_questions(shape_at(params, "requestedSchema")) if mode == "form" else ()
    if is_tool:
        decisions = _tool_decisions(tool, text_at(params, "serverName"), texts_at(meta, "persist"))
    elif url:
        decisions = (_yes("yes, I have seen to it in the browser", None),)
    elif mode == "form" and questions == ():
        decisions = (_yes("yes", {}),)
    else:
        decisions = ()
    return ElicitationAsk(
        request_id=request.id,
        thread_id=ThreadId(text_at(params, "threadId")),
        turn_id=TurnId(text_at(params, "turnId")),
        server=text_at(params, "serverName"),
        message=text_at(params, "message") or text_at(params, "description") or text_at(params, "title"),
        url=url,
        questions=questions or (),
        decisions=(*decisions, *_refusals(is_tool=is_tool)),
        is_tool=is_tool,
        tool=tool,
        arguments=tuple(
            (name, value if isinstance(value, str) else as_json(value))
            for name, value in shape_at(meta, "tool_params").items()
        )
        if is_tool
        else (),
    )


_PERSIST: Final = {
    "session": (
        Verdict.ACCEPT_FOR_SESSION,
        "a",
        "yes, and don't ask again for {tool} until the session ends",
    ),
    "always": (Verdict.ACCEPT_PREFIX, "p", "yes, and never ask again for {tool} of {server}, in any thread"),
}


def _tool_decisions(tool: str, server: str, persist: tuple[str, ...]) -> tuple[Decision, ...]:
    """Give what lets a tool run; ``persist`` is for how long the server would remember."""
    return (
        _yes("yes, run it this once", {}),
        *(
            Decision(
                verdict=verdict,
                key=key,
                label=label.format(tool=tool or "this tool", server=server),
                result=_accept({}, {"persist": how}),
            )
            for how, (verdict, key, label) in _PERSIST.items()
            if how in persist
        ),
    )


def _yes(label: str, content: Json) -> Decision:
    return Decision(verdict=Verdict.ACCEPT, key="y", label=label, result=_accept(content))


def _accept(content: Json, meta: Json = None) -> Json:
    return {"action": "accept", "content": content, "_meta": meta}


def _refusals(*, is_tool: bool) -> tuple[Decision, ...]:
    """Give the two ways to say no; a tool that is refused by ``cancel`` ends the turn."""
    decline = "no, and go on without it" if is_tool else "no"
    cancel = "no, and stop the turn" if is_tool else "dismiss the question"
    return tuple(
        Decision(
            verdict=verdict,
            key=key,
            label=label,
            result={"action": verdict.value, "content": None, "_meta": None},
        )
        for verdict, key, label in ((Verdict.DECLINE, "d", decline), (Verdict.CANCEL, "c", cancel))
    )
