"""Music that a model makes while it trains, and spectrograms of it beside the real clip's."""

from pathlib import Path

import torch

from mmusset.musflow.codecs.codec import Codec
from mmusset.musflow.data.cache import Cache
from mmusset.musflow.model.musflow import MusFlow, on_device
from mmusset.musflow.model.sampler import sample
from mmusset.musflow.recipe import SamplerPart
from mmusset.musflow.sound.sound_file import peak_safe, write_sound
from mmusset.musflow.sound.spectrogram import spectrogram

CLIPS = 3


class Previews:
    """Makes the music of a few clips of the validation split, always from the same noise."""

    def __init__(
        self,
        folder: Path,
        dataset: Cache,
        codec: Codec,
        sampler: SamplerPart,
        seed: int,
        device: str,
    ) -> None:
        self._folder, self._codec, self._sampler = folder, codec, sampler
        self._dataset, self._seed, self._device = dataset, seed, device

    def write(self, model: MusFlow, step: int) -> None:
        """Write `step-<step>-<key>.flac` and `.png`: spectrograms, the real clip's above."""
        if not self._dataset.counts:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        rows = torch.arange(min(CLIPS, self._dataset.counts[0]))
        batch = on_device(self._dataset.batch(0, rows), self._device)
        with torch.no_grad():
            aligned = model.aligned(batch.embeddings)
        latents = sample(
            model,
            aligned,
            model.asked(batch),
            self._dataset.lengths[0],
            self._sampler,
            self._seed,
            beat=batch.beat,
            video=batch.video,
        )
        sounds = self._codec.decode(latents).cpu()
        real = self._codec.decode(batch.mean.float()).cpu()
        for key, sound, original in zip(batch.keys, sounds, real, strict=True):
            path = self._folder / f"step-{step:08d}-{key}"
            safe, _ = peak_safe(sound)
            write_sound(path.with_suffix(".flac"), safe, self._codec.rate_hz, {"step": step})
            picture = spectrogram([original, safe], self._codec.rate_hz)
            picture.save(path.with_suffix(".png"))
