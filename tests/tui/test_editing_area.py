"""Every editing key of the composer does what readline does."""

import random

import pytest
from textual import events

from codex_ssh.core.keymap import ACTIONS, Place
from tests.tui.stage import Stage, open_stage

# What is written (| is the cursor), the keys, what is written then.
CASES = [
    ("one two|", "ctrl+a", "|one two"),
    ("one two|", "home", "|one two"),
    ("|one two", "ctrl+e", "one two|"),
    ("|one two", "end", "one two|"),
    ("one two|", "ctrl+b", "one tw|o"),
    ("|one two", "ctrl+f", "o|ne two"),
    ("one two|", "left right", "one two|"),
    ("one two|", "alt+b", "one |two"),
    ("one two|", "ctrl+left alt+left", "|one two"),
    ("|one two", "alt+f", "one| two"),
    ("|one two", "ctrl+right alt+right", "one two|"),
    ("one two|", "ctrl+w", "one |"),
    ("one two|", "alt+backspace", "one |"),
    ("|one two", "alt+d", "| two"),
    ("|one two", "alt+delete", "| two"),
    ("one tw|o", "ctrl+u", "|o"),
    ("a\n|b", "ctrl+u", "a|b"),
    ("one| two", "ctrl+k", "one|"),
    ("a|\nb", "ctrl+k", "a|b"),
    ("one| two", "ctrl+k ctrl+a ctrl+y", " two|one"),
    ("one two three|", "ctrl+w ctrl+w ctrl+y", "one two three|"),
    ("one two|", "ctrl+w left ctrl+u ctrl+y", "one| "),
    ("one two|", "ctrl+w left ctrl+u ctrl+y alt+y", "two| "),
    ("one two|", "alt+y", "one two|"),
    ("on|e", "backspace", "o|e"),
    ("on|e", "ctrl+h", "o|e"),
    ("on|e", "delete", "on|"),
    ("on|e", "ctrl+d", "on|"),
    ("a|b", "ctrl+t", "ba|"),
    ("ab|", "ctrl+t", "ba|"),
    ("|ab", "ctrl+t", "|ab"),
    ("one two|", "ctrl+w ctrl+z", "one two|"),
    ("one two|", "ctrl+w ctrl+underscore", "one two|"),
    ("one two|", "ctrl+w ctrl+z ctrl+shift+z", "one |"),
    ("one two|", "ctrl+w ctrl+z alt+z", "one |"),
    ("one|", "ctrl+j", "one\n|"),
    ("one|", "shift+enter", "one\n|"),
    ("one|", "alt+enter", "one\n|"),
    ("one|", "shift+left shift+left backspace", "o|"),
    ("|one", "shift+right delete", "|ne"),
    ("one\ntwo|", "shift+up backspace", "one|"),
    ("|one\ntwo", "shift+down backspace", "|two"),
    ("one\ntwo|", "up", "one|\ntwo"),
    ("o|ne\ntwo", "down", "one\nt|wo"),
]


def put(stage: Stage, text: str) -> None:
    before, _, behind = text.partition("|")
    stage.composer.take(before + behind)
    rows = before.split("\n")
    stage.composer.move_cursor((len(rows) - 1, len(rows[-1])))


def seen(stage: Stage) -> str:
    row, column = stage.composer.cursor_location
    lines = stage.composer.draft.seen.split("\n")
    lines[row] = lines[row][:column] + "|" + lines[row][column:]
    return "\n".join(lines)


async def test_each_key() -> None:
    async with open_stage() as stage:
        wrong = []
        for text, keys, then in CASES:
            put(stage, text)
            await stage.pilot.press(*keys.split())
            if seen(stage) != then:
                wrong.append((text, keys, then, seen(stage)))
        assert wrong == []


def test_no_editing_key_is_left_out() -> None:
    pressed = {key for _, keys, _ in CASES for key in keys.split()}
    elsewhere = ("send", "search", "paste", "editor", "queue", "unfold", "take_back", "drop", "keys")
    for action in ACTIONS:
        if action.place is Place.COMPOSER and not any(word in action.id for word in elsewhere):
            missing = set(action.keys) - pressed - {"ctrl+p", "ctrl+n"}
            assert not missing, (action.id, missing)


# ---------------------------------------------------------------- folds

LONG = "".join(f"line {n}\n" for n in range(30))


async def paste(stage: Stage, text: str) -> None:
    stage.composer.post_message(events.Paste(text))
    await stage.pilot.pause()


async def test_a_long_paste_is_folded_sent_whole_and_deleted_as_one() -> None:
    async with open_stage() as stage:
        await stage.type("look at ", then="")
        await paste(stage, LONG)
        await stage.type(" and fix it", then="")
        assert stage.composer.draft.seen == "look at [pasted 30 lines] and fix it"
        await stage.wait_text("look at [pasted 30 lines] and fix it")
        await stage.pilot.press("enter")
        await stage.wait_call("turn/start")
        sent = stage.script.asked("turn/start")[0]["input"][0]["text"]
        assert sent == f"look at {LONG} and fix it"
        await paste(stage, LONG)
        await stage.pilot.press("backspace")
        assert stage.composer.text == ""
        await stage.pilot.press("ctrl+z")
        assert stage.composer.draft.text == LONG
        await stage.pilot.press("ctrl+a", "delete")
        assert stage.composer.text == ""


@pytest.mark.parametrize(
    ("keys", "then"),
    [
        ("left", "a |[pasted 30 lines]"),
        ("left right", "a [pasted 30 lines]|"),
        ("ctrl+a right right right", "a [pasted 30 lines]|"),
        ("alt+b", "a |[pasted 30 lines]"),
        ("ctrl+w", "a |"),
        ("ctrl+w ctrl+y", "a [pasted 30 lines]|"),
        ("ctrl+a right right ctrl+k", "a |"),
        ("left x", "a x|[pasted 30 lines]"),
        ("left ctrl+t", "a[pasted 30 lines] |"),
        ("shift+left delete", "a |"),
    ],
)
async def test_a_fold_is_one_piece_for_every_key(keys: str, then: str) -> None:
    async with open_stage() as stage:
        await stage.type("a ", then="")
        await paste(stage, LONG)
        await stage.pilot.press(*keys.split())
        assert seen(stage) == then
        if "[pasted" in then:
            assert stage.composer.draft.text == then.replace("|", "").replace("[pasted 30 lines]", LONG)


async def test_a_paste_is_unfolded_where_the_cursor_is() -> None:
    async with open_stage() as stage:
        await paste(stage, LONG)
        await stage.pilot.press("alt+o")
        assert stage.composer.text == LONG
        await stage.pilot.press("ctrl+z")
        assert stage.composer.draft.seen == "[pasted 30 lines]"


async def test_pasted_text_is_harmless_on_the_screen_and_unchanged_on_the_wire() -> None:
    text = "\x1b[31mred\x1b]0;title\x07 \u202e \U00100001"
    async with open_stage() as stage:
        await paste(stage, text)
        await stage.wait_text("␛[31mred␛]0;title␇ <202e> <100001>")
        await stage.pilot.press("enter")
        await stage.wait_call("turn/start")
        assert stage.script.asked("turn/start")[0]["input"][0]["text"] == text


async def test_what_is_cut_with_the_mouse_is_what_would_be_sent() -> None:
    async with open_stage() as stage:
        await paste(stage, LONG)
        stage.composer.select_all()
        assert stage.composer.selected_text == LONG


@pytest.mark.parametrize("seed", range(2))
async def test_no_keys_cut_a_fold_in_two(seed: int) -> None:
    chance = random.Random(seed)
    keys = [key for _, keys, _ in CASES for key in keys.split()]
    keys += ["x", "y", "space", "ctrl+j", "alt+o", "up", "down"]
    async with open_stage() as stage:
        composer = stage.composer
        pressed: list[str] = []
        for number in range(120):
            if number % 20 == 0:
                composer.put_text(chance.choice([LONG, "a\x1b[1m\u200bb", "plain\ntext"]))
            key = chance.choice(keys)
            pressed.append(key)
            await stage.pilot.press(key)
            text, folds = composer.text, composer.folds
            assert folds.long(folds.short(text)) == text, pressed
            for row, column in (composer.selection.start, composer.selection.end):
                assert folds.whole(composer.document[row], column, to_end=True) == column, pressed
            assert composer.draft.seen == folds.shown(text), pressed
