"""Which word is completed, and what it becomes."""

import pytest

from codex_ssh.core.attachment import Mention, SkillMention
from codex_ssh.core.search_methods import FoundFile, Skill
from codex_ssh.tui.completion import Kind, has_letters, offer_files, offer_skills, wanted


@pytest.mark.parametrize(
    ("line", "kind", "start", "query"),
    [
        ("/mo", Kind.COMMAND, 0, "mo"),
        ("@", Kind.FILE, 0, ""),
        ("look at @src/ma", Kind.FILE, 8, "src/ma"),
        ('look at @"a b', Kind.FILE, 8, "a b"),
        ("use $gre", Kind.SKILL, 4, "gre"),
        ("$", Kind.SKILL, 0, ""),
        ("see /a/b.png", Kind.IMAGE, 4, "/a/b.png"),
        ("~/My\\ shot.JPG", Kind.IMAGE, 0, "~/My\\ shot.JPG"),
        ("file:///a/b.webp", Kind.IMAGE, 0, "file:///a/b.webp"),
    ],
)
def test_the_word_at_the_cursor(line: str, kind: Kind, start: int, query: str) -> None:
    want = wanted(line, len(line), is_only_line=True)
    assert want is not None
    assert (want.kind, want.start, want.end, want.query) == (kind, start, len(line), query)


@pytest.mark.parametrize(
    "line", ["", "me@example.org", "/etc/hosts says", "cost$5", "@done ", '@"a b" ', "a $HOME/x"]
)
def test_no_word_to_complete(line: str) -> None:
    assert wanted(line, len(line), is_only_line=True) is None


def test_a_command_is_alone_and_typed_to_its_end() -> None:
    assert wanted("/mo", 3, is_only_line=False) is None
    assert wanted("/mo", 1, is_only_line=True) is None


def test_a_file_is_put_in_with_what_goes_along() -> None:
    files = (
        FoundFile(root="/w/", path="src/main.py"),
        FoundFile(root="/w", path="a dir", is_folder=True),
        FoundFile(root="/w", path='quo"te'),
        FoundFile(root="/w", path="evil\x1b[31m"),
    )
    plain, folder, evil = offer_files(files)
    assert (plain.label, plain.put.text) == ("src/main.py", "@src/main.py ")
    assert plain.put.attachments == (Mention(name="src/main.py", path="/w/src/main.py"),)
    assert (folder.label, folder.put.text) == ("a dir/", '@"a dir/" ')
    assert "\x1b" not in evil.label + evil.put.seen
    assert evil.put.text == "@evil\x1b[31m "


def test_skills_that_begin_so_come_first() -> None:
    skills = [Skill(name=name, about="x", path=f"/s/{name}") for name in ("image-gen", "gen", "greet")]
    assert [one.label for one in offer_skills(skills, "g")] == ["$gen", "$greet", "$image-gen"]
    assert offer_skills(skills, "gen")[0].put.attachments == (SkillMention(name="gen", path="/s/gen"),)
    assert offer_skills(skills, "zzz") == ()


def test_letters_may_be_left_out() -> None:
    assert has_letters("src/Main.py", "smp")
    assert not has_letters("src/Main.py", "pms")
