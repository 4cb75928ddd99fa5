"""Does music go on without a seam? How abrupt joints are beside real music, how near a fill is.

    python benchmarks/joints.py out/bench-musflow/run out/bench-musflow/dataset [--clips 16]

Of each clip of the test split the second half is made from the first (`--continue`), and its
seconds 4 to 6 from the rest (`--fill 4:6`), with its caption. A joint's abruptness is how much the
mean log-mel of the 64 ms after it differs from that of the 64 ms before it, in dB, the largest
within 32 ms of the joint; real music's is taken at random places. "Pasted" are seconds 4 to 6 of a
piece that knew nothing of the clip, put into it. How near a fill is: the mean difference of its
log-mels to those of the real seconds.
"""

import argparse
import tempfile
from collections import defaultdict
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from mmusset.musflow.data.encode import whole_frames
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.requests import GenerationRequest
from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel
from mmusset.shards.reader import Read, decoded, raw_samples, shards_of, split_of

Floats = NDArray[np.float32]
HOP, WINDOW, NEAR = 256, 4, 2  # frames beside a joint, and places about it
DB = 8.686  # of a neper
START_S, STOP_S = 4.0, 6.0
PLACES = 20  # of a real clip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("run", type=Path)
    parser.add_argument("dataset")
    parser.add_argument("--clips", type=int, default=16)
    told = parser.parse_args()
    generator = MusicGenerator(told.run, "cpu", print)
    jumps: dict[str, list[float]] = defaultdict(list)
    distances: dict[str, list[float]] = defaultdict(list)
    sounds: list[Floats] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, clip in enumerate(islice(test_clips(told.dataset), told.clips)):
            sound: Floats = whole_frames(clip.sound, clip.rate_hz, generator.codec)[0]
            measure(generator, Path(folder), sound, clip.caption, number, jumps, distances)
            if sounds:
                distances["another clip"].append(distance(sounds[-1], sound, generator))
            sounds.append(sound)
    for name, values in jumps.items():
        middle, high = np.median(values), np.quantile(values, 0.9)
        print(f"{name:24} median {middle:.2f} dB, 90 % under {high:.2f} dB, of {len(values)}")
    for name, values in distances.items():
        print(f"{name:24} {np.mean(values):.2f} dB from the real one, of {len(values)}")


def test_clips(dataset: str) -> "list[Read]":
    """The clips of the test split."""
    shards = [shard for shard in shards_of(dataset) if split_of(shard) == "test"]
    return [decoded(key, members) for shard in shards for key, members in raw_samples(shard)]


def measure(
    generator: MusicGenerator,
    folder: Path,
    sound: Floats,
    caption: str,
    seed: int,
    jumps: dict[str, list[float]],
    distances: dict[str, list[float]],
) -> None:
    """Note what is measured on one clip `[samples]`."""
    rate_hz, seconds = generator.codec.rate_hz, len(sound) / generator.codec.rate_hz
    whole, half = folder / "whole.wav", folder / "half.wav"
    soundfile.write(whole, sound, rate_hz, subtype="PCM_16")
    soundfile.write(half, sound[: len(sound) // 2], rate_hz, subtype="PCM_16")

    def made(**asked: object) -> Floats:
        request = GenerationRequest(folder / "x.flac", seed=seed, **asked)  # type: ignore[arg-type]
        composed: Floats = generator.compose(request, generator.recipe.sampler)[0].numpy()
        return composed

    free = made(caption=caption, seconds=seconds)
    fill = made(caption=caption, continued=whole, fill=(START_S, STOP_S))
    more = made(caption=caption, continued=half, seconds=seconds)
    pasted, part = sound.copy(), slice(round(START_S * rate_hz), round(STOP_S * rate_hz))
    pasted[part] = free[part]
    for at_s in np.random.default_rng(seed).uniform(1, seconds - 1, PLACES):
        jumps["real, anywhere"].append(jump(sound, at_s, rate_hz))
    jumps["continued"].append(jump(more, seconds / 2, rate_hz))
    for name, joined in (("filled", fill), ("pasted", pasted)):
        jumps[name] += [jump(joined, at_s, rate_hz) for at_s in (START_S, STOP_S)]
    nothing = made(seconds=seconds)
    through = generator.through_codec(sound[:, None], rate_hz)[0].numpy()
    for name, other in (
        ("filled", fill),
        ("by its caption alone", free),
        ("by nothing", nothing),
        ("real, through the codec", through),
    ):
        distances[name].append(distance(other, sound, generator))


def jump(sound: Floats, at_s: float, rate_hz: int) -> float:
    """How abrupt a sound `[samples]` is at a moment, dB."""
    mel, at = mel_of(sound, rate_hz), round(at_s * rate_hz / HOP)
    return max(
        DB * float(np.abs(mel[n : n + WINDOW].mean(0) - mel[n - WINDOW : n].mean(0)).mean())
        for n in range(at - NEAR, at + NEAR + 1)
    )


def distance(one: Floats, other: Floats, generator: MusicGenerator) -> float:
    """How unlike two sounds `[samples]` are within the gap, dB; its edges do not count."""
    rate_hz = generator.codec.rate_hz
    first, last = (round(at_s * rate_hz / HOP) for at_s in (START_S, STOP_S))
    mels = [mel_of(sound, rate_hz)[first + WINDOW : last - WINDOW] for sound in (one, other)]
    return DB * float(np.abs(mels[0] - mels[1]).mean())


def mel_of(sound: Floats, rate_hz: int) -> Floats:
    """Log-mels `[frames, 80]`."""
    geometry = Geometry(rate_hz, len(sound) / rate_hz, 1024, HOP, 80, 1, 1)
    whole = torch.from_numpy(np.ascontiguousarray(sound[None, : len(sound) // HOP * HOP]))
    mel: Floats = log_mel(whole, geometry)[0].numpy()
    return mel


if __name__ == "__main__":
    main()
