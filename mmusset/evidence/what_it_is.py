"""What kind of file it is, by its first bytes, in words for people: a name may lie."""

import re
from dataclasses import dataclass
from typing import Literal

Family = Literal["sound", "video", "picture", "other", ""]

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Kind:
    """`name` completes "it is ..."; "" where nothing is known of it."""

    name: str
    family: Family


UNKNOWN = Kind("", "")
HEIC = Kind("a HEIC picture", "picture")
JPEG_XL = Kind("a JPEG XL picture", "picture")
JPEG_2000 = Kind("a JPEG 2000 picture", "picture")
PSD = Kind("a Photoshop document", "picture")
# What begins a file, and from which byte on.
SIGNS: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"fLaC", Kind("a FLAC file", "sound")),
    (0, b"ID3", Kind("an MP3 file", "sound")),
    (8, b"WAVE", Kind("a WAV file", "sound")),
    (8, b"AIFF", Kind("an AIFF file", "sound")),
    (8, b"AIFC", Kind("an AIFF file", "sound")),
    (0, b"wvpk", Kind("a WavPack file", "sound")),
    (0, b"MAC ", Kind("a Monkey's Audio file", "sound")),
    (0, b"MPCK", Kind("a Musepack file", "sound")),
    (0, b"MP+", Kind("a Musepack file", "sound")),
    (0, b"TTA1", Kind("a True Audio file", "sound")),
    (0, b"DSD ", Kind("a DSD file", "sound")),
    (0, b"FRM8", Kind("a DSD file", "sound")),
    (0, b"caff", Kind("an Apple CAF file", "sound")),
    (0, b".snd", Kind("a Sun AU file", "sound")),
    (0, b"#!AMR", Kind("an AMR voice recording", "sound")),
    (0, b"MThd", Kind("a MIDI file, which holds notes and no sound", "other")),
    (0, b"OggS", Kind("an Ogg file", "sound")),
    (0, b"\x1a\x45\xdf\xa3", Kind("a Matroska or WebM file", "video")),
    (8, b"AVI ", Kind("an AVI video", "video")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind("a Windows Media file", "video")),
    (0, b"FLV\x01", Kind("a Flash video", "video")),
    (0, b".RMF", Kind("a RealMedia file", "video")),
    (0, b"\x00\x00\x01\xba", Kind("an MPEG video", "video")),
    (0, b"\xff\xd8\xff", Kind("a JPEG picture", "picture")),
    (0, b"\x89PNG", Kind("a PNG picture", "picture")),
    (0, b"GIF8", Kind("a GIF picture", "picture")),
    (8, b"WEBP", Kind("a WebP picture", "picture")),
    (0, b"BM", Kind("a BMP picture", "picture")),
    (0, b"II*\x00", Kind("a TIFF picture", "picture")),
    (0, b"MM\x00*", Kind("a TIFF picture", "picture")),
    (0, b"8BPS", PSD),
    (0, b"\xff\x0a", JPEG_XL),
    (4, b"JXL \r\n\x87\n", JPEG_XL),
    (4, b"jP  \r\n\x87\n", JPEG_2000),
    (0, b"%PDF", Kind("a PDF document", "other")),
    (0, b"PK\x03\x04", Kind("a ZIP archive", "other")),
    (0, b"Rar!", Kind("a RAR archive", "other")),
    (0, b"7z\xbc\xaf", Kind("a 7z archive", "other")),
    (0, b"\x1f\x8b", Kind("a gzip archive", "other")),
)
# An ISO base media file names its brand behind "ftyp".
BRANDS = {
    b"avif": Kind("an AVIF picture", "picture"),
    b"avis": Kind("an AVIF picture", "picture"),
    **dict.fromkeys(
        (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"),
        HEIC,
    ),
    b"M4A ": Kind("an MPEG-4 file (AAC or ALAC)", "sound"),
    b"M4B ": Kind("an MPEG-4 file (AAC or ALAC)", "sound"),
    b"M4P ": Kind("a song of Apple's shop", "sound"),
    b"qt  ": Kind("a QuickTime video", "video"),
}
MP4 = Kind("an MPEG-4 file", "video")
PAGE = re.compile(rb"\s*(<!doctype html|<html|<head|<\?xml[^>]*>\s*<!doctype html)", re.IGNORECASE)
ADTS, MPEG_AUDIO = Kind("an AAC file", "sound"), Kind("an MP3 file", "sound")


def kind_of_content(head: bytes) -> Kind:
    """What a file that begins with these bytes is."""
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12], MP4)
    for place, sign, kind in SIGNS:
        if head.startswith(sign, place):
            return kind
    if len(head) > 188 and head[0] == head[188] == 0x47:
        return Kind("an MPEG transport stream", "video")
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return ADTS
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
        return MPEG_AUDIO
    if PAGE.match(head):
        return Kind("a web page", "other")
    if head and _is_text(head):
        return Kind("text", "other")
    return UNKNOWN


def no_sound(head: bytes) -> str:
    """Why a file that begins like this gives no music, and what would mend it."""
    kind = kind_of_content(head)
    if kind.family in ("sound", "video"):
        return f"it is {kind.name}, but damaged or cut off; copy or download it again"
    return _something_else(kind, "music", "if a player plays it, convert it to FLAC")


def no_picture(head: bytes) -> str:
    """Why a file that begins like this gives no picture, and what would mend it."""
    kind = kind_of_content(head)
    if kind in (HEIC, JPEG_XL, JPEG_2000, PSD):
        how = "install mmusset[heic], or " if kind is HEIC else ""
        return f"it is {kind.name}, and its format is not among those read; {how}save it as JPEG"
    if kind.family == "picture":
        return f"it is {kind.name}, but damaged or cut off; copy or download it again"
    return _something_else(kind, "a picture", "if a viewer shows it, save it as JPEG or PNG")


def not_heard(head: bytes) -> str:
    """That a file is of no kind that music is read from."""
    kind = kind_of_content(head)
    if kind.family in ("picture", "other"):
        return no_sound(head)
    name = kind.name or "of a kind that is not known here"
    return f"it is {name}, and its format is not among those read; convert it to FLAC"


def _something_else(kind: Kind, wanted: str, mend: str) -> str:
    if kind.name:
        return f"it is {kind.name}, and not {wanted}; put the right file in its place"
    return f"nothing in it tells of {wanted}; {mend}"


def _is_text(head: bytes) -> bool:
    try:
        text = head[:512].decode("utf-8", "strict" if len(head) < 512 else "ignore")
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\r\n\t\f" for c in text)
