"""What a conversation says to whoever listens, as it goes on: each thing once.

Lives here: what was said already, and what is new. Not here: the words (:mod:`codex_ssh.tui.spoken`), what is
asked of the user, and what a typed line means (:mod:`codex_ssh.tui.line_front`).

A screen reader speaks what is appended; so an entry is said once, when it does not change any more, and only
a long answer is said line by line as it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from codex_ssh.core.entry import Entry, EntryKey, Progress
from codex_ssh.core.items import AgentMessage, UserMessage
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.transcript import Transcript
from codex_ssh.tui import spoken
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.port_watch import offer_text

ENTRIES_SAID: Final = 8
"""So many entries of a thread that is opened are said."""


class LineTeller:
    """Says what is new.

    Args:
        chat: The conversation.
        say: Says lines; makes remote text harmless.

    Attributes:
        shown: The thread that is told of; None until one is open.
    """

    def __init__(self, chat: Chat, say: Callable[..., None]) -> None:
        self._chat = chat
        self._say = say
        self.shown: Transcript | None = None
        self._told: set[EntryKey] = set()
        self._begun: dict[EntryKey, int] = {}
        self._link = LinkState.UP
        self._said_code = ""
        self._said_ports = ""

    def tell(self) -> None:
        """Say what became of the link, and what was said and done in the thread."""
        chat = self._chat
        self._link_changed()
        if chat.transcript is not None:
            self._entries(chat.transcript)
        elif chat.foreword.take_changes().entries:
            for entry in chat.foreword.entries:
                if entry.key not in self._told:
                    self._entry(entry, "")

    def tell_offers(self) -> None:
        """Say what may be done beside the thread: signing in, opening a port."""
        self._sign_in()
        self._ports()

    # ---------------------------------------------------------------- one by one

    def _link_changed(self) -> None:
        state = self._chat.status.state
        if state is self._link:
            return
        before, self._link = self._link, state
        if state is LinkState.UP:
            self._say("the link is back")
        elif before is LinkState.UP:
            reason = plain_line(self._chat.status.reason or state.value)
            self._say(f"no link: {reason}; it comes back by itself")
        elif state is LinkState.PAUSED:
            self._say("the link waits for you: /reconnect")

    def _entries(self, transcript: Transcript) -> None:
        if transcript is not self.shown:
            if self._chat.doing:
                return  # its history is still being read
            self.shown = transcript
            self._begin(transcript)
        if not transcript.take_changes():
            return
        for entry in transcript.entries:
            if entry.key not in self._told:
                self._entry(entry, transcript.cwd)

    def _begin(self, transcript: Transcript) -> None:
        """Say which thread this is, and how it stands."""
        title = f" called {plain_line(transcript.name)}" if transcript.name else ""
        self._say(f"thread{title} in {plain_line(transcript.cwd)}")
        over = [entry for entry in transcript.entries if entry.progress in (Progress.DONE, Progress.CUT)]
        self._told, self._begun = {entry.key for entry in over}, {}
        if len(over) > ENTRIES_SAID:
            self._say(f"{len(over) - ENTRIES_SAID} earlier entries are not said")
        for entry in over[-ENTRIES_SAID:]:
            self._say(*spoken.finished(entry, transcript.cwd))

    def _entry(self, entry: Entry, cwd: str) -> None:
        if entry.progress is Progress.SENDING:
            return
        if entry.progress is Progress.OPEN:
            self._open_entry(entry)
            return
        self._told.add(entry.key)
        content, so_far = entry.content, self._begun.pop(entry.key, 0)
        if isinstance(content, UserMessage) and content.client_id in self._chat.own_messages:
            return  # the user has just typed it
        self._say(*spoken.finished(entry, cwd, said=so_far))

    def _open_entry(self, entry: Entry) -> None:
        """Say a long answer line by line, and what begins."""
        content, so_far = entry.content, self._begun.get(entry.key, 0)
        if isinstance(content, AgentMessage):
            end = content.text.rfind("\n") + 1
            if end > so_far:
                lead = "" if so_far else "codex: "
                self._say(lead + content.text[so_far:end].removesuffix("\n"))
                self._begun[entry.key] = end
        elif entry.key not in self._begun:
            self._begun[entry.key] = 0
            self._say(*spoken.begun(entry))

    def _sign_in(self) -> None:
        login = self._chat.sign_in.login
        code = login.code if login is not None else None
        if login is not None and login.why and not code and self._said_code != login.why:
            self._said_code = login.why
            self._say(f"{login.why}; /login signs in by a code")
        if code is not None and self._said_code != code.code:
            self._said_code = code.code
            self._say(f"open {code.url} in a browser, anywhere, and enter this code: {code.code}")

    def _ports(self) -> None:
        """Say which ports are offered."""
        offered = offer_text(self._chat.ports.offered, self._chat.facts.host)
        if offered != self._said_ports:
            self._said_ports = offered
            if offered:
                self._say(f"something listens on {offered}; /ports opens it here")
