"""What the ear musicnn hears of whole pieces at three places of each, and in one clip of each.

    python benchmarks/places.py [--real out/real] [--pieces 120]

Takes the music of free games, the first pieces of real_pieces.py's random order, and counts, where
an album tells the genre (ears.py), how often the genre that may be said is right: of a clip from
the middle, as `caption.scope: clip` has it, and of up to three places one after the other, as
`piece` has it. Then it counts how often each label may be said, plainly or as "sounds
like", of all pieces. Needs `mmusset ears get musicnn`.
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ears import ALBUMS
from real_pieces import drawn, fetch

from mmusset.ears.hearing import hear
from mmusset.ears.musicnn.ear import MUSICNN
from mmusset.errors import Unusable
from mmusset.evidence import clip as clips
from mmusset.evidence import piece as pieces
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import open_sound
from mmusset.intervals import wilson
from mmusset.recipe import SOUNDS_LIKE
from mmusset.recipe_parts.media import ClipPart
from mmusset.sample_parts.evidence import HeardLabel

SILENCE_DBFS = -60.0
Which = Literal["clip", "places"]
WHICH: tuple[Which, ...] = get_args(Which)


@dataclass(frozen=True, slots=True)
class HeardPiece:
    """A piece of an album, and what is heard in its clip and in its places."""

    album: str
    clip: Mapping[str, HeardLabel]
    places: Mapping[str, HeardLabel]

    def may_be_said(self, label: str, which: Which) -> bool:
        """Plainly, or as "sounds like"."""
        heard = self.clip if which == "clip" else self.places
        return heard[label].probability >= SOUNDS_LIKE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, default=Path("out/real"), help="music of games")
    parser.add_argument("--pieces", type=int, default=120)
    options = parser.parse_args()
    began = time.process_time()
    chosen = drawn(fetch(options.real))[: options.pieces]
    found = [heard for piece in chosen if (heard := _heard(piece))]
    print(f"{len(found)} pieces, {(time.process_time() - began) / len(found):.1f} CPU-s each")
    print_genres([each for each in found if each.album in ALBUMS])
    print_said(found)
    return 0


def _heard(piece: Path) -> HeardPiece | None:
    """None of a piece that can't be heard."""
    try:
        with MediaFile(piece) as media:
            sound = open_sound(media)
            clip = clips.cut(sound, 0, 1, ClipPart())
            signals = [at.signal for at in pieces.places_of(sound, SILENCE_DBFS)]
            places, rate_hz = pieces.joined(signals), sound.rate_hz
    except Unusable:
        return None
    if places is None:
        return None
    sides = ((clip.samples, clip.rate_hz), (places, rate_hz))
    return HeardPiece(
        piece.parent.name,
        *(hear(samples, hz, (MUSICNN,), SILENCE_DBFS)["musicnn"] for samples, hz in sides),
    )


def print_genres(found: Sequence[HeardPiece]) -> None:
    """How often the genre that may be said is the album's."""
    genres = sorted(set(ALBUMS.values()))
    print("\n| genre said | of | said | right | |")
    print("|---|---|---|---|---|")
    for genre in genres:
        true = sum(ALBUMS[each.album] == genre for each in found)
        for which in WHICH:
            said = [each for each in found if each.may_be_said(genre, which)]
            right = sum(ALBUMS[each.album] == genre for each in said)
            low, high = wilson(right / len(said) if said else 0.0, len(said))
            print(
                f"| {genre} | {which} | {len(said)} | {right} of {true} |"
                f" {right / max(1, len(said)):.2f} ({low:.2f} to {high:.2f}) |"
            )


def print_said(found: Sequence[HeardPiece]) -> None:
    """Of how many pieces each label may be said."""
    print("\n| label | of the clip | of the places | of both |")
    print("|---|---|---|---|")
    for label in (label.name for label in MUSICNN.labels):
        clip, places = (
            {n for n, each in enumerate(found) if each.may_be_said(label, which)} for which in WHICH
        )
        print(f"| {label} | {len(clip)} | {len(places)} | {len(clip & places)} |")


if __name__ == "__main__":
    sys.exit(main())
