"""Walking through what was said before, and searching in it, without losing what is being written.

Lives here: where one is. Not here: what was said (:meth:`codex_ssh.tui.desk.Desk.history`) and the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codex_ssh.core.draft import Draft, harmless


class PromptHistory:
    """The history as one composer walks it.

    Args:
        said: Gives what was said before, the oldest first.

    Attributes:
        query: What is searched for; None while nothing is.
    """

    def __init__(self, said: Callable[[], Sequence[str]]) -> None:
        self._said = said
        self._back = 0
        self._unsent = Draft()
        self.query: str | None = None

    @property
    def unsent(self) -> Draft:
        """What is being written while something older is shown; empty while nothing is."""
        return self._unsent if self._back or self.is_searching else Draft()

    def turn(self, step: int, now: Draft) -> Draft | None:
        """Give what was said one step back, or forth for a negative step; None when there is none that way.

        Args:
            step: 1 or -1.
            now: What is being written; it is behind the newest.
        """
        texts = self._texts()
        back = self._back + step
        if not 0 <= back <= len(texts):
            return None
        if self._back == 0:
            self._unsent = now
        self._back = back
        return harmless(texts[-back]) if back else self._unsent

    def leave(self) -> None:
        """Be at the newest again; what was being written is gone."""
        self._back, self._unsent, self.query = 0, Draft(), None

    # ---------------------------------------------------------------- searching

    @property
    def is_searching(self) -> bool:
        """Whether a search is going on."""
        return self.query is not None

    def begin(self, now: Draft) -> None:
        """Begin a search."""
        if self._back == 0:
            self._unsent = now
        self._back, self.query = 0, ""

    def look_for(self, query: str) -> Draft | None:
        """Search for something else, from where the search is; None when nothing has it."""
        self.query = query
        return self._find(range(max(1, self._back), len(self._texts()) + 1))

    def again(self, step: int) -> Draft | None:
        """Give the next older match, or a newer one for a negative step; None when there is none."""
        if step > 0:
            return self._find(range(self._back + 1, len(self._texts()) + 1))
        return self._find(range(self._back - 1, 0, -1))

    def take(self) -> None:
        """End the search where it is."""
        self.query = None

    def give_up(self) -> Draft:
        """End the search; gives what was being written."""
        unsent = self._unsent
        self.leave()
        return unsent

    def _find(self, backs: Sequence[int]) -> Draft | None:
        texts = self._texts()
        query = (self.query or "").casefold()
        shown = texts[-self._back] if 0 < self._back <= len(texts) else None
        for back in backs:
            text = texts[-back]
            if query and query in text.casefold() and (text != shown or back == self._back):
                self._back = back
                return harmless(text)
        return None

    def _texts(self) -> Sequence[str]:
        return self._said()
