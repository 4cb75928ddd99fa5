"""Fitting the bundled codec on the shards' sounds, before anything is encoded: minutes."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from mmusset.errors import MmussetError
from mmusset.musflow.codecs.bundled import decibels, geometry_of, reconstruction_error_db
from mmusset.musflow.codecs.mel_vae import MelVae
from mmusset.musflow.recipe import CodecPart
from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel
from mmusset.progress import Progress
from mmusset.training.loop import Loop, LoopSettings
from mmusset.training.order import generator_at
from mmusset.training.task import Forward, MeterReading, Output, StepBatch, Task
from mmusset.training.world import World

FITTED_SECONDS = 3600.0  # of sound are enough, and fit into memory
TRAIN_SHARE = 0.9  # of the sounds; the error is measured on the rest
SCALE_CROPS = 256  # from which mean and spread of the mels are taken
SEED = 0  # of the fit: the same for every training, so the codec does not depend on train.seed
BETAS = (0.9, 0.99)


class CodecTask(Task[Tensor]):
    """The VAE over log-mels in training, on crops from anywhere in any of the sounds."""

    section = "codec"
    unit = "crops"
    metrics = ("error",)

    def __init__(
        self, vae: MelVae, part: CodecPart, crop: Geometry, sounds: Tensor, device: str
    ) -> None:
        self.model, self._vae, self._device = vae, vae, device
        self._part, self._crop, self._sounds = part, crop, sounds
        self.optimizer = torch.optim.AdamW(vae.parameters(), lr=part.lr, betas=BETAS, fused=True)

    def batch(self, step: int) -> StepBatch[Tensor]:
        size = self._part.batch
        return StepBatch([crops(self._sounds, self._crop, step, size)], ("crops",), size)

    def loss(self, forward: Forward, batch: Tensor, step: int) -> Output:
        crop = self._crop
        noise = torch.randn(
            len(batch),
            crop.latents,
            crop.latent_channels,
            generator=generator_at(SEED, step, "codec noise", self._device),
            device=self._device,
        )
        losses = self._vae.losses(log_mel(batch.to(self._device), crop), noise)
        return Output.single(losses.total, losses.error)

    def facts(self, reading: MeterReading) -> dict[str, Any]:
        return {"error_db": decibels(reading.mean("error"))}

    def note(self, line: dict[str, Any]) -> str:
        return f"error {line['error_db']:.2f} dB"


def fit_codec(
    part: CodecPart, sounds: Tensor, device: str, progress: Progress
) -> tuple[MelVae, float]:
    """A codec fitted to mono `sounds` `[N, samples]`, and its mean error in dB on the held-out
    tenth of them, or on all where there are fewer than five."""
    crop = geometry_of(part, min(part.crop_seconds, sounds.shape[1] / part.rate_hz))
    trained = max(1, round(TRAIN_SHARE * len(sounds)))
    torch.manual_seed(SEED)
    vae = MelVae(crop, part.width, part.depth).to(device)
    vae.set_scale(log_mel(crops(sounds[:trained], crop, 0, SCALE_CROPS), crop).to(device))
    task = CodecTask(vae, part, crop, sounds[:trained], device)
    settings = LoopSettings(
        seed=SEED, steps=part.steps, lr=part.lr, warmup=part.steps // 10, clip_norm=1.0
    )
    Loop(task, settings, World(0, 1, device), progress).run("codec")
    held_out = sounds[trained:] if trained < len(sounds) else sounds
    return vae.eval(), reconstruction_error_db(vae, held_out[:64].to(device))


def crops(sounds: Tensor, crop: Geometry, step: int, count: int) -> Tensor:
    """Crops `[count, samples]` of mono sounds `[N, samples]`, those of a step."""
    generator = generator_at(SEED, step, "codec crops")
    which = torch.randint(len(sounds), (count,), generator=generator)
    last = sounds.shape[1] - crop.samples
    starts = torch.randint(last + 1, (count,), generator=generator)
    pieces = (
        sounds[int(number), int(start) : int(start) + crop.samples]
        for number, start in zip(which, starts, strict=True)
    )
    return torch.stack(list(pieces))


def collect(sounds: Iterator[Tensor], rate_hz: int) -> Tensor:
    """Mono sounds `[N, samples]`, all cut to the shortest, of at most an hour together.

    Those shorter than a second are left out, since all would be cut to their length. Raises
    MmussetError where there are no others.
    """
    collected, seconds = list[Tensor](), 0.0
    for sound in sounds:
        if len(sound) < rate_hz:
            continue
        collected.append(sound)
        seconds += len(sound) / rate_hz
        if seconds >= FITTED_SECONDS:
            break
    if not collected:
        raise MmussetError(
            "no accepted samples to fit a codec on: the train split holds none of a second or more"
        )
    shortest = min(len(sound) for sound in collected)
    return torch.stack([sound[:shortest] for sound in collected])
