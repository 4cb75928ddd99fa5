"""Does MusFlow learn? A library of 300 rendered pieces, a build, a training, and what it makes.

    python benchmarks/musflow.py [--work out/bench-musflow] [--pieces 300] [--recipe musflow-tiny]

Needs FluidSynth with FluidR3_GM.sf2, and installs them where apt-get can. Stages that were
done are not done again; the training goes on where it was. Prints the tables of
benchmarks/README.md. Pieces of the test split were seen by nothing that is measured here.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmusset.builder.ledger.file import open_to_read
from mmusset.evidence.music import measure
from mmusset.measurements.brightness import BRIGHTNESS
from mmusset.measurements.density import DENSITY
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.loudness import LOUDNESS
from mmusset.measurements.percussion import PERCUSSION
from mmusset.measurements.tempo import TEMPO
from mmusset.musflow.data.cache import EMBEDDED
from mmusset.musflow.data.encode import condition_embeddings, whole_frames
from mmusset.musflow.encoders.bundled import SoundStatistics
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.model.sampler import sample
from mmusset.musflow.recipe import MODALITIES
from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel, sound_of
from mmusset.musflow.sound.sound_file import peak_safe
from mmusset.musflow.sound.spectrogram import spectrogram
from mmusset.sample import MusicEvidence
from mmusset.shards.reader import Read, decoded, raw_samples, shards_of, split_of
from mmusset.truth.extract import extract

sys.path.insert(0, str(Path(__file__).parents[1] / "demo_media"))
import scores

Floats = NDArray[np.float64]
ROOT = Path(__file__).parent.parent
SEEDS = (0, 1, 2)
TOLD = {"image": (True, False, False), "story": (False, True, False)}
TOLD |= {"caption": (False, False, True), "all three": (True, True, True)}
TOLD |= {"nothing": (False, False, False)}
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
EAR = Geometry(16000, 10.24, 1024, 256, 20, 1, 1)  # of the second embedding


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
    parser.add_argument("--pieces", type=int, default=300)
    parser.add_argument("--recipe", default="musflow-tiny")
    parser.add_argument("--set", action="append", default=[], dest="changes", metavar="A.B=C")
    told = parser.parse_args()
    dataset, run = told.work / "dataset", told.work / "run"
    make_dataset(told.work / "source", dataset, told.pieces)
    train(dataset, run, told.recipe, told.changes)
    composer = MusicGenerator(run, "cpu", print)
    real = {split: list(clips(dataset, split, composer)) for split in ("train", "test")}
    made = {name: generate(composer, real["test"], kept) for name, kept in TOLD.items()}
    made["(the real clips, through the codec)"] = [
        [through(composer, c.sound) for c in real["test"]]
    ]
    print_agreement(composer.codec.rate_hz, real, made)
    print_distances(composer, real, made["all three"][0])
    print_sounds(composer, made, told.work)


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


SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def train(dataset: Path, run: Path, recipe: str, changes: list[str]) -> None:
    settings = [word for change in changes for word in ("--set", change)]
    words = ["train", str(dataset), "--out", str(run), "--recipe", recipe, *settings]
    python("train", "-m", "mmusset", *words)


def python(stage: str, *words: str) -> None:
    """Run this interpreter; say how long it took."""
    begun_s = time.monotonic()
    subprocess.run([sys.executable, *words], check=True, cwd=Path.cwd())
    print(f"{stage}: {time.monotonic() - begun_s:.0f} s", flush=True)


def clips(dataset: Path, split: str, composer: MusicGenerator) -> Iterator[Clip]:
    """The clips of a split."""
    with open_to_read(dataset) as ledger:
        for shard in shards_of(str(dataset)):
            for key, members in raw_samples(shard) if split_of(shard) == split else ():
                read = decoded(key, members)
                sound = whole_frames(read.sound, read.rate_hz, composer.codec)
                planned = ledger.plan.item(key)
                assert planned
                yield Clip(
                    read,
                    torch.from_numpy(sound.copy()),
                    heard_on(torch.from_numpy(sound.copy()), composer.codec.rate_hz),
                    int(Path(os.fsdecode(planned.item.piece.music.path)).stem),
                )


def heard_on(sound: Tensor, rate_hz: int) -> MusicEvidence:
    return measure(np.ascontiguousarray(sound.T.numpy()), rate_hz)


def generate(
    composer: MusicGenerator, asked: list[Clip], kept: tuple[bool, ...]
) -> list[list[Tensor]]:
    """For each seed a sound `[channels, samples]` for each clip's conditions, some of them kept."""
    embeddings = condition_embeddings([clip.read for clip in asked], composer.encoders)
    embeddings["caption"] = embeddings["caption"][:, 0]
    audio = np.zeros((len(asked), composer.manifest.spec.widths["audio"]), np.float32)
    whole = {name: torch.from_numpy(embeddings.get(name, audio)) for name in EMBEDDED}
    with torch.no_grad():
        aligned = composer.model.alignment(whole)
    present = torch.tensor(kept).expand(len(asked), len(MODALITIES))
    sampler = composer.recipe.sampler
    found = []
    for seed in SEEDS:
        latents = sample(composer.model, aligned, present, composer.frames, sampler, seed)
        found.append([peak_safe(sound)[0] for sound in composer.codec.decode(latents, seed)])
    return found


def print_agreement(
    rate_hz: int, real: dict[str, list[Clip]], made: dict[str, list[list[Tensor]]]
) -> None:
    """How often what was made has more, or less, of what its conditions ask more or less of."""
    usual = {name: [of(clip.heard) for clip in real["train"]] for name, of in HEARD.items()}
    middle = {name: float(np.median(values)) for name, values in usual.items()}
    heard = {
        name: [[heard_on(sound, rate_hz) for sound in row] for row in rows]
        for name, rows in made.items()
    }
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


def print_distances(
    composer: MusicGenerator, real: dict[str, list[Clip]], made: list[Tensor]
) -> None:
    """Frechet distances to the training clips, over two fixed embeddings."""
    rate_hz = composer.codec.rate_hz
    test = [clip.sound for clip in real["test"]]
    random = np.random.default_rng(0)
    sets = {
        "real clips of the test split": test,
        "the same through the codec": [through(composer, sound) for sound in test],
        "made, told all three": made,
        "real log-mel frames in random order": [shuffled(sound, rate_hz, random) for sound in test],
        "white noise as loud as real clips": [noise_like(sound, random) for sound in test],
    }
    print("\nFrechet distance to the training clips:\n")
    print("| sounds | spectrum and change | sound statistics |")
    print("|---|---|---|")
    train = [clip.sound for clip in real["train"]]
    ears = (changes_of, statistics_of)
    reals = [ear(train, rate_hz) for ear in ears]
    for name, sounds in sets.items():
        told = [
            frechet(ear(sounds, rate_hz), there) for ear, there in zip(ears, reals, strict=True)
        ]
        print(f"| {name} ({len(sounds)}) | {told[0]:.2f} | {told[1]:.2f} |")


def changes_of(sounds: list[Tensor], rate_hz: int) -> Floats:
    """Of 20 mel bands the mean, the spread in time, and the mean change from frame to frame."""
    del rate_hz  # the bundled codec's is the ear's
    rows = []
    for sound in sounds:
        mono = sound.mean(dim=0)[None]
        mel = log_mel(mono[:, : mono.shape[1] // EAR.hop * EAR.hop], EAR)[0]
        parts = [mel.mean(dim=0), mel.std(dim=0), mel.diff(dim=0).abs().mean(dim=0)]
        rows.append(torch.cat(parts).double().numpy())
    return np.stack(rows)


def statistics_of(sounds: list[Tensor], rate_hz: int) -> Floats:
    """The bundled sound encoder's features."""
    del rate_hz
    encoder = SoundStatistics()
    return np.concatenate([encoder(s.mean(dim=0)[None]).double().numpy() for s in sounds])


def frechet(some: Floats, others: Floats) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), each feature in spreads of `others`."""
    scale = others.std(axis=0) + 1e-6
    some, others = some / scale, others / scale
    one, other = np.cov(some.T), np.cov(others.T)
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other @ root), 0)).sum()
    apart = np.square(some.mean(axis=0) - others.mean(axis=0)).sum()
    return float(apart + np.trace(one) + np.trace(other) - 2 * cross)


def through(composer: MusicGenerator, sound: Tensor) -> Tensor:
    mean, _ = composer.codec.encode(sound[None])
    return composer.codec.decode(mean)[0]


def shuffled(sound: Tensor, rate_hz: int, random: np.random.Generator) -> Tensor:
    """A clip's log-mel frames in random order, as sound."""
    seconds = sound.shape[1] / rate_hz
    geometry = Geometry(rate_hz, seconds, 1024, 256, 80, 1, 1)
    mel = log_mel(sound.mean(dim=0)[None, : geometry.samples], geometry)
    return sound_of(mel[:, torch.from_numpy(random.permutation(mel.shape[1]))], geometry)


def noise_like(sound: Tensor, random: np.random.Generator) -> Tensor:
    noise = torch.from_numpy(random.standard_normal(sound.shape).astype(np.float32))
    return noise * float(sound.std()) / float(noise.std())


def print_sounds(
    composer: MusicGenerator, made: dict[str, list[list[Tensor]]], folder: Path
) -> None:
    """Listening with numbers: silence, clipping, offset; and a picture of some."""
    print("\n| made from | RMS dBFS: least, median, most | highest peak | most DC |")
    print("|---|---|---|---|")
    for name, rows in made.items():
        sounds = [sound for row in rows for sound in row]
        rms = sorted(20 * float(s.square().mean().sqrt().clamp_min(1e-9).log10()) for s in sounds)
        peak = max(float(s.abs().max()) for s in sounds)
        offset = max(float(s.mean().abs()) for s in sounds)
        told = f"{rms[0]:.1f}, {rms[len(rms) // 2]:.1f}, {rms[-1]:.1f}"
        print(f"| {name} | {told} | {peak:.3f} | {offset:.5f} |")
    picture = spectrogram(made["all three"][0][:4], composer.codec.rate_hz)
    picture.save(folder / "made.png")
    print(f"\na picture of four that were made: {folder / 'made.png'}")


if __name__ == "__main__":
    main()
