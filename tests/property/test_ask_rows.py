"""Whatever is asked for: all of it is on the card, and nothing of it acts or passes for something of ours."""

import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from codex_ssh.core.ask import Ask, decode_ask
from codex_ssh.core.exact_text import Line, exact_line, exact_lines
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.rpc import Json, Request
from codex_ssh.tui.ask_rows import Scene, all_rows, decision_rows

NASTY = st.lists(
    st.one_of(
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8),
        st.sampled_from(
            [
                *(
                    "\x1b[2J",
                    "\x1b]0;title\x07",
                    "\x1b]52;c;aGk=\x07",
                    "\x9b31m",
                    "\r",
                    "\t",
                    "\n",
                    "\n\n\n\n\n",
                ),
                *(
                    "\u202e",
                    "\u2066",
                    "\u200b",
                    "\u00a0",
                    "\u2800",
                    "\ufe0f",
                    " " * 40,
                    "\u0301" * 9,
                    "👩\u200d💻",
                ),
                *("[red]", "[/]", "[@click=app.quit]x[/]", "  › y yes", "┃", "$ ", "│ ", "日本語", "x" * 90),
            ]
        ),
    ),
    max_size=12,
).map("".join)

FACTS = ServerFacts(
    host="devbox", user="alice", hostname="box", transport="ssh", server_version="1", codex_home="/h"
)
SCENE = Scene(facts=FACTS, cwd="/w", thread="a thread")
WIDTHS = st.integers(16, 100)
MARKS = ("$ ", "│ ", "┆ ", "• ", "! ")


def ask_for(method: str, **params: Json) -> Ask:
    place = {"threadId": "t", "turnId": "u", "itemId": "i"}
    return decode_ask(Request(id=1, method=method, params={**place, **params}))


def command_ask(command: str, **more: Json) -> Ask:
    return ask_for("item/commandExecution/requestApproval", command=command, cwd="/w", **more)


def rebuilt(lines: list[Line]) -> str:
    """Give the text that is shown so."""
    found: list[str] = []
    for line in lines:
        for piece in line:
            if not piece.is_ours:
                found.append(piece.text)
            elif code := re.fullmatch(r"<([0-9a-f]+)>", piece.text):
                found.append(chr(int(code[1], 16)))
            elif run := re.fullmatch(r"⟨(\d+) (blanks|empty lines)⟩", piece.text):
                found.append(int(run[1]) * " " if run[2] == "blanks" else (int(run[1]) - 1) * "\n")
            else:
                found.append("\x7f" if piece.text == "␡" else chr(ord(piece.text) - 0x2400))
        found.append("\n")
    return "".join(found)[:-1]


def unmarked(rows: list[str]) -> tuple[str, list[str]]:
    """Give the title, and the other rows without a mark."""
    ours = [row for row in rows if not row.startswith(MARKS)]
    where = next(at for at, row in enumerate(ours) if row.startswith("on "))
    return " ".join(ours[:where]), ours[where:]


@given(NASTY)
def test_what_is_shown_can_be_read_back_to_the_last_character(text: str) -> None:
    assert rebuilt(exact_lines(text)) == text
    assert rebuilt([exact_line(text)]) == text


@settings(max_examples=200)
@given(NASTY, WIDTHS)
def test_every_row_of_a_command_is_harmless_narrow_enough_and_marked(command: str, width: int) -> None:
    rows = [strip.text for strip in all_rows(command_ask(command, reason=command), SCENE, width)]
    for row in rows:
        assert cell_len(row) <= width
        assert all(unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in row)
    # Whatever the command is, the rows without a mark are those of a harmless one.
    title, told = unmarked(rows)
    assert re.fullmatch(r"Run this command\?( ?\([\d,]+ lines, [\d,]+ characters\))?", title)
    assert told == unmarked([strip.text for strip in all_rows(command_ask("ls"), SCENE, width)])[1]


@given(NASTY, WIDTHS)
def test_all_of_a_command_is_in_the_rows(command: str, width: int) -> None:
    rows = [strip.text for strip in all_rows(command_ask(command), Scene(facts=FACTS, cwd="/w"), width)]
    told = "".join(row[2:] for row in rows if row.startswith(MARKS[:3]))
    shown = "".join(piece.text for line in exact_lines(command) for piece in line)
    assert shown in told


@given(NASTY, WIDTHS)
def test_a_decision_cannot_pass_for_two(words: str, width: int) -> None:
    prefix = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": [words or "x"]}}
    host = {"applyNetworkPolicyAmendment": {"network_policy_amendment": {"action": "allow", "host": words}}}
    ask = command_ask("ls", availableDecisions=["accept", prefix, host, "decline", "cancel"])
    decisions = getattr(ask, "decisions", ())
    rows = [strip.text for strip in decision_rows(decisions, 0, width)]
    starts = [row for row in rows if not row.startswith("  ┆ ")]
    assert len(starts) == len(decisions)
    assert all(cell_len(row) <= width for row in rows)


@given(NASTY, WIDTHS)
def test_every_other_kind_is_harmless_too(text: str, width: int) -> None:
    tool = {"codex_approval_kind": "mcp_tool_call", "tool_name": text, "tool_params": {text: text}}
    entry = {"access": text, "path": {"type": "path", "path": text}}
    change = {"type": "update", "unified_diff": text, "move_path": text}
    asks = [
        ask_for(
            "item/permissions/requestApproval", permissions={text: text, "fileSystem": {"entries": [entry]}}
        ),
        ask_for("mcpServer/elicitation/request", serverName=text, message=text, mode="url", url=text),
        ask_for("mcpServer/elicitation/request", serverName=text, mode="form", _meta=tool),
        ask_for("applyPatchApproval", fileChanges={text: change}, grantRoot=text, reason=text),
        ask_for("item/fileChange/requestApproval", reason=text),
    ]
    scene = Scene(facts=FACTS, cwd=text, thread=text)
    for ask in asks:
        for strip in all_rows(ask, scene, width):
            assert all(unicodedata.category(one) not in ("Cc", "Cs", "Zl", "Zp") for one in strip.text)
            assert strip.cell_length <= width
