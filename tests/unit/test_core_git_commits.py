"""What our scripts say of commits, read; and what is no such answer."""

from __future__ import annotations

import pytest

from codex_ssh.core.git_commits import read_ancestors, read_commits, read_known
from codex_ssh.core.git_work import MOST_BYTES

ONE, TWO, LONG = "a" * 40, "b" * 40, "c" * 64


def printed(bundle: bytes, *, commit: str = ONE, end: str = "end") -> str:
    subjects = "aaa one \u2713\nbbb two\r\u2028no line\n".encode() + b"ccc \xff\n"
    return f"{commit}\n3\n{subjects.hex()}\n{bundle.hex()}\n{end}\n"


def test_ancestors_come_in_their_order() -> None:
    assert read_ancestors(f"{TWO}\n{ONE}\n{LONG}\nend\n") == (TWO, ONE, LONG)
    assert read_ancestors("end\n") == ()


@pytest.mark.parametrize("out", ["", f"{ONE}\n", f"{ONE}\n{TWO[:-1]}\nend\n", "--all\nend\n"])
def test_what_is_no_list_of_commits_is_refused(out: str) -> None:
    with pytest.raises(ValueError, match="not whole"):
        read_ancestors(out)


def test_only_commits_that_were_asked_for_and_are_there_count() -> None:
    out = f"{ONE} commit\n{TWO} missing\n{LONG} tree\n{'d' * 40} commit\nend\n"
    assert read_known(out, [TWO, LONG, ONE]) == (ONE,)
    for torn in ("", f"{ONE} commit\n"):
        with pytest.raises(ValueError, match="not whole"):
            read_known(torn, [ONE])


def test_commits_are_read_whole() -> None:
    found = read_commits(printed(b"\0x"), ONE, continues=True)
    assert (found.count, found.bundle, found.why_not, found.continues) == (3, b"\0x", "", True)
    assert found.subjects == ("aaa one \u2713", "bbb two\r\u2028no line", "ccc \udcff")


@pytest.mark.parametrize(
    ("bundle", "complaint", "why"),
    [
        (b"x" * MOST_BYTES, "", ""),
        (b"x" * (MOST_BYTES + 1), "git bundle ended with 141", "they have more than 8.4 MB"),
        (b"half", "fatal: missing blob object", "fatal: missing blob object"),
        (b"", "", "git made no bundle of them"),
    ],
)
def test_a_bundle_that_is_not_whole_stays(bundle: bytes, complaint: str, why: str) -> None:
    found = read_commits(printed(bundle), ONE, continues=False, complaint=complaint)
    assert found.why_not == why
    assert bool(found.bundle) is (not why)


@pytest.mark.parametrize(
    ("out", "why"),
    [
        ("", "did not come whole"),
        (printed(b"x", end="en"), "did not come whole"),
        (printed(b"x", commit=TWO), "another commit is checked out by now"),
        (printed(b"x").replace("3\n", "\n", 1), "invalid literal"),
    ],
)
def test_what_is_no_such_answer_is_refused(out: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_commits(out, ONE, continues=True)
