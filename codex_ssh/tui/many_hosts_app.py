"""An application that holds several hosts: showing one of them, opening more, and what waits on any of them.

Lives here: which host is shown, the list of hosts, and the inbox. Not here: what is shown of one host
(:mod:`codex_ssh.tui.widgets.host_view`), holding the others (:mod:`codex_ssh.tui.visits`) and everything a
user does on one host (:mod:`codex_ssh.tui.app`).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import ClassVar, TypeVar

from textual import work
from textual.app import App
from textual.binding import BindingType

from codex_ssh.core.ask import Ask
from codex_ssh.core.decision import Decision
from codex_ssh.core.entry import Level
from codex_ssh.core.fleet import Doing, HostReport
from codex_ssh.core.keymap import Keymap, key_hint, shown
from codex_ssh.core.plain_text import plain_line
from codex_ssh.core.thread import Need
from codex_ssh.errors import CodexSshError
from codex_ssh.tui.bindings import bind
from codex_ssh.tui.bridge import ExitReason
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.screens.all_hosts_screen import AllHostsScreen, Instead
from codex_ssh.tui.screens.hosts_screen import Chosen, HostsScreen, Open
from codex_ssh.tui.screens.inbox_screen import InboxScreen, NoDecision
from codex_ssh.tui.screens.tell_screen import TellScreen
from codex_ssh.tui.screens.waiting_screen import WaitingScreen, wait_for
from codex_ssh.tui.title import thread_title
from codex_ssh.tui.visits import Visit, Visits
from codex_ssh.tui.widgets.ask_queue import is_form
from codex_ssh.tui.widgets.host_view import HostView

R = TypeVar("R")


class ManyHostsApp(App[R]):
    """Shows one host at a time, of those that are open.

    Attributes:
        here: The host that is shown.
        views: All that are open; the first is the one the application was begun with.
        keymap: Which keys do what.
        visits: Opens others; None where there are none.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("app.hosts", "hosts", priority=True),
        bind("app.inbox", "inbox", priority=True),
        bind("app.all", "all_hosts", priority=True),
    ]

    here: HostView
    views: list[HostView]
    keymap: Keymap
    visits: Visits | None = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether an action's key means it now."""
        if action in ("hosts", "inbox", "all_hosts"):
            return len(self.screen_stack) == 1
        return super().check_action(action, parameters)

    def wake(self) -> None:
        """Bring the screen up to date soon."""
        raise NotImplementedError

    def new_view(self, visit: Visit) -> HostView:
        """Make the view of a host that was opened."""
        raise NotImplementedError

    # ---------------------------------------------------------------- going from host to host

    def show(self, view: HostView) -> None:
        """Show a host; the one before goes on out of sight."""
        if view is not self.here:
            self.here.display, view.display = False, True
            self.here = view
        view.catch_up()
        view.take_keyboard()
        self.wake()

    def action_hosts(self) -> None:
        """Let the user choose a host."""
        self._choose_host()

    @work(exclusive=True, group="hosts")
    async def _choose_host(self) -> None:
        await self.choose_host()

    async def choose_host(self) -> None:
        """Let the user choose a host, and go there."""
        if self.visits is None:
            self.here.chat.note(Level.INFO, "there is only this host here")
            return
        chosen = await self.push_screen_wait(HostsScreen(self.visits.fleet, self._open_rows(), self.keymap))
        if chosen is not None:
            await self.go_to(chosen)

    async def choose_other_host(self, why: str) -> str:
        """Let the user choose another host than the one that is shown; gives its name, empty for none.

        Args:
            why: What is asked.
        """
        assert self.visits is not None
        screen = HostsScreen(self.visits.fleet, self._open_rows(), self.keymap, why=why)
        chosen = await self.push_screen_wait(screen)
        return chosen.host if chosen is not None else ""

    def _open_rows(self) -> list[Open]:
        return [self._open_row(view) for view in self.views]

    def _open_row(self, view: HostView) -> Open:
        chat = view.chat
        words = chat.doing
        if chat.transcript is not None:
            words = f"{chat.transcript.state.value}: {thread_title(chat.transcript)}"
        return Open(host=view.host, is_here=view is self.here, words=words, waits=len(chat.asks))

    async def go_to(self, chosen: Chosen) -> None:
        """Show a host, opened now where it is not, and maybe go on with a thread there."""
        view = self.view_of(chosen.host)
        if view is None:
            view = await self.open_host(chosen)
            if view is None:
                return
            view.chat.open()
        elif chosen.thread_id and not _shows(view, chosen.thread_id):
            view.chat.resume(chosen.thread_id)
        self.show(view)

    def view_of(self, host: str) -> HostView | None:
        """Give the view of a host; None where it is not open."""
        return next((view for view in self.views if view.host == host), None)

    async def open_host(self, chosen: Chosen) -> HostView | None:
        """Open a host out of sight, without a thread; None where it cannot be, or the user gave it up."""
        assert self.visits is not None
        visit = self.visits.begin(chosen.host, chosen.thread_id)
        waiting = WaitingScreen(f"connecting to {plain_line(chosen.host)}")
        self.push_screen(waiting, lambda _: visit.give_up_opening())
        await asyncio.wait([visit.opened])
        waiting.dismiss(None)
        if visit.opened.cancelled():
            return None
        if (failed := visit.opened.exception()) is not None:
            hint = getattr(failed, "hint", "")
            said = getattr(failed, "said", "")
            self.here.chat.note(Level.ERROR, str(failed), "\n".join(filter(None, [said, hint])))
            return None
        view = self.new_view(visit)
        view.visit = visit
        view.display = False
        view.desk.write_terminal = self.here.desk.write_terminal
        await self.screen_stack[0].mount(view)  # whatever is on top by now
        self.views.append(view)
        self._name_hosts()
        view.chat.on_change = self.wake
        return view

    def leave_host(self, view: HostView, why: str = "") -> None:
        """Leave a host that was opened here; a running turn goes on there."""
        if view.visit is None:
            self.here.chat.note(Level.INFO, "this is the host you began with: /quit leaves all of them")
            return
        view.visit.outcome = view.outcome(ExitReason.QUIT)
        view.visit.give_up()
        self.views.remove(view)
        self._name_hosts()
        if view is self.here:
            self.show(self.views[0])
        self.call_after_refresh(view.remove)  # not before it is out of sight
        self.here.chat.note(Level.ERROR if why else Level.INFO, why or f"{view.host} was left")

    def _name_hosts(self) -> None:
        """Say above each composer where it leads, while there is more than one."""
        for view in self.views:
            view.composer.name_host(view.host if len(self.views) > 1 else "")

    def leave_lost(self) -> None:
        """Leave every host that was opened here and has no prospect of a link any more."""
        for view in [view for view in self.views if view.visit is not None]:
            if view.chat.lost is not None:
                self.leave_host(view, f"{view.host} was left: {view.chat.lost}")

    # ---------------------------------------------------------------- several at once

    @property
    def lone(self) -> tuple[str, str] | None:
        """Why nothing is done with several hosts, and what helps; None where several are open."""
        if len(self.views) > 1:
            return None
        key = key_hint(self.keymap, "app.hosts", "your hosts")
        more = f"open another one first, by /hosts{f' ({key})' if key else ''}"
        return f"only {plain_line(self.here.host)} is open here", more if self.visits is not None else ""

    def action_all_hosts(self) -> None:
        """Show all open hosts side by side."""
        self._show_all_hosts()

    @work(exclusive=True, group="hosts")
    async def _show_all_hosts(self) -> None:
        await self.show_all_hosts()

    async def show_all_hosts(self) -> None:
        """Show all open hosts side by side, until the user goes to one or back."""
        if self.lone is not None:
            self.here.chat.note(Level.INFO, *self.lone)
            return

        def look() -> list[Chat]:
            return [view.chat for view in self.views]

        chosen: str | Instead | None = Instead.INBOX
        while chosen is Instead.INBOX:
            chosen = await self.push_screen_wait(AllHostsScreen(look, self.here.host, self.keymap))
            if chosen is Instead.INBOX and not await self.empty_inbox():
                return
        if chosen is Instead.HOSTS:
            await self.choose_host()
        elif chosen is Instead.TELL:
            self.here.composer.put_command("tell")
        elif chosen is not None and (view := self.view_of(chosen)) is not None:
            self.show(view)

    def refresh_hosts(self) -> None:
        """Bring up to date what shows several hosts, and say what came back on one that is not shown."""
        for screen in self.screen_stack:
            if isinstance(screen, TellScreen | AllHostsScreen):
                screen.catch_up()
        for view in self.views:
            if view is not self.here and view.take_draft():
                text = f"what you wrote for {plain_line(view.host)} is in its composer again"
                self.here.chat.note(Level.WARNING, text, "why is said there")

    # ---------------------------------------------------------------- what waits

    @property
    def waits_elsewhere(self) -> str:
        """What waits on hosts that are not shown, in words; empty when nothing does."""
        hosts = [view.host for view in self.views if view is not self.here and view.chat.asks]
        if not hosts:
            return ""
        keys = self.keymap.keys("app.inbox")
        key = f"{shown(keys[0]).lower()}: " if keys else ""
        return f"{key}{', '.join(map(plain_line, hosts))} {'wait' if len(hosts) > 1 else 'waits'} for you"

    @property
    def wanted(self) -> HostView:
        """The host that wants the user: the one that is shown, unless only another one waits."""
        waiting = [view for view in (self.here, *self.views) if view.chat.asks]
        return next(iter(waiting), self.here)

    def action_inbox(self) -> None:
        """Answer what waits longest."""
        self._empty_inbox()

    @work(exclusive=True, group="hosts")
    async def _empty_inbox(self) -> None:
        await self.empty_inbox()

    async def empty_inbox(self) -> bool:
        """Answer one request after the other, what waits longest first, until the user has enough.

        Returns:
            Whether the user is still where he was, and was told nothing there.
        """
        answered = False
        while (found := self._waiting()) and len(self.screen_stack) == 1:
            view, ask = found[0]
            if is_form(ask):
                self.show(view)  # its dialog opens by itself
                return False
            if not await self._answer(view, ask, behind=len(found) - 1):
                return True
            answered = True
        if not answered and not found:
            await self._go_to_blocked()
        return answered

    def _waiting(self) -> list[tuple[HostView, Ask]]:
        """Give all requests of all hosts that are open, what waits longest first."""
        found = [(view, ask) for view in self.views if view.chat.is_online for ask in view.chat.asks]
        return sorted(found, key=lambda one: -one[0].chat.pending.waited(one[1]))

    async def _answer(self, view: HostView, ask: Ask, *, behind: int) -> bool:
        """Let the user answer a request where he is; False when he puts it off."""
        grace = view.chat.options.grace_seconds
        screen = InboxScreen(ask, view.asks.scene(ask), self.keymap, grace_seconds=grace, behind=behind)
        decision = await self.push_screen_wait(screen)
        if isinstance(decision, Decision) and ask in view.chat.asks:
            view.asks.answer(ask, decision)
        elif decision is not NoDecision.LATER:
            self.here.chat.note(Level.INFO, f"{view.host}: it was answered elsewhere")
        return decision is not NoDecision.LATER

    def refresh_inbox(self) -> None:
        """Bring the request on the screen up to date."""
        screen = self.screen
        if isinstance(screen, InboxScreen):
            view = next((view for view in self.views if screen.ask in view.chat.asks), self.here)
            screen.catch_up(waits=screen.ask in view.chat.asks, scene=view.asks.scene(screen.ask))

    async def _go_to_blocked(self) -> None:
        """Go to the thread that waits longest and is not shown, on whichever host; takes seconds."""
        if self.visits is None:
            self.here.chat.note(Level.INFO, "nothing waits for you")
            return
        found = await wait_for(self, "looking for what waits on your hosts", self._look_for_blocked)
        if found is None:
            return
        if not found:
            self.here.chat.note(Level.INFO, "nothing waits for you on any host that answers")
        else:
            await self.go_to(min(found, key=lambda one: one[0])[1])

    async def _look_for_blocked(self) -> list[tuple[int, Chosen]]:
        """Give the threads that wait and are not shown, each with the time of its last change."""
        assert self.visits is not None
        fleet, opened = self.visits.fleet, {view.host for view in self.views}
        found: list[tuple[int, Chosen]] = []

        def told(report: HostReport) -> None:
            found.extend(
                (thread.updated_at, Chosen(host=report.host, thread_id=thread.id))
                for thread in report.threads
                if thread.doing is Doing.WAITING
            )

        for view in self.views:
            roster = view.chat.roster
            with suppress(CodexSshError):  # what has no link just now is not asked
                await roster.read()
            found += [
                (thread.updated_at, Chosen(host=view.host, thread_id=thread.id))
                for thread in roster.threads
                if thread.status.need is Need.WAITING and not _shows(view, thread.id)
            ]
        await fleet.look([one.host for one in fleet.known() if one.host not in opened], told)
        return found


def _shows(view: HostView, thread_id: str) -> bool:
    return view.chat.transcript is not None and view.chat.transcript.thread_id == thread_id
