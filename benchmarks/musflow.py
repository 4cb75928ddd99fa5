"""Does MusFlow learn? A library of 330 rendered pieces, a build, a training, and what it makes.

    python benchmarks/musflow.py [--work out/bench-musflow] [--run NAME] [--pieces 330]
        [--seeds 2] [--recipe musflow-tiny] [--set network.metronome=false]

Needs FluidSynth with FluidR3_GM.sf2, and installs them where apt-get can. What was done is not
done again: the training goes on where it was, and what was made and measured is kept. Prints
the tables of benchmarks/README.md. Pieces of the test split were seen by nothing that is measured
here. Another --run is another training on the same pieces.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmusset.evidence.music import measure
from mmusset.files import file_sha256
from mmusset.measurements.brightness import BRIGHTNESS
from mmusset.measurements.density import DENSITY
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.loudness import LOUDNESS
from mmusset.measurements.percussion import PERCUSSION
from mmusset.measurements.tempo import TEMPO
from mmusset.musflow.data.encode import whole_frames
from mmusset.musflow.generate.asked_tempo import tempo_bounds_bpm
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.requests import GenerationRequest
from mmusset.musflow.model.sampler import sample
from mmusset.musflow.recipe import MODALITIES, Modality
from mmusset.musflow.sound.sound_file import peak_safe
from mmusset.musflow.sound.spectrogram import spectrogram
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.shards.reader import Read, decoded, raw_samples, shards_of, split_of
from mmusset.truth.extract import extract

sys.path.insert(0, str(Path(__file__).parents[1] / "demo_media"))
import scores

ROOT = Path(__file__).parent.parent
TOLD: dict[str, tuple[Modality, ...]] = {name: (name,) for name in MODALITIES}
TOLD |= {"all three": MODALITIES, "nothing": ()}
THROUGH = "(the real clips, through the codec)"
NEAR = 0.06  # of a tempo
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
    """A real clip as the codec hears it, `[channels, samples]`, what was measured on it, and
    its number among the pieces."""

    read: Read
    sound: Tensor
    heard: MusicEvidence
    piece: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--work", type=Path, default=Path("out/bench-musflow"))
    parser.add_argument("--run", default="run")
    parser.add_argument("--pieces", type=int, default=330)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--recipe", default="musflow-tiny")
    parser.add_argument("--set", action="append", default=[], dest="changes", metavar="A.B=C")
    told = parser.parse_args()
    dataset, run = told.work / "dataset", told.work / told.run
    make_dataset(told.work / "source", dataset, told.pieces)
    train(dataset, run, told.recipe, told.changes)
    composer = MusicGenerator(run, "cpu", print)
    real = real_clips(told.work, dataset, composer)
    tests, kept, rate_hz = real["test"], run / "made", composer.codec.rate_hz
    made = {
        name: [
            made_once(
                kept / f"{name}-{seed}", partial(generate, composer, tests, names, seed), rate_hz
            )
            for seed in range(told.seeds)
        ]
        for name, names in TOLD.items()
    }
    made[THROUGH] = [
        made_once(
            kept / "codec", lambda: [(through(composer, c.sound), 0.0) for c in tests], rate_hz
        )
    ]
    print_agreement(real, made)
    print_tempo(tests, made)
    evaluate(dataset, run, told.seeds)
    print_sounds(composer, made, run)


def make_dataset(source: Path, out: Path, pieces: int) -> None:
    """Render the pieces and build them, with a tenth each to validate and to test on."""
    if not shutil.which("fluidsynth"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        names = ["fluidsynth", "fluid-soundfont-gm"]
        subprocess.run(["apt-get", "install", "-qq", "-y", *names], check=True)
    if not out.exists():
        make_source = ROOT / "demo_media" / "make_source.py"
        python("render", str(make_source), "--out", str(source), "--pieces", str(pieces))
    shares = [f"split.{name}={share}" for name, share in SHARES.items()]
    settings = [word for share in shares for word in ("--set", share)]
    python("build", "-m", "mmusset", "build", "--source", str(source), "--out", str(out), *settings)


SHARES = {"train": 0.73, "validation": 0.09, "test": 0.18}


def train(dataset: Path, run: Path, recipe: str, changes: list[str]) -> None:
    settings = [word for change in changes for word in ("--set", change)]
    words = ["train", str(dataset), "--out", str(run), "--recipe", recipe, *settings]
    python("train", "-m", "mmusset", *words)


def evaluate(dataset: Path, run: Path, seeds: int) -> None:
    """The whole table of `mmusset evaluate`, beside the training."""
    words = ["--checkpoint", str(run), "--data", str(dataset), "--seeds", str(seeds)]
    python("evaluate", "-m", "mmusset", "evaluate", *words, "--out", f"{run}-evaluation")


def python(stage: str, *words: str) -> None:
    """Run this interpreter; say how long it took."""
    begun_s = time.monotonic()
    subprocess.run([sys.executable, *words], check=True, cwd=Path.cwd())
    print(f"{stage}: {time.monotonic() - begun_s:.0f} s", flush=True)


def real_clips(work: Path, dataset: Path, composer: MusicGenerator) -> dict[str, list[Clip]]:
    """The clips to train and to test on, by split; measured once."""
    rate_hz = composer.codec.rate_hz
    file = work / f"heard-{rate_hz}.json"
    heard: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    pieces = {file_sha256(path): int(path.stem) for path in (work / "source").rglob("*.flac")}
    found: dict[str, list[Clip]] = {"train": [], "validation": [], "test": []}
    for shard in shards_of(str(dataset)):
        for key, members in raw_samples(shard):
            read = decoded(key, members)
            sound = torch.from_numpy(whole_frames(read.sound, read.rate_hz, composer.codec).copy())
            if key not in heard:
                heard[key] = heard_on(sound, rate_hz).model_dump_json()
            evidence = MusicEvidence.model_validate_json(heard[key])
            piece = pieces[read.facts["source_sha256"]]
            found[split_of(shard)].append(Clip(read, sound, evidence, piece))
    file.write_text(json.dumps(heard))
    return found


def heard_on(sound: Tensor, rate_hz: int) -> MusicEvidence:
    return measure(np.ascontiguousarray(sound.T.numpy()), rate_hz)


@dataclass(frozen=True, slots=True)
class Made:
    """A sound `[channels, samples]` that was made, what was measured on it, and the tempo at which
    the metronome stood, 0 without one."""

    sound: Tensor
    heard: MusicEvidence
    bpm: float


def generate(
    composer: MusicGenerator, asked: list[Clip], told: tuple[Modality, ...], seed: int
) -> list[tuple[Tensor, float]]:
    """A sound for some of each clip's conditions, as `mmusset generate` makes it, and the tempo of
    its metronome."""
    with tempfile.TemporaryDirectory() as folder:
        requests = [request_of(clip, told, Path(folder)) for clip in asked]
        conditions = [composer.conditions(request) for request in requests]
    aligned, present = (
        torch.cat([getattr(c, n) for c in conditions]) for n in ("aligned", "present")
    )
    beats, sampler = torch.tensor([each.beat for each in conditions]), composer.recipe.sampler
    latents = sample(composer.model, aligned, present, composer.frames, sampler, seed, beat=beats)
    sounds = [peak_safe(sound)[0] for sound in composer.codec.decode(latents)]
    return [
        (sound, each.beat.bpm if each.beat.weight else 0.0)
        for sound, each in zip(sounds, conditions, strict=True)
    ]


def request_of(clip: Clip, told: tuple[Modality, ...], folder: Path) -> GenerationRequest:
    """A request for some of a clip's conditions."""
    picture = folder / f"{clip.read.key}.png"
    clip.read.image.save(picture)
    return GenerationRequest(
        out=folder / "unused.flac",
        image=picture if "image" in told else None,
        story=clip.read.story if "story" in told else "",
        caption=clip.read.caption if "caption" in told else "",
    )


def made_once(
    kept: Path, make: Callable[[], list[tuple[Tensor, float]]], rate_hz: int
) -> list[Made]:
    """What was made and measured: kept in a file, and read from it another time."""
    file = kept.with_suffix(".npz")
    if not file.exists():
        sounds = make()
        kept.parent.mkdir(exist_ok=True)
        heard = [heard_on(sound, rate_hz).model_dump_json() for sound, _ in sounds]
        np.savez(
            file,
            sounds=np.stack([sound.numpy() for sound, _ in sounds]),
            heard=np.array(heard),
            bpm=np.array([bpm for _, bpm in sounds]),
        )
    with np.load(file) as found:
        return [
            Made(torch.from_numpy(sound), MusicEvidence.model_validate_json(str(heard)), float(bpm))
            for sound, heard, bpm in zip(found["sounds"], found["heard"], found["bpm"], strict=True)
        ]


def print_agreement(real: dict[str, list[Clip]], made: dict[str, list[list[Made]]]) -> None:
    """How often what was made has more, or less, of what its conditions ask more or less of."""
    usual = {name: [of(clip.heard) for clip in real["train"]] for name, of in HEARD.items()}
    middle = {name: float(np.median(values)) for name, values in usual.items()}
    heard = {name: [[each.heard for each in row] for row in rows] for name, rows in made.items()}
    pictured = [wants_of_picture(clip, real["train"]) for clip in real["test"]]
    captioned = [wants_of_caption(clip.read.caption) for clip in real["test"]]
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
    named = [tempo_bounds_bpm(clip.read.caption) for clip in asked]
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


def through(composer: MusicGenerator, sound: Tensor) -> Tensor:
    mean, _ = composer.codec.encode(sound[None])
    return composer.codec.decode(mean)[0]


def print_sounds(composer: MusicGenerator, made: dict[str, list[list[Made]]], folder: Path) -> None:
    """Listening with numbers: silence, clipping, offset; and a picture of some."""
    print("\n| made from | RMS dBFS: least, median, most | highest peak | most DC |")
    print("|---|---|---|---|")
    for name, rows in made.items():
        sounds = [each.sound for row in rows for each in row]
        rms = sorted(20 * float(s.square().mean().sqrt().clamp_min(1e-9).log10()) for s in sounds)
        peak = max(float(s.abs().max()) for s in sounds)
        offset = max(float(s.mean().abs()) for s in sounds)
        told = f"{rms[0]:.1f}, {rms[len(rms) // 2]:.1f}, {rms[-1]:.1f}"
        print(f"| {name} | {told} | {peak:.3f} | {offset:.5f} |")
    shown = [each.sound for each in made["all three"][0][:4]]
    picture = spectrogram(shown, composer.codec.rate_hz)
    picture.save(folder / "made.png")
    print(f"\na picture of four that were made: {folder / 'made.png'}")


if __name__ == "__main__":
    main()
