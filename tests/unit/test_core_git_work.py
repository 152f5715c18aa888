"""What goes along of uncommitted work: reading what the scripts say, what fits, and what stays a secret."""

from __future__ import annotations

import pytest

from codex_ssh.core.git_work import (
    GitState,
    LeftOut,
    Untracked,
    escaped,
    link_patch,
    read_patch,
    read_sizes,
    read_state,
    what_fits,
    without_credentials,
)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com/a.git", "https://example.com/a.git"),
        ("https://me:secret@example.com:8443/a.git", "https://example.com:8443/a.git"),
        ("https://secret@example.com/a.git", "https://example.com/a.git"),
        ("HTTPS://me:se@cret@example.com/a", "HTTPS://example.com/a"),
        ("https://me:sec/ret@example.com/a", ""),
        ("https://me:12/secret@example.com/a", ""),
        ("https://me:x@y/secret@example.com/a", ""),
        ("https://example.com/a?access_token=secret#secret", "https://example.com/a"),
        ("https://example.com?token=secret", "https://example.com"),
        ("https://example.com/@scope/a", ""),
        ("https://[::1]:80/a", "https://[::1]:80/a"),
        ("ssh://git@example.com/a", "ssh://git@example.com/a"),
        ("ssh://git:secret@example.com:22/~a", "ssh://git@example.com:22/~a"),
        ("git@example.com:me/a.git", "git@example.com:me/a.git"),
        ("example.com:me/a.git", "example.com:me/a.git"),
        ("me:secret@example.com:a", ""),
        ("codecommit::us-east-1://me:secret@a", "codecommit::us-east-1://a"),
        ("foo::https://secret@example.com/a", "foo::https://example.com/a"),
        ("ext::sh -c 'secret'", ""),
        ("helper::secret@x", ""),
        ("/srv/git/a.git", "/srv/git/a.git"),
        ("../a", "../a"),
        ("file:///srv/a", "file:///srv/a"),
        ("", ""),
    ],
)
def test_a_remote_is_told_without_anything_secret(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
    assert "secret" not in shown


def answer(**facts: str) -> str:
    return "".join(f"{key} {value.encode().hex()}\n" for key, value in facts.items()) + "end\n"


def test_a_state_is_read() -> None:
    rows = [
        "1 .M N... 100644 100644 100644 1 2 with blank",
        '1 A. N... 100644 100644 100644 1 2 "l\\303\\244nge"',
        "u UU N... 100644 100644 100644 100644 1 2 3 both ways",
        "1 .M SC.. 160000 160000 160000 1 2 moved",
        "1 .M S.M. 160000 160000 160000 1 2 only its own",
        "1 M. S..U 160000 160000 160000 1 2 staged, and its own",
        "# something new",
        "",
    ]
    state = read_state(
        answer(
            root="/w",
            commit="abc",
            branch="main",
            remote="https://me:secret@example.com/a\n",
            pushed="abc commit refs/remotes/origin/main\n",
            status="\n".join(rows),
            bytes="  12\n",
            untracked='new\n"-\\n"\n',
        )
    )
    assert state == GitState(
        root="/w",
        commit="abc",
        branch="main",
        remote="https://example.com/a",
        is_pushed=True,
        changed=(b"with blank", "länge".encode(), b"both ways", b"moved", b"staged, and its own"),
        unmerged=(b"both ways",),
        submodules=(b"only its own", b"staged, and its own"),
        diff_bytes=12,
        untracked=(b"new", b"-\n"),
    )


@pytest.mark.parametrize("out", ["", "root 2f77\n", "root xyz\nend\n"])
def test_half_an_answer_is_none(out: str) -> None:
    with pytest.raises(ValueError):
        read_state(out)


def test_sizes_are_read_and_what_cannot_go_says_why() -> None:
    names = [b"a", b"link", b"nested/", b"-", b"gone", b"odd"]
    out = f"file  12\nlink {b'to x'.hex()}0a\nother\nfile 3\nother\nfile ?\n"
    assert read_sizes(names, out) == [
        Untracked(name=b"a", size=12),
        Untracked(name=b"link", size=4, link=b"to x"),
        LeftOut(name=b"nested/", why="a repository of its own"),
        LeftOut(name=b"-", why="git takes this name for its input"),
        LeftOut(name=b"gone", why="it cannot be read"),
        LeftOut(name=b"odd", why="it cannot be read"),
    ]
    with pytest.raises(ValueError):
        read_sizes(names, "file 1\n")


def test_the_small_ones_go_first_and_all_that_does_not_is_named() -> None:
    state = GitState(root="/w", changed=(b"t",), diff_bytes=10, submodules=(b"s",), untracked=(b"1",) * 5)
    found: list[Untracked | LeftOut] = [
        Untracked(name=b"large", size=60),
        Untracked(name=b"small", size=40),
        Untracked(name=b"middle", size=50),
        LeftOut(name=b"n/", why="x"),
    ]
    work = what_fits(state, found, most=100)
    assert work.tracked
    assert [one.name for one in work.untracked] == [b"small", b"middle"]
    assert [(one.name, one.why) for one in work.left_out] == [
        (b"s", "a submodule's own changes"),
        (b"large", "60 B do not fit"),
        (b"n/", "x"),
        (b"", "1 more untracked file: only 4 are looked at"),
    ]
    work = what_fits(state, found, most=9)
    assert (work.tracked, work.untracked) == (False, ())
    assert (
        LeftOut(name=b"t", why="the patch of all changed files has 10 B, which do not fit") in work.left_out
    )


def test_names_are_plain_characters_for_a_shell() -> None:
    assert escaped(b"-a/B.9_") == "-a/B.9_"
    assert escaped(b"a b\n\\\xff'$%") == "a\\0040b\\0012\\0134\\0377\\0047\\0044\\0045"


def test_a_patch_is_read_whole_or_not_at_all() -> None:
    link = Untracked(name=b"l", size=1, link=b"x")
    found = read_patch(f"abc\n{b'one'.hex()}\n{b'two'.hex()}\nend\n", [link], "abc")
    assert (found.tracked, found.untracked) == (b"one", b"two" + link_patch(link))
    for out in ("", "abc\n00\n00\n", "abc\n0\n\nend\n", "other\n\n\nend\n"):
        with pytest.raises(ValueError):
            read_patch(out, [], "abc")
