"""What terminals write when files are dropped on them."""

from __future__ import annotations

import pytest

from codex_ssh.core.dropped import dropped_paths


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("/home/me/a.png", ["/home/me/a.png"]),
        ("/home/me/a.png ", ["/home/me/a.png"]),
        ("~/a.png", ["~/a.png"]),
        # Terminal and iTerm2 on macOS
        (r"/Users/me/Screen\ Shot\ \(1\).png ", ["/Users/me/Screen Shot (1).png"]),
        (r"/a/one\ 1.png /a/two.png ", ["/a/one 1.png", "/a/two.png"]),
        # terminals that put quotes around, such as those of GNOME and Xfce
        ("'/home/me/My Photo.png' ", ["/home/me/My Photo.png"]),
        (r"'/home/me/it'\''s.png'", ["/home/me/it's.png"]),
        ("'/a/1.png' '/a/2.png'", ["/a/1.png", "/a/2.png"]),
        # a file manager's clipboard, kitty
        ("file:///home/me/a%20b.png", ["/home/me/a b.png"]),
        ("file://host/home/me/%C3%BC.png", ["/home/me/ü.png"]),
        ("file:///a/1.png\r\nfile:///a/2.png\r\n", ["/a/1.png", "/a/2.png"]),
        ("FILE:///a/1.png file:///a/2.png", ["/a/1.png", "/a/2.png"]),
        ("'file:///a/1.png'", ["/a/1.png"]),
        # Windows Terminal
        (r'"C:\Users\me\My Photo.png"', [r"C:\Users\me\My Photo.png"]),
        (r"C:\Users\me\a.png", [r"C:\Users\me\a.png"]),
        # written by hand, nothing quoted
        ("/home/me/My Photo.png", ["/home/me/My Photo.png"]),
        ("/home/me/it's.png", ["/home/me/it's.png"]),
    ],
)
def test_dropped_files_are_found(text: str, paths: list[str]) -> None:
    assert list(dropped_paths(text)) == paths


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "look at this",
        "a.png",
        "look at /home/me/a.png",
        "/home/me/a.png\nand something else",
        "https://example.org/a.png",
        "file:",
        "file://%",
        "file:///a/%ff.png",
        "file:///a/%00.png",
        "file:///a.png and more",
        "/a\0b",
        "'unbalanced",
        "/" * 70_000,
    ],
)
def test_other_texts_are_no_dropped_files(text: str) -> None:
    assert dropped_paths(text) == ()
