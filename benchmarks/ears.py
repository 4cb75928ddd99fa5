"""What musicnn's labels are worth, and so which steps stand in its declaration.

    python benchmarks/ears.py [--folder out/bench] [--real out/real]

Clips whose instruments are known (`known_clips.py`: Debian's fluid-soundfont-gm,
musescore-general-soundfont-small, timgm6mb-soundfont and csound-soundfont, played by FluidSynth)
and recordings of which something says what plays (`real_instruments.py`). Three fonts' families
are told apart: a step is what each of them bears out alone.

Most clips have one of the things as their lead, so that there are enough of each; music at large
is not so. Each clip therefore counts as much as the share of MusicCaps' captions that name its
lead, and each label is asked how often it is right at that base rate. `--real` adds clips of
`real_music.py`, of which the albums tell the genre. Needs `mmusset ears get musicnn`, and
`corpus.py`'s scores in the folder; what was heard is kept there, and a run that was stopped goes
on.
"""

import argparse
import itertools
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


import known_clips
import numpy as np
import soundfile
from known_clips import KnownClip
from real_instruments import RealClip, real_clips
from steps import MOST, Row, Share, rows_of, steps, worth

from mmusset.ears.hearing import hear
from mmusset.ears.musicnn.ear import MUSICNN

LABELS = ("choir", "flute", "sitar", "plucked", "strings", "piano")
# Albums tell of electronic and classical music, captions of what they call so (2,000 of 4,500).
GENRES: Mapping[str, float] = {"electronic": 0.235, "classical": 0.088}
BINS = (0.0, 0.2, 0.4, 0.6, 0.8)
# Albums of `real_music.py` whose genre is plain: by the tags of Wesnoth's, and by ear and title.
ALBUMS: Mapping[str, str] = {
    "nexuiz-music": "electronic",
    "singularity-music": "electronic",
    "warzone2100-music": "electronic",
    "wesnoth-1.16-music": "classical",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    parser.add_argument("--real", type=Path, help="the cache of real_music.py")
    options = parser.parse_args()
    families = known_clips.families(options.folder)
    print_labels(families)
    print_recordings(real_clips(options.folder))
    if options.real:
        print_genres(listened_real(options.folder, options.real))
    return 0


# --- instruments ---------------------------------------------------------------------------


def print_labels(families: Sequence[Sequence[KnownClip]]) -> None:
    """For scores in each bin, how many are right: in all, and in each family of fonts."""
    print(f"clips of each family of fonts: {', '.join(str(len(each)) for each in families)}")
    for label in LABELS:
        found = [
            rows_of(clips, label, [clip.scores[label] for clip in clips]) for clips in families
        ]
        rows, share = list(itertools.chain(*found)), share_of(label)
        print(f"\n{label}, base rate {share.there:g}; true ones score {quantiles(rows)}")
        for low, high in itertools.pairwise((*BINS, MOST)):
            each = [worth(family, low, high, share).plain for family in found]
            print(
                f"  from {low:g}: {worth(rows, low, high, share)}"
                f" ({', '.join(f'{one:.2f}' for one in each)})"
            )
            print(f"     and above: {worth(rows, low, MOST, share)}")
        print(f"  steps: {steps(found, BINS, share)}")


def share_of(label: str) -> Share:
    found = MUSICNN.label(label)
    assert found is not None
    return Share.of(found.attribute, found.value)


def quantiles(rows: Sequence[Row]) -> str:
    found = [row.score for row in rows if row.there]
    return ", ".join(f"{np.quantile(found, q):.2f} ({q:.0%})" for q in (0.05, 0.25, 0.5, 0.75))


# --- recordings ----------------------------------------------------------------------------


def print_recordings(clips: Sequence[RealClip]) -> None:
    """The labels on real recordings of which something says what plays."""
    print(f"\n{len(clips)} clips of recordings")
    for label in LABELS:
        known = [(clip.is_there(label), clip.scores[label]) for clip in clips]
        true = [score for there, score in known if there]
        others = [score for there, score in known if there is False]
        print(f"\n{label}: {len(true)} clips have it, {len(others)} have not")
        for gate in BINS[1:]:
            hits, false = (sum(score >= gate for score in scores) for scores in (true, others))
            print(f"  from {gate:g}: {hits} of {len(true)} true, {false} of {len(others)} others")


# --- genres --------------------------------------------------------------------------------


def listened_real(folder: Path, cache: Path) -> list[dict[str, Any]]:
    """What the ear hears in real clips, and the package that each is of."""
    kept = folder / "ears-real.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    labels = {label.name for label in MUSICNN.labels}  # of another version, other rows are made
    known = {row["seed"]: row for row in map(json.loads, lines) if row["scores"].keys() == labels}
    with kept.open("a") as file:
        for excerpt in json.loads((cache / "clips.json").read_text()):
            name = excerpt["name"]
            if name in known:
                continue
            samples, rate_hz = soundfile.read(
                cache / "clips" / name, dtype="float32", always_2d=True
            )
            heard = hear(samples[:, :2], rate_hz, [MUSICNN])["musicnn"]
            row = {
                "seed": name,
                "piece": excerpt["piece"],
                "scores": {label: found.score for label, found in heard.items()},
            }
            print(json.dumps(row), file=file, flush=True)
            known[name] = row
    return list(known.values())


def at_base(hits: int, true: int, false: int, others: int, base: float) -> float:
    hit = (hits + 0.5) / (true + 1) * base
    return hit / (hit + (false + 0.5) / (others + 1) * (1 - base))


def print_genres(clips: Sequence[Mapping[str, Any]]) -> None:
    """Genres where an album tells them, and how often each label is heard in all clips."""
    told = [
        (ALBUMS[album], clip["scores"])
        for clip in clips
        if (album := clip["piece"].partition("/")[0]) in ALBUMS
    ]
    for label in ("electronic", "classical"):
        true = [found[label] for genre, found in told if genre == label]
        others = [found[label] for genre, found in told if genre != label]
        print(f"\n{label}, base rate {GENRES[label]:g}, clips of {len(ALBUMS)} albums")
        for gate in np.arange(0.1, 1.2, 0.1):
            hits, false = (sum(s >= gate for s in found) for found in (true, others))
            right = at_base(hits, len(true), false, len(others), GENRES[label])
            print(
                f"  from {gate:g}: {hits} of {len(true)} true, {false} of {len(others)} others,"
                f" right {right:.2f}"
            )
    print(f"\nof {len(clips)} real clips, the share that scores at least .2, .4, .6:")
    for name in (label.name for label in MUSICNN.labels):
        found = np.array([clip["scores"][name] for clip in clips])
        shares = ", ".join(f"{np.mean(found >= gate):.3f}" for gate in (0.2, 0.4, 0.6))
        print(f"  {name:10s} {shares}")


if __name__ == "__main__":
    sys.exit(main())
