"""How a request for approval looks: the same rows on the card and on the full screen.

Lives here: what is asked, who and where, what has to be warned of, and the decisions, as rows. Not here: the
widgets that show them (:mod:`codex_ssh.tui.widgets.ask_card`, :mod:`codex_ssh.tui.screens.ask_screen`).

Each row with text from elsewhere begins with a mark of ours, and wrapped rows do too: nothing such a text
says can look like a row of ours. Nothing is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.style import Style
from textual.strip import Strip

from codex_ssh.core.ask import Ask, CommandAsk, ElicitationAsk, FileChangeAsk, PermissionsAsk
from codex_ssh.core.decision import Act, Decision
from codex_ssh.core.exact_text import Line, exact_line, exact_lines, warnings
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.items import Change, FileChange
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.value import dataclass
from codex_ssh.tui import palette
from codex_ssh.tui.diff import change_counts, diff_rows
from codex_ssh.tui.wrap import Span, blank, wrap

_COMMAND: Final = "$ "
_GUTTER: Final = "│ "
_WRAPPED: Final = "┆ "
_LARGE_LINES: Final = 12
_LARGE_CHARACTERS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a request comes from.

    Attributes:
        facts: The devbox.
        cwd: The thread's directory; empty when it is not known.
        thread: The name of its thread, when that is not the one shown.
        change: The edit it is about, for its diff.
    """

    facts: ServerFacts
    cwd: str = ""
    thread: str = ""
    change: FileChange | None = None


def changes_of(ask: Ask, scene: Scene) -> tuple[Change, ...]:
    """Give the files an edit changes."""
    told = ask.changes if isinstance(ask, FileChangeAsk) else ()
    return told or (scene.change.changes if scene.change is not None else ())


def head_rows(ask: Ask, scene: Scene, width: int) -> list[Strip]:
    """Give all there is to know before deciding, but for diffs."""
    match ask:
        case CommandAsk():
            rows = _command(ask, width)
        case FileChangeAsk():
            rows = _edit(ask, changes_of(ask, scene), width)
        case PermissionsAsk():
            rows = _title("Allow this beyond the sandbox?", width) + _bullets(ask.permissions, width)
        case ElicitationAsk():
            rows = _elicitation(ask, width)
        case _:
            rows = []
    rows += _where(scene, getattr(ask, "cwd", "") or scene.cwd, getattr(ask, "environment", ""), width)
    if reason := getattr(ask, "reason", ""):
        rows += _remote("reason", reason, width, prose=True)
    return [*rows, blank()]


def file_rows(change: Change, cwd: str, width: int) -> list[Strip]:
    """Give one file's name and counts; its diff comes below it."""
    added, removed = change_counts(change)
    spans: list[Span] = [(f"{change.kind.value} ", palette.DIM), *_spans(_short(change.path, cwd))]
    if change.moved_to:
        spans += [(" → ", palette.WARN), *_spans(_short(change.moved_to, cwd))]
    spans += [(f"  +{added}", palette.ADDED), (f" -{removed}", palette.REMOVED)]
    rows = _wrapped(spans, width)
    return rows + _warn([*warnings(change.path), *warnings(change.moved_to)], width)


def all_rows(ask: Ask, scene: Scene, width: int) -> list[Strip]:
    """Give everything, diffs included."""
    rows = head_rows(ask, scene, width)
    for change in changes_of(ask, scene):
        rows += file_rows(change, scene.cwd, width)
        rows += diff_rows(change, width)
    return [*rows, blank()] if changes_of(ask, scene) else rows


def decision_rows(decisions: Sequence[Decision], chosen: int | None, width: int) -> list[Strip]:
    """Give the decisions with their keys; ``chosen`` is what Enter takes."""
    rows: list[Strip] = []
    for at, decision in enumerate(decisions):
        style = palette.CHOSEN if at == chosen else palette.PLAIN
        key = decision.key or str(at + 1)
        first: list[Span] = [("› " if at == chosen else "  ", palette.WARN), (f"{key} ", palette.KEY)]
        spans = [
            (text, style if plain else palette.ODD) for text, plain in _parts(exact_line(decision.label))
        ]
        rows += wrap(spans, width, first=first, rest=[(f"  {_WRAPPED}", palette.WARN)])
    return rows


# ---------------------------------------------------------------- one kind each


def _command(ask: CommandAsk, width: int) -> list[Strip]:
    match ask.act:
        case Act.REACH:
            title = "Let it reach this host?"
        case Act.SEND:
            title = "Send this to the program that runs?"
        case Act.RUN:
            title = (
                "A rule there wants a person: run this command?" if ask.needs_person else "Run this command?"
            )
    rows = _title(f"{title}{_size(ask.plain_command)}", width)
    if ask.network_host:
        rows += _wrapped(_spans(exact_line(ask.network_host)), width)
        rows += _warn(warnings(ask.network_host), width)
        if ask.command:
            rows += wrap([("for this command:", palette.DIM)], width)
    if ask.command:
        rows += _command_lines(ask.plain_command, width)
    if ask.permissions:
        rows += wrap([("with these permissions beyond the sandbox:", palette.WARN)], width)
        rows += _bullets(ask.permissions, width)
    return rows


def _command_lines(command: str, width: int) -> list[Strip]:
    rows: list[Strip] = []
    for at, line in enumerate(exact_lines(command)):
        rows += _wrapped(_spans(line), width, mark=_COMMAND if at == 0 else _GUTTER)
    return rows + _warn(warnings(command), width)


def _size(text: str) -> str:
    """Say how much it is, where not all of it may be in sight at once."""
    lines = text.count("\n") + 1
    if lines <= _LARGE_LINES and len(text) <= _LARGE_CHARACTERS:
        return ""
    return f" ({lines:,} lines, {len(text):,} characters)"


def _edit(ask: FileChangeAsk, changes: Sequence[Change], width: int) -> list[Strip]:
    count = f" ({len(changes)} files)" if len(changes) > 1 else ""
    rows = _title(f"Make these changes?{count}", width)
    if not changes:
        rows += _warn(["the server did not tell the diff"], width)
    if ask.grant_root:
        rows += _remote("and from now on let it write below", ask.grant_root, width)
        rows += _warn(warnings(ask.grant_root), width)
    return rows


def _elicitation(ask: ElicitationAsk, width: int) -> list[Strip]:
    if ask.is_tool:
        rows = _title("Run this tool?", width)
        if ask.tool:
            name: list[Span] = [*_spans(exact_line(ask.tool)), (" of the MCP server ", palette.DIM)]
            rows += _wrapped([*name, *_spans(exact_line(ask.server))], width, mark=_COMMAND)
        else:
            rows += _remote(ask.server, ask.message, width, prose=True)
        for argument, value in ask.arguments:
            rows += _remote(argument, value, width)
            rows += _warn(warnings(value), width)
        return rows
    rows = _title("An MCP server asks", width) + _remote(ask.server, ask.message, width, prose=True)
    if ask.url:
        rows += _wrapped([(text, palette.LINK) for text, _ in _spans(exact_line(ask.url))], width)
    return rows


# ---------------------------------------------------------------- pieces


def _title(text: str, width: int) -> list[Strip]:
    return wrap([(text, palette.BOLD)], width)


def _where(scene: Scene, cwd: str, environment: str, width: int) -> list[Strip]:
    facts = scene.facts
    user = f"{facts.user}@" if facts.user else ""
    machine = f" ({facts.hostname})" if facts.hostname and facts.hostname != facts.host else ""
    spans: list[Span] = [
        ("on ", palette.DIM),
        (plain_line(f"{user}{facts.host}{machine}"), palette.BOLD),
        (" in ", palette.DIM),
        *_spans(exact_line(cwd or "a directory it did not tell"), palette.BOLD),
    ]
    rest: list[Span] = [(_WRAPPED, palette.WARN)]
    rows = wrap(spans, width, rest=rest, anywhere=True)
    if environment and environment != "local":
        rows += wrap(
            [("in the environment ", palette.DIM), *_spans(exact_line(environment))], width, rest=rest
        )
    if scene.thread:
        rows += wrap([("for the thread ", palette.DIM), *_spans(exact_line(scene.thread))], width, rest=rest)
    return rows + _warn(warnings(cwd), width)


def _remote(name: str, text: str, width: int, *, prose: bool = False) -> list[Strip]:
    """Give a text of several lines behind its name; prose is broken between words."""
    rows: list[Strip] = []
    for at, line in enumerate(exact_lines(text)):
        lead = [*_spans(exact_line(name), palette.DIM), (": ", palette.DIM)] if at == 0 and name else []
        rows += _wrapped([*lead, *_spans(line, palette.PLAIN)], width, anywhere=not prose)
    return rows


def _bullets(lines: Sequence[str], width: int) -> list[Strip]:
    rows: list[Strip] = []
    for line in lines:
        rows += _wrapped(_spans(exact_line(line), palette.PLAIN), width, mark="• ")
        rows += _warn(warnings(line), width)
    return rows


def _warn(lines: Sequence[str], width: int) -> list[Strip]:
    rows: list[Strip] = []
    for line in lines:
        front: list[Span] = [("! ", palette.BAD_BOLD)]
        rows += wrap([(line, palette.WARN)], width, first=front, rest=[(_WRAPPED, palette.WARN)])
    return rows


def _wrapped(spans: Sequence[Span], width: int, *, mark: str = _GUTTER, anywhere: bool = True) -> list[Strip]:
    first, rest = [(mark, palette.WARN)], [(_WRAPPED, palette.WARN)]
    return wrap(spans, width, first=first, rest=rest, anywhere=anywhere)


def _parts(line: Line) -> list[tuple[str, bool]]:
    return [(piece.text, not piece.is_ours) for piece in line]


def _spans(line: Line, style: Style = palette.COMMAND) -> list[Span]:
    return [(text, style if plain else palette.ODD) for text, plain in _parts(line)]


def _short(path: str, cwd: str) -> Line:
    """Give a path relative to the thread's directory where it is below it."""
    return exact_line(path.removeprefix(f"{cwd.rstrip('/')}/") if cwd else path)
