"""The clipboard of this machine: text onto it, images off it.

Lives here: which program does it here, and asking it. Not here: asking the terminal to do it
(:mod:`codex_ssh.core.terminal_codes`).

Nothing here takes longer than its time: a display that does not answer costs part of a second, and the next
way is tried. Programs that serve the clipboard afterwards live on, in a session of their own.
"""

from __future__ import annotations

import base64
import binascii
import platform
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from codex_ssh.core.dropped import dropped_paths
from codex_ssh.core.image import IMAGE_BYTES, Image, decode_image, is_image_name, require_size
from codex_ssh.core.value import dataclass
from codex_ssh.errors import ImageRefused
from codex_ssh.local.image_file import read_image_file
from codex_ssh.local.program import run_program

COPY_SECONDS: Final = 1.5
"""How long all ways to copy may take together."""

PROGRAM_SECONDS: Final = 0.7
"""How long one may take."""

PASTE_SECONDS: Final = 5.0
"""How long reading an image may take: an application may have to make it first."""

_KINDS: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")
_FILES: Final = "text/uri-list"
_TYPES_BYTES: Final = 16 * 1024
_BASE64_BYTES: Final = 2 * IMAGE_BYTES
_NAME: Final = "clipboard"

_POWERSHELL: Final = (
    "Add-Type -AssemblyName System.Windows.Forms,System.Drawing;"
    "[Console]::OutputEncoding=[Text.Encoding]::UTF8;"
    "$c=[Windows.Forms.Clipboard];$f=$c::GetFileDropList();$i=$c::GetImage();"
    "if($f.Count){[Console]::Out.Write($f[0])}"
    "elseif($i){$m=New-Object IO.MemoryStream;$i.Save($m,[Drawing.Imaging.ImageFormat]::Png);"
    "[Console]::Out.Write([Convert]::ToBase64String($m.ToArray()))}"
)
"""Writes the path of a file that was copied, or the image in base64."""

_JXA: Final = """\
ObjC.import("AppKit");
function run() {
  const board = $.NSPasteboard.generalPasteboard;
  const file = ObjC.unwrap(board.stringForType("public.file-url"));
  if (file) return ObjC.unwrap($.NSURL.URLWithString(file).filePathURL.path);
  let data = board.dataForType("public.png");
  if (data.isNil()) {
    const tiff = board.dataForType("public.tiff");
    if (tiff.isNil()) return "";
    data = $.NSBitmapImageRep.imageRepWithData(tiff).representationUsingTypeProperties(4, $({}));
  }
  return ObjC.unwrap(data.base64EncodedStringWithOptions(0));
}
"""
"""The same for macOS. A file first: Finder puts a picture of its icon beside it. 4 is PNG."""

_APPLESCRIPT: Final = "get the clipboard as «class PNGf»"
_APPLESCRIPT_ANSWER: Final = re.compile(rb"\xc2\xabdata PNGf([0-9A-Fa-f]+)\xc2\xbb")
_PATH: Final = re.compile(rb"/|[A-Za-z]:\\")


def is_wsl(environment: Mapping[str, str]) -> bool:
    """Whether this Linux runs inside Windows."""
    return bool(environment.get("WSL_DISTRO_NAME")) or "microsoft" in platform.release().lower()


def is_over_ssh(environment: Mapping[str, str]) -> bool:
    """Whether we run on a machine the user is logged in to from another one."""
    return any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))


# ---------------------------------------------------------------- text onto it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """A program that takes what is to be copied on its stdin.

    Attributes:
        kind: What it talks to; when that does not answer, others of the kind are not tried.
        word: Where the text is then.
    """

    kind: str
    words: Sequence[str]
    word: str = "clipboard"


def _ways(environment: Mapping[str, str]) -> Iterator[_Way]:
    if not is_over_ssh(environment):
        if sys.platform == "darwin":
            yield _Way(kind="macos", words=["pbcopy"])
        if is_wsl(environment):
            yield _Way(kind="windows", words=["clip.exe"])
        if environment.get("WAYLAND_DISPLAY"):
            yield _Way(kind="wayland", words=["wl-copy"])
        if environment.get("DISPLAY"):
            yield _Way(kind="x11", words=["xclip", "-selection", "clipboard", "-in"])
            yield _Way(kind="x11", words=["xsel", "--clipboard", "--input"])
    if environment.get("TMUX"):
        # With -w tmux hands it on to the terminal it is shown in, which it knows better than we do.
        yield _Way(kind="tmux", words=["tmux", "load-buffer", "-w", "-"], word="tmux")


def copying_programs(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Give the programs here that a text to copy is given to, in the order in which they are tried."""
    names = (way.words[0] for way in _ways(environment))
    return tuple(name for name in names if shutil.which(name, path=environment.get("PATH")))


async def copy_text(text: str, environment: Mapping[str, str]) -> str:
    """Put a text on the clipboard with a program of this machine.

    Over SSH the clipboard of this machine is not the user's: only tmux is asked, which asks the terminal.

    Returns:
        ``clipboard`` or ``tmux``; empty when no program did it.
    """
    until = time.monotonic() + COPY_SECONDS
    silent: set[str] = set()
    for way in _ways(environment):
        program = shutil.which(way.words[0], path=environment.get("PATH"))
        left = min(PROGRAM_SECONDS, until - time.monotonic())
        if program is None or way.kind in silent or left <= 0:
            continue
        content = text.encode("utf-16-le" if way.kind == "windows" else "utf-8", "replace")
        # pbcopy takes its input for Mac Roman where nothing says otherwise.
        variables = {**environment, "LC_ALL": "en_US.UTF-8"} if way.kind == "macos" else environment
        ran = await run_program([program, *way.words[1:]], seconds=left, stdin=content, environment=variables)
        if ran is None:
            silent.add(way.kind)
        elif ran.code == 0:
            return way.word
    return ""


# ---------------------------------------------------------------- images off it


async def read_clipboard_image(environment: Mapping[str, str]) -> Image | None:
    """Give the image on the clipboard, or the image file that was copied in a file manager.

    Raises:
        ImageRefused: There is an image that cannot be sent.
    """
    if sys.platform == "darwin":
        return await _from_macos(environment)
    if is_wsl(environment) and shutil.which("powershell.exe", path=environment.get("PATH")):
        # Its own display has images too, in a kind that cannot be sent.
        return await _from_windows(environment)
    return await _from_desktop(environment)


async def _from_desktop(environment: Mapping[str, str]) -> Image | None:
    """Ask the clipboard of Wayland or X11."""
    for display, types, content in (
        ("WAYLAND_DISPLAY", ["wl-paste", "--list-types"], ["wl-paste", "--no-newline", "--type"]),
        ("DISPLAY", [*_XCLIP, "-target", "TARGETS"], [*_XCLIP, "-target"]),
    ):
        if not environment.get(display):
            continue
        said = await _output(types, environment, most=_TYPES_BYTES, seconds=PROGRAM_SECONDS)
        there = (said or b"").decode("utf-8", "replace").split()
        if _FILES in there:
            found = await _output([*content, _FILES], environment, most=_TYPES_BYTES, seconds=PROGRAM_SECONDS)
            paths = dropped_paths((found or b"").decode("utf-8", "replace"))
            if paths:
                return await _of_file(paths[0])
        kind = next((kind for kind in _KINDS if kind in there), "")
        if kind:
            found = await _output([*content, kind], environment, most=IMAGE_BYTES, seconds=PASTE_SECONDS)
            return decode_image(found, name=_NAME) if found else None
        other = next((kind for kind in there if kind.startswith("image/")), "")
        if other:
            raise ImageRefused(
                f"the clipboard has an image of the kind {other!r}",
                hint="PNG, JPEG, GIF and WebP can be sent",
            )
    return None


_XCLIP: Final = ("xclip", "-selection", "clipboard", "-out")


async def _from_macos(environment: Mapping[str, str]) -> Image | None:
    words = ["osascript", "-l", "JavaScript", "-e", _JXA]
    said = await _output(words, environment, most=_BASE64_BYTES, seconds=PASTE_SECONDS)
    if said is not None:
        return await _of_answer(said)
    found = await _output(["pngpaste", "-"], environment, most=IMAGE_BYTES, seconds=PASTE_SECONDS)
    if found:
        return decode_image(found, name=_NAME)
    words = ["osascript", "-e", _APPLESCRIPT]
    said = await _output(words, environment, most=2 * IMAGE_BYTES + 64, seconds=PASTE_SECONDS)
    answer = _APPLESCRIPT_ANSWER.search(said or b"")
    return decode_image(bytes.fromhex(answer.group(1).decode("ascii")), name=_NAME) if answer else None


async def _from_windows(environment: Mapping[str, str]) -> Image | None:
    words = ["powershell.exe", "-NoProfile", "-NonInteractive", "-STA", "-Command", _POWERSHELL]
    said = await _output(words, environment, most=_BASE64_BYTES, seconds=PASTE_SECONDS)
    return await _of_answer(said or b"")


async def _of_answer(said: bytes) -> Image | None:
    """Give the image a script told of: a path, base64, or nothing."""
    said = said.strip()
    if _PATH.match(said) and len(said) < _TYPES_BYTES and b"." in said:
        return await _of_file(said.decode("utf-8", "replace"))
    require_size(len(said) * 3 // 4, name=_NAME)
    try:
        content = base64.b64decode(said, validate=True)
    except binascii.Error:
        return None
    return decode_image(content, name=_NAME) if content else None


async def _of_file(path: str) -> Image | None:
    """Give the image in a file that was copied; None when it is not called one."""
    return await read_image_file(path) if is_image_name(path) else None


async def _output(
    words: Sequence[str], environment: Mapping[str, str], *, most: int, seconds: float
) -> bytes | None:
    """Give what a program says; None when there is none, it fails, or takes too long."""
    program = shutil.which(words[0], path=environment.get("PATH"))
    if program is None:
        return None
    ran = await run_program([program, *words[1:]], seconds=seconds, most=most, environment=environment)
    if ran is None or (ran.code != 0 and len(ran.out) <= most):
        return None
    return ran.out
