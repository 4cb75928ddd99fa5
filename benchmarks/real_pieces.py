"""Real music to measure: the music of free games, as Debian packages it, and clips of it."""

import fnmatch
import hashlib
import json
import random
import re
import shutil
import subprocess
import zipfile
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from mmusset.errors import Unusable
from mmusset.evidence import clip as clips
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import open_sound
from mmusset.recipe_parts.media import ClipPart

# Symphonic, electronic, ambient, rock, chiptune, folk, recorded and rendered.
PACKAGES = (
    *("asc-music", "btanks-data", "drascula-music", "extremetuxracer-data", "flare-game"),
    *("freedroidrpg-data", "frozen-bubble-data", "hedgewars-data", "hyperrogue-music"),
    *("lincity-ng-data", "naev-data", "nexuiz-music", "planetblupi-music-ogg"),
    *("singularity-music", "supertux-data", "tuxmath-data", "ufoai-music"),
    *("warzone2100-music", "wesnoth-1.16-music", "widelands-data"),
)
SUFFIXES = (".flac", ".mp3", ".ogg", ".opus", ".wav")
ARCHIVES = (".pk3", ".zip")
LEAST_S = 25.0  # shorter files are jingles and noises
PIECES_PER_PACKAGE = 30
CLIPS_PER_PIECE = 2
SEED = 14


class Excerpt(BaseModel):
    """A clip of a piece, stored as `name` in the folder of clips."""

    name: str
    piece: str
    index: int
    start_s: float


def fetch(cache: Path) -> list[Path]:
    """The pieces in `cache`/pieces/PACKAGE, downloaded where they aren't there yet."""
    for package in PACKAGES:
        if not (cache / "pieces" / package).exists():
            _unpack(package, cache)
    return sorted(path for path in (cache / "pieces").glob("*/*") if path.suffix in SUFFIXES)


def _unpack(package: str, cache: Path) -> None:
    folder, raw = cache / "debs" / package, cache / "unpacked"
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob("*.deb")):
        subprocess.run(["apt-get", "download", "-q", package], cwd=folder, check=True)
    shutil.rmtree(raw, ignore_errors=True)
    subprocess.run(["dpkg", "-x", next(folder.glob("*.deb")), raw], check=True)
    for archive in [path for path in raw.rglob("*") if path.suffix in ARCHIVES]:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(archive.with_suffix(""))
    _keep_music(raw, cache / "pieces" / package)
    shutil.rmtree(raw)


def _keep_music(raw: Path, pieces: Path) -> None:
    """Move what is long enough, each sound once (games link to or repeat theirs)."""
    pieces.mkdir(parents=True)
    seen = set()
    for path in sorted(raw.rglob("*")):
        if path.suffix not in SUFFIXES or path.is_symlink() or not _is_long(path):
            continue
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        if sha256 not in seen:
            seen.add(sha256)
            free = pieces / path.name
            path.rename(free if not free.exists() else pieces / f"{path.parent.name}-{path.name}")


def _is_long(path: Path) -> bool:
    try:
        with MediaFile(path) as media:
            return open_sound(media).duration_s >= LEAST_S
    except Unusable:
        return False


def licence_of(folder: Path, piece: Path) -> str:
    """What the copyright file of a piece's package says of a file of its name, of its kind, or of
    all where it says nothing of these; "" where it is not in Debian's form (DEP-5)."""
    said = ""
    for stanza in _copyright(folder, piece.parent.name).split("\n\n"):
        files = re.search(r"^Files:((?:.*\n)(?:[ \t].*\n)*)", stanza, re.MULTILINE)
        licence = re.search(r"^License:[ \t]*(\S.*)$", stanza, re.MULTILINE)
        if files and licence and any(_names(pattern, piece) for pattern in files[1].split()):
            said = licence[1].strip()  # the last that fits counts
    return said


@cache
def _copyright(folder: Path, package: str) -> str:
    (deb,) = (folder / "debs" / package).glob("*.deb")
    path = f"./usr/share/doc/{package}/copyright"
    command = ["dpkg-deb", "--fsys-tarfile", deb]
    # Where tar has found the file, dpkg-deb writes on, for ever, unless this block closes its pipe.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as unpacking:
        read = subprocess.run(
            ["tar", "-xO", "--occurrence=1", path],
            check=True,
            capture_output=True,
            stdin=unpacking.stdout,
        )
    return read.stdout.decode(errors="replace")


def _names(pattern: str, piece: Path) -> bool:
    """Whether a pattern of a copyright file is of all files or of this one; its folders are not
    kept."""
    name = pattern.rsplit("/", 1)[-1]
    if name == "*":
        return pattern == "*" or bool(re.search(r"music|sound|audio", pattern))
    return fnmatch.fnmatchcase(piece.name, name)


def excerpts(cache: Path, pieces: list[Path]) -> list[Excerpt]:
    """Clips as a build cuts them, in a random order of pieces, so that the first n are a sample.

    They are stored in `cache`/clips and listed in `cache`/clips.json, which is read where it is.
    """
    listed = cache / "clips.json"
    if not listed.exists():
        found = [each for piece in drawn(pieces) for each in _cut(cache, piece)]
        listed.write_text(json.dumps([each.model_dump() for each in found], indent=1))
    return [Excerpt.model_validate(each) for each in json.loads(listed.read_text())]


def drawn(pieces: list[Path]) -> list[Path]:
    """At most so many of a package, shuffled."""
    dice = random.Random(SEED)
    by_package: dict[str, list[Path]] = {}
    for piece in sorted(pieces, key=lambda piece: dice.random()):
        by_package.setdefault(piece.parent.name, []).append(piece)
    drawn = [piece for some in by_package.values() for piece in some[:PIECES_PER_PACKAGE]]
    return sorted(drawn, key=lambda piece: dice.random())


def _cut(cache: Path, piece: Path) -> list[Excerpt]:
    (cache / "clips").mkdir(exist_ok=True)
    found = []
    for index in range(CLIPS_PER_PIECE):
        try:
            with MediaFile(piece) as media:
                clip = clips.cut(open_sound(media), index, CLIPS_PER_PIECE, ClipPart())
        except Unusable:
            continue
        flac = clips.encode_flac(clip)
        name = f"{hashlib.sha256(flac).hexdigest()[:32]}.flac"
        (cache / "clips" / name).write_bytes(flac)
        where = str(piece.relative_to(cache / "pieces"))
        found.append(Excerpt(name=name, piece=where, index=index, start_s=clip.start_s))
    return found
