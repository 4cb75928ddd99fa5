"""Do pictures and music that nothing pairs, once matched, share a mood?

    apt-get install fluidsynth fluid-soundfont-gm
    python benchmarks/matching.py [--out out/bench/matching] [--each 150] [--seed 7]

Pieces and pictures are made for moods that are drawn at random, each side for itself: mode, tempo,
drums, loudness and instruments follow a piece's mood, light, warmth, colour and how much there is a
picture's, all with chance on top. What is known of them is measured as a build measures it, and
`match` pairs them. Compared are the moods that pairs were made for, against random pairs of the
same singles; the 95 % intervals are of 2,000 bootstrap samples of pairs. It says what of a mood
gets through measuring and matching, not what people feel. Prints the table of docs/benchmarks.md.
"""

import argparse
import json
import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "demo_media"))

import numpy as np
import scores
from mastering import mastered
from numpy.typing import NDArray
from scenes import Traits, scene

from mmusset.evidence import image as images
from mmusset.evidence.music import measure
from mmusset.matching.affect import Affect, of_music, of_picture
from mmusset.matching.pairs import Single, match
from mmusset.sample_parts.evidence import ImageEvidence, MusicEvidence

SECONDS = 10.24
CALM = ("piano", "harp", "strings", "flute", "music box", "cello")
LIVELY = ("electric guitar", "trumpet", "synth lead", "overdriven guitar", "accordion", "organ")
RESAMPLES = 2000
Doubles = NDArray[np.float64]
Figure = Callable[[Doubles], float]


@dataclass(frozen=True, slots=True)
class Known:
    """What a single was made for, and what was measured of it."""

    name: str
    valence: float
    arousal: float
    felt: Affect

    @property
    def single(self) -> Single:
        return Single(self.name.encode(), self.felt)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/bench/matching"), help="a cache")
    parser.add_argument("--each", type=int, default=150, help="pieces, and pictures")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    folder = options.out / str(options.seed)
    folder.mkdir(parents=True, exist_ok=True)
    music = [known(folder, "music", options.seed, n) for n in range(options.each)]
    pictures = [known(folder, "picture", options.seed, n) for n in range(options.each)]
    report(pictures, music, options.seed)
    return 0


FEEL: dict[str, Callable[[dict[str, object]], Affect]] = {
    "music": lambda found: of_music(MusicEvidence.model_validate(found)),
    "picture": lambda found: of_picture(ImageEvidence.model_validate(found)),
}


def known(folder: Path, kind: str, seed: int, number: int) -> Known:
    """A single, made and measured once."""
    file = folder / f"{kind}-{number:04d}.json"
    if not file.exists():
        rng = random.Random(f"{kind} {seed} {number}")
        valence, arousal = rng.random(), rng.random()
        make = piece if kind == "music" else picture
        found = make(valence, arousal, rng, folder / f"{number}.wav")
        facts = {"name": f"{kind} {number}", "valence": valence, "arousal": arousal}
        file.write_text(json.dumps(facts | {"found": found.model_dump()}))
        print(file.stem, file=sys.stderr, flush=True)
    facts = json.loads(file.read_text())
    felt = FEEL[kind](facts.pop("found"))
    return Known(**facts, felt=felt)


def piece(valence: float, arousal: float, rng: random.Random, wav: Path) -> MusicEvidence:
    """What is measured of a piece that is made for a mood."""
    import soundfile

    tempo_bpm = round(65 + 85 * arousal + 15 * (valence - 0.5) + rng.gauss(0, 12), 1)
    lively = rng.random() < arousal
    written = scores.Piece(
        tempo_bpm=max(55.0, tempo_bpm),
        tonic=rng.choice(scores.TONICS),
        mode="major" if rng.random() < 0.1 + 0.8 * valence else "minor",
        bars=2 + int(11 * max(55.0, tempo_bpm) / 240),
        seed=rng.randrange(10**6),
        melody=rng.choice(LIVELY if lively else CALM),
        chords=rng.choice(("electric guitar", "organ", "piano") if lively else CALM[:3]),
        drums=rng.random() < 1.4 * arousal - 0.3,
        groove="driving" if rng.random() < arousal else "held" if arousal < 0.3 else "broken",
        velocity=round(min(120, max(30, 45 + 65 * arousal + rng.gauss(0, 8)))),
        busy=min(2, int(3 * max(0.0, min(0.99, arousal + rng.gauss(0, 0.15))))),
    )
    scores.render(scores.compose(written), wav, gain=0.3)
    sound, rate_hz = soundfile.read(wav)
    wav.unlink()
    level = -31 + 19 * min(1.0, max(0.0, arousal + rng.gauss(0, 0.15)))
    sound = mastered(sound[: round(SECONDS * rate_hz)], rate_hz, level)
    return measure(sound.astype(np.float32), rate_hz)


def picture(valence: float, arousal: float, rng: random.Random, wav: Path) -> ImageEvidence:
    """What is measured of a picture that is painted for a mood."""

    def near(value: float) -> float:
        return min(1.0, max(0.0, value + rng.gauss(0, 0.18)))

    traits = Traits(
        warmth=near(0.6 * valence + 0.4 * arousal),
        saturation=near(0.2 + 0.7 * arousal),
        light=near(valence),
        busyness=near(arousal),
    )
    return images.measure(scene(traits, f"matching {rng.random()}"))


def report(pictures: list[Known], music: list[Known], seed: int) -> None:
    """The table of one run."""
    by_name = {each.name.encode(): each for each in (*pictures, *music)}
    matches = match([each.single for each in pictures], [each.single for each in music])
    pairs = [(by_name[pair.picture], by_name[pair.music]) for pair in matches.pairs]
    rng = np.random.default_rng(seed)
    everybody = np.array([[p.valence, p.arousal, m.valence, m.arousal] for p in pictures
                          for m in music])  # fmt: skip
    matched = np.array([[p.valence, p.arousal, m.valence, m.arousal] for p, m in pairs])
    drawn = everybody[rng.integers(len(everybody), size=len(matched))]
    print(json.dumps({"seed": seed, "pictures": len(pictures), "music": len(music)}))
    for side, all_ in (("music", music), ("pictures", pictures)):
        for axis in ("valence", "arousal"):
            meant = [getattr(each, axis) for each in all_]
            felt = [getattr(each.felt, axis) for each in all_]
            print(f"{side}: {axis} as measured and as meant: {np.corrcoef(meant, felt)[0, 1]:.2f}")
    print(f"kept {len(matched)} pairs of {min(len(pictures), len(music))}\n")
    print("| of the moods that pairs were made for | matched | random pairs |\n|---|---|---|")
    for name, figure in FIGURES.items():
        cells = [_interval(rows, figure, rng) for rows in (matched, drawn)]
        print(f"| {name} | {cells[0]} | {cells[1]} |")


def _distance(rows: Doubles, axis: int) -> float:
    return float(np.abs(rows[:, axis] - rows[:, axis + 2]).mean())


def _correlation(rows: Doubles, axis: int) -> float:
    return float(np.corrcoef(rows[:, axis], rows[:, axis + 2])[0, 1])


def _same_quarter(rows: Doubles) -> float:
    same = (rows[:, :2] > 0.5) == (rows[:, 2:] > 0.5)
    return float(same.all(axis=1).mean())


FIGURES: dict[str, Figure] = {
    "valence: correlation": lambda rows: _correlation(rows, 0),
    "arousal: correlation": lambda rows: _correlation(rows, 1),
    "valence: mean difference": lambda rows: _distance(rows, 0),
    "arousal: mean difference": lambda rows: _distance(rows, 1),
    "in the same quarter (chance: 0.25)": _same_quarter,
}


def _interval(rows: Doubles, figure: Figure, rng: np.random.Generator) -> str:
    resampled = [figure(rows[rng.integers(len(rows), size=len(rows))]) for _ in range(RESAMPLES)]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return f"{figure(rows):.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    sys.exit(main())
