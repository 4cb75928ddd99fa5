"""Does MusFlow learn? A library of 330 rendered pieces, a build, a training, and what it makes.

    python benchmarks/musflow.py [--work out/bench-musflow] [--run NAME] [--pieces 330]
        [--seeds 3] [--recipe musflow-tiny] [--set network.metronome=false]

Needs FluidSynth with FluidR3_GM.sf2, and installs them where apt-get can. What was done is not
done again: the training goes on where it was, and what was made and measured is kept. Prints
the tables of docs/benchmarks.md: that of `mmusset evaluate`, and of the same sounds what else is
known of these pieces. Those of the test split were seen by nothing that is measured here. Another
--run is another training on the same pieces.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mmusset.evaluation.clips import Reference, ReferenceClip, piece_of, stored_reference, usable
from mmusset.evaluation.rows import slug
from mmusset.evaluation.sounds import Window, fitted, read_sound
from mmusset.evidence.music import measure
from mmusset.files import file_sha256
from mmusset.measurements.brightness import BRIGHTNESS
from mmusset.measurements.density import DENSITY
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.loudness import LOUDNESS
from mmusset.measurements.percussion import PERCUSSION
from mmusset.measurements.tempo import TEMPO
from mmusset.musflow.generate.asked_tempo import tempo_bounds_bpm
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.requests import GenerationRequest
from mmusset.musflow.recipe import MODALITIES, Modality
from mmusset.musflow.sound.spectrogram import spectrogram
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.truth.extract import extract

sys.path.insert(0, str(Path(__file__).parents[1] / "demo_media"))
import scores

ROOT = Path(__file__).parent.parent
TOLD: dict[str, tuple[Modality, ...]] = {name: (name,) for name in MODALITIES}
TOLD |= {"all three": MODALITIES, "nothing": ()}
THROUGH = "(the real clips, through the codec)"
CODEC = "real through the codec"  # as the evaluation calls them
NEAR = 0.06  # of a tempo
SOME_FAILED = 4  # how a build ends whose other items are in the dataset
# What can be asked for, and how it is measured on what was made.
HEARD: dict[str, Callable[[MusicEvidence], float]] = {
    "fast": lambda heard: heard[TEMPO].bpm,
    "loud": lambda heard: heard[LOUDNESS].value,
    "bright": lambda heard: heard[BRIGHTNESS].value,
    "percussive": lambda heard: heard[PERCUSSION].value,
    "busy": lambda heard: heard[DENSITY].value,
}
# Words of a caption that ask for more or for less of it; those between ask for neither.
WORDS = {"pulse": "fast", "loudness": "loud", "brightness": "bright"}
WORDS |= {"percussion": "percussive", "density": "busy"}


Wants = dict[str, bool]


@dataclass(frozen=True, slots=True)
class Clip:
    """A real clip: its caption, what was measured on it, and its number among the pieces."""

    caption: str
    heard: MusicEvidence
    piece: int


@dataclass(frozen=True, slots=True)
class Made:
    """A sound's file, what was measured on it, and the tempo at which the metronome stood, 0
    without one."""

    file: Path
    heard: MusicEvidence
    bpm: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--work", type=Path, default=Path("out/bench-musflow"))
    parser.add_argument("--run", default="run")
    parser.add_argument("--pieces", type=int, default=330)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipe", default="musflow-tiny")
    parser.add_argument("--set", action="append", default=[], dest="changes", metavar="A.B=C")
    told = parser.parse_args()
    source, dataset, run = (told.work / name for name in ("source", "dataset", told.run))
    make_dataset(source, dataset, told.pieces)
    train(dataset, run, told.recipe, told.changes)
    evaluated = evaluate(dataset, run, told.seeds)
    reference, pieces = stored_reference(evaluated), numbers(source)
    trained = train_clips(str(dataset), reference, pieces)
    tests = [
        Clip(clip.caption, heard, pieces[clip.piece])
        for clip, heard in zip(reference.clips, heard_in(evaluated, "real", 0), strict=True)
    ]
    made = sounds_made(evaluated, reference, MusicGenerator(run, "cpu", print), told.seeds)
    print_agreement(trained, tests, made)
    print_tempo(tests, made)
    print_sounds(made, reference.window, run)


def make_dataset(source: Path, out: Path, pieces: int) -> None:
    """Render the pieces and build them, with a tenth each to validate and to test on."""
    if not shutil.which("fluidsynth"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        names = ["fluidsynth", "fluid-soundfont-gm"]
        subprocess.run(["apt-get", "install", "-qq", "-y", *names], check=True)
    if not out.exists():
        make_source = ROOT / "demo_media" / "make_source.py"
        python("render", str(make_source), "--out", str(source), "--pieces", str(pieces))
    build(source, out)


def build(source: Path, out: Path) -> None:
    shares = [f"split.{name}={share}" for name, share in SHARES.items()]
    settings = [word for share in shares for word in ("--set", share)]
    python("build", "-m", "mmusset", "build", "--source", str(source), "--out", str(out), *settings)


SHARES = {"train": 0.73, "validation": 0.09, "test": 0.18}


def train(dataset: Path, run: Path, recipe: str, changes: list[str]) -> None:
    settings = [word for change in changes for word in ("--set", change)]
    words = ["train", str(dataset), "--out", str(run), "--recipe", recipe, *settings]
    python("train", "-m", "mmusset", *words)


def evaluate(dataset: Path, run: Path, seeds: int) -> Path:
    """The whole table of `mmusset evaluate`, in a folder beside the training."""
    out = Path(f"{run}-evaluation")
    words = ["--checkpoint", str(run), "--data", str(dataset), "--seeds", str(seeds)]
    python("evaluate", "-m", "mmusset", "evaluate", *words, "--out", str(out))
    return out


def python(stage: str, *words: str) -> None:
    """Run this interpreter; say how long it took."""
    begun_s = time.monotonic()
    status = subprocess.run([sys.executable, *words], cwd=Path.cwd()).returncode
    if status not in (0, SOME_FAILED):
        sys.exit(f"{stage} ended with {status}; its message stands above")
    print(f"{stage}: {time.monotonic() - begun_s:.0f} s", flush=True)


def numbers(source: Path) -> dict[str, int]:
    """The pieces' numbers by the hashes of their files."""
    return {file_sha256(path): int(path.stem) for path in source.rglob("*.flac")}


def train_clips(dataset: str, reference: Reference, pieces: dict[str, int]) -> list[Clip]:
    """The clips to train on, as the codec would be given them."""
    found = []
    for read, _ in usable(dataset, "train", None, {}):
        sound = fitted(read.sound, read.rate_hz, reference.window)
        heard = measure(np.ascontiguousarray(sound), reference.window.rate_hz)
        found.append(Clip(read.caption, heard, pieces[piece_of(read)]))
    return found


def sounds_made(
    evaluated: Path, reference: Reference, composer: MusicGenerator, seeds: int
) -> dict[str, list[list[Made]]]:
    """What the evaluation had made of each kind of conditions, a list for each seed, in the order
    of the test clips; and the real clips through the codec."""
    made = {
        name: [
            row_made(evaluated, name, seed, reference, metronome(composer, reference, names))
            for seed in range(seeds)
        ]
        for name, names in TOLD.items()
    }
    silent = [0.0] * len(reference.clips)
    made[THROUGH] = [row_made(evaluated, CODEC, 0, reference, silent)]
    return made


def row_made(
    evaluated: Path, name: str, seed: int, reference: Reference, tempi: list[float]
) -> list[Made]:
    """A row of the evaluation with one seed."""
    folder = evaluated / "sounds" / ("codec" if name == CODEC else slug(name))
    files = [folder / f"{key}-{seed}.flac" for key in reference.keys]
    return list(map(Made, files, heard_in(evaluated, name, seed), tempi))


def heard_in(evaluated: Path, name: str, seed: int) -> list[MusicEvidence]:
    """What the evaluation measured on a row, in the order of the test clips."""
    file = evaluated / "heard" / f"{slug(name)}-{seed}.evidence.json"
    return [MusicEvidence.model_validate(each) for each in json.loads(file.read_text())["measured"]]


def metronome(
    composer: MusicGenerator, reference: Reference, told: tuple[Modality, ...]
) -> list[float]:
    """For each test clip the tempo that the model is given by some of its conditions."""
    beats = [composer.conditions(request_of(clip, told)).beat for clip in reference.clips]
    return [beat.bpm if beat.weight else 0.0 for beat in beats]


def request_of(clip: ReferenceClip, told: tuple[Modality, ...]) -> GenerationRequest:
    """A request for some of a clip's conditions, that nothing is written for."""
    return GenerationRequest(
        out=Path("unused.flac"),
        image=clip.picture if "image" in told else None,
        story=clip.story if "story" in told else "",
        caption=clip.caption if "caption" in told else "",
    )


def print_agreement(
    trained: list[Clip], tests: list[Clip], made: dict[str, list[list[Made]]]
) -> None:
    """How often what was made has more, or less, of what its conditions ask more or less of."""
    usual = {name: [of(clip.heard) for clip in trained] for name, of in HEARD.items()}
    middle = {name: float(np.median(values)) for name, values in usual.items()}
    heard = {name: [[each.heard for each in row] for row in rows] for name, rows in made.items()}
    pictured = [wants_of_picture(clip, trained) for clip in tests]
    captioned = [wants_of_caption(clip.caption) for clip in tests]
    for title, wants in (("picture", pictured), ("caption", captioned)):
        print(f"\nWhat the {title} asks for, of a picture in clear cases; chance is 50 %:\n")
        print(f"| made from | {' | '.join(HEARD)} | all |")
        print("|---|" + "---|" * (len(HEARD) + 1))
        for name, rows in heard.items():
            right: dict[str, list[bool]] = {attribute: [] for attribute in HEARD}
            for row in rows:
                for evidence, wanted in zip(row, wants, strict=True):
                    for attribute, more in wanted.items():
                        is_more = HEARD[attribute](evidence) > middle[attribute]
                        right[attribute].append(is_more == more)
            cells = [f"{np.mean(r):.0%} of {len(r)}" if r else "-" for r in right.values()]
            whole = [each for r in right.values() for each in r]
            print(f"| {name} | {' | '.join(cells)} | {np.mean(whole):.0%} |")


def wants_of_picture(clip: Clip, train: list[Clip]) -> Wants:
    """What its landscape was drawn from (demo_media/library.py): tempo and drums of the score,
    loudness and brightness of the sound, where they are in the outer thirds."""
    piece = scores.random_piece(clip.piece)
    drawn = {
        "fast": (piece.tempo_bpm, [scores.random_piece(other.piece).tempo_bpm for other in train]),
        "loud": (HEARD["loud"](clip.heard), [HEARD["loud"](other.heard) for other in train]),
        "bright": (HEARD["bright"](clip.heard), [HEARD["bright"](other.heard) for other in train]),
    }
    found = {"percussive": piece.drums}
    for name, (value, others) in drawn.items():
        low, high = np.quantile(others, [1 / 3, 2 / 3])
        if value <= low or value > high:
            found[name] = bool(value > high)
    return found


def wants_of_caption(caption: str) -> Wants:
    """What its words say, as the critic reads them."""
    wants = {}
    for claim in extract(caption):
        measurement = MEASUREMENTS.named(claim.attribute)
        if measurement and measurement.name in WORDS:
            low, high = measurement.values[0], measurement.values[-1]
            if claim.value in (low, high):
                wants[WORDS[measurement.name]] = claim.value == high
    return wants


def print_tempo(asked: list[Clip], made: dict[str, list[list[Made]]]) -> None:
    """How near the measured tempo is to what was asked: by captions that name one, by the
    metronome, and to the score's own."""
    named = [tempo_bounds_bpm(clip.caption) for clip in asked]
    numbers = [bounds[0] if bounds and bounds[0] == bounds[1] else 0.0 for bounds in named]
    scored = [scores.random_piece(clip.piece).tempo_bpm for clip in asked]
    print(f"\nTempo within {NEAR:.0%} (in brackets: or of half or double of it):\n")
    print("| made from | of the caption's number | of the metronome's | of the score's |")
    print("|---|---|---|---|")
    for name, rows in made.items():
        cells = []
        for wanted in (numbers, None, scored):
            pairs = [
                (bpm, each.heard[TEMPO].bpm)
                for row in rows
                for each, bpm in zip(row, wanted or [each.bpm for each in row], strict=True)
            ]
            cells.append(near([(bpm, heard) for bpm, heard in pairs if bpm]))
        print(f"| {name} | {' | '.join(cells)} |")
    # By chance: the tempi of what was made, against what was asked of the next.
    row = made["all three"][0]
    pairs = [(bpm, other.heard[TEMPO].bpm) for bpm, other in zip(numbers, row[1:], strict=False)]
    print(f"| (another clip's number) | {near([(a, b) for a, b in pairs if a])} | - | - |")


def near(pairs: list[tuple[float, float]]) -> str:
    """The share of measured tempi that are those asked for, and with octaves."""
    if not pairs:
        return "-"
    octaves = [float(np.log2(heard / bpm)) for bpm, heard in pairs]
    within = float(np.log2(1 + NEAR))
    same = np.mean([abs(each) <= within for each in octaves])
    off = np.mean([min(abs(each - n) for n in (-1, 0, 1)) <= within for each in octaves])
    return f"{same:.0%} ({off:.0%}) of {len(pairs)}"


def print_sounds(made: dict[str, list[list[Made]]], window: Window, folder: Path) -> None:
    """Listening with numbers: silence, clipping, offset; and a picture of some."""
    print("\n| made from | RMS dBFS: least, median, most | highest peak | most DC |")
    print("|---|---|---|---|")
    for name, rows in made.items():
        sounds = [read_sound(each.file, window) for row in rows for each in row]
        rms = sorted(20 * np.log10(max(np.sqrt(np.mean(np.square(s))), 1e-9)) for s in sounds)
        peak = max(float(np.abs(s).max()) for s in sounds)
        offset = max(abs(float(s.mean())) for s in sounds)
        told = f"{rms[0]:.1f}, {rms[len(rms) // 2]:.1f}, {rms[-1]:.1f}"
        print(f"| {name} | {told} | {peak:.3f} | {offset:.5f} |")
    shown = [torch.from_numpy(read_sound(each.file, window).T) for each in made["all three"][0][:4]]
    picture = spectrogram(shown, window.rate_hz)
    picture.save(folder / "made.png")
    print(f"\na picture of four that were made: {folder / 'made.png'}")


if __name__ == "__main__":
    main()
