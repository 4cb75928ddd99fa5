"""Why a name of a source is left out, in words for people that are true of it.

A suffix says what kind of file it is, and a whole name what a system keeps among people's files.
"""

import os
import re

DELETED = "deleted: it lies in a recycle bin"
OF_A_SYSTEM = "a system's own, such as thumbnails"
HIDDEN = "hidden"
DOCUMENT = "a document"
NO_SUFFIX = "its name has no suffix that tells what it is"
UNKNOWN = "of a kind that mmusset does not know"

# By whole names: Windows, desktops of Linux, macOS, Synology, QNAP. An album may be named "Trash".
_BIN = re.compile(
    rb"(?i:\$recycle\.bin|[#@]recycle|recycle bin|\.trash(es|-\d+)?|network trash folder)"
    rb"|RECYCLE[RD]"
)
_SYSTEM = re.compile(
    rb"(?i)@eadir|@tmp|@sharebin|@recently-snapshot|#snapshot|__macosx|system volume information"
    rb"|lost\+found|found\.\d{3}|temporary items|thumbs\.db(:encryptable)?|ehthumbs(_vista)?\.db"
    rb"|desktop\.ini|folder\.htt|iconcache\.db|icon\r|autorun\.inf|pspbrwse\.jbf|picasa\.ini"
)
_DOCUMENT = re.compile(
    rb"(?i)(readme|licen[sc]e|copying|authors|credits|notice|changelog|makefile)"
)

# Kinds of files, and what would mend it where something would.
_KINDS: dict[str, str] = {
    "sound in a format that mmusset does not read: convert it to FLAC": (
        "ape mpc mpp mp+ dsf dff ra amr awb au snd caf gsm dts voc 8svx iff shn ofr la tak spx vqf"
        " mlp thd pcm"
    ),
    "a copy-protected audiobook": "aa aax aaxc",
    "notes and no sound: render it to FLAC": (
        "mod xm it s3m mtm med okt stm spc nsf nsfe sid gbs vgm vgz psf psf2"
        " minipsf usf hes ay ym mscz mscx gp gp3 gp4 gp5 gpx ly abc sib mus cap capx"
    ),
    "a video in a format that mmusset does not read: convert it to MP4": (
        "rm rmvb vob mxf swf divx ogm dv f4v wtv dvr-ms vro nsv m2v"
    ),
    "a picture in a format that mmusset does not read: save it as JPEG": (
        "svg psd psb xcf ico icns jxl jp2 j2k jpx raw cr2 cr3 crw nef nrw arw srf sr2 dng orf rw2"
        " raf pef eps ai kra tga pcx ppm pgm pbm exr hdr emf wmf cdr itc itc2 heics dcm"
    ),
    "a playlist, which names other files": "m3u m3u8 pls xspf wpl asx wax zpl b4s fpl smil ram",
    "a cue sheet, which names parts of another file": "cue",
    "a description, which is no caption: name it x.caption.txt, or x.story.txt, if it is one": (
        "description"
    ),
    "subtitles": "srt ass ssa vtt sub idx sbv",
    DOCUMENT: (
        "pdf doc docx odt rtf md markdown rst tex epub mobi azw3 djvu ps htm html mht xhtml pages"
        " ppt pptx odp key url webloc lnk desktop website"
    ),
    "a table": "csv tsv xls xlsx ods parquet arrow jsonl ndjson numbers",
    "an archive: unpack it": (
        "zip rar 7z tar gz tgz bz2 tbz xz txz zst lz4 lzma cab iso dmg img bin nrg mdf mds cbz cbr"
    ),
    "a project of a music program: export it as FLAC": (
        "als alp alc flp logicx logic band cpr npr rpp rpp-bak ptx ptf pts aup aup3 song ardour"
        " mmp mmpz xrns bwproject reason rns sesx sng nki nkm cwp omf aaf mtproj reapeaks asd"
    ),
    "sounds of an instrument, and no piece": "sf2 sf3 sfz sfark dls exs gig rex rx2 fxp fxb vst3",
    "a note or a checksum about other files": (
        "nfo log md5 sfv sha1 sha256 ffp accurip st5 toc diz par2 opf xmp aae"
    ),
    "an unfinished download": "part crdownload partial download opdownload !ut !qb aria2 ytdl",
    "a program, or a program's own file": (
        "exe dll msi app sh bat cmd ps1 py js jar apk deb rpm ini cfg conf db sqlite sqlite3 xml"
        " plist yaml yml toml itl itdb tmp temp bak old cache dat lock torrent ds_store"
    ),
}
_BY_SUFFIX = {
    f".{suffix}".encode(): kind for kind, suffixes in _KINDS.items() for suffix in suffixes.split()
}


def why_by_name(name: bytes) -> str:
    """Why a file or folder of that name is not looked at, whatever is in it; "" for others."""
    if _BIN.fullmatch(name):
        return DELETED
    if _SYSTEM.fullmatch(name):
        return OF_A_SYSTEM
    return HIDDEN if name.startswith(b".") else ""


def why_by_suffix(name: bytes) -> str:
    """What a file is of which nothing can be made, and what would mend it."""
    if _DOCUMENT.fullmatch(name):
        return DOCUMENT
    suffix = os.path.splitext(name)[1].lower()
    return _BY_SUFFIX.get(suffix, UNKNOWN) if len(suffix) > 1 else NO_SUFFIX
