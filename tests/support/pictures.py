"""Images of three by two pixels, one of each kind, as Pillow writes them, and larger ones of noise."""

from __future__ import annotations

import base64
import os
import struct
import zlib

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAFUlEQVR4nGM8wcXFwMDAwMDAxAADABByAOAp6i43AAAAAElFTkSuQmCC"
)
GIF = base64.b64decode("R0lGODdhAwACAIEAAMwAAAAAAAAAAAAAACwAAAAAAwACAAAIBgABCBwYEAA7")
JPEG_HEAD = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/4QAuRXhpZgAATU0AKgAAAAgAAQEOAAIAAAALAAAAGgAAAAB4eHh4eHh4eHh4AAD/2wBDAP"
    "//////////////////////////////////////////////////////////////////////////////////////2wBDAf//////"
    "////////////////////////////////////////////////////////////////////////////////wAARCAACAAMDASIAAh"
    "EBAxEB"
)
"""With Exif in front of the frame, and cut off after the frame's head."""

JPEG_PROGRESSIVE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP////////////////////////////////////////////////////////////////"
    "//////////////////////2wBDAf//////////////////////////////////////////////////////////////////////"
    "////////////////wgARCAACAAMDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAH/xAAUAQEAAAAAAAAAAAAAAAAAAA"
    "AB/9oADAMBAAIQAxAAAAGAf//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAQUCf//EABQRAQAAAAAAAAAAAAAAAAAAAAD/"
    "2gAIAQMBAT8Bf//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQIBAT8Bf//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEABj"
    "8Cf//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAT8hf//aAAwDAQACAAMAAAAQD//EABQRAQAAAAAAAAAAAAAAAAAAAAD/"
    "2gAIAQMBAT8Qf//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQIBAT8Qf//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAT"
    "8Qf//Z"
)
WEBP_LOSSY = base64.b64decode("UklGRjAAAABXRUJQVlA4ICQAAABwAQCdASoDAAIADMDOJaACdAFAAAD+4LkIw1uvxQ5s7gVAAAA=")
WEBP_LOSSLESS = base64.b64decode("UklGRh4AAABXRUJQVlA4TBEAAAAvAkAAAAdQhSJXof+BiOh/AAA=")
WEBP_EXTENDED = base64.b64decode(
    "UklGRnQAAABXRUJQVlA4WAoAAAAYAAAAAgAAAQAAQUxQSAcAAAAAZGRkZGRkAFZQOCAYAAAAMAEAnQEqAwACAAFAJiWkAANwAP"
    "79IFAARVhJRiYAAABNTQAqAAAACAABAQ4AAgAAAAsAAAAaAAAAAHh4eHh4eHh4eHgAAA=="
)


def noise_png(width: int, height: int) -> bytes:
    """A PNG that is as large as its pixels: three bytes each, which no compression makes fewer."""
    rows = b"".join(b"\0" + os.urandom(3 * width) for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
