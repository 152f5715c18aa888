"""How each entry of the transcript looks: entries to rows, and what is folded away.

Lives here: one function per kind of content, in modules by what they are about, and :class:`Cell`, which
remembers rows until something changes. Not here: which cells there are and which rows are visible
(:mod:`codex_ssh.tui.window`).

Everything from the devbox goes through :mod:`codex_ssh.core.plain_text` here, and is never markup.

For a view that finds, copies and follows links: :meth:`Cell.copy_text` is all of an entry, folded parts
included, and a segment of a row that is part of a link has its address in ``style.meta["link"]``
(:mod:`codex_ssh.tui.links`: ``link_of(segment.style)``, ``links_in(rows)``). Neighbours that belong together
are drawn as one block, and still fold one by one: :func:`place_of` says who does.
"""

from __future__ import annotations

from codex_ssh.tui.cells.cell import Cell, Place, place_of
from codex_ssh.tui.cells.look import Look, seconds

__all__ = ["Cell", "Look", "Place", "place_of", "seconds"]
