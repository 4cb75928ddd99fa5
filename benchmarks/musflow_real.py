"""Does MusFlow learn on real music? Pieces of free games, a build, a training, and its evaluation.

    python benchmarks/musflow_real.py [--cache out/real] [--work out/bench-musflow-real]
        [--seeds 3] [--recipe musflow-tiny] [--set network.metronome=false]

Takes a clip of each piece that real_pieces.py fetches (2.3 GB at first), at most 30 of a game, and
draws it a landscape by what is measured on it (demo_media/library.py). The pieces of one game are
dealt to all splits: by whole games there would be four to test on. Done is not done again.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from musflow import build, evaluate, train
from real_pieces import drawn, fetch

from mmusset.errors import Unusable
from mmusset.evidence import clip as clips
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.music import measure
from mmusset.evidence.sound import open_sound
from mmusset.measurements.percussion import PERCUSSION
from mmusset.measurements.tempo import TEMPO
from mmusset.recipe import ClipPart

sys.path.insert(0, str(Path(__file__).parents[1] / "demo_media"))
from library import landscape


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cache", type=Path, default=Path("out/real"))
    parser.add_argument("--work", type=Path, default=Path("out/bench-musflow-real"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipe", default="musflow-tiny")
    parser.add_argument("--set", action="append", default=[], dest="changes", metavar="A.B=C")
    told = parser.parse_args()
    source, dataset, run = (told.work / name for name in ("source", "dataset", "run"))
    if not source.exists():
        make_source(told.cache, source)
    build(source, dataset)
    train(dataset, run, told.recipe, told.changes)
    evaluate(dataset, run, told.seeds)


def make_source(cache: Path, source: Path) -> None:
    """A folder for each piece, so that it is a group of its own: a clip of it, and its picture."""
    unfinished = source.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for piece, clip in clips_of(sorted(drawn(fetch(cache)))):
        folder = unfinished / f"{piece.parent.name}-{piece.stem}"
        folder.mkdir(parents=True)
        (folder / "clip.flac").write_bytes(clips.encode_flac(clip))
        heard = measure(clip.samples, clip.rate_hz)
        picture = landscape(heard, heard[TEMPO].bpm, heard[PERCUSSION].value, folder.name)
        picture.save(folder / "clip.jpg", quality=88)
    unfinished.rename(source)


def clips_of(pieces: list[Path]) -> Iterator[tuple[Path, clips.Clip]]:
    """Each piece with a clip out of its middle, where it has music there."""
    for piece in pieces:
        try:
            with MediaFile(piece) as media:
                yield piece, clips.cut(open_sound(media), 0, 1, ClipPart())
        except Unusable as why:
            print(f"{piece.name} is left out: {why}")


if __name__ == "__main__":
    main()
