"""Places in a folder, and links that lead out of it."""

import pytest

from codex_ssh.core.file_tree import Facts, Kind, Spot, leads_out, shown, spot_of


def test_a_place_is_a_root_and_names() -> None:
    spot = Spot(root=b"/a/b").child(b"c").child(b"-rf")
    assert spot.path == b"/a/b/c/-rf"
    assert spot.name == b"-rf"
    assert spot.beside(b"d").path == b"/a/b/c/d"
    assert Spot(root=b"/").child(b"x").path == b"/x"
    assert (Spot(root=b"/").path, Spot(root=b"/a/b/").name) == (b"/", b"b")


@pytest.mark.parametrize("name", [b"", b".", b"..", b"a/b", b"/etc", b"a\0b", b"../x"])
def test_a_name_that_leads_elsewhere_is_none(name: bytes) -> None:
    with pytest.raises(ValueError, match="leads out"):
        Spot(root=b"/a").child(name)


@pytest.mark.parametrize("name", [b"...", b"..x", b"~", b"*", b"\xff", b"a\nb", b" "])
def test_any_other_name_is_only_a_name(name: bytes) -> None:
    assert Spot(root=b"/a").child(name).path == b"/a/" + name


@pytest.mark.parametrize(
    ("path", "root", "parts"),
    [(b"/a/b", b"/a", (b"b",)), (b"/a", b"/", (b"a",)), (b"/", b"/", ()), (b"/a/b/", b"/a", (b"b",))],
)
def test_the_spot_of_a_path_has_its_folder_as_root(
    path: bytes, root: bytes, parts: tuple[bytes, ...]
) -> None:
    assert spot_of(path) == Spot(root=root, parts=parts)


@pytest.mark.parametrize(
    ("to", "depth", "leads"),
    [
        (b"file", 0, False),
        (b"sub/file", 0, False),
        (b"../file", 0, True),
        (b"../file", 1, False),
        (b"sub/../../x", 0, True),
        (b"sub/../x", 0, False),
        (b"a/../../a", 1, False),
        (b"/etc/passwd", 5, True),
        (b"././/x", 0, False),
        (b"..", 0, True),
        (b"", 0, False),
    ],
)
def test_a_link_leads_out_or_not(to: bytes, depth: int, leads: bool) -> None:
    assert leads_out(to, depth=depth) is leads


def test_a_copy_takes_no_special_bits_over() -> None:
    assert Facts(kind=Kind.FILE, mode=0o6755).permissions == 0o755
    assert Facts(kind=Kind.FILE).permissions is None


def test_a_path_is_harmless_when_it_is_shown() -> None:
    assert shown(b"a\nb\xff\x1b[31m") == "a␊b\\xff␛[31m"
