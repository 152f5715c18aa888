"""What would be handed over to another host, file by file, and whether it shall be."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from codex_ssh.core.git_commits import Commits
from codex_ssh.core.git_work import LeftOut, Untracked
from codex_ssh.core.handoff import COMMITS, PATCH, TRANSCRIPT
from codex_ssh.core.image import size_text
from codex_ssh.core.keymap import Keymap, key_hint
from codex_ssh.core.plain_text import plain_line
from codex_ssh.tui import palette
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.handoff import Gathered, Goes
from codex_ssh.tui.screens.dialog import Dialog, frame

MOST_NAMES: Final = 200
"""So many names are listed of what is changed, and of what is left out; untracked files are all named."""

_NO: Final = "no"


class HandoffScreen(Dialog[Goes | None]):
    """Gives what goes, or None; "no" is chosen at first.

    Args:
        gathered: What can go.
        keymap: For the keys shown at the bottom.
    """

    DEFAULT_CSS = """
    HandoffScreen #goes { height: auto; max-height: 60vh; scrollbar-size-vertical: 1; }
    HandoffScreen OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("list.close", "close", priority=True),
        bind("page.page_up", "scroll(-1)", priority=True),
        bind("page.page_down", "scroll(1)", priority=True),
    ]

    def __init__(self, gathered: Gathered, keymap: Keymap) -> None:
        super().__init__()
        self._gathered = gathered
        self._keymap = keymap
        self._list = VerticalScroll(Static(_about(gathered), markup=False), id="goes", can_focus=False)

    def compose(self) -> ComposeResult:
        """Build the dialog."""
        with frame(asks=True):
            yield self._list
            yield OptionList(
                Option("no", id=_NO),
                *(Option(words, id=goes.name) for goes, words in _choices(self._gathered)),
                markup=False,
            )
            yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Take the keyboard."""
        self.query_one(OptionList).focus()
        self.call_after_refresh(self._say_keys)

    def on_resize(self) -> None:
        """Say whether there is more to see."""
        self.call_after_refresh(self._say_keys)

    def _say_keys(self) -> None:
        if not self.is_built:
            return
        more = key_hint(self._keymap, "page.page_down", "more of it") if self._list.max_scroll_y else ""
        words = ", ".join(filter(None, ["Enter: do that", more, "Esc: no"]))
        self.query_one("#keys", Static).update(Text(words, palette.DIM))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the choice."""
        chosen = event.option_id or _NO
        self.dismiss(None if chosen == _NO else Goes[chosen])

    def action_scroll(self, pages: int) -> None:
        """Show more of what would go."""
        self._list.scroll_relative(y=pages * max(1, self._list.size.height - 1), animate=False)

    def action_close(self) -> None:
        """Say no."""
        self.dismiss(None)


def _choices(gathered: Gathered) -> list[tuple[Goes, str]]:
    work, patch = gathered.work, gathered.patch
    if work is None or not (gathered.has_patch or gathered.has_commits):
        return [(Goes.ALL, "yes")]
    left_out = work.left_out or (gathered.commits is not None and not gathered.has_commits)
    found = [(Goes.ALL, "yes, without what is left out" if left_out else "yes, all of it")]
    if patch.tracked and patch.untracked:
        found.append((Goes.TRACKED, "yes, without untracked files"))
    found.append((Goes.TRANSCRIPT, "yes, only the transcript"))
    return found


def _about(gathered: Gathered) -> Text:
    """Give what would go where."""
    origin = gathered.origin
    text = Text("hand this over?\n", palette.BOLD)
    text.append(f"{origin.place}\n→ {plain_line(gathered.place)}, in a new thread\n", "not bold")
    for caution in gathered.cautions():
        text.append(f"⚠ {plain_line(caution)}\n", f"not bold {palette.WARN}")
    git, is_there = origin.git, gathered.has_commits or (gathered.there and gathered.there.knows)
    if git and git.commit and not git.is_pushed and not is_there:
        words = f"⚠ commit {git.commit[:12]} is on no remote, and not there: push it first\n"
        text.append(words, f"not bold {palette.WARN}")
    text.append(f"\n{TRANSCRIPT}  {size_text(len(gathered.transcript))}, the whole thread\n", "not bold")
    if origin.git is None:
        text.append(f"no uncommitted work: {plain_line(origin.why_no_git)}", f"not bold {palette.WARN}")
        return text
    work, patch = gathered.work, gathered.patch
    assert work is not None
    if gathered.commits is not None:
        text.append_text(_commits(gathered.commits))
    changed = origin.git.changed if patch.tracked else ()
    if gathered.has_patch:
        size = size_text(len(patch.tracked) + len(patch.untracked))
        counts = [f"{len(changed)} changed"] if changed else []
        counts += [f"{len(work.untracked)} untracked"] if work.untracked else []
        text.append(f"{PATCH}  {size}, {', '.join(counts)}\n", "not bold")
    elif not work.left_out:
        text.append("everything is committed, so there is no patch\n", "not bold")
    for left in work.left_out[:MOST_NAMES]:
        text.append(f"  left out   {_left(left)}\n", f"not bold {palette.WARN}")
    text.append(_more("left out  ", len(work.left_out)), f"not bold {palette.WARN}")
    for name in changed[:MOST_NAMES]:
        mark = "in conflict" if name in origin.git.unmerged else "changed   "
        text.append(f"  {mark} {_shown(name)}\n", "not bold")
    text.append(_more("changed   ", len(changed)), "not bold")
    for file in work.untracked:
        text.append(f"  untracked  {_shown(file.name)}  {_size(file)}\n", "not bold")
    text.right_crop(1)
    return text


def _commits(commits: Commits) -> Text:
    """Give the commits that go along, or why they do not."""
    count = f"{commits.count or 'its'} {'commit' if commits.count == 1 else 'commits'}"
    if commits.why_not:
        words = f"  left out   {count}: {plain_line(commits.why_not)}\n"
        return Text(words, f"not bold {palette.WARN}")
    text = Text(f"{COMMITS}  {size_text(len(commits.bundle))}, {count}\n", "not bold")
    for subject in commits.subjects:
        text.append(f"  commit     {plain_line(subject)}\n")
    text.append(_more("commit    ", commits.count, len(commits.subjects)))
    return text


def _more(what: str, count: int, named: int = MOST_NAMES) -> str:
    return f"  {what} and {count - named} more\n" if count > named else ""


def _shown(name: bytes) -> str:
    return plain_line(name.decode("utf-8", "surrogateescape"))


def _size(file: Untracked) -> str:
    return f"→ {_shown(file.link)}" if file.link is not None else size_text(file.size)


def _left(left: LeftOut) -> str:
    return f"{_shown(left.name)}: {left.why}" if left.name else left.why
