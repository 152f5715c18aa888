"""What a prompt asks the rehearsal to do: plain words, one step a line.

Lives here: the steps and the parser. Not here: doing them (:mod:`codex_ssh.server.rehearsal.actor`). The
words are documented in ``docs/reference/rehearsal.md``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from codex_ssh.core.value import dataclass

MAX_DELTAS: Final = 1_000_000
"""Most words of one ``slow`` or ``burst``: a typing error must not run for ever."""

PLAN: Final = ("Look around", "Do the work", "Check the result")

CLOSING: Final = "Done."


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Stream an answer.

    Attributes:
        text: Markdown.
        seconds_between: Pause between words; None is the usual pace.
        holds: Whether to wait behind the last word until somebody steers or interrupts.
    """

    text: str
    seconds_between: float | None = None
    holds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Stream an answer, and end with the next message unanswered."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Think:
    """Stream a reasoning summary."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Run a shell command in the workspace."""

    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write a file in the workspace.

    Attributes:
        path: As typed.
        text: The whole new content.
    """

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Show a plan."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask the user a question."""

    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """End the turn as failed."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """Let the credentials expire: this turn and those after it fail until somebody signs in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Show an exhibit, or all of them.

    Attributes:
        name: As typed.
    """

    name: str


Step = Say | Late | Think | Run | Write | Plan | Ask | Fail | Expire | Show


def parse_script(text: str) -> tuple[Step, ...]:
    """Give the steps of a prompt; a prompt without any gets an answer that says who is answering.

    Lines that are no step are left out when there are steps. What does not end with an answer, a
    question or a failure gets a closing one, as a model would give.
    """
    steps: list[Step] = [step for line in text.splitlines() if (step := _parse_line(line.strip()))]
    if not steps:
        return (Say(text=_introduce(text)),)
    if not isinstance(steps[-1], Say | Late | Ask | Fail | Expire):
        steps.append(Say(text=CLOSING))
    return tuple(steps)


def _parse_line(line: str) -> Step | None:
    for pattern, make in _WORDS:
        if found := pattern.fullmatch(line):
            return make(found)
    return None


def _say_words(found: re.Match[str]) -> Step:
    count = min(int(found["count"]), MAX_DELTAS)
    milliseconds = int(found.groupdict().get("pause") or _SLOW_MILLISECONDS)
    pause = 0.0 if found["word"].lower() == "burst" else milliseconds / 1000
    return Say(text=" ".join(f"word{n}" for n in range(1, count + 1)), seconds_between=pause)


def _plan(found: re.Match[str]) -> Step:
    named = tuple(step.strip() for step in (found["steps"] or "").split(",") if step.strip())
    return Plan(steps=named or PLAN)


_SLOW_MILLISECONDS: Final = 50

_WORDS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), make)
    for pattern, make in (
        (r"say (?P<text>.+)", lambda m: Say(text=m["text"])),
        (r"think(?: (?P<text>.+))?", lambda m: Think(text=m["text"] or "Weighing it up")),
        (r"run: *(?P<command>.+)", lambda m: Run(command=m["command"])),
        (
            r"write (?P<path>[^:]+): ?(?P<text>.*)",
            lambda m: Write(path=m["path"].strip(), text=m["text"].replace("\\n", "\n") + "\n"),
        ),
        (r"plan(?:: *(?P<steps>.+))?", _plan),
        (r"(?P<word>slow) (?P<count>\d{1,9})(?: (?P<pause>\d{1,6}))?", _say_words),
        (r"(?P<word>burst) (?P<count>\d{1,9})", _say_words),
        (r"hold(?: (?P<text>.+))?", lambda m: Say(text=m["text"] or "Holding.", holds=True)),
        (r"late(?: (?P<text>.+))?", lambda m: Late(text=m["text"] or "Ending.")),
        (r"ask(?: (?P<text>.+))?", lambda m: Ask(question=m["text"] or "Which way shall it be?")),
        (r"expire", lambda _: Expire()),
        (r"show (?P<name>[\w/]+)", lambda m: Show(name=m["name"])),
        (r"fail(?:: *(?P<text>.+))?", lambda m: Fail(message=m["text"] or "the rehearsal was told to fail")),
    )
)


def _introduce(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    quoted = f"> {first[:200]}\n\n" if first else ""
    return (
        f"{quoted}**This is the rehearsal engine of codex-ssh, not Codex.** No model has read this, and it "
        "knows no answer. It does what a line of the prompt says, for example:\n\n"
        "- `say hello` answers with that text\n"
        "- `think about it` shows some reasoning\n"
        "- `run: ls` runs a command in the workspace, after asking you\n"
        "- `write notes.txt: first line` writes a file, after asking you\n"
        "- `plan`, `ask`, `slow 40`, `fail` show the rest, `show all` one of everything\n\n"
        "Write several lines to have several things done."
    )


def pieces(text: str) -> Sequence[str]:
    """Cut a text into the deltas it is streamed in, white space kept."""
    return re.findall(r"\S+\s*|\s+", text)
