"""Requests about turns: start, steer, interrupt, and a command of the user's own.

Lives here: one function a method, which answers it. Not here: playing a turn
(:mod:`codex_ssh.server.rehearsal.turn`).
"""

from __future__ import annotations

from typing import Final

from codex_ssh.core.rpc import Request
from codex_ssh.server.rehearsal import params as read
from codex_ssh.server.rehearsal.hub import Session
from codex_ssh.server.rehearsal.registry import Registry
from codex_ssh.server.rehearsal.start import begin, prepare
from codex_ssh.server.rehearsal.thread import Turn
from codex_ssh.server.rehearsal.turn import UserInput
from codex_ssh.server.rehearsal.wire import Refused

INTERNAL_ERROR: Final = -32603


def turn_start(registry: Registry, session: Session, request: Request) -> None:
    """Start a turn; while one runs, say more to that one."""
    content = read.user_input(request.params)
    thread = registry.find(request.params)
    registry.refuse_while_draining()
    said = UserInput(
        content=content,
        text=read.input_text(content) if content else thread.last_said,
        client_id=read.optional_text(request.params, "clientUserMessageId"),
    )
    if thread.running is not None:
        if not content:
            raise Refused("failed to submit turn input: EmptyInput", code=INTERNAL_ERROR)
        thread.running.steer(said)
        session.reply(request.id, {"turn": Turn(id=thread.running.id).shape()})
        return
    registry.apply_settings(thread, request.params, tell=True)
    schema = request.params.get("outputSchema")
    running = prepare(registry, thread, said, output_schema=schema if isinstance(schema, dict) else None)
    session.reply(request.id, {"turn": running.narrator.record.shape()})
    begin(registry, running)


def shell_command(registry: Registry, session: Session, request: Request) -> None:
    """Run a command of the user's own, in the running turn or as one of its own."""
    command = read.text(request.params, "command")
    thread = registry.find(request.params)
    if not command.strip():
        raise Refused("command must not be empty")
    registry.refuse_while_draining()
    if thread.running is not None:
        session.reply(request.id, {})
        task = registry.group.create_task(thread.running.actor.run_own(command))
        registry.commands.add(task)
        task.add_done_callback(registry.commands.discard)
        return
    running = prepare(registry, thread, shell=command)
    session.reply(request.id, {})
    begin(registry, running)


def turn_steer(registry: Registry, session: Session, request: Request) -> None:
    """Say more to the running turn, if it is the one meant."""
    content = read.user_input(request.params)
    expected = read.text(request.params, "expectedTurnId")
    thread = registry.find(request.params)
    if thread.running is None:
        raise Refused("no active turn to steer")
    found = thread.running.id
    if expected != found:
        raise Refused(f"expected active turn id `{expected}` but found `{found}`")
    if not content:
        raise Refused("input must not be empty")
    client_id = read.optional_text(request.params, "clientUserMessageId")
    session.reply(request.id, {"turnId": found})
    thread.running.steer(UserInput(content=content, text=read.input_text(content), client_id=client_id))


def turn_interrupt(registry: Registry, session: Session, request: Request) -> None:
    """End the running turn; an empty id means whichever it is."""
    read.text(request.params, "threadId")  # the first that is read
    wanted = read.text(request.params, "turnId")
    thread = registry.find(request.params)
    if thread.running is None:
        raise Refused("no active turn to interrupt")
    found = thread.running.id
    if wanted not in ("", found):
        raise Refused(f"expected active turn id {wanted} but found {found}")
    session.reply(request.id, {})
    thread.running.interrupt()
