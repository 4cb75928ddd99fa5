"""Fitting the bundled codec on the shards' sounds, before anything is encoded: minutes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmusset.errors import MmussetError
from mmusset.musflow.codecs.bundled import (
    decibels,
    geometry_of,
    reconstruction_error_db,
    unfitted,
)
from mmusset.musflow.codecs.mel_vae import MelVae
from mmusset.musflow.recipe import CodecPart
from mmusset.musflow.sound.geometry import Geometry
from mmusset.progress import Progress
from mmusset.shards.reader import BadSample
from mmusset.training.loop import Loop, LoopSettings
from mmusset.training.order import generator_at
from mmusset.training.task import Forward, MeterReading, Output, StepBatch, Task
from mmusset.training.world import World

FITTED_SECONDS = 3600.0  # of sound are enough, and fit into memory: 1.3 GB of 44.1 kHz in stereo
TRAIN_SHARE = 0.9  # of the sounds; the error is measured on the rest
SCALE_CROPS = 256  # from which mean and spread of the mels are taken
LEVEL_CROPS = 64  # from which the level of its bands is taken
MEASURED_CROPS = 256  # on which the error is measured
SEED = 0  # of the fit: the same for every training, so the codec does not depend on train.seed
BETAS = (0.9, 0.99)


class CropsTask(Task[Tensor]):
    """Something of a VAE over log-mels in training, on crops from anywhere in any of the sounds."""

    section = "codec"
    unit = "crops"
    steps_before = 0  # on other crops

    def __init__(
        self,
        model: nn.Module,
        vae: MelVae,
        part: CodecPart,
        crop: Geometry,
        sounds: Sequence[Tensor],
        device: str,
    ) -> None:
        self.model, self._vae, self._device = model, vae, device
        self._part, self._crop, self._sounds = part, crop, sounds
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=part.lr, betas=BETAS, fused=True)

    def batch(self, step: int) -> StepBatch[Tensor]:
        size = self._part.batch
        drawn = crops(self._sounds, self._crop, self.steps_before + step, size)
        return StepBatch([drawn], ("crops",), size)

    def noise(self, step: int) -> Tensor:
        """Of a step's posterior, `[B, latents, C]`."""
        return torch.randn(
            self._part.batch,
            self._crop.latents,
            self._crop.latent_channels,
            generator=generator_at(SEED, self.steps_before + step, "codec noise", self._device),
            device=self._device,
        )


class CodecTask(CropsTask):
    """All of it."""

    metrics = ("error",)

    def loss(self, forward: Forward, batch: Tensor, step: int) -> Output:
        losses = self._vae.losses(batch.to(self._device), self.noise(step))
        return Output.single(losses.total, losses.error)

    def facts(self, reading: MeterReading) -> dict[str, Any]:
        return {"error_db": decibels(reading.mean("error"))}

    def note(self, line: dict[str, Any]) -> str:
        return f"error {line['error_db']:.2f} dB"


class HeadTask(CropsTask):
    """What makes sound of its log-mels, once those are as they will be: a step takes half as long,
    and nothing else is heard as much."""

    def loss(self, forward: Forward, batch: Tensor, step: int) -> Output:
        loss = self._vae.head_loss(batch.to(self._device), self.noise(step))
        return Output.single(loss, loss)


def fit_codec(
    part: CodecPart, sounds: Sequence[Tensor], device: str, progress: Progress
) -> tuple[MelVae, float]:
    """A codec fitted to sounds `[channels, samples]`, all of it and then its head alone; and its
    mean error in dB on crops of the held-out tenth of the sounds, or of all where there are fewer
    than five."""
    shortest = min(sound.shape[1] for sound in sounds)
    crop = geometry_of(part, min(part.crop_seconds, shortest / part.rate_hz))
    trained = max(1, round(TRAIN_SHARE * len(sounds)))
    torch.manual_seed(SEED)
    vae = unfitted(part, crop).to(device)
    vae.set_scale(vae.features(crops(sounds[:trained], crop, 0, SCALE_CROPS).to(device)).mel)
    whole = CodecTask(vae, vae, part, crop, sounds[:trained], device)
    head = HeadTask(vae.head, vae, part, crop, sounds[:trained], device)
    head.steps_before = part.steps
    for stage, task, steps in (
        ("codec", whole, part.steps),
        ("codec, its head", head, part.head_steps),
    ):
        settings = LoopSettings(
            seed=SEED, steps=steps, lr=part.lr, warmup=steps // 10, clip_norm=1.0
        )
        Loop(task, settings, World(0, 1, device), progress).run(stage)
    vae.eval().set_level(crops(sounds[:trained], crop, 0, LEVEL_CROPS).to(device))
    held_out = sounds[trained:] if trained < len(sounds) else sounds
    heard = crops(held_out, crop, 0, MEASURED_CROPS)
    return vae, reconstruction_error_db(vae, heard.to(device))


def crops(sounds: Sequence[Tensor], crop: Geometry, step: int, count: int) -> Tensor:
    """Crops `[count, channels, samples]` of sounds `[channels, samples]`, those of a step."""
    generator = generator_at(SEED, step, "codec crops")
    which = torch.randint(len(sounds), (count,), generator=generator)
    shares = torch.rand(count, generator=generator)
    pieces = list[Tensor]()
    for number, share in zip(which.tolist(), shares.tolist(), strict=True):
        start = int(share * (sounds[number].shape[1] - crop.samples + 1))
        pieces.append(sounds[number][:, start : start + crop.samples])
    return torch.stack(pieces)


def collect(sounds: Iterator[Callable[[], Tensor]], rate_hz: int) -> list[Tensor]:
    """Sounds `[channels, samples]` from all over the dataset, of at most an hour together.

    Whenever there is an hour, every second of those collected is given back, and from then on
    only as many are taken: so what is left is every n-th sound, evenly spread, however many there
    are. Left out are those that can't be used, and those shorter than a second, since crops are no
    longer than the shortest. Raises MmussetError where there are no others.
    """
    collected, every = dict[int, Tensor](), 1
    for number, read in enumerate(sounds):
        if number % every:
            continue
        try:
            sound = read()
        except BadSample:
            continue
        if sound.shape[1] >= rate_hz:
            collected[number] = sound
        samples = sum(each.shape[1] for each in collected.values())
        if samples >= FITTED_SECONDS * rate_hz:
            every *= 2
            collected = {n: each for n, each in collected.items() if n % every == 0}
    if not collected:
        raise MmussetError(
            "no accepted samples to fit a codec on: the train split holds none of a second or more"
        )
    return list(collected.values())
