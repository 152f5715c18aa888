"""Handing work over to another host: what goes along, and what is there when it has gone.

Lives here: collecting on one host, bringing to another, and beginning there. Not here: what is asked of the
user (:mod:`codex_ssh.tui.commands.handoff_commands`), and the words (:mod:`codex_ssh.core.handoff`).
Nothing here imports Textual.

Nothing of the thread's own files is touched on either side: the transcript is what the app server tells, the
work what git tells, and there a new thread begins.
"""

from __future__ import annotations

import enum
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from codex_ssh.core.draft import harmless, join_drafts
from codex_ssh.core.entry import Level
from codex_ssh.core.git_commits import Commits
from codex_ssh.core.git_work import GitState, Patch, Work, what_fits
from codex_ssh.core.handoff import (
    COMMITS,
    PATCH,
    TRANSCRIPT,
    Brought,
    Origin,
    Parcel,
    cautions,
    first_message,
)
from codex_ssh.core.transcript import Transcript
from codex_ssh.core.value import dataclass
from codex_ssh.errors import DevboxFailed
from codex_ssh.tui import remote_files
from codex_ssh.tui.remote_commits import commits_between
from codex_ssh.tui.remote_work import git_state, patch_of, untracked_files
from codex_ssh.tui.thread_document import thread_document
from codex_ssh.tui.title import thread_title

if TYPE_CHECKING:
    from codex_ssh.tui.chat import Chat


class Goes(enum.Enum):
    """What of it goes."""

    ALL = "all of it"
    TRACKED = "without untracked files"
    TRANSCRIPT = "only the transcript"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What can be handed over.

    Attributes:
        origin: Where it comes from.
        transcript: The whole thread, as a document.
        commits: Those of the repository that the other one lacks; None where there are none to bring.
        work: What of the uncommitted work fits; None without a repository.
        patch: It.
        there: The repository of the directory it goes to; None where that is none.
        directory: That directory.
        place: The same, with its host.
    """

    origin: Origin
    transcript: bytes
    commits: Commits | None
    work: Work | None
    patch: Patch
    there: GitState | None
    directory: str
    place: str

    @property
    def has_patch(self) -> bool:
        """Whether there is uncommitted work that fits."""
        return bool(self.patch.tracked or self.patch.untracked)

    @property
    def has_commits(self) -> bool:
        """Whether there are commits that can go along."""
        return self.commits is not None and bool(self.commits.bundle)

    def parcel(self, goes: Goes) -> Parcel:
        """Give what is brought."""
        parts = {
            Goes.ALL: self.patch.tracked + self.patch.untracked,
            Goes.TRACKED: self.patch.tracked,
            Goes.TRANSCRIPT: b"",
        }
        commits = b"" if self.commits is None or goes is Goes.TRANSCRIPT else self.commits.bundle
        return Parcel(transcript=self.transcript, commits=commits, patch=parts[goes])

    def missing(self, goes: Goes) -> int:
        """Give how many changes do not go along."""
        if self.work is None or self.origin.git is None:
            return 0
        count = len(self.work.left_out)
        if goes is not Goes.ALL:
            count += len(self.work.untracked)
        if goes is Goes.TRANSCRIPT and self.work.tracked:
            count += len(self.origin.git.changed)
        return count

    def cautions(self, goes: Goes = Goes.ALL) -> tuple[str, ...]:
        """Give what the user should know about the other directory."""
        parcel = self.parcel(goes)
        return cautions(
            self.origin,
            self.there,
            self.place,
            has_patch=bool(parcel.patch),
            commits=self.commits if parcel.commits else None,
        )


async def first_guess(there: Chat, cwd: str) -> str:
    """Give the directory to begin a choice with: the same one, if it is there, else where one works there.

    Raises:
        RpcFailed, LinkLost
    """
    for path in (cwd, there.cwd):
        if path:
            with suppress(DevboxFailed):
                await remote_files.check_directory(there, path)
                return path
    return await remote_files.home(there)


async def gather(here: Chat, transcript: Transcript, there: Chat, directory: str) -> Gathered:
    """Collect what can be handed over, and look where it would go; nothing is changed on either side.

    Args:
        here: The host the work is on.
        transcript: The thread.
        there: The host it goes to.
        directory: The directory it goes to.

    Raises:
        DevboxFailed: The work changes while it is looked at, or git fails in the middle.
        RpcFailed, LinkLost
    """
    document = await thread_document(here, transcript)
    state, why, work, patch = None, "", None, Patch()
    try:
        state = await git_state(here, transcript.cwd)
    except DevboxFailed as failed:
        why = str(failed)
    if state is not None:
        work = what_fits(state, await untracked_files(here, state))
        if not state.is_clean:
            patch = await patch_of(here, state, work)
    beyond = commits = None
    if state is not None:
        with suppress(DevboxFailed):
            beyond = await git_state(there, directory, commit=state.commit)
        if beyond is not None:
            commits = await commits_between(here, state, there, beyond)
    origin = Origin(
        host=here.facts.host,
        user=here.facts.user,
        directory=transcript.cwd,
        thread_id=transcript.thread_id,
        title=thread_title(transcript),
        at=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        git=state,
        why_no_git=why,
    )
    return Gathered(
        origin=origin,
        transcript=document.encode(errors="surrogateescape"),
        commits=commits,
        work=work,
        patch=patch,
        there=beyond,
        directory=directory,
        place=f"{there.facts.host}:{directory}",
    )


async def bring(gathered: Gathered, goes: Goes, there: Chat) -> None:
    """Bring it there, begin a new thread, and put the first message into the composer; nothing is sent.

    Raises:
        CopyFailed: The devbox would not take the files.
        RpcFailed: It begins no thread in that directory.
        StageError: The link was lost; what is there of it is never looked at, and goes after a while.
    """
    uploads = gathered.parcel(goes).uploads()
    paths = {upload.name: await there.carrier.upload(upload) for upload in uploads}
    message = first_message(
        gathered.origin,
        Brought(transcript=paths[TRANSCRIPT], commits=paths.get(COMMITS, ""), patch=paths.get(PATCH, "")),
        branch=gathered.there.branch if gathered.there is not None else "",
        missing=gathered.missing(goes),
    )
    await there.begin_in(gathered.directory)
    there.note(
        Level.INFO, f"handed over from {gathered.origin.place}", "Enter sends what stands in the composer"
    )
    for caution in gathered.cautions(goes):
        there.note(Level.WARNING, caution)
    if there.draft:
        there.note(
            Level.WARNING, "what was typed here before stands below it", "take it out, or it is sent too"
        )
    there.draft = join_drafts([harmless(message), there.draft])
    there.on_change()
