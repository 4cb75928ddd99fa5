"""Does what MusFlow makes of a video go along with it? Rendered videos whose motion is known.

    python benchmarks/musflow_video.py [--work out/bench-video] [--run NAME] [--pieces 200]
        [--seeds 2] [--set train.steps=900]

Needs FluidSynth with TimGM6mb. Pieces of `demo_media/scores.py` whose level steps up and down
between seconds, each with a video: a disc that is as large as the music is loud, and jumps on at
each beat. They are built and trained on; of the test split's videos music is made, and its loudness
from second to second compared with the size of its own video's disc, and of another's. What was
done is not done again. Prints the table of docs/benchmarks.md.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.files import file_sha256
from mmusset.measurements.tempo import TEMPO
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.requests import GenerationRequest
from mmusset.shards.reader import decoded, raw_samples, shards_of

sys.path.insert(0, str(Path(__file__).parents[1] / "demo_media"))
import scores

RATE_HZ, SECONDS = 44100, 11.0
SIDES_PX, FILM_HZ = (128, 96), 10
SHARES = {"train": 0.70, "validation": 0.08, "test": 0.22}
LEVELS_DB = (-24.0, 0.0)  # of the quietest and the loudest seconds
HELD_S, RAMP_S = (1, 2, 3), 0.2  # how long a level stays, and how long it takes to the next
HOURS = 12  # places on the disc's round: one on at each beat
NEAR = 0.06  # of a tempo
DRAWS = 10_000  # of the bootstrap
SOME_FAILED = 4  # how a build ends whose other items are in the dataset

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Film:
    """A video, its tempo, and how loud it is at the middle of each second, in dB."""

    path: Path
    tempo_bpm: float
    levels_db: Floats


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--work", type=Path, default=Path("out/bench-video"))
    parser.add_argument("--run", default="run")
    parser.add_argument("--pieces", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], dest="changes", metavar="A.B=C")
    told = parser.parse_args()
    source, dataset, run = (told.work / name for name in ("source", "dataset", told.run))
    for seed in range(told.pieces):
        render(seed, film_path(source, seed))
    build(source, dataset)
    settings = [word for change in told.changes for word in ("--set", change)]
    python("train", str(dataset), "--out", str(run), *settings)
    print_table(dataset, source, MusicGenerator(run, "cpu", print), run, told.pieces, told.seeds)


def film_path(source: Path, seed: int) -> Path:
    """A folder each, so that none of them are of one album."""
    return source / f"maker {seed:04d}" / f"film {seed:04d}.mp4"


def render(seed: int, path: Path) -> None:
    """Write a video, unless it is there."""
    if path.exists():
        return
    piece = scores.random_piece(seed)
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "x.wav"
        scores.render(scores.compose(piece), wav, 0.6, "TimGM6mb.sf2")
        sound, _ = soundfile.read(wav, dtype="float32", always_2d=True)
    sound = sound[: round(SECONDS * RATE_HZ)]
    gain = 10 ** (level_db(seed, np.arange(len(sound)) / RATE_HZ) / 20)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_name("unfinished.mp4")
    film(partial_path, sound * gain[:, None], pictures(seed, piece.tempo_bpm))
    partial_path.rename(path)


def level_db(seed: int, at_s: Floats) -> Floats:
    """The level of a piece at some seconds: it stays for one to three, and then steps."""
    rng = np.random.default_rng(seed)
    starts, levels = [0.0], [float(rng.uniform(*LEVELS_DB))]
    while starts[-1] < SECONDS:
        starts.append(starts[-1] + float(rng.choice(HELD_S)))
        levels.append(float(rng.uniform(*LEVELS_DB)))
    corners = [at for start in starts[1:] for at in (start - RAMP_S / 2, start + RAMP_S / 2)]
    held = [level for level in levels for _ in range(2)][1:-1]
    return np.interp(at_s, corners, held)


def pictures(seed: int, tempo_bpm: float) -> Sequence[NDArray[np.uint8]]:
    """The frames `[H, W, 3]`: a disc on its round."""
    rng = np.random.default_rng(seed)
    ground, colour = rng.integers(0, 60, 3), rng.integers(140, 256, 3)
    at_s = (np.arange(round(SECONDS * FILM_HZ)) + 0.5) / FILM_HZ
    loud = (level_db(seed, at_s) - LEVELS_DB[0]) / (LEVELS_DB[1] - LEVELS_DB[0])
    width, height = SIDES_PX
    y, x = np.mgrid[:height, :width]
    frames = []
    for at, size in zip(at_s, loud, strict=True):
        turn = 2 * np.pi * np.floor(at * tempo_bpm / 60) / HOURS
        centre = width / 2 + height / 4 * np.sin(turn), height / 2 - height / 4 * np.cos(turn)
        inside = np.hypot(x - centre[0], y - centre[1]) < height * (0.03 + 0.22 * size)
        frames.append(np.where(inside[..., None], colour, ground).astype(np.uint8))
    return frames


def film(path: Path, sound: NDArray[np.float32], frames: Sequence[NDArray[np.uint8]]) -> None:
    with av.open(str(path), "w") as container:
        picture = container.add_stream("mpeg4", rate=FILM_HZ, bit_rate=1_000_000)
        picture.width, picture.height, picture.pix_fmt = *SIDES_PX, "yuv420p"
        voice = container.add_stream("aac", rate=RATE_HZ, layout="stereo", bit_rate=192_000)
        for each in frames:
            container.mux(picture.encode(av.VideoFrame.from_ndarray(each, format="rgb24")))
        planes = np.ascontiguousarray(sound.T, dtype=np.float32)
        whole = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        whole.sample_rate = RATE_HZ
        container.mux(voice.encode(whole))
        for stream in (picture, voice):
            container.mux(stream.encode(None))


def build(source: Path, out: Path) -> None:
    shares = [f"split.{name}={share}" for name, share in SHARES.items()]
    settings = [word for share in shares for word in ("--set", share)]
    python("build", "--source", str(source), "--out", str(out), *settings)


def python(*words: str) -> None:
    status = subprocess.run([sys.executable, "-m", "mmusset", *words]).returncode
    if status not in (0, SOME_FAILED):
        sys.exit(f"{words[0]} ended with {status}; its message stands above")


def print_table(
    dataset: Path, source: Path, model: MusicGenerator, run: Path, pieces: int, seeds: int
) -> None:
    films = test_films(dataset, source, pieces)
    others = films[1:] + films[:1]
    own, another = [f.path for f in films], [f.path for f in others]
    made = {
        "its video": partial(request_of, own, None),
        "another's video": partial(request_of, another, None),
        "its video, frames alone": partial(request_of, own, 0.0),
        "its best frame": partial(request_of, own, None, video_scale=0.0),
    }
    sounds = {
        name: [compose(model, request, run, name, seeds, n) for n in range(len(films))]
        for name, request in made.items()
    }
    sounds["(real)"] = [[real_sound(each)] for each in films]
    sounds["(real, through the codec)"] = [[through(model, real_sound(each))] for each in films]
    scored = {name: agreements(films, each) for name, each in sounds.items()}
    print(
        f"\n{len(films)} videos of the test split, {seeds} seeds; 95 % by bootstrap over videos:\n"
    )
    print(
        "| made from | loudness with the disc's size, r | less another's video | tempo within 6 % |"
    )
    print("|---|---|---|---|")
    for name, (curves, tempi) in scored.items():
        less = curves - scored["another's video"][0]
        gap = "-" if name == "another's video" else interval(less)
        print(f"| {name} | {interval(curves)} | {gap} | {interval(tempi)} |")


def test_films(dataset: Path, source: Path, pieces: int) -> list[Film]:
    """The videos of the test split, each as `generate --video` plays it: from its beginning."""
    seeds = {file_sha256(film_path(source, seed)): seed for seed in range(pieces)}
    shards = [shard for shard in shards_of(str(dataset)) if "/test-" in shard]
    facts = [decoded(*sample).facts for shard in shards for sample in raw_samples(shard)]
    found = sorted(seeds[each["source_sha256"]] for each in facts)
    middles = np.arange(10) + 0.5
    return [
        Film(film_path(source, s), scores.random_piece(s).tempo_bpm, level_db(s, middles))
        for s in found
    ]


def request_of(
    paths: Sequence[Path], image_scale: float | None, n: int, video_scale: float | None = None
) -> GenerationRequest:
    """Music to a video; a scale of 0 leaves its best frame, or its course, out."""
    scales = {"image": image_scale, "video": video_scale}
    guidance = {name: scale for name, scale in scales.items() if scale is not None}
    request = GenerationRequest(out=Path("unused.flac"), video=paths[n])
    return replace(request, guidance=guidance)


def compose(
    model: MusicGenerator,
    request: Callable[[int], GenerationRequest],
    run: Path,
    name: str,
    seeds: int,
    n: int,
) -> list[Floats]:
    """What the model makes of a request with each seed, in mono at the codec's rate; kept."""
    sounds = []
    for seed in range(seeds):
        file = run / "made" / f"{name.replace(' ', '-')}-{n}-{seed}.npy"
        if not file.exists():
            file.parent.mkdir(exist_ok=True)
            sound = model.compose(replace(request(n), seed=seed), model.recipe.sampler)
            np.save(file, sound.mean(dim=0).numpy())
        sounds.append(np.load(file).astype(np.float64))
    return sounds


def real_sound(film: Film) -> Floats:
    """A video's own sound, in mono at 16 kHz."""
    with av.open(str(film.path)) as container:
        turned = av.AudioResampler(format="flt", layout="mono", rate=16000)
        frames = [part for each in container.decode(audio=0) for part in turned.resample(each)]
    return np.concatenate([part.to_ndarray()[0] for part in frames]).astype(np.float64)


def through(model: MusicGenerator, sound: Floats) -> Floats:
    again = model.through_codec(sound[:, None].astype(np.float32), 16000)
    return again.mean(dim=0).numpy().astype(np.float64)


def agreements(films: Sequence[Film], sounds: Sequence[Sequence[Floats]]) -> tuple[Floats, Floats]:
    """Of each video, over what was made with all seeds: how loudness from second to second goes
    with the disc's size, and how often the tempo is the score's."""
    curves, tempi = [], []
    for film_, made in zip(films, sounds, strict=True):
        curves.append(np.mean([correlation(loudness(s), film_.levels_db) for s in made]))
        tempi.append(np.mean([is_near(tempo(s), film_.tempo_bpm) for s in made]))
    return np.array(curves), np.array(tempi)


def loudness(sound: Floats) -> Floats:
    """The level of each whole second, in dB."""
    seconds = sound[: 10 * 16000].reshape(10, -1)
    return 10 * np.log10(np.square(seconds).mean(axis=1) + 1e-8)


def correlation(one: Floats, other: Floats) -> float:
    """Pearson's; 0 where one of them does not change."""
    if one.std() < 1e-6 or other.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def tempo(sound: Floats) -> float:
    measured = TEMPO.measure(ClipSignal(sound[:, None].astype(np.float32), 16000, -60.0))
    return measured.bpm if measured else 0.0


def is_near(bpm: float, wanted: float) -> bool:
    return bpm > 0 and abs(np.log2(bpm / wanted)) <= np.log2(1 + NEAR)


def interval(values: Floats) -> str:
    """A mean, and its 95 % interval by bootstrap."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (DRAWS, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{values.mean():.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
