"""Words: what the user, the model and hooks said, and what a review found."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from textual.strip import Strip

from codex_ssh.core.entry import Entry, Progress
from codex_ssh.core.items import AgentMessage, HookPrompt, Plan, Reasoning, ReviewMode, UserMessage
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui import palette
from codex_ssh.tui.cells.look import INDENT, Look, folded, lines_of, one_line, text_rows
from codex_ssh.tui.links import file_address, link_style
from codex_ssh.tui.markdown import MarkdownRows
from codex_ssh.tui.wrap import Span, blank, rows_of, wrap

USER_ROWS: Final = 20
"""Of what the user said so many rows are shown folded."""

THOUGHT_ROWS: Final = 6
"""Of a folded thought so many rows are shown."""


def markdown_of(entry: Entry) -> MarkdownRows:
    """Give what draws an entry that streams markdown, and remembers what it drew."""
    content = entry.content
    if isinstance(content, Reasoning):
        return MarkdownRows(base=palette.THOUGHT)
    if isinstance(content, AgentMessage) and content.is_commentary:
        return MarkdownRows(("• ", palette.PLAIN), INDENT, palette.COMMENTARY)
    return MarkdownRows(("▤ " if isinstance(content, Plan) else "• ", palette.AGENT), INDENT)


def markdown_rows_of(
    message: AgentMessage | Plan, entry: Entry, look: Look, markdown: MarkdownRows
) -> list[Strip]:
    """Give the rows of an answer or a plan."""
    if not message.text:
        return []
    text = ("…" if entry.gap else "") + message.text
    growing = entry.progress is Progress.OPEN
    rows = markdown.rows(text, look.width - 2, growing=growing)
    if isinstance(message, AgentMessage):
        rows += _beside_answer(message, look)
    if entry.progress is Progress.CUT:
        rows += one_line(INDENT, [("(cut short; not kept by the server)", palette.DIM)], look)
    return rows


def _beside_answer(message: AgentMessage, look: Look) -> list[Strip]:
    rows: list[Strip] = []
    for question in message.questions:
        rows += lines_of(question, palette.BOLD, look, front=("  ? ", palette.WARN))
    if message.moderated:
        rows += one_line(INDENT, [("(the service changed this answer)", palette.WARN)], look)
    cited = message.citations
    if cited and not look.unfolded:
        word = "note" if len(cited) == 1 else "notes"
        rows += one_line(INDENT, [(f"(by {len(cited)} {word} from memory)", palette.DIM)], look)
    for citation in cited if look.unfolded else ():
        path = plain_line(citation.path)
        link = link_style(file_address(path, citation.first))
        where: Span = (f"{path}:{citation.first}-{citation.last}", palette.DIM + link)
        note = f" {plain_line(citation.note)}".rstrip()
        rows += one_line(INDENT, [("from memory: ", palette.DIM), where, (note, palette.DIM)], look)
    return rows


def user_rows(message: UserMessage, entry: Entry, look: Look) -> list[Strip]:
    """Give the rows of what the user said; dim until the server has it."""
    style = palette.DIM if entry.progress is Progress.SENDING else palette.USER_TEXT
    inside = replace(look, width=look.width - 2)
    made = text_rows(message.text or " ", style, inside, limit=USER_ROWS, front=("", palette.PLAIN))
    rows = rows_of(made, [("› ", palette.USER)], [INDENT])
    for label in message.attachments:
        rows += wrap([(f"[{plain_line(label)}]", palette.DIM)], look.width, first=[INDENT])
    return rows


def thought_rows(thought: Reasoning, entry: Entry, look: Look, markdown: MarkdownRows) -> list[Strip]:
    """Give the rows of a thought: the summary; unfolded, the raw thought below it."""
    summary, raw = "\n\n".join(thought.summary), "\n\n".join(thought.content)
    text = summary or raw
    if not text:
        return []
    growing = entry.progress is Progress.OPEN
    made = folded(markdown.rows(text, look.width - 2, growing=growing), THOUGHT_ROWS, look, keep_end=growing)
    rows = rows_of(made, [("∴ ", palette.DIM)], [INDENT])
    if look.unfolded and summary and raw:
        rows += [blank(), *one_line(INDENT, [("as thought:", palette.DIM)], look)]
        rows += text_rows(raw, palette.THOUGHT, look, limit=THOUGHT_ROWS)
    return rows


def hook_prompt_rows(prompt: HookPrompt, look: Look) -> list[Strip]:
    """Give the rows of what hooks told the model."""
    rows = one_line(("⚑ ", palette.WARN), [("a hook told the model", palette.PLAIN)], look)
    for fragment in prompt.fragments:
        rows += text_rows(fragment, palette.DIM, look, limit=THOUGHT_ROWS)
    return rows


def review_rows(review: ReviewMode, look: Look) -> list[Strip]:
    """Give the rows of a review's beginning, or of what it found."""
    if review.entered:
        about = f" of {plain_line(review.review)}" if review.review else ""
        return one_line(("◉ ", palette.AGENT), [(f"review{about}", palette.BOLD)], look)
    rows = one_line(("◉ ", palette.AGENT), [("review finished", palette.BOLD)], look)
    if review.review:
        found = MarkdownRows(INDENT, INDENT).rows(review.review, look.width - 2)
        rows += [blank(), *found]
    return rows
