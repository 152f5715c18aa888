"""Colours for code, one line at a time, in the terminal's own sixteen.

Lives here: which colour a token has. Not here: what a fence is (:mod:`codex_ssh.tui.blocks`).

Every line is read by itself, so that a line that was drawn never changes because of what is streamed below
it. That is wrong inside a string or a comment of several lines, and nowhere else. The lexers are Pygments',
which comes with Rich.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.token import Token  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]
from rich.style import Style

from codex_ssh.tui import palette
from codex_ssh.tui.wrap import Span

MOST_CHARACTERS: Final = 400
"""A longer line has no colours: it is data, and lexers are no match for it."""

_NAMES: Final = """
bash c c++ clojure console cpp cs csharp css dart diff docker dockerfile elixir erlang fish go graphql haskell
hcl html ini java javascript js json json5 jsx julia kotlin less lua make makefile markdown md mysql nginx nix
objc ocaml perl php postgresql powershell proto protobuf ps1 py python r rb rs ruby rust scala scss sh shell
sql swift terraform toml ts tsx typescript vim vue xml yaml yml zig zsh
"""
_OTHER_NAMES: Final = {"jsonc": "json5", "kt": "kotlin", "patch": "diff"}

LANGUAGES: Final = frozenset(_NAMES.split())
"""What is coloured. The devbox names the language, and a rare lexer may take for ever over some lines."""

_LINES_KEPT: Final = 4096


@lru_cache(_LINES_KEPT)
def code_spans(line: str, language: str) -> tuple[Span, ...]:
    """Give a line of code as spans; without a language, or one nobody knows, in one colour.

    Args:
        line: Harmless already, without a line end.
        language: What stands behind the fence: ``python``, ``sh title="x"`` …
    """
    name = language.strip().partition(" ")[0].strip("{}.").lower()
    lexer = _lexer(_OTHER_NAMES.get(name, name))
    if lexer is None or not line.strip() or len(line) > MOST_CHARACTERS:
        return ((line, palette.CODE),)
    spans: list[Span] = []
    for kind, text in lexer.get_tokens(line):
        if text := text.rstrip("\n"):
            style = _style(kind)
            if spans and spans[-1][1] == style:
                spans[-1] = (spans[-1][0] + text, style)
            else:
                spans.append((text, style))
    # A lexer that drops or adds anything is not to be trusted with what is shown.
    return tuple(spans) if "".join(text for text, _ in spans) == line else ((line, palette.CODE),)


@lru_cache(64)
def _lexer(name: str) -> Any:
    if name not in LANGUAGES:
        return None
    try:
        return get_lexer_by_name(name, stripnl=False, stripall=False, ensurenl=True)
    except ClassNotFound:
        return None


@lru_cache(256)
def _style(kind: Any) -> Style:
    while kind not in _STYLES and kind.parent is not None:
        kind = kind.parent
    return _STYLES.get(kind, palette.PLAIN)


_STYLES: Final[dict[Any, Style]] = {
    Token.Comment: palette.CODE_COMMENT,
    Token.Keyword: palette.CODE_KEYWORD,
    Token.Keyword.Constant: palette.CODE_NUMBER,
    Token.Operator.Word: palette.CODE_KEYWORD,
    Token.Name.Builtin: palette.CODE_NAME,
    Token.Name.Class: palette.CODE_NAME,
    Token.Name.Decorator: palette.CODE_NAME,
    Token.Name.Function: palette.CODE_NAME,
    Token.Name.Tag: palette.CODE_KEYWORD,
    Token.Name.Attribute: palette.CODE_NAME,
    Token.Name.Variable: palette.CODE_NAME,
    Token.Literal.Number: palette.CODE_NUMBER,
    Token.Literal.String: palette.CODE_STRING,
    Token.Generic.Deleted: palette.REMOVED,
    Token.Generic.Inserted: palette.ADDED,
    Token.Generic.Heading: palette.BOLD,
    Token.Generic.Subheading: palette.HUNK,
    Token.Generic.Prompt: palette.DIM,
    Token.Generic.Output: palette.DIM,
}
