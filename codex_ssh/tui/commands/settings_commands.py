"""Slash commands about the thread's settings: model, permissions, the way of working."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codex_ssh.core.entry import Level
from codex_ssh.core.preset import Preset, allowed_presets, current_preset
from codex_ssh.core.settings_methods import (
    DEFAULT_MODE,
    PLAN_MODE,
    PermissionProfile,
    Requirements,
    config_requirements_read,
    permission_profile_list,
)
from codex_ssh.core.transcript import Transcript
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.screens.pick_screen import Choice
from codex_ssh.tui.thread_settings import UPDATE

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


async def model(app: CodexApp, words: list[str]) -> None:
    """Choose a model and an effort for the turns that follow."""
    if words:
        await _use_model(app, words[0], words[1] if len(words) > 1 else "")
        return
    models = await app.chat.models()
    transcript = app.chat.transcript
    now = app.chat.model or (transcript.model if transcript is not None else "")
    effort_now = app.chat.effort or (transcript.effort if transcript is not None else "")
    choices = [
        Choice(value=one.id, label=one.name, about=_marked(one.description, now=one.id == now))
        for one in models
    ]
    chosen_id = await app.pick("which model, from the next turn on?", choices, at=now) if choices else None
    chosen = next((one for one in models if one.id == chosen_id), None)
    if chosen is None:
        return
    effort: str | None = ""
    if chosen.efforts:
        choices = [
            Choice(
                value=name,
                label=name,
                about=_marked(
                    "the model's own" if name == chosen.default_effort else "",
                    now=chosen.id == now and name == effort_now,
                ),
            )
            for name in chosen.efforts
        ]
        at = effort_now if chosen.id == now else chosen.default_effort
        effort = await app.pick(f"{chosen.name}: which effort?", choices, at=at)
    if effort is not None:
        await _use_model(app, chosen.id, effort)


async def _use_model(app: CodexApp, name: str, effort: str) -> None:
    await app.thread_settings.choose_model(name, effort)
    app.chat.note(Level.INFO, f"from the next turn on: {name} {effort}".rstrip())


async def permissions(app: CodexApp, words: list[str]) -> None:
    """Choose what the thread may do, and who is asked."""
    transcript = app.chat.transcript
    if transcript is None:
        return
    allowed, ruled_out = allowed_presets(await _profiles(app, transcript), await _requirements(app))
    chosen_id: str | None = words[0] if words else await _pick_preset(app, transcript, allowed, ruled_out)
    if chosen_id is None:
        return
    preset = next((preset for preset in allowed if preset.id == chosen_id), None)
    if preset is None:
        is_known = chosen_id in [preset.id for preset in ruled_out]
        known = ", ".join(preset.id for preset in allowed)
        text = "is not allowed on this devbox" if is_known else f"is none of {known}"
        app.chat.note(Level.ERROR, f"/permissions: {chosen_id} {text}")
        return
    if preset.is_open and not await _is_sure(app):
        app.chat.note(Level.INFO, "permissions stay as they are")
        return
    has_profiles = app.chat.knows("permissionProfile/list") is not False
    await app.thread_settings.permit(preset.permissions if has_profiles else preset.without_profiles)
    app.chat.note(Level.INFO, f"from the next turn on: {preset.label} ({preset.about})")


async def _profiles(app: CodexApp, transcript: Transcript) -> tuple[PermissionProfile, ...]:
    if app.chat.knows("permissionProfile/list") is False:
        return ()
    return (await app.chat.call(permission_profile_list(transcript.cwd))).data


async def _requirements(app: CodexApp) -> Requirements:
    if app.chat.knows("configRequirements/read") is False:
        return Requirements()
    return await app.chat.call(config_requirements_read())


async def _pick_preset(
    app: CodexApp, transcript: Transcript, allowed: tuple[Preset, ...], ruled_out: tuple[Preset, ...]
) -> str | None:
    now = current_preset(
        allowed,
        profile=transcript.profile,
        sandbox=transcript.sandbox,
        approvals=transcript.approval_policy,
        reviewer=transcript.reviewer,
    )
    choices = [
        Choice(value=preset.id, label=preset.label, about=_marked(preset.about, now=preset.id == now))
        for preset in allowed
    ]
    title = f"what may codex do on {app.chat.facts.host}, from the next turn on?"
    if ruled_out:
        title += f"\nnot allowed here: {', '.join(preset.label for preset in ruled_out)}"
    return await app.pick(title, choices, at=now)


async def _is_sure(app: CodexApp) -> bool:
    facts = app.chat.facts
    where = f"{facts.user}@{facts.host}" if facts.user else facts.host
    question = f"full access on {where}?"
    details = (
        "Nothing is asked any more, and no sandbox holds anything back: codex may do there whatever this"
        " login may do, delete files and use the network included."
    )
    return await app.sure(question, details, word=facts.host)


async def plan(app: CodexApp, words: list[str]) -> None:
    """Make plans with the model before anything is done, or go back to doing; what follows is sent."""
    transcript = app.chat.transcript
    if transcript is None:
        return
    kind = DEFAULT_MODE if transcript.mode == PLAN_MODE and not words else PLAN_MODE
    mode = next((mode for mode in await app.thread_settings.modes() if mode.kind == kind), None)
    if mode is None:
        app.chat.note(Level.ERROR, f"the app server has no mode {kind!r}")
        return
    await app.thread_settings.work(mode)
    say_mode(app, mode.kind)
    if words:
        app.view.follow()
        app.chat.send(" ".join(words))


def say_mode(app: CodexApp, kind: str) -> None:
    """Say which way of working holds now."""
    about = "plans are made, nothing is changed; /plan goes back" if kind == PLAN_MODE else "things are done"
    app.chat.note(Level.INFO, f"from the next turn on: {kind} mode ({about})")


def _marked(about: str, *, now: bool) -> str:
    return f"{about}  (now)".strip() if now else about


COMMANDS: Final = (
    SlashCommand(name="model", about="choose model and effort", argument="[MODEL [EFFORT]]", run=model),
    SlashCommand(
        name="permissions",
        about="what codex may do there, and when it asks",
        argument="[ask|auto|full|read]",
        run=permissions,
        needs=(UPDATE,),
        of_thread=True,
    ),
    SlashCommand(
        name="plan",
        about="plan before doing; again: back to doing",
        argument="[PROMPT]",
        run=plan,
        needs=(UPDATE, "collaborationMode/list"),
        of_thread=True,
    ),
)
