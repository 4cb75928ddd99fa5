"""Scores of a source: those that lie beside music, and those that are alone.

A score beside music has its name: `song.mid` or `song.musicxml` of `song.mp3`, also in folders that
lie side by side, `midi/song.mid` of `audio/song.mp3`.
"""

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from mmusset.recipe_parts.source import ScoresPart

from .parallel import place_of
from .source import MUSICAL, Entry, Kind

BESIDE = "a score beside its music: set scores.use to true, and it tells tempo, key and instruments"
ALONE = (
    "notes and no sound: name a sound font in scores.soundfont, which plays them, or render it to"
    " FLAC"
)


def sorted_out(entries: Sequence[Entry], part: ScoresPart) -> list[Entry]:
    """The entries, of which scores are what a recipe makes of them.

    A score that is alone is music where the recipe has a sound font to play it with; of several of
    one name the first. What the recipe has no use for is left out, with what would change that.
    """
    if all(entry.kind != "score" for entry in entries):
        return list(entries)
    pieces = [entry for entry in entries if entry.kind in MUSICAL and not entry.skip]
    names = {name for entry in pieces for name in _names(entry.path, "music")}
    found = []
    for entry in entries:
        if entry.kind != "score" or entry.skip or entry.unread:
            found.append(entry)
        elif names.intersection(_names(entry.path, "score")):
            found.append(entry if part.are_read else replace(entry, kind="other", skip=BESIDE))
        elif part.soundfont:
            names.update(_names(entry.path, "music"))
            found.append(replace(entry, kind="music"))
        else:
            found.append(replace(entry, kind="other", skip=ALONE))
    return found


def _names(path: bytes, kind: Kind) -> list[tuple[bytes, str]]:
    """By what a file is found beside another: its folder and name, and its place in folders that
    lie side by side."""
    folder, name = os.path.split(os.path.splitext(path)[0])
    text = unicodedata.normalize("NFC", name.decode("utf-8", "surrogateescape")).casefold()
    _, place = place_of(folder, kind)
    return [(where, text) for where in (folder, place) if where is not None]
