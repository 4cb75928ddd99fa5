"""What a training clip costs to read, and where the time of encoding goes.

    python benchmarks/cache.py [DATASET]

Prints three tables for docs/benchmarks.md. The first: batches of 32 clips at random from our cache,
and from shards of .npy files read by webdataset with a shuffle buffer of 512; the same
numbers (float16 mean and deviation of 8 x 256 x 16, and embeddings, 136 KB a clip), by
turns, in one process and one thread. The second: CPU time of each part of encoding. The third:
shards decoded, mixed and resampled on all cores, by our threads, and by webdataset with a process
for each core that does the same with each sample: of DATASET, or of tones in noise, each with a
picture of its own.
"""

import io
import json
import os
import shutil
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Threads that wait count as CPU time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soundfile
import torch
import webdataset
from PIL import Image

from mmusset.files import file_sha256
from mmusset.musflow.codecs.bundled import BundledCodec, geometry_of, unfitted
from mmusset.musflow.data.cache import (
    EMBEDDED,
    Cache,
    EncodedClip,
    LatentSpec,
    ShardInfo,
    sha256_of,
)
from mmusset.musflow.data.cache_write import manifest_of, save_manifest, write_encoded_shard
from mmusset.musflow.data.encode import (
    PreparedClip,
    embeddings_of,
    encode_shards,
    encoded,
    groups,
    latents_of,
    prepared,
)
from mmusset.musflow.encoders.encoders import open_encoders
from mmusset.musflow.recipe import CodecPart, EncodersPart
from mmusset.shards.reader import raw_samples, shards_of

BATCH, BUFFER, ROUNDS = 32, 512, 5
CLIPS, A_SHARD = 2048, 256
LATENTS, CHANNELS, WIDTH = 256, 128, 320  # widths of four embeddings
ENCODED, SECONDS = 48, 10.24
MAKER = LatentSpec(
    codec="none",
    encoders=dict.fromkeys(EMBEDDED, "none"),
    widths=dict.fromkeys(EMBEDDED, WIDTH),
    rate_hz=16000,
    channels=1,
    latent_channels=CHANNELS,
    samples_per_latent=640,
)


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        reading(Path(folder))
    for rate_hz, channels in ((16000, 1), (44100, 2)):
        with tempfile.TemporaryDirectory() as folder:
            encoding(Path(folder), rate_hz, channels)
    with tempfile.TemporaryDirectory() as folder:
        preparing(shards_of(sys.argv[1]) if sys.argv[1:] else made_up_shards(Path(folder)))


def reading(folder: Path) -> None:
    """The first table."""
    write_both(folder)
    cache, tars = Cache(folder, "train"), sorted(map(str, folder.glob("*.tar")))

    def ours(seed: int) -> int:
        order = torch.randperm(CLIPS, generator=torch.Generator().manual_seed(seed))
        return sum(len(cache.batch(0, rows).mean) for rows in order.split(BATCH))

    def theirs(seed: int) -> int:
        shards = webdataset.WebDataset(tars, shardshuffle=len(tars), seed=seed, empty_check=False)
        rows = shards.shuffle(BUFFER).decode().to_tuple("latents.npy", "embeddings.npy")
        return sum(len(latents) for latents, _ in rows.batched(BATCH))

    times = by_turns({"`Cache.batch`, any order": ours, "webdataset, .npy": theirs}, CLIPS)
    print("| store | CPU us a clip | clips/s | CPU |\n|---|---|---|---|")
    base = statistics.median(us for us, _ in times["webdataset, .npy"])
    for name, found in times.items():
        cpu = [us for us, _ in found]
        median = statistics.median(cpu)
        rate = statistics.median(1e6 / wall for _, wall in found)
        spread = f"{median:.0f} [{min(cpu):.0f}-{max(cpu):.0f}]"
        print(f"| {name} | {spread} | {rate:,.0f} | {base / median:.1f}x less |")
    print()


def by_turns(
    ways: dict[str, Callable[[int], int]], clips: int
) -> dict[str, list[tuple[float, float]]]:
    """CPU and wall time of each way in us a clip, ROUNDS times after one to warm up."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name, way in ways.items():
            cpu_s, wall_s = time.process_time(), time.perf_counter()
            assert way(turn) == clips
            cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
            if turn:
                times[name].append((1e6 * cpu_s / clips, 1e6 * wall_s / clips))
    return times


def write_both(folder: Path) -> None:
    """The same clips as a cache, and as tars of .npy files."""
    random, whole = np.random.default_rng(0), {}
    for number in range(CLIPS // A_SHARD):
        rows = [
            EncodedClip(
                f"k{number}_{n}",
                random.standard_normal((1, 2, LATENTS, CHANNELS), np.float32).astype(np.float16),
                {name: random.standard_normal(WIDTH, np.float32) for name in EMBEDDED},
                (f"piece {number}_{n}", f"picture {number}_{n}"),
            )
            for n in range(A_SHARD)
        ]
        about = ShardInfo(spec_sha256=sha256_of(MAKER), split="train", shard_sha256="", bad={})
        name = f"train-{number:06d}-0"
        whole[name] = write_encoded_shard(folder, name, about, rows)
        with tarfile.open(folder / f"{name}.tar", "w") as tar:
            for row in rows:
                joined = np.concatenate(list(row.embeddings.values()))
                add(tar, f"{row.key}.latents.npy", npy(row.latents[0]))
                add(tar, f"{row.key}.embeddings.npy", npy(joined))
    save_manifest(folder, manifest_of(MAKER, whole))


def encoding(folder: Path, rate_hz: int, channels: int) -> None:
    """The second table, for clips of one kind."""
    tar = folder / "data" / "train-000000.tar"
    write_samples(tar, rate_hz, channels)
    part = CodecPart()
    codec = BundledCodec(unfitted(part, geometry_of(part, SECONDS)))
    encoders = open_encoders(EncodersPart())

    ms: dict[str, float] = {}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        start_s = time.process_time()
        yield
        ms[name] = ms.get(name, 0) + 1000 * (time.process_time() - start_s) / ENCODED

    list(encoded(list(raw_samples(str(tar)))[:8], codec, encoders, "cpu", {}))
    with timed("hash of the shard"):
        file_sha256(tar)
    with timed("reading the tar (webdataset)"):
        raw = list(raw_samples(str(tar)))
    with timed("decoding, mixing, resampling, the beat"):
        ready = list(groups(raw, codec, encoders, {}))
    for same in ready:
        sound = torch.from_numpy(np.stack([each.sound for each in same]))
        with timed("codec"):
            latents_of(sound, codec)
        with timed("encoders"):
            embeddings_of(same, encoders, "cpu")
    with timed("all of `encode_shards`, with writing"):
        encode_shards(str(folder), folder / "cache", codec, encoders, lambda *_: None)
    total = ms["all of `encode_shards`, with writing"]
    print(f"| {rate_hz} Hz, {channels} channels | CPU ms a clip | share |\n|---|---|---|")
    for name, value in ms.items():
        print(f"| {name} | {value:.2f} | {value / total:.1%} |")
    print()


def made_up_shards(folder: Path) -> list[str]:
    """Four of tones in noise, 44.1 kHz stereo."""
    tars = [folder / "data" / f"train-{n:06d}.tar" for n in range(4)]
    write_samples(tars[0], 44100, 2)
    for tar in tars[1:]:
        shutil.copy(tars[0], tar)
    return [str(tar) for tar in tars]


def preparing(tars: list[str]) -> None:
    """The third table: the seconds on the wall count, since the work is shared among cores."""
    clips = sum(1 for tar in tars for _ in raw_samples(tar))
    part = CodecPart()
    codec = BundledCodec(unfitted(part, geometry_of(part, SECONDS)))
    encoders = open_encoders(EncodersPart())

    def ours(_: int) -> int:
        shards = (groups(raw_samples(tar), codec, encoders, {}) for tar in tars)
        return sum(len(same) for shard in shards for same in shard)

    def prepare(sample: dict[str, Any]) -> PreparedClip:
        return prepared(sample["__key__"], sample, codec, encoders)

    def theirs(_: int) -> int:
        shards = webdataset.WebDataset(tars, shardshuffle=False)
        loader = webdataset.WebLoader(
            shards.map(prepare), batch_size=None, num_workers=os.cpu_count() or 1
        )
        return sum(1 for _ in loader)

    times = by_turns({"`groups`, threads": ours, "webdataset, processes": theirs}, clips)
    base = [wall for _, wall in times["webdataset, processes"]]
    print(f"| {clips} clips, all cores | clips/s | of webdataset's |\n|---|---|---|")
    for name, found in times.items():
        rates = [1e6 / wall for _, wall in found]
        ratios = [theirs / ours for theirs, (_, ours) in zip(base, found, strict=True)]
        print(f"| {name} | {median_of(rates, '.1f')} | {median_of(ratios, '.2f')} |")


def median_of(values: list[float], form: str) -> str:
    least, most = f"{min(values):{form}}", f"{max(values):{form}}"
    return f"{statistics.median(values):{form}} [{least}-{most}]"


def write_samples(tar: Path, rate_hz: int, channels: int) -> None:
    """Clips of tones in noise, with pictures of 1024 x 768."""
    random = np.random.default_rng(0)
    tar.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(round(SECONDS * rate_hz))[:, None] / rate_hz
    with tarfile.open(tar, "w") as file:
        for n in range(ENCODED):
            hz = random.uniform(100, 2000, (1, channels))
            sound = 0.3 * np.sin(2 * np.pi * hz * time_s) + 0.02 * random.normal(size=time_s.shape)
            music, image = io.BytesIO(), io.BytesIO()
            soundfile.write(music, sound, rate_hz, format="FLAC")
            small = Image.fromarray(random.integers(0, 255, (48, 64, 3), np.uint8))
            small.resize((1024, 768), Image.Resampling.BICUBIC).save(image, "JPEG", quality=90)
            add(file, f"k{n}.image.jpg", image.getvalue())
            add(file, f"k{n}.music.flac", music.getvalue())
            add(file, f"k{n}.story.txt", b"The lamp was out, and nobody had thought of it. " * 8)
            add(file, f"k{n}.caption.txt", b"A slow, quiet piece in A minor at 84 BPM.")
            add(file, f"k{n}.json", json.dumps({"key": f"k{n}"}).encode())


def npy(array: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


if __name__ == "__main__":
    main()
