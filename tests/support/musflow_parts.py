"""Small parts of MusFlow that tests encode with: codecs, and the encoders that need no download."""

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from mmusset.musflow.codecs.bundled import BundledCodec
from mmusset.musflow.codecs.mel_vae import MelVae
from mmusset.musflow.encoders.encoders import Encoders, open_encoders
from mmusset.musflow.recipe import EncodersPart
from mmusset.musflow.sound.geometry import Geometry
from mmusset.shards.manifest import MANIFEST
from mmusset.shards.tar import Sample, shard_name, write_shard
from tests.support.manifests import manifest_of
from tests.support.samples import sample

RATE_HZ = 16000

# The smallest training there is, of a model that knows sounds.
SMALLEST = (
    *(
        "codec.steps=2",
        "codec.head_steps=0",
        "codec.width=16",
        "codec.depth=1",
        "codec.head_width=16",
        "codec.mels=20",
    ),
    *("codec.head_depth=1", "codec.crop_seconds=1", "codec.batch=2", "codec.channels=4"),
    *("alignment.steps=2", "network.width=32", "network.depth=1", "sampler.steps=2"),
    *("train.steps=4", "train.batch=4", "train.warmup=0", "train.log_every=2", "train.lr=0.1"),
    *("train.save_every=4", "train.validate_every=4", "train.listen_every=4", "train.ema=0"),
    "network.audio=true",
)


def codec(rate_hz: int = RATE_HZ, seed: int = 0) -> BundledCodec:
    """The bundled codec before it was fitted: 4 channels, a latent frame every 512 samples."""
    torch.manual_seed(seed)
    geometry = Geometry(rate_hz, 0.5, 512, 128, 20, 4, 4)
    return BundledCodec(MelVae(geometry, width=16, depth=1, head_width=16, head_depth=1))


def encoders() -> Encoders:
    return open_encoders(EncodersPart())


@dataclass
class Blocks:
    """A codec whose latents can be checked by hand: each block's mean in each channel of sound,
    and its spread, 0 where it is silent."""

    channels: int = 1
    rate_hz: int = RATE_HZ
    samples_per_latent: int = 400
    identity: str = "blocks/1"

    @property
    def latent_channels(self) -> int:
        return self.channels

    def encode(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        blocks = sound.unflatten(2, (-1, self.samples_per_latent)).transpose(1, 2)
        return blocks.mean(dim=3), blocks.std(dim=3)

    def decode(self, latents: Tensor) -> Tensor:
        return latents.transpose(1, 2).repeat_interleave(self.samples_per_latent, dim=2)


def flac(sound: "np.ndarray[tuple[int, ...], np.dtype[np.floating]]", rate_hz: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound, rate_hz, format="FLAC")
    return file.getvalue()


def tone(number: int, seconds: float = 0.5, rate_hz: int = RATE_HZ, channels: int = 1) -> Sample:
    """Sample `number`, its music a swelling tone of this rate and length."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = 0.5 * time_s / seconds * np.sin(2 * np.pi * (110 + 13 * number) * time_s)
    sound = np.stack([wave / (n + 1) for n in range(channels)], axis=1)
    return replace(sample(number), music_flac=flac(sound, rate_hz))


def dataset(out: Path, **shards: list[Sample]) -> Path:
    """A dataset's folder with shards by name (`train_0=[...]`), and the manifest's list of them."""
    written = []
    for name, samples in shards.items():
        split, _, number = name.partition("_")
        written.append(write_shard(out, shard_name(split, int(number)), samples))
    (out / MANIFEST).write_bytes(manifest_of(written).to_bytes())
    return out


def remake(tar: Path, change: Callable[[str, bytes], bytes | None], **more: bytes) -> None:
    """Write a tar again, its members changed, or left out where `change` gives None; and more
    of them at its end, `key__extension=...`."""
    with tarfile.open(tar) as file:
        members = {i.name: change(i.name, file.extractfile(i).read()) for i in file}  # type: ignore[union-attr]
    members |= {name.replace("__", "."): data for name, data in more.items()}
    with tarfile.open(tar, "w", format=tarfile.USTAR_FORMAT) as file:
        for name, data in members.items():
            if data is not None:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                file.addfile(info, io.BytesIO(data))
