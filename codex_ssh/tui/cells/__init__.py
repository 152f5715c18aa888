"""How each entry of the transcript looks: entries to rows, and what is folded away.

Lives here: one function per kind of content, in modules by what they are about, and :class:`Cell`, which
remembers rows until something changes. Not here: which cells there are and which rows are visible
(:mod:`codex_ssh.tui.widgets.transcript_view`).

Everything from the devbox goes through :mod:`codex_ssh.core.plain_text` here, and is never markup.

For a view that finds, copies and follows links: :meth:`Cell.copy_text` is all of an entry, folded parts
included, and a segment of a row that is part of a link has its address in ``style.meta["link"]``
(:mod:`codex_ssh.tui.links`: ``link_of(segment.style)``, ``links_in(rows)``). :func:`join_groups` has to be
called when cells come, go or move: neighbours that belong together are drawn as one block, and still fold
one by one.
"""

from __future__ import annotations

from codex_ssh.tui.cells.cell import Cell, Place, join_groups
from codex_ssh.tui.cells.look import Look, seconds

__all__ = ["Cell", "Look", "Place", "join_groups", "seconds"]
