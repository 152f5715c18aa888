"""What stands beside the items of a turn: notices, its check list and its end, hooks, reviews of requests."""

from __future__ import annotations

from typing import Final

from textual.strip import Strip

from codex_ssh.core.approval_review import ApprovalReview, Review
from codex_ssh.core.entry import CheckList, Level, Notice, TurnEnd
from codex_ssh.core.events import StepStatus
from codex_ssh.core.hook import HookRun, HookStatus
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.thread import TurnStatus
from codex_ssh.tui import palette
from codex_ssh.tui.cells.look import (
    INDENT,
    OUTPUT_ROWS,
    TEXT_ROWS,
    Look,
    folded,
    lines_of,
    one_line,
    seconds,
    text_rows,
    took,
)
from codex_ssh.tui.links import file_address, link_style, linked
from codex_ssh.tui.wrap import Span, wrap

_STEPS: Final = {
    StepStatus.PENDING: ("☐ ", palette.DIM),
    StepStatus.IN_PROGRESS: ("▶ ", palette.BUSY),
    StepStatus.COMPLETED: ("✔ ", palette.GOOD),
}


def check_list_rows(plan: CheckList, look: Look) -> list[Strip]:
    """Give the rows of a turn's plan."""
    done = sum(step.status is StepStatus.COMPLETED for step in plan.steps)
    head = f"Plan, {done} of {len(plan.steps)} done"
    rows = wrap([(head, palette.BOLD)], look.width, first=[("▤ ", palette.AGENT)])
    rows += lines_of(plan.explanation, palette.THOUGHT, look)
    for step in plan.steps:
        mark, style = _STEPS[step.status]
        look_of_text = palette.DIM if step.status is StepStatus.COMPLETED else palette.PLAIN
        text = (plain_line(step.text), look_of_text)
        rows += wrap([text], look.width, first=[INDENT, (mark, style)])
    return rows


def turn_end_rows(end: TurnEnd, look: Look) -> list[Strip]:
    """Give the rows of a turn's end; one that ended well at once has none."""
    lasted = f" after {seconds(end.duration_ms)}" if end.duration_ms is not None else ""
    match end.status:
        case TurnStatus.COMPLETED:
            if end.duration_ms is None or end.duration_ms < 1000:
                return []
            return wrap([(f"── worked for {seconds(end.duration_ms)} ──", palette.DIM)], look.width)
        case TurnStatus.INTERRUPTED:
            return wrap([(f"interrupted{lasted}", palette.WARN)], look.width, first=[("■ ", palette.WARN)])
        case _:
            message = plain_line(end.error.message) if end.error else "the turn failed"
            rows = wrap(linked(message, palette.BAD), look.width, first=[("✗ ", palette.BAD_BOLD)])
            kind = end.error.kind if end.error and end.error.kind != "other" else ""
            details = [part for part in (kind, end.error.details) if part] if end.error else []
            for part in details:
                rows += lines_of(part, palette.DIM, look)
            return rows


_LEVELS: Final = {
    Level.INFO: ("· ", palette.DIM, palette.PLAIN),
    Level.WARNING: ("⚠ ", palette.WARN, palette.WARN),
    Level.ERROR: ("✗ ", palette.BAD_BOLD, palette.BAD),
}


def notice_rows(notice: Notice, look: Look) -> list[Strip]:
    """Give the rows of a notice."""
    mark, mark_style, style = _LEVELS[notice.level]
    rows: list[Strip] = []
    for at, line in enumerate(plain_lines(notice.text).split("\n")):
        front: Span = (mark, mark_style) if at == 0 else INDENT
        rows += wrap(linked(line, style), look.width, first=[front])
    return rows + lines_of(notice.details, palette.DIM, look)


_HOOKS: Final = {
    HookStatus.RUNNING: ("runs", palette.BUSY),
    HookStatus.COMPLETED: ("ran", palette.DIM),
    HookStatus.FAILED: ("failed", palette.BAD),
    HookStatus.BLOCKED: ("blocked", palette.WARN),
    HookStatus.STOPPED: ("stopped the turn", palette.WARN),
    HookStatus.UNKNOWN: ("ran", palette.DIM),
}

_SAID: Final = {"error": palette.BAD, "warning": palette.WARN, "stop": palette.WARN}


def hook_rows(run: HookRun, look: Look) -> list[Strip]:
    """Give the rows of a hook's run; one that had nothing to say shows only unfolded."""
    if run.is_silent and not look.unfolded:
        return []
    word, style = _HOOKS[run.status]
    head: list[Span] = [(f"{plain_line(run.event) or 'a'} hook", palette.PLAIN), (f" {word}", style)]
    if run.message:
        head.append((f": {plain_line(run.message)}", palette.DIM))
    head += [(" · ", palette.DIM), *span] if (span := took(run.duration_ms)) else []
    rows = one_line(("⚑ ", style), head, look)
    for word_said in run.words:
        rows += text_rows(word_said.text, _SAID.get(word_said.kind, palette.DIM), look, limit=OUTPUT_ROWS)
    if look.unfolded and run.path:
        path = plain_line(run.path)
        where: Span = (path, palette.DIM + link_style(file_address(path)))
        rows += one_line(INDENT, [(f"{plain_line(run.source)} hook in ", palette.DIM), where], look)
    return rows


_REVIEWS: Final = {
    Review.IN_PROGRESS: ("Reviewing", palette.BUSY),
    Review.APPROVED: ("Approved for you", palette.GOOD),
    Review.DENIED: ("Denied for you", palette.BAD),
    Review.TIMED_OUT: ("Review took too long", palette.WARN),
    Review.ABORTED: ("Review given up", palette.WARN),
    Review.UNKNOWN: ("Reviewed", palette.DIM),
}

_ASKED: Final = {
    "applyPatch": "edit ",
    "networkAccess": "connect to ",
    "mcpToolCall": "call ",
    "requestPermissions": "more permissions: ",
    "writeStdin": "type ",
}


def approval_review_rows(review: ApprovalReview, look: Look) -> list[Strip]:
    """Give the rows of a review in the user's place: what of, how it ended, and why."""
    verb, style = _REVIEWS[review.status]
    about: Span = (plain_line(review.about), palette.COMMAND)
    head: list[Span] = [(f"{verb}: ", style), (_ASKED.get(review.kind, ""), palette.PLAIN), about]
    rows = folded(wrap(head, look.width, first=[("⚖ ", style)]), TEXT_ROWS, look)
    facts = [f"risk {review.risk}" if review.risk else ""]
    facts.append(f"asked for by you: {review.authorization}" if review.authorization else "")
    why = ", ".join(plain_line(fact) for fact in facts if fact)
    rows += lines_of(why, palette.DIM, look)
    return rows + lines_of(review.rationale, palette.DIM, look)
