"""What our measurements of music are worth: precision and coverage at each certainty.

    python benchmarks/evidence.py [--seeds 1000-1119] [--clips out/bench]

Composes and renders pieces whose tempo, key and drums are known (demo_media/scores.py),
measures them as a build would, and prints markdown tables for docs/benchmarks.md.
Constants were chosen on other seeds (0-159) than the tables show (1000-1119).
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Threads that wait in BLAS count as CPU time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from mmusset.builder.process import keep_freed_memory
from mmusset.dsp.loudness import block_loudness
from mmusset.evidence.music import measure
from mmusset.measurements.declaration import Finding
from mmusset.measurements.key import KEY, TONICS
from mmusset.measurements.loudness import LOUDNESS
from mmusset.measurements.pulse import SCALE as PULSE_WORDS
from mmusset.measurements.tempo import TEMPO
from mmusset.recipe import CERTAINTY
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.truth.findings import findings

sys.path.insert(0, str(Path(__file__).parents[1] / "demo_media"))
import scores

RATE_HZ = 44100
SECONDS = 10.24
TOLERANCE = 0.04  # of a tempo, as in the MIREX tempo tasks
CERTAINTIES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
TIMED_CLIPS = 20
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Case:
    """A piece as it was composed, and what was measured on its recording."""

    piece: scores.Piece
    samples: Floats
    evidence: MusicEvidence
    findings: dict[str, Finding]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="1000-1119", help="first-last")
    parser.add_argument(
        "--clips", type=Path, default=Path("out/bench"), help="where clips are kept"
    )
    options = parser.parse_args()
    first, last = (int(part) for part in options.seeds.split("-"))
    try:
        cases = [case(seed, options.clips) for seed in range(first, last + 1)]
    except FileNotFoundError as error:
        print(f"{error}\nOn Debian: apt-get install fluidsynth fluid-soundfont-gm", file=sys.stderr)
        return 2
    print(f"{len(cases)} pieces of {SECONDS} s, seeds {options.seeds}\n")
    for table in (print_accuracy, print_certainties, print_levels, print_spread, print_time):
        table(cases)
        print()
    return 0


def case(seed: int, folder: Path) -> Case:
    """The piece of that seed, rendered unless its recording is there from an earlier run."""
    piece = scores.random_piece(seed)
    path = folder / f"evidence-{seed}.wav"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        scores.render(scores.compose(piece), path, gain(seed))
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    samples = samples[: round(SECONDS * rate_hz)]
    evidence = measure(samples, rate_hz)
    return Case(piece, samples, evidence, findings(evidence))


def gain(seed: int) -> float:
    """FluidSynth's gain for a seed, from 0.15 to 1.2: about 18 dB apart."""
    return float(0.15 * 8 ** np.random.default_rng(seed).random())


# --- right or wrong ------------------------------------------------------------------------


def tempo_right(case: Case) -> bool:
    return abs(case.evidence[TEMPO].bpm / case.piece.tempo_bpm - 1) < TOLERANCE


def octave_right(case: Case) -> bool:
    tempo = case.evidence[TEMPO]
    found = (tempo.bpm, tempo.half_bpm, tempo.double_bpm)
    return any(abs(bpm / case.piece.tempo_bpm - 1) < TOLERANCE for bpm in found)


def pulse_right(case: Case) -> bool:
    return case.findings["pulse"].value == PULSE_WORDS.word(case.piece.tempo_bpm)


def key_right(case: Case) -> bool:
    return mirex(case) == 1.0


def mode_right(case: Case) -> bool:
    return bool(case.evidence[KEY].mode == case.piece.mode)


def percussion_right(case: Case) -> bool:
    return (case.findings["percussion"].value == "present") == case.piece.drums


def percussion_right_at_16_khz(case: Case) -> bool:
    heard = measure(soxr.resample(case.samples, RATE_HZ, 16000), 16000)
    return (findings(heard)["percussion"].value == "present") == case.piece.drums


def mirex(case: Case) -> float:
    """The MIREX key score: 1 right, 0.5 a fifth off, 0.3 relative, 0.2 parallel."""
    found, true = case.evidence[KEY], case.piece
    steps = (TONICS.index(found.tonic) - TONICS.index(true.tonic)) % 12
    if found.mode == true.mode:
        return {0: 1.0, 5: 0.5, 7: 0.5}.get(steps, 0.0)
    relative = 9 if true.mode == "major" else 3
    return {relative: 0.3, 0: 0.2}.get(steps, 0.0)


CHECKS: dict[str, Callable[[Case], bool]] = {
    "tempo": tempo_right,
    "pulse": pulse_right,
    "key": key_right,
    "mode": mode_right,
    "percussion": percussion_right,
}


# --- tables --------------------------------------------------------------------------------


def print_accuracy(cases: list[Case]) -> None:
    print("| ungated | |\n|---|---|")
    print(f"| tempo Acc1 (within 4 %) | {share(cases, tempo_right):.3f} |")
    print(f"| tempo Acc2 (or half, or double) | {share(cases, octave_right):.3f} |")
    print(f"| key exact | {share(cases, key_right):.3f} |")
    print(f"| key MIREX | {np.mean([mirex(c) for c in cases]):.3f} |")
    print(f"| mode | {share(cases, mode_right):.3f} |")
    print(f"| drums or none | {share(cases, percussion_right):.3f} |")
    print(f"| drums or none, at 16 kHz | {share(cases, percussion_right_at_16_khz):.3f} |")


def print_certainties(cases: list[Case]) -> None:
    """Coverage and precision of what would be said; the recipe's default in bold."""
    print("| certainty | " + " | ".join(CHECKS) + " |\n|---|" + "---|" * len(CHECKS))
    for certainty in CERTAINTIES:
        cells = []
        for name, right in CHECKS.items():
            said = [c for c in cases if c.findings[name].confidence >= certainty]
            cell = f"{len(said) / len(cases):.0%}, {share(said, right):.2f}" if said else "none"
            cells.append(f"**{cell}**" if certainty == CERTAINTY else cell)
        print(f"| {certainty:.2f} | " + " | ".join(cells) + " |")


def print_levels(cases: list[Case]) -> None:
    """How far our loudness stands off pyloudnorm's."""
    import pyloudnorm

    meter = pyloudnorm.Meter(RATE_HZ)
    theirs = np.array([meter.integrated_loudness(c.samples) for c in cases])
    ours = np.array([c.evidence[LOUDNESS].value for c in cases])
    off = np.abs(ours - theirs)
    print(f"Loudness off pyloudnorm: median {np.median(off):.3f} LU, most {off.max():.3f} LU")


def print_spread(cases: list[Case]) -> None:
    """Where the numbers lie, for the borders of mmusset/measurements, and the words they make."""
    print("| | 5 % | 25 % | 50 % | 75 % | 95 % | words | certain |\n|---|" + "---|" * 7)
    fields: dict[str, str] = {
        "loudness": "loudness_lufs",
        "dynamics": "dynamic_range_db",
        "brightness": "brightness_hz",
        "density": "onset_density_hz",
        "percussion": "percussiveness",
        "width": "stereo_width",
    }
    for name, field in fields.items():
        values = [c.evidence.fields[field].value for c in cases]
        percentiles = " | ".join(f"{v:.4g}" for v in np.percentile(values, [5, 25, 50, 75, 95]))
        print(f"| {field} | {percentiles} | {words(cases, name)} | {certain(cases, name):.0%} |")


def print_time(cases: list[Case]) -> None:
    """CPU time of a clip, best of three; librosa's for the same where it is installed."""
    keep_freed_memory()  # as decoders do
    timed = cases[:TIMED_CLIPS]
    stereo_ms = cpu_ms(lambda c: measure(c.samples, RATE_HZ), timed)
    mono_ms = cpu_ms(lambda c: measure(c.samples[:, :1].copy(), RATE_HZ), timed)
    loudness_ms = cpu_ms(lambda c: block_loudness(c.samples, RATE_HZ), timed)
    print(
        f"CPU per clip: {stereo_ms:.1f} ms stereo ({loudness_ms:.1f} of them loudness), "
        f"{mono_ms:.1f} ms mono, all of MusicEvidence"
    )
    try:
        import librosa
    except ImportError:
        print("librosa is not installed: no ratio")
        return

    def theirs(case: Case) -> None:
        mono = librosa.resample(case.samples.mean(axis=1), orig_sr=RATE_HZ, target_sr=22050)
        onset_strength = librosa.onset.onset_strength(y=mono, sr=22050)
        librosa.beat.beat_track(onset_envelope=onset_strength, sr=22050)
        librosa.onset.onset_detect(onset_envelope=onset_strength, sr=22050)
        librosa.feature.chroma_cqt(y=mono, sr=22050)
        librosa.feature.spectral_centroid(y=mono, sr=22050)
        librosa.feature.spectral_flatness(y=mono)
        librosa.feature.rms(y=mono)

    theirs(timed[0])  # compiles
    theirs_ms = cpu_ms(theirs, timed)
    print(
        f"librosa's beat, onsets, chroma, centroid, flatness, RMS: {theirs_ms:.0f} ms, "
        f"{theirs_ms / stereo_ms:.1f} times as long"
    )


def share(cases: list[Case], right: Callable[[Case], bool]) -> float:
    return float(np.mean([right(c) for c in cases]))


def words(cases: list[Case], name: str) -> str:
    values = [c.findings[name].value for c in cases]
    counts = sorted(((values.count(value), value) for value in set(values)), reverse=True)
    return ", ".join(f"{value} {count / len(cases):.0%}" for count, value in counts)


def certain(cases: list[Case], name: str) -> float:
    return float(np.mean([c.findings[name].confidence >= CERTAINTY for c in cases]))


def cpu_ms(work: Callable[[Case], object], cases: list[Case]) -> float:
    """Median over cases of the best of three runs, in ms of this process's CPU time."""
    best = []
    for case in cases:
        runs = []
        for _ in range(3):
            start = time.process_time()
            work(case)
            runs.append(time.process_time() - start)
        best.append(min(runs))
    return 1000 * float(np.median(best))


if __name__ == "__main__":
    sys.exit(main())
