"""How things look: styles made of the terminal's own sixteen colours, so that dark and light both work.

Lives here: names for styles. Nothing uses bright white or black, which vanish on one background or the other;
``NO_COLOR`` takes the colours away and leaves bold, dim, italic, underline and reverse.
"""

from __future__ import annotations

from typing import Final

from rich.style import Style

PLAIN: Final = Style()
DIM: Final = Style(dim=True)
BOLD: Final = Style(bold=True)
ITALIC: Final = Style(italic=True)
STRIKE: Final = Style(strike=True)
UNDERLINE: Final = Style(underline=True)

USER: Final = Style(color="cyan", bold=True)
USER_TEXT: Final = Style(bold=True)
AGENT: Final = Style(color="magenta")
THOUGHT: Final = Style(dim=True, italic=True)
COMMAND: Final = Style(bold=True)
CODE: Final = Style(color="cyan")
CODE_KEYWORD: Final = Style(color="magenta")
CODE_STRING: Final = Style(color="green")
CODE_NUMBER: Final = Style(color="cyan")
CODE_NAME: Final = Style(color="blue")
CODE_COMMENT: Final = Style(dim=True, italic=True)
HEADING: Final = Style(bold=True, underline=True)
LINK: Final = Style(color="blue", underline=True)
ADDRESS: Final = Style(dim=True)
ADDED: Final = Style(color="green")
REMOVED: Final = Style(color="red")
ADDED_PART: Final = Style(color="green", reverse=True)
REMOVED_PART: Final = Style(color="red", reverse=True)
LINE_NUMBER: Final = Style(dim=True)
COMMENTARY: Final = Style(dim=True)
HUNK: Final = Style(color="cyan", dim=True)
GOOD: Final = Style(color="green")
BAD: Final = Style(color="red")
BAD_BOLD: Final = Style(color="red", bold=True)
WARN: Final = Style(color="yellow")
BUSY: Final = Style(color="magenta", bold=True)
KEY: Final = Style(color="cyan", bold=True)
ODD: Final = Style(color="yellow", reverse=True)
CHOSEN: Final = Style(reverse=True)
FOUND: Final = Style(color="yellow", reverse=True)
FOUND_HERE: Final = Style(color="magenta", reverse=True, bold=True, underline=True)
