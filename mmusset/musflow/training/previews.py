"""What a model makes while it learns: sounds, and pictures of them beside the real ones."""

from pathlib import Path

import torch

from mmusset.musflow.codecs.codec import Codec
from mmusset.musflow.codecs.spectrogram import spectrogram
from mmusset.musflow.data.rows import Rows
from mmusset.musflow.generate.sound_file import peak_safe, write_sound
from mmusset.musflow.model.musflow import MusFlow, on_device
from mmusset.musflow.model.sampler import make
from mmusset.musflow.recipe import SamplerPart

CLIPS = 3


class Listener:
    """Makes the music of a few clips of the validation split, at each call, from the same noise."""

    def __init__(
        self, folder: Path, rows: Rows, codec: Codec, sampler: SamplerPart, seed: int, device: str
    ) -> None:
        self._folder, self._codec, self._sampler = folder, codec, sampler
        self._rows, self._seed, self._device = rows, seed, device

    def __call__(self, model: MusFlow, step: int) -> None:
        """Write `step-<step>-<key>.flac` and `.png`, above it the real clip's picture."""
        if not self._rows.counts:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        some = torch.arange(min(CLIPS, self._rows.counts[0]))
        batch = on_device(self._rows.batch(0, some), self._device)
        with torch.no_grad():
            aligned = model.alignment(batch.embeddings)
        made = make(model, aligned, batch.present, self._rows.lengths[0], self._sampler, self._seed)
        sounds = self._codec.decode(made).cpu()
        real = self._codec.decode(batch.mean.float()).cpu()
        for key, sound, original in zip(batch.keys, sounds, real, strict=True):
            path = self._folder / f"step-{step:08d}-{key}"
            safe, _ = peak_safe(sound)
            write_sound(path.with_suffix(".flac"), safe, self._codec.rate_hz, {"step": step})
            picture = spectrogram([original, safe], self._codec.rate_hz)
            picture.save(path.with_suffix(".png"))
