"""A draft is sent as it was meant, and everything in it is safe to see."""

import pytest

from codex_ssh.core.attachment import Mention, Picture, PictureThere, SkillMention
from codex_ssh.core.draft import Draft, Fold, draft_of, fold_text, harmless, image_fold, join_drafts, pasted
from codex_ssh.core.plain_text import plain_lines

SHOT = Picture(url="data:image/png;base64,AA==", label="shot.png 2×1, 4 B")
OTHER = PictureThere(path="/w/b.png")
FILE = Mention(name="src/a b.py", path="/w/src/a b.py")
SKILL = SkillMention(name="greet", path="/s/SKILL.md")


def test_a_short_paste_stands_as_it_is_and_line_ends_become_one_kind() -> None:
    assert pasted("a\r\nb\rc\td").pieces == ("a\nb\nc\td",)
    assert pasted("").pieces == ()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("x\n" * 1234, "[pasted 1 234 lines]"),
        ("x" * 2000, "[pasted 2 000 characters]"),
        ("x\n" * 11 + "end", "[pasted 12 lines]"),
    ],
)
def test_a_long_paste_is_folded_and_sent_whole(text: str, label: str) -> None:
    draft = pasted(text)
    assert draft.seen == label
    assert draft.text == text


@pytest.mark.parametrize(
    "text",
    [
        "a\x1b[31mred\x1b[0m",
        "zero\u200bwidth",
        "bidi\u202eevil\u202c",
        "sep\u2028arated\x0bby\x85odd\x1cones",
        "nul\0",
        "private \U00100000 mark \U0010fffd",
        "joined \u200d alone",
    ],
)
def test_what_is_not_safe_to_print_is_seen_in_another_way_and_sent_as_it_is(text: str) -> None:
    draft = harmless(text)
    assert draft.text == text
    assert plain_lines(draft.seen) == draft.seen
    assert not any(ord(character) >= 0x100000 for character in draft.seen)
    assert all("\n" not in fold.label for fold in draft.folds)


@pytest.mark.parametrize("text", ["👩\u200d💻 at work", "naïve – 日本\u00a0語", "tab\tand\nline"])
def test_other_text_is_left_alone(text: str) -> None:
    assert harmless(text).pieces == (text,)


def test_a_text_full_of_controls_is_one_fold() -> None:
    draft = harmless("x\x01" * 100)
    assert draft.seen == "[pasted 200 characters]"
    assert draft.text == "x\x01" * 100


def test_images_are_numbered_as_they_come_and_files_go_once() -> None:
    pieces = (
        "like ",
        image_fold(SHOT),
        " not ",
        image_fold(OTHER),
        *draft_of('@"src/a b.py" @"src/a b.py"', (FILE,)).pieces,
    )
    draft = Draft(pieces=pieces)
    assert draft.text == 'like [Image #1] not [Image #2]@"src/a b.py" @"src/a b.py"'
    assert draft.attachments == (SHOT, OTHER, FILE)
    assert draft.without_images == 'like  not @"src/a b.py" @"src/a b.py"'


def test_a_message_becomes_a_draft_again() -> None:
    text = 'see [Image #2], $greet and @"src/a b.py", not [Image #7] or x@"src/a b.py"'
    draft = draft_of(text, (SHOT, OTHER, FILE, SKILL))
    assert [fold.attachment for fold in draft.folds] == [OTHER, SKILL, FILE, SHOT]
    assert draft.text == text.replace("#2", "#1") + " [Image #2]"
    assert draft.attachments == (OTHER, SKILL, FILE, SHOT)


def test_a_name_that_is_not_there_any_more_is_left_out() -> None:
    assert draft_of("nothing of it", (FILE, SKILL)).attachments == ()
    assert draft_of("$greeting", (SKILL,)).attachments == ()


def test_drafts_are_joined_by_a_blank_line_and_empty_ones_left_out() -> None:
    fold = Draft(pieces=(fold_text("a\nb"),))
    assert join_drafts([harmless("one"), Draft(), harmless(" "), fold]).text == "one\n\na\nb"
    assert not join_drafts([])
    assert Draft(pieces=(Fold(label="[x]"),)), "a fold is something"


def test_line_ends_around_are_taken_off() -> None:
    draft = Draft(pieces=("\n\n", fold_text("\nkept\n"), "end\n"))
    assert draft.stripped().text == "\nkept\nend"
