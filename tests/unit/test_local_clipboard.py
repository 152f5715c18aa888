"""The clipboard, with programs of this test in place of the real ones."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import pytest

from codex_ssh.core.image import IMAGE_BYTES
from codex_ssh.errors import ImageRefused
from codex_ssh.local.clipboard import COPY_SECONDS, copy_text, read_clipboard_image
from tests.support import pictures
from tests.support.programs import path_with, put_program

TAKES = 'cat > "$HERE/$(basename "$0").got"; echo "$@" > "$HERE/$(basename "$0").words"'
FAILS = "exit 1"
SILENT = "exec sleep 600"


@pytest.fixture(autouse=True)
def _linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.release", lambda: "6.1.0")


def variables(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"PATH": path_with(tmp_path), **more}


def got(tmp_path: Path, name: str) -> bytes:
    return (tmp_path / f"{name}.got").read_bytes()


@pytest.mark.parametrize(
    ("more", "name", "words"),
    [
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "wl-copy", ""),
        ({"DISPLAY": ":0"}, "xclip", "-selection clipboard -in"),
        ({"DISPLAY": ":0", "TMUX": "s,1,0"}, "xclip", "-selection clipboard -in"),
    ],
)
async def test_the_clipboard_of_the_display_is_used(
    tmp_path: Path, more: dict[str, str], name: str, words: str
) -> None:
    for program in ("wl-copy", "xclip", "xsel", "tmux", "pbcopy", "clip.exe"):
        put_program(tmp_path, program, TAKES)

    assert await copy_text("über\n$(id)", variables(tmp_path, **more)) == "clipboard"

    assert got(tmp_path, name).decode() == "über\n$(id)"
    assert (tmp_path / f"{name}.words").read_text().strip() == words
    assert [path.stem for path in tmp_path.glob("*.got")] == [name]


async def test_macos_has_a_program_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    put_program(tmp_path, "pbcopy", 'cat > "$HERE/pbcopy.got"; echo "$LC_ALL" > "$HERE/charset"')

    assert await copy_text("ü", variables(tmp_path, LC_ALL="C")) == "clipboard"
    assert got(tmp_path, "pbcopy").decode() == "ü"
    assert "UTF-8" in (tmp_path / "charset").read_text()


async def test_inside_windows_its_clipboard_is_used_in_its_own_code(tmp_path: Path) -> None:
    put_program(tmp_path, "clip.exe", TAKES)

    assert await copy_text("ü", variables(tmp_path, WSL_DISTRO_NAME="Debian")) == "clipboard"
    assert got(tmp_path, "clip.exe").decode("utf-16-le") == "ü"


async def test_the_next_way_is_tried_when_one_fails(tmp_path: Path) -> None:
    put_program(tmp_path, "wl-copy", FAILS)
    put_program(tmp_path, "xclip", FAILS)
    put_program(tmp_path, "xsel", TAKES)

    more = {"WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}
    assert await copy_text("x", variables(tmp_path, **more)) == "clipboard"
    assert got(tmp_path, "xsel") == b"x"


async def test_a_display_that_does_not_answer_is_asked_once(tmp_path: Path) -> None:
    put_program(tmp_path, "xclip", SILENT)
    put_program(tmp_path, "xsel", TAKES)
    put_program(tmp_path, "tmux", TAKES)

    assert await copy_text("x", variables(tmp_path, DISPLAY="203.0.113.1:0", TMUX="s,1,0")) == "tmux"
    assert not (tmp_path / "xsel.got").exists(), "it would have to wait for the same display"
    assert (tmp_path / "tmux.words").read_text().strip() == "load-buffer -w -"


def test_all_ways_together_leave_the_terminal_its_turn_within_two_seconds() -> None:
    assert COPY_SECONDS < 2


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"])
async def test_over_ssh_the_clipboard_of_this_machine_is_not_the_users(tmp_path: Path, name: str) -> None:
    for program in ("wl-copy", "xclip", "tmux"):
        put_program(tmp_path, program, TAKES)
    here = variables(tmp_path, WAYLAND_DISPLAY="w", DISPLAY="localhost:10.0", **{name: "x"})

    assert await copy_text("x", here) == ""
    assert await copy_text("x", {**here, "TMUX": "s,1,0"}) == "tmux"
    assert [path.stem for path in tmp_path.glob("*.got")] == ["tmux"]


async def test_where_there_is_nothing_nothing_is_done(tmp_path: Path) -> None:
    put_program(tmp_path, "xclip", TAKES)

    assert await copy_text("x", variables(tmp_path)) == ""
    assert await copy_text("x", {"PATH": str(tmp_path / "empty"), "DISPLAY": ":0"}) == ""


# ---------------------------------------------------------------- images


def offer(tmp_path: Path, name: str, kinds: str, content: bytes = b"") -> None:
    """A program that lists kinds, and gives the content for one of them; it notes which."""
    (tmp_path / "content").write_bytes(content)
    put_program(
        tmp_path,
        name,
        f"""for last; do :; done
        case $last in --list-types|TARGETS) printf '%s\\n' {kinds};;
        *) echo "$@" >> "$HERE/asked"; cat "$HERE/content";; esac""",
    )


@pytest.mark.parametrize(
    ("name", "more", "asked"),
    [
        ("wl-paste", {"WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}, "--no-newline --type image/png"),
        ("xclip", {"DISPLAY": ":0"}, "-selection clipboard -out -target image/png"),
    ],
)
async def test_an_image_on_the_clipboard_is_given_as_it_is(
    tmp_path: Path, name: str, more: dict[str, str], asked: str
) -> None:
    offer(tmp_path, name, "TIMESTAMP text/html image/jpeg image/png", pictures.PNG)

    image = await read_clipboard_image(variables(tmp_path, **more))

    assert image is not None
    assert (image.content, image.name, image.media_type) == (pictures.PNG, "clipboard", "image/png")
    assert (tmp_path / "asked").read_text().strip() == asked


async def test_another_kind_is_taken_where_there_is_no_png(tmp_path: Path) -> None:
    offer(tmp_path, "xclip", "image/bmp image/webp", pictures.WEBP_LOSSY)

    image = await read_clipboard_image(variables(tmp_path, DISPLAY=":0"))

    assert image is not None
    assert image.media_type == "image/webp"


async def test_a_file_copied_in_a_file_manager_is_read(tmp_path: Path) -> None:
    (tmp_path / "My Shot.png").write_bytes(pictures.PNG)
    uri = f"file://{tmp_path}/My%20Shot.png\r\n".encode()
    offer(tmp_path, "xclip", "image/png text/uri-list text/plain", uri)

    image = await read_clipboard_image(variables(tmp_path, DISPLAY=":0"))

    assert image is not None
    assert (image.name, image.content) == ("My Shot.png", pictures.PNG)


async def test_text_on_the_clipboard_is_no_image(tmp_path: Path) -> None:
    offer(tmp_path, "xclip", "text/plain UTF8_STRING", b"text")
    assert await read_clipboard_image(variables(tmp_path, DISPLAY=":0")) is None
    offer(tmp_path, "xclip", "text/uri-list", b"https://example.org/a.png")
    assert await read_clipboard_image(variables(tmp_path, DISPLAY=":0")) is None


@pytest.mark.parametrize("script", [FAILS, SILENT, "exit 0"])
async def test_a_clipboard_that_fails_or_does_not_answer_has_no_image(tmp_path: Path, script: str) -> None:
    put_program(tmp_path, "wl-paste", script)
    put_program(tmp_path, "xclip", script)
    assert await read_clipboard_image(variables(tmp_path, WAYLAND_DISPLAY="w", DISPLAY=":0")) is None


async def test_without_programs_and_displays_there_is_no_image(tmp_path: Path) -> None:
    assert await read_clipboard_image({"PATH": str(tmp_path), "DISPLAY": ":0"}) is None
    assert await read_clipboard_image({"PATH": str(tmp_path)}) is None


async def test_an_image_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    offer(tmp_path, "xclip", "image/tiff image/bmp")
    with pytest.raises(ImageRefused, match="kind 'image/tiff'"):
        await read_clipboard_image(variables(tmp_path, DISPLAY=":0"))


async def test_an_image_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    put_program(tmp_path, "xclip", 'case "$*" in *TARGETS) echo image/png;; *) yes;; esac')
    with pytest.raises(ImageRefused, match="may have"):
        await read_clipboard_image(variables(tmp_path, DISPLAY=":0"))
    assert IMAGE_BYTES < 30_000_000


JXA_SAYS = '[ "$1 $2" = "-l JavaScript" ] || exit 1; cat "$HERE/said"; echo'
BASE64 = base64.b64encode(pictures.PNG)


@pytest.fixture
def _macos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")


@pytest.mark.usefixtures("_macos")
async def test_macos_tells_of_an_image_or_of_a_file_that_was_copied(tmp_path: Path) -> None:
    put_program(tmp_path, "osascript", JXA_SAYS)
    put_program(tmp_path, "pngpaste", "touch $HERE/asked")
    (tmp_path / "My Shot.png").write_bytes(pictures.PNG)

    (tmp_path / "said").write_bytes(BASE64)
    image = await read_clipboard_image(variables(tmp_path))
    assert image is not None
    assert (image.name, image.content) == ("clipboard", pictures.PNG)

    (tmp_path / "said").write_text(f"{tmp_path}/My Shot.png")
    image = await read_clipboard_image(variables(tmp_path))
    assert image is not None
    assert (image.name, image.content) == ("My Shot.png", pictures.PNG)

    for nothing in ("", f"{tmp_path}/notes.txt"):
        (tmp_path / "said").write_text(nothing)
        assert await read_clipboard_image(variables(tmp_path)) is None
    assert not (tmp_path / "asked").exists(), "what was told is the truth"


@pytest.mark.usefixtures("_macos")
async def test_where_macos_cannot_be_asked_so_other_ways_are_tried(tmp_path: Path) -> None:
    (tmp_path / "png").write_bytes(pictures.PNG)
    script = f"""[ "$1" = -l ] && exit 1; echo '«data PNGf{pictures.PNG.hex().upper()}»'"""
    put_program(tmp_path, "osascript", script)
    image = await read_clipboard_image(variables(tmp_path))
    assert image is not None
    assert image.content == pictures.PNG

    put_program(tmp_path, "osascript", "echo 'execution error' >&2; exit 1")
    assert await read_clipboard_image(variables(tmp_path)) is None

    put_program(tmp_path, "pngpaste", '[ "$1" = - ] && cat "$HERE/png"')
    image = await read_clipboard_image(variables(tmp_path))
    assert image is not None
    assert image.content == pictures.PNG


@pytest.mark.usefixtures("_macos")
async def test_an_image_of_macos_that_is_too_large_is_refused(tmp_path: Path) -> None:
    put_program(tmp_path, "osascript", "yes iVBORw0KGgoAAAAN | tr -d '\\n'")
    with pytest.raises(ImageRefused, match="may have"):
        await read_clipboard_image(variables(tmp_path))


async def test_inside_windows_its_clipboard_has_the_image(tmp_path: Path) -> None:
    inside = variables(tmp_path, WSL_DISTRO_NAME="Debian", WAYLAND_DISPLAY="wayland-0")
    put_program(tmp_path, "powershell.exe", f"printf %s '{BASE64.decode()}'")
    image = await read_clipboard_image(inside)
    assert image is not None
    assert image.content == pictures.PNG

    put_program(tmp_path, "powershell.exe", "exit 0")
    offer(tmp_path, "wl-paste", "image/bmp")
    assert await read_clipboard_image(inside) is None
    put_program(tmp_path, "powershell.exe", "echo 'not base64 at all!'")
    assert await read_clipboard_image(inside) is None
    put_program(tmp_path, "powershell.exe", "printf %s 'C:\\Users\\me\\a shot.png'")
    with pytest.raises(ImageRefused, match="no file"):
        await read_clipboard_image(inside)
